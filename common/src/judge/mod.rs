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
mod nodes;
mod pod;
mod questions;
#[cfg(test)]
mod recorded;
mod rights;
mod robots;
mod subject;

pub use advice::advise;
pub use answers::{Answers, Asker, RobotFacts};
pub use ask::ask;
pub use because::{answer, because, listed, mismatch, word};
pub use case::{Case, FoundSecret, GlobalSeen, NodeSeen, Origin, SecretSeen, Unread};
pub use heard::Heard;
pub use images::is_for_another_registry;
pub use judgement::{
    Agreement, Answer, Blamed, Cause, EntryJudgement, ImageJudgement, Judgement, RobotState,
    SecretJudgement, SecretState, Verdict,
};
pub use nodes::secrets_of_nodes;
pub use pod::judge;
pub use rights::{Held, ask_rights};
pub use subject::{Likeness, Subject};
