//! Rights that change while a rotation lasts: whoever changed is followed.

use crate::rotation::world::{BRIDGE, ROBOT, World};
use quay_sandbox::http::Hold;
use quay_sandbox::quay::{Role, State};
use quay_tests::Running;

/// Stops a rotation where it is about to ask for this.
fn stopped<'a>(world: &'a World, method: &str, path: &str) -> (Running<'a>, Hold) {
    let hold = world.hold_quay(method, path);
    let run = world.start_until(&hold, "");
    (run, hold)
}

fn set_role(state: &mut State, repository: &str, robot: &str, role: Option<Role>) {
    let set = state.set_permission("myorg", repository, robot, role);
    set.expect("the repository exists");
}

#[test]
fn what_the_bridge_gained_goes_to_the_robot_and_what_the_robot_lost_stays_lost() {
    let world = World::new(1);
    let (run, hold) = stopped(&world, "POST", "/regenerate");
    world.quay.quay.edit(|state| {
        // A build pushed a new repository with the bridge.
        state.add_repository("myorg", "new-app", false);
        set_role(state, "new-app", BRIDGE, Some(Role::Admin));
        // Somebody revoked a role of the robot, and changed another.
        set_role(state, "my-app", ROBOT, None);
        set_role(state, "team/nested-app", ROBOT, Some(Role::Read));
    });
    hold.release();
    let output = run.wait().expect(0);
    output.says("myorg+deploy-bridge gained repository myorg/new-app");
    assert_eq!(
        world.rights(ROBOT),
        [
            "default read",
            "role admin on new-app",
            "role read on team/nested-app",
            "team pullers",
        ]
    );
    assert_eq!(world.token_of(BRIDGE), None);
    world.is_at_rest_in(&world.namespace);
}

#[test]
fn what_the_robot_gains_before_the_renewal_goes_to_the_bridge() {
    let world = World::new(1);
    // The first comparison after the secrets were crossed.
    let hold = Hold::default();
    world
        .faulty
        .faults()
        .add_nth_mutating(0, quay_sandbox::http::FaultAction::HoldBefore(hold.clone()));
    let mut run = world.start_until(&hold, "");
    world
        .quay
        .quay
        .edit(|state| set_role(state, "backend-api", ROBOT, Some(Role::Read)));
    let renewal = world.hold_quay("POST", "/regenerate");
    hold.release();
    assert!(run.reaches(&renewal, 1));
    assert_eq!(world.rights(BRIDGE), world.rights(ROBOT));
    renewal.release();
    run.wait().expect(0);
    assert!(
        world
            .rights(ROBOT)
            .contains(&"role read on backend-api".to_owned())
    );
}

#[test]
fn what_was_given_and_taken_again_meanwhile_stays_taken() {
    let world = World::new(1);
    let crossing = Hold::default();
    world.faulty.faults().add_nth_mutating(
        0,
        quay_sandbox::http::FaultAction::HoldBefore(crossing.clone()),
    );
    let mut run = world.start_until(&crossing, "");
    let role = |role| {
        world
            .quay
            .quay
            .edit(|state| set_role(state, "backend-api", ROBOT, role));
    };
    role(Some(Role::Write));
    let renewal = world.hold_quay("POST", "/regenerate");
    crossing.release();
    assert!(run.reaches(&renewal, 1));
    assert_eq!(world.rights(BRIDGE), world.rights(ROBOT));
    role(None);
    renewal.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn what_the_bridge_gained_before_a_run_was_killed_is_not_lost() {
    let world = World::new(1);
    let (run, _hold) = stopped(&world, "POST", "/regenerate");
    world.quay.quay.edit(|state| {
        state.add_repository("myorg", "new-app", false);
        set_role(state, "new-app", BRIDGE, Some(Role::Admin));
    });
    drop(run.kill());
    world.heal();
    world.rotate("").expect(0);
    let gained = "role admin on new-app".to_owned();
    assert!(world.rights(ROBOT).contains(&gained));
}
