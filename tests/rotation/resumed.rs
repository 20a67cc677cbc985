//! Going on, going back, and taking over.

use crate::rotation::world::{BRIDGE, ROBOT, World};
use quay_sandbox::http::{FaultAction, Hold};

/// Kills a rotation before the n-th of its writes to Quay.
pub fn killed_before(world: &World, request: usize) {
    let hold = Hold::default();
    let faults = world.quay.quay.server().faults();
    faults.add_nth_mutating(request, FaultAction::HoldBefore(hold.clone()));
    let run = world.start_until(&hold, "");
    drop(run.kill());
    world.heal();
}

/// Before the token is regenerated, and before the bridge is deleted.
pub const RENEW: usize = 6;
pub const REMOVE: usize = 7;

#[test]
fn before_the_token_is_replaced_a_rotation_can_be_taken_back() {
    let world = World::new(3);
    let token = world.token();
    killed_before(&world, RENEW);
    world.every_secret_works();
    let output = world.rotate("--abort").expect(0);
    output.says("is as it was");
    assert_eq!(world.token(), token);
    world.is_at_rest();
    let history = world.context.run("history").expect(0);
    history.prints("aborted");
    world.rotate("--abort").expect(1).says("nothing to revert");
}

#[test]
fn once_the_token_is_replaced_there_is_only_forward() {
    let world = World::new(2);
    killed_before(&world, REMOVE);
    let refused = world.rotate("--abort").expect(1);
    refused.says("cannot be reverted").says("without --abort");
    world.every_secret_works();
    let output = world.rotate("-o json").expect(0);
    output.prints("replaced, not probed");
    world.is_at_rest();
}

#[test]
fn a_bridge_of_another_machine_is_left_alone_unless_it_is_taken_over() {
    let mut world = World::new(2);
    killed_before(&world, RENEW);
    let elsewhere = world.context.path("elsewhere");
    world
        .context
        .set("XDG_STATE_HOME", &elsewhere.to_string_lossy());
    world.outlast_markers();
    for more in [&[][..], &["--abort"]] {
        let refused = world.rotate(more).expect(1);
        refused
            .says("somebody else is rotating")
            .says("--take-over");
    }
    world.every_secret_works();
    world.rotate("--take-over").expect(0);
    world.is_at_rest();
}

#[test]
fn a_rotation_after_one_that_was_taken_back_and_cut_off_replaces_the_token() {
    let world = World::new(2);
    killed_before(&world, RENEW);
    // The bridge is deleted, and nobody hears of it.
    let hold = Hold::default();
    world.quay_fault("DELETE", "-bridge", FaultAction::HoldAfter(hold.clone()));
    let run = world.start_until(&hold, ["--abort"]);
    drop(run.kill());
    world.heal();
    assert_eq!(world.token_of(BRIDGE), None);
    let token = world.token();
    world.rotate("").expect(0);
    assert_ne!(world.token(), token, "it says that it rotated, and did not");
    world.is_at_rest();
}

#[test]
fn a_robot_that_merely_has_a_bridges_name_is_nobodys_bridge() {
    let world = World::new(1);
    world.quay.quay.edit(|state| {
        state.add_robot(BRIDGE);
        state.set_description(BRIDGE, "builds bridges");
    });
    let token = world.token_of(BRIDGE);
    let refused = world.rotate("").expect(1);
    refused.says("that no rotation created");
    assert_eq!(world.token_of(BRIDGE), token);
    // In place needs no bridge, and leaves theirs alone.
    let theirs = world.mixed(BRIDGE, &token.clone().expect("the robot exists"));
    let namespace = world.cluster.fresh_namespace("theirs", |namespace| {
        vec![quay_tests::pull_secret_of(namespace, "builds", &theirs)]
    });
    world.rotate("--in-place").expect(0);
    assert_eq!(world.token_of(BRIDGE), token);
    assert_eq!(world.cluster.content(&namespace, "builds"), theirs);
    world.is_at_rest_in(&world.namespace);
}

#[test]
fn a_bridge_itself_is_not_rotated_and_in_place_waits_for_the_bridge() {
    let world = World::new(1);
    killed_before(&world, RENEW);
    let refused = world
        .context
        .run(format!("rotate {BRIDGE} --yes"))
        .expect(1);
    refused.says("is itself the bridge");
    let refused = world.rotate("--in-place").expect(1);
    refused.says("its bridge myorg+deploy-bridge exists");
    world.rotate("").expect(0);
    world.is_at_rest();
}

#[test]
fn a_bridge_somebody_deleted_by_hand_is_replaced_by_the_next_rotation() {
    let world = World::new(2);
    killed_before(&world, RENEW);
    world.quay.quay.edit(|state| state.delete_robot(BRIDGE));
    world.rotate("").expect(0);
    world.is_at_rest();
    assert_eq!(world.token_of(ROBOT).map(|token| token.len()), Some(64));
}
