//! Why a pod does or does not pull: what it pulls with, what its registry says to that, and
//! what its kubelet said.

mod advice;
mod answers;
mod ask;
mod attempts;
mod because;
mod case;
mod evidence;
mod heard;
mod judge;
mod judgement;
mod observe;
mod pods;
#[cfg(test)]
mod recorded;
mod report;
mod subject;
mod target;
mod walk;

pub use judgement::{
    Agreement, Answer, Blamed, Cause, EntryJudgement, ImageJudgement, Judgement, RobotState,
    SecretJudgement, SecretState, Verdict,
};
pub use observe::Request;
pub use report::Explanations;
pub use target::{Target, TargetKind};
pub use walk::explain;
