//! Others who work at the same time.

use crate::world::{BRIDGE, ROBOT, World, name, text_of};
use quay_sandbox::http::{FaultAction, Hold};
use quay_tests::{Output, pull_secret_of};

/// The other plugin; every test run builds it first.
fn pullsecret(world: &World, arguments: &[&str]) -> Output {
    let ours = std::path::Path::new(env!("CARGO_BIN_EXE_kubectl-quay-robot"));
    let other = ours.with_file_name("kubectl-quay-pullsecret");
    assert!(other.is_file(), "cargo build --workspace --bins");
    let run = world.context.program(&other.to_string_lossy(), arguments);
    run.run()
}

#[test]
fn a_second_rotation_of_the_robot_on_this_machine_is_refused_meanwhile() {
    let world = World::new(1);
    let hold = world.hold_quay("POST", "/regenerate");
    let mut run = world.start(&[]);
    assert!(run.reaches(&hold, 1));
    let second = world.rotate(&[]).expect(1);
    second.says("another run on this machine is rotating");
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn while_a_bridge_stands_sync_leaves_it_and_new_secrets_get_it() {
    let world = World::new(2);
    let stale = world.cluster.fresh_namespace("stale", |namespace| {
        let old = world.mixed(ROBOT, &"O".repeat(64));
        vec![pull_secret_of(namespace, "late", &old)]
    });
    let fresh = world.cluster.namespace("fresh");
    let hold = world.hold_quay("POST", "/regenerate");
    let only = ["-n", &world.namespace, "--scope-is-complete"];
    let mut run = world.start(&only);
    assert!(run.reaches(&hold, 1));
    let bridge = world.token_of(BRIDGE).expect("the bridge stands");

    let output = pullsecret(&world, &["sync", "-n", &world.namespace]).expect(0);
    output.says("2 bridged");
    let output = pullsecret(&world, &["verify", "-n", &world.namespace]).expect(0);
    assert_eq!(
        output.stdout.matches("bridged").count(),
        2,
        "{}",
        output.stdout
    );
    let output = pullsecret(&world, &["list", "-n", &world.namespace]).expect(0);
    output.prints("bridged for myorg+deploy");
    // A stale secret is not given a token that is about to die.
    pullsecret(&world, &["sync", "-n", &stale]).expect(0);
    let text = text_of(&world.secrets(&stale)[0]);
    assert_eq!(text, world.mixed(BRIDGE, &bridge));
    let output = pullsecret(&world, &["sync", "-n", &fresh, "--robot", ROBOT]).expect(0);
    output.says("new secrets get its bridge");
    let password = world
        .cluster
        .password(&fresh, "quay-pull-secret", world.registry());
    assert_eq!(password, bridge);

    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
    // Outside the scope bridges were left: they are repaired to the robot.
    let synced = pullsecret(&world, &["sync", "-n", &stale, "-n", &fresh]);
    synced.expect(0).says("2 updated");
    world.is_at_rest_in(&stale);
    let password = world
        .cluster
        .password(&fresh, "quay-pull-secret", world.registry());
    assert_eq!(password, world.token());
}

#[test]
fn a_secret_that_appears_just_before_the_renewal_is_crossed_too() {
    let world = World::new(2);
    let crossed = Hold::default();
    world
        .faulty
        .faults()
        .add_nth_mutating(1, FaultAction::HoldBefore(crossed.clone()));
    let mut run = world.start(&[]);
    assert!(run.reaches(&crossed, 1));
    // The list of what is crossed was made before.
    let late = pull_secret_of(
        &world.namespace,
        &name(9),
        &world.mixed(ROBOT, &world.token()),
    );
    world.cluster.create(&late);
    let renewal = world.hold_quay("POST", "/regenerate");
    crossed.release();
    assert!(run.reaches(&renewal, 1));
    let bridge = world.token_of(BRIDGE).expect("the bridge stands");
    for secret in world.secrets(&world.namespace) {
        assert_eq!(text_of(&secret), world.mixed(BRIDGE, &bridge));
    }
    renewal.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_bridge_that_somebody_regenerates_is_written_again_before_the_renewal() {
    let world = World::new(2);
    let crossed = Hold::default();
    world
        .faulty
        .faults()
        .add_nth_mutating(1, FaultAction::HoldAfter(crossed.clone()));
    let mut run = world.start(&[]);
    assert!(run.reaches(&crossed, 1));
    let regenerated = world.quay.quay.edit(|state| state.regenerate(BRIDGE));
    let bridge = regenerated.expect("the bridge stands");
    let renewal = world.hold_quay("POST", "/regenerate");
    crossed.release();
    assert!(run.reaches(&renewal, 1));
    for secret in world.secrets(&world.namespace) {
        assert_eq!(text_of(&secret), world.mixed(BRIDGE, &bridge));
    }
    renewal.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn writers_of_the_same_secrets_lose_nothing() {
    let world = World::new(3);
    let first = Hold::default();
    for _ in 0..3 {
        let faults = world.faulty.faults();
        faults.add_nth_mutating(0, FaultAction::HoldBefore(first.clone()));
    }
    let mut run = world.start(&[]);
    assert!(run.reaches(&first, 3));
    let label = ["label", "secrets", "--all", "team=payments"];
    world
        .cluster
        .kubectl(&[&["-n", &world.namespace], &label[..]].concat());
    first.release();
    run.wait().expect(0);
    world.is_at_rest();
    for secret in world.secrets(&world.namespace) {
        assert_eq!(secret["metadata"]["labels"]["team"], "payments");
    }
}

#[test]
fn a_standing_bridge_cannot_be_deleted_by_accident() {
    let world = World::new(1);
    let hold = world.hold_quay("POST", "/regenerate");
    let mut run = world.start(&[]);
    assert!(run.reaches(&hold, 1));
    let refused = world.context.run(&["delete", BRIDGE, "--yes"]).expect(1);
    refused.says("is the bridge of a rotation");
    assert!(world.token_of(BRIDGE).is_some());
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}
