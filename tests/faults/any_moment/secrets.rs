//! Commands of `kubectl quay-pullsecret`.

use super::at_any_moment;
use crate::faults::killed_references::{Change, Delete};
use crate::faults::killed_sync::{Ensure, Repair};
use crate::faults::replaced::Replacement;
use crate::faults::world::world;

#[test]
fn a_sync_that_is_ended_at_any_moment_reports_and_is_finished_by_the_next() {
    let mut world = world();
    let mut repair = Repair::new(&world);
    at_any_moment("sync", &mut world, &mut repair);
    at_any_moment("sync --robot", &mut world, &mut Ensure::default());
    let mut replacement = Replacement::new(&world);
    at_any_moment("sync --force", &mut world, &mut replacement);
}

#[test]
fn attach_detach_and_delete_that_are_ended_at_any_moment_are_finished_by_the_next() {
    let mut world = world();
    at_any_moment("attach", &mut world, &mut Change::attach());
    at_any_moment("detach", &mut world, &mut Change::detach());
    at_any_moment("delete", &mut world, &mut Delete::default());
}
