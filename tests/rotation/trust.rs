//! Who is carried over to the new token: whoever can pull now. Naming the robot is no claim.

use crate::rotation::world::{BRIDGE, ROBOT, World, name};
use quay_sandbox::http::FaultAction;
use quay_tests::{Plugin, pull_secret_of};
use serde_json::Value;

/// A namespace where somebody wrote the robot's name into a secret, with a token that is none of
/// its.
fn planted(world: &World, account: &str, password: &str) -> (String, String) {
    let content = world.mixed(account, password);
    let namespace = world.cluster.fresh_namespace("tenant", |namespace| {
        vec![pull_secret_of(namespace, "bait", &content)]
    });
    (namespace, content)
}

#[test]
fn who_only_names_the_robot_is_listed_given_nothing_and_stops_no_rotation() {
    let world = World::new(2);
    let (tenant, bait) = planted(&world, ROBOT, &"O".repeat(64));
    let preview = world.rotate("--dry-run -o json").expect(0);
    let preview: Value = serde_json::from_str(&preview.stdout).expect("JSON on stdout");
    assert_eq!(preview["unproven"][0]["namespace"], tenant.as_str());
    assert_eq!(preview["secrets"].as_array().map(Vec::len), Some(2));

    let output = world
        .rotate("")
        .expect(0)
        .says("credentials that stay as they are");
    output.says(&format!("{tenant}/bait: {ROBOT}"));
    assert_eq!(world.cluster.content(&tenant, "bait"), bait);
    world.is_at_rest();
}

#[test]
fn a_dead_robot_of_a_bridges_name_is_given_no_credential_and_stops_no_rotation() {
    let world = World::new(1);
    let (tenant, bait) = planted(&world, BRIDGE, &"D".repeat(64));
    world.rotate("").expect(0).says(&format!("{tenant}/bait"));
    assert_eq!(world.cluster.content(&tenant, "bait"), bait);
    world.is_at_rest();
}

#[test]
fn the_token_that_leaked_last_time_is_a_claim_only_where_it_was_rightly() {
    let world = World::new(2);
    let leaked = world.token();
    world.rotate("").expect(0);
    let (tenant, bait) = planted(&world, ROBOT, &leaked);
    // Somebody brought an old manifest back.
    let old = world.mixed(ROBOT, &leaked);
    let delete = ["-n", &world.namespace, "delete", "secret", &name(0)];
    world.cluster.kubectl(delete);
    let secret = pull_secret_of(&world.namespace, &name(0), &old);
    world.cluster.create(&secret);
    world.rotate("").expect(0);
    world.is_at_rest();
    assert_eq!(world.cluster.content(&tenant, "bait"), bait);
}

#[test]
fn in_place_nobody_is_left_unless_that_is_said() {
    let world = World::new(2);
    let (tenant, bait) = planted(&world, ROBOT, &"O".repeat(64));
    let token = world.token();
    let flag = format!("--leave-behind={tenant}/bait");
    let refused = world.rotate("--in-place").expect(1);
    refused
        .says("nothing shows that it ever held the robot's token")
        .says(&flag);
    assert_eq!(world.token(), token);
    world.rotate(format!("--in-place {flag}")).expect(0);
    assert_ne!(world.token(), token);
    assert_eq!(world.cluster.content(&tenant, "bait"), bait);
    world.is_at_rest();
}

#[test]
fn a_robot_that_is_only_named_is_not_rotated() {
    let world = World::new(0);
    let (tenant, bait) = planted(&world, ROBOT, &"O".repeat(64));
    let token = world.token();
    for strategy in [&[][..], &["--in-place", "--leave-behind"]] {
        let refused = world.rotate(strategy).expect(1);
        refused
            .says("no secret holds a working token of myorg+deploy")
            .says("--adopt");
    }
    assert_eq!(world.token(), token);
    assert_eq!(world.cluster.content(&tenant, "bait"), bait);
    world
        .plugin(
            Plugin::PullSecret,
            format!("sync -n {tenant} --robot {ROBOT} --no-attach"),
        )
        .run()
        .expect(0);
    world.rotate("").expect(0);
    assert_eq!(
        world.cluster.password(&tenant, "bait", world.registry()),
        world.token()
    );
}

/// Kills a rotation in place when the token is replaced and one secret of three is written.
fn killed_half_way(world: &World, more: &[&str]) {
    let hold = world.hold_write(1, FaultAction::HoldBefore);
    let run = world.start_until(&hold, [&["--in-place"], more].concat());
    drop(run.kill());
    world.heal();
}

#[test]
fn in_place_half_way_another_machine_goes_on_with_a_shared_memory() {
    let mut world = World::new(3);
    let state = format!("{}/memory", world.namespace);
    let state = ["--state", state.as_str()];
    killed_half_way(&world, &state);
    world.outlast_lease(&world.namespace);
    let elsewhere = world.context.path("elsewhere");
    world
        .context
        .set("XDG_STATE_HOME", &elsewhere.to_string_lossy());
    world
        .rotate([&["--in-place"], &state[..]].concat())
        .expect(0);
    let secrets = world.list(&world.namespace, "secrets");
    for number in 0..3 {
        let password = world
            .cluster
            .password(&world.namespace, &name(number), world.registry());
        assert_eq!(password, world.token());
    }
    assert_eq!(secrets.len(), 4);
}

#[test]
fn in_place_half_way_another_machine_without_one_is_told_what_to_do() {
    let mut world = World::new(3);
    killed_half_way(&world, &[]);
    let elsewhere = world.context.path("elsewhere");
    world
        .context
        .set("XDG_STATE_HOME", &elsewhere.to_string_lossy());
    let refused = world.rotate("--in-place").expect(1);
    refused.says("--leave-behind=").says("--robot myorg+deploy");
    let namespace = world.namespace.clone();
    world
        .plugin(
            Plugin::PullSecret,
            format!("sync -n {namespace} --robot {ROBOT} --no-attach"),
        )
        .run()
        .expect(0);
    // The killed run's marker is removed by the next rotation.
    world.is_at_rest_in(&world.namespace);
    assert_eq!(world.token_of(BRIDGE), None);
}

#[test]
fn in_place_a_terminal_is_asked_about_what_would_be_left() {
    let world = World::new(2);
    let (tenant, bait) = planted(&world, ROBOT, &"O".repeat(64));
    let token = world.token();
    let ask = |answers: &str| {
        let run = world.context.command(format!("rotate {ROBOT} --in-place"));
        run.on_terminal().stdin(answers).run()
    };
    let question = "1 credential of myorg+deploy cannot pull";
    ask("n\n").expect(1).prints(question);
    assert_eq!(world.token(), token);
    ask("y\ny\n").expect(0).prints(question);
    assert_ne!(world.token(), token);
    assert_eq!(world.cluster.content(&tenant, "bait"), bait);
    world.is_at_rest();
}
