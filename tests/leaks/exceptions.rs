//! What gives a credential away because that is what it was asked for.

use crate::leaks::case::Case;
use crate::leaks::world::{ROBOT, World, assert_silent_about};
use quay_tests::Plugin;
use quay_tests::{Leaks, Output, pull_secret};

#[test]
fn printed_manifests_say_whose_credentials_are_in_them() {
    let world = World::new();
    let stale = world.auths(&"O".repeat(64));
    let namespace = world.cluster.fresh_namespace("printed", |namespace| {
        vec![pull_secret(namespace, "stale", &stale)]
    });
    for format in ["yaml", "json"] {
        let arguments = ["-vvv", "sync", "-n", &namespace, "--dry-run=client", "-o"];
        let run = world.context.command([&arguments[..], &[format]].concat());
        let run = run.reveals(&world.quay.robot_token);
        let output = run.reveals(&world.other_password).spawn().wait_and_watch();
        let output = output.expect(0).says("the output contains credentials");
        let output = output.says("docker.io").says(world.quay.quay.registry());
        for token in [&world.quay.robot_token, &world.other_password] {
            assert_only_on_stdout(&output, token);
        }
    }
}

#[test]
fn the_token_command_writes_it_to_stdout_alone() {
    let world = World::new();
    let run = world
        .context
        .program(Plugin::Robot, ["-vvv", "token", ROBOT]);
    let run = run.reveals(&world.quay.robot_token);
    let output = run.spawn().wait_and_watch().expect(0);
    assert_only_on_stdout(&output, &world.quay.robot_token);

    let file = Case::succeeds(&format!("token {ROBOT} -o token"));
    let output = world.run(Plugin::Robot, &file);
    output.says(&format!("wrote the token of {ROBOT} to token"));
}

#[test]
fn a_robot_that_is_created_keeps_its_token_to_itself() {
    let world = World::new();
    for format in ["table", "wide", "json", "yaml", "name"] {
        let robot = format!("myorg+new-{format}");
        let create = Case::succeeds(&format!("create {robot} --grant my-app -o {format}"));
        let output = world.run(Plugin::Robot, &create);
        let token = world.token_of(&robot).expect("the robot exists");
        assert_silent_about(&output, &token);
    }
}

fn assert_only_on_stdout(output: &Output, token: &str) {
    let mut leaks = Leaks::default();
    leaks.watch(token);
    assert!(leaks.find(output.stdout.as_bytes()).is_some());
    assert_eq!(leaks.find(output.stderr.as_bytes()), None);
}
