//! Others who work at the same time.

use crate::rotation::world::{BRIDGE, ROBOT, World, name};
use quay_sandbox::http::{FaultAction, Hold};
use quay_tests::{Output, Plugin, auth, pull_secret_of, text_of};
use serde_json::json;

#[test]
fn a_second_rotation_of_the_robot_on_this_machine_is_refused_meanwhile() {
    let world = World::new(1);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    let second = world.rotate("").expect(1);
    second.says("another run on this machine is rotating");
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn whoever_keeps_undoing_a_rotation_is_named_with_the_secret() {
    let world = World::new(1);
    let secret = format!("secret/{}", name(0));
    let old = world.list(&world.namespace, "secrets")[0]["data"].clone();
    let undo = json!({"data": old}).to_string();
    // At each look at who still pulls, it is put back.
    let mut hold = world.hold_quay("PUT", "/robots/");
    let mut run = world.start("");
    while run.reaches(&hold, 1) {
        world.cluster.kubectl(format!(
            "-n {} patch {secret} --field-manager=legacy-sync -p '{undo}'",
            world.namespace
        ));
        let next = world.hold_quay("GET", "/logs");
        hold.release();
        hold = next;
    }
    let place = format!("{}/{}", world.namespace, name(0));
    let output = run.wait().expect(1).says("myorg+deploy keeps coming back");
    output.says(&place).says("last written by legacy-sync");
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
    let run = world.start_until(&hold, only);
    let bridge = world.token_of(BRIDGE).expect("the bridge stands");

    let output = world
        .plugin(Plugin::PullSecret, format!("sync -n {}", world.namespace))
        .run()
        .expect(0);
    output.says("2 bridged");
    let output = world
        .plugin(Plugin::PullSecret, format!("verify -n {}", world.namespace))
        .run()
        .expect(0);
    assert_eq!(
        output.stdout.matches("bridged").count(),
        2,
        "{}",
        output.stdout
    );
    let output = world
        .plugin(Plugin::PullSecret, format!("list -n {}", world.namespace))
        .run()
        .expect(0);
    output.prints("bridged for myorg+deploy");
    // A stale secret is not given a token that is about to die.
    world
        .plugin(
            Plugin::PullSecret,
            format!("sync -n {stale} --robot {ROBOT} --no-attach"),
        )
        .run()
        .expect(0);
    let text = text_of(&world.list(&stale, "secrets")[0]);
    assert_eq!(text, world.mixed(BRIDGE, &bridge));
    let output = world
        .plugin(Plugin::PullSecret, ["sync", "-n", &fresh, "--robot", ROBOT])
        .run()
        .expect(0);
    output.says("new secrets get its bridge");
    let password = world
        .cluster
        .password(&fresh, "quay-pull-secret", world.registry());
    assert_eq!(password, bridge);

    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
    // Outside the scope bridges were left: they are repaired to the robot.
    let synced = world
        .plugin(Plugin::PullSecret, format!("sync -n {stale} -n {fresh}"))
        .run();
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
    let crossed = world.hold_write(1, FaultAction::HoldBefore);
    let mut run = world.start_until(&crossed, "");
    // The list of what is crossed was made before.
    let late = pull_secret_of(
        &world.namespace,
        &name(9),
        world.mixed(ROBOT, &world.token()),
    );
    world.cluster.create(&late);
    let renewal = world.hold_quay("POST", "/regenerate");
    crossed.release();
    assert!(run.reaches(&renewal, 1));
    let bridge = world.token_of(BRIDGE).expect("the bridge stands");
    for secret in world.list(&world.namespace, "secrets") {
        assert_eq!(text_of(&secret), world.mixed(BRIDGE, &bridge));
    }
    renewal.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_bridge_that_somebody_regenerates_is_written_again_before_the_renewal() {
    let world = World::new(2);
    let crossed = world.hold_write(1, FaultAction::HoldAfter);
    let mut run = world.start_until(&crossed, "");
    let regenerated = world.quay.quay.edit(|state| state.regenerate(BRIDGE));
    let bridge = regenerated.expect("the bridge stands");
    let renewal = world.hold_quay("POST", "/regenerate");
    crossed.release();
    assert!(run.reaches(&renewal, 1));
    for secret in world.list(&world.namespace, "secrets") {
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
    let mut run = world.start("");
    assert!(run.reaches(&first, 3));
    let label = ["label", "secrets", "--all", "team=payments"];
    world
        .cluster
        .kubectl([&["-n", &world.namespace], &label[..]].concat());
    first.release();
    run.wait().expect(0);
    world.is_at_rest();
    for secret in world.list(&world.namespace, "secrets") {
        assert_eq!(secret["metadata"]["labels"]["team"], "payments");
    }
}

#[test]
fn a_standing_bridge_cannot_be_deleted_by_accident() {
    let world = World::new(1);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    let refused = world
        .context
        .run(format!("delete {BRIDGE} --yes"))
        .expect(1);
    refused.says("is the bridge of a rotation");
    assert!(world.token_of(BRIDGE).is_some());
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_sync_that_was_overtaken_by_a_rotation_in_place_writes_no_dead_token() {
    let world = World::new(1);
    let stale = world.cluster.fresh_namespace("overtaken", |namespace| {
        let old = world.mixed(ROBOT, &"O".repeat(64));
        vec![pull_secret_of(namespace, "late", &old)]
    });
    let hold = world.hold_write(0, FaultAction::HoldBefore);
    let adopt = ["sync", "-n", &stale, "--robot", ROBOT, "--no-attach"];
    let sync = world.context.program(Plugin::PullSecret, adopt);
    let mut sync = sync.spawn();
    assert!(sync.reaches(&hold, 1));
    let leave = format!("--leave-behind={stale}/late");
    world.rotate(format!("--in-place {leave}")).expect(0);
    hold.release();
    sync.wait().expect(0);
    world.is_at_rest();
    world.is_at_rest_in(&stale);
}

#[test]
fn a_secret_that_sync_makes_while_the_bridge_goes_away_ends_with_the_robot() {
    let world = World::new(1);
    let fresh = world.cluster.namespace("fresh");
    let renewal = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&renewal, "");
    let creation = world.hold_write(0, FaultAction::HoldBefore);
    let arguments = ["sync", "-n", &fresh, "--robot", ROBOT];
    let mut sync = world.context.program(Plugin::PullSecret, arguments).spawn();
    assert!(sync.reaches(&creation, 1));
    renewal.release();
    run.wait().expect(0);
    assert_eq!(world.token_of(BRIDGE), None);
    creation.release();
    names_the_robot(&sync.wait().expect(0));
    let password = world
        .cluster
        .password(&fresh, "quay-pull-secret", world.registry());
    assert_eq!(password, world.token());
}

/// The report is about the robot that the secret holds in the end, and not about its bridge.
#[track_caller]
fn names_the_robot(output: &Output) {
    let printed = &output.stdout;
    assert!(
        printed.contains(ROBOT) && !printed.contains(BRIDGE),
        "{printed}"
    );
}

#[test]
fn a_sync_names_the_robot_that_a_rotation_put_into_its_new_secret() {
    let world = World::new(1);
    let fresh = world.cluster.namespace("fresh");
    let renewal = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&renewal, "");
    let creation = world.hold_write(0, FaultAction::HoldAfter);
    let arguments = ["sync", "-n", &fresh, "--robot", ROBOT, "--no-attach"];
    let mut sync = world.context.program(Plugin::PullSecret, arguments).spawn();
    assert!(sync.reaches(&creation, 1));
    renewal.release();
    run.wait().expect(0);
    creation.release();
    names_the_robot(&sync.wait().expect(0));
    let password = world
        .cluster
        .password(&fresh, "quay-pull-secret", world.registry());
    assert_eq!(password, world.token());
}

#[test]
fn a_bridge_that_somebody_deletes_is_noticed_and_every_secret_gets_the_robot_back() {
    let world = World::new(2);
    let first = world.hold_quay("GET", "/logs");
    first.release();
    let settling = world.hold_quay("GET", "/logs");
    let mut run = world
        .context
        .command(format!("rotate {ROBOT} --yes --grace 2m"))
        .spawn();
    assert!(run.reaches(&settling, 1));
    let token = world.token();
    world.quay.quay.edit(|state| state.delete_robot(BRIDGE));
    settling.release();
    let output = run.wait().expect(1);
    output
        .says("somebody deleted the bridge myorg+deploy-bridge")
        .says("run the same command again");
    assert_eq!(world.token(), token);
    world.is_at_rest();
    world.rotate("").expect(0);
    world.is_at_rest();
    assert_ne!(world.token(), token);
}

#[test]
fn the_robot_of_a_standing_bridge_cannot_be_deleted_by_accident() {
    let world = World::new(1);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    let refused = world.context.run(format!("delete {ROBOT} --yes")).expect(1);
    refused.says("is in progress").says("--abort");
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_secret_that_becomes_unwritable_is_found_while_there_is_a_way_back() {
    for more in [&[][..], &["--leave-behind"]] {
        let world = World::new(2);
        let token = world.token();
        let first = world.hold_quay("GET", "/logs");
        first.release();
        let settling = world.hold_quay("GET", "/logs");
        let run = world.start_until(&settling, more);
        let freeze = ["patch", "secret", "s1", "-p", r#"{"immutable":true}"#];
        world
            .cluster
            .kubectl([&["-n", &world.namespace], &freeze[..]].concat());
        settling.release();
        let output = run.wait().expect(1);
        output
            .says(&format!(
                "s1 in context {} is no longer writable: the secret is immutable",
                world.context_name()
            ))
            .says("--leave-behind=")
            .says("--abort");
        assert_eq!(world.token(), token);
        world.every_secret_works();
    }
}

#[test]
fn two_robots_in_one_secret_are_rotated_without_losing_track_of_each_other() {
    let world = World::new(1);
    let other = world
        .quay
        .quay
        .edit(|state| state.add_robot("myorg+second"));
    let registry = world.registry();
    let content = serde_json::json!({"auths": {
        format!("{registry}/myorg/my-app"): {"auth": auth(ROBOT, &world.token())},
        format!("{registry}/myorg/backend-api"): {"auth": auth("myorg+second", &other)},
    }});
    let namespace = world.cluster.fresh_namespace("two", |namespace| {
        vec![pull_secret_of(namespace, "both", content.to_string())]
    });
    let hold = world.hold_quay("POST", "/deploy/regenerate");
    let run = world.start_until(&hold, "");
    let second = ["rotate", "myorg+second", "--yes", "--grace", "0s"];
    world.context.run(second).expect(0);
    let secret = &world.list(&namespace, "secrets")[0];
    let noted = &secret["metadata"]["annotations"]["kubectl-quay/bridge"];
    assert_eq!(noted, ROBOT, "the other rotation forgot this one's bridge");
    hold.release();
    run.wait().expect(0);
    for (robot, repository) in [(ROBOT, "my-app"), ("myorg+second", "backend-api")] {
        let key = format!("{registry}/myorg/{repository}");
        let password = world.cluster.password(&namespace, "both", &key);
        assert_eq!(Some(password), world.token_of(robot));
    }
}
