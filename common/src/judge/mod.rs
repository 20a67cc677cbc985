//! What becomes of a pod's pulls: by the kubelet's rules, by what its registries say, and by what
//! its kubelet said; why, and what to type next.

mod advice;
mod answers;
mod ask;
mod attempts;
mod because;
mod case;
mod heard;
mod images;
mod judgement;
mod pod;
#[cfg(test)]
mod recorded;
mod subject;

pub use answers::Answers;
pub use ask::ask;
pub use because::{answer, listed, mismatch, word};
pub use case::{Case, FoundSecret, GlobalSeen, NodeSeen, Origin, SecretSeen, Unread};
pub use heard::Heard;
pub use images::is_for_another_registry;
pub use judgement::{
    Agreement, Answer, Blamed, Cause, EntryJudgement, ImageJudgement, Judgement, RobotState,
    SecretJudgement, SecretState, Verdict,
};
pub use pod::judge;
pub use subject::{Likeness, Subject};
