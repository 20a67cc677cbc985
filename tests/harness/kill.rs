//! Runs that are killed at one of their writes.

use super::running::Running;
use quay_sandbox::http::{FaultAction, Faults, Hold};

/// Where in a request's life a run is stopped.
pub type Moment = fn(Hold) -> FaultAction;

/// Before the delivery of a write, and after its effect with the answer withheld.
pub const MOMENTS: [(&str, Moment); 2] = [
    ("before delivery", FaultAction::HoldBefore),
    ("after effect", FaultAction::HoldAfter),
];

/// Starts a run and kills it at one of its mutating requests to the server with these
/// `faults`; `false` if it ended well without that request.
#[track_caller]
pub fn killed_at<'a>(
    faults: &Faults,
    request: usize,
    moment: Moment,
    start: impl FnOnce() -> Running<'a>,
) -> bool {
    let hold = Hold::default();
    faults.add_nth_mutating(request, moment(hold.clone()));
    let mut run = start();
    let reached = run.reaches(&hold, 1);
    match reached {
        true => drop(run.kill()),
        false => drop(run.wait().expect(0)),
    }
    faults.clear();
    reached
}
