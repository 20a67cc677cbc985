//! Machines that share a ledger (`--state`): one goes on where the other ended, and never beside it.

use crate::rotation::resumed::RENEW;
use crate::rotation::world::{ROBOT, World};
use quay_sandbox::http::{FaultAction, Hold};

/// A namespace for what machines share, and the flag that names it.
fn shared(world: &World) -> (String, Vec<String>) {
    let namespace = world.cluster.namespace("state");
    let reference = format!("{namespace}/rotations");
    (namespace, vec!["--state".to_owned(), reference])
}

/// From now on commands run on another machine.
fn elsewhere(world: &mut World) {
    let folder = world.context.path("elsewhere");
    let folder = folder.to_string_lossy().into_owned();
    world.context.set("XDG_STATE_HOME", &folder);
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// Holds the rotation before its token is regenerated.
fn held_before_renewal(world: &World) -> Hold {
    let hold = Hold::default();
    let faults = world.quay.quay.server().faults();
    faults.add_nth_mutating(RENEW, FaultAction::HoldBefore(hold.clone()));
    hold
}

#[test]
fn a_killed_rotation_is_finished_by_another_machine_that_shares_its_ledger() {
    let mut world = World::new(2);
    let (namespace, state) = shared(&world);
    let hold = held_before_renewal(&world);
    let run = world.start_until(&hold, words(&state));
    drop(run.kill());
    world.heal();
    elsewhere(&mut world);

    // The one that was killed may still be there, for all that can be told.
    let refused = world.rotate(words(&state)).expect(1);
    refused.says("another run is rotating").says("get lease");
    world.outlast_lease(&namespace);

    world.rotate(words(&state)).expect(0);
    world.is_at_rest();
    assert_eq!(world.lease(&namespace)["spec"]["holderIdentity"], "");
    let history = [&["history"][..], &words(&state)].concat();
    world.context.run(&history).expect(0).prints("finished");
    world
        .context
        .run("history")
        .expect(0)
        .says("The ledger holds no rotations");
}

#[test]
fn two_machines_that_share_a_ledger_do_not_rotate_at_once() {
    let mut world = World::new(2);
    let (_, state) = shared(&world);
    let state = words(&state);
    elsewhere(&mut world);
    let hold = held_before_renewal(&world);
    let run = world.start_until(&hold, &state);
    let other = [&["rotate", ROBOT, "--yes", "--take-over"][..], &state].concat();
    let home = world.context.path("third").to_string_lossy().into_owned();
    let other = world.context.command(&other).env("XDG_STATE_HOME", &home);
    other.run().expect(1).says("another run is rotating");
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_run_whose_lease_is_taken_stops() {
    let world = World::new(2);
    let (namespace, state) = shared(&world);
    let hold = held_before_renewal(&world);
    let run = world.start_until(&hold, words(&state));
    let name = world.lease(&namespace)["metadata"]["name"].clone();
    let name = name.as_str().expect("a name").to_owned();
    world
        .cluster
        .kubectl(format!("-n {namespace} delete lease {name}"));
    run.wait()
        .expect(1)
        .says("which keeps other runs from rotating the same robot");
    world.heal();
    world.every_secret_works();
}

#[test]
fn a_run_that_is_refused_gives_its_lease_back_at_once() {
    let world = World::new(1);
    let (namespace, state) = shared(&world);
    let nowhere = [&["-n", "no-such-namespace"][..], &words(&state)].concat();
    world.rotate(&nowhere).expect(1).says("has namespace");
    assert_eq!(world.lease(&namespace)["spec"]["holderIdentity"], "");
    world.rotate(words(&state)).expect(0);
    world.is_at_rest();
}
