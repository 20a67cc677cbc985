//! Evidence for people: what a rotation did and proved, as JSON and as a page.

mod consumer;
mod contents;
mod log;
mod page;

pub(crate) use consumer::consumers;
pub use consumer::{Consumer, USAGE_DAYS};
pub use contents::{End, LeftBehind, Receipt, RestartProof, TargetProof};
pub(crate) use log::Log;
pub use log::{Statement, StepTime, Switch, Validity};
pub use page::receipt_page;
