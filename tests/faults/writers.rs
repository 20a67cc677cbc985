//! Others who write at the same time, and rights that go away.

use crate::faults::world::{ROBOT, World, names, world};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{pull_secret_of, text_of};

const SECRETS: usize = 12;

/// A namespace with stale secrets.
fn stale(world: &mut World) -> String {
    let content = world.mixed(ROBOT, &world.token());
    world.regenerate();
    world.cluster.fresh_namespace("writers", |namespace| {
        let secret = |number| pull_secret_of(namespace, &format!("s{number:02}"), &content);
        (0..SECRETS).map(secret).collect()
    })
}

/// Stops so many PATCHes after those that pass.
fn hold_patches(world: &World, skip: usize, times: usize) -> Hold {
    let hold = Hold::default();
    world.faulty.faults().add(Fault {
        skip,
        times,
        ..Fault::always(
            "PATCH".parse().expect("a method"),
            "/secrets/",
            FaultAction::HoldBefore(hold.clone()),
        )
    });
    hold
}

#[test]
fn two_writers_of_the_same_secrets_lose_nothing_of_each_other() {
    let mut world = world();
    let namespace = stale(&mut world);
    // Every secret changes three times between being read and being written.
    let rounds: Vec<Hold> = (0..3).map(|_| hold_patches(&world, 0, SECRETS)).collect();
    let mut run = world
        .context
        .command(format!("sync -n {namespace}"))
        .spawn();
    for (round, hold) in rounds.iter().enumerate() {
        assert!(run.reaches(hold, SECRETS), "round {round}");
        let label = format!("round={round}");
        let others = ["label", "secrets", "--all", "--overwrite", &label];
        world
            .cluster
            .kubectl([&["-n", &namespace], &others[..]].concat());
        hold.release();
    }
    run.wait().expect(0).says("12 updated");
    let conflicts = world.faulty.log().count(|r| r.status == Some(409));
    assert_eq!(conflicts, 3 * SECRETS);
    let current = world.mixed(ROBOT, &world.token());
    for secret in world.list(&namespace, "secrets") {
        assert_eq!(text_of(&secret), current);
        assert_eq!(secret["metadata"]["labels"]["round"], "2");
    }
}

#[test]
fn a_secret_that_never_stops_changing_is_named_and_the_others_are_done() {
    let mut world = world();
    let namespace = stale(&mut world);
    let rounds: Vec<Hold> = (0..8)
        .map(|_| {
            let hold = Hold::default();
            world.faulty.faults().add(Fault::once(
                "PATCH".parse().expect("a method"),
                "/secrets/s07",
                FaultAction::HoldBefore(hold.clone()),
            ));
            hold
        })
        .collect();
    let mut run = world
        .context
        .command(format!("sync -n {namespace}"))
        .spawn();
    for (round, hold) in rounds.iter().enumerate() {
        assert!(run.reaches(hold, 1), "round {round}");
        let label = format!("round={round}");
        let others = ["label", "secret/s07", "--overwrite", &label];
        world
            .cluster
            .kubectl([&["-n", &namespace], &others[..]].concat());
        hold.release();
    }
    let output = run.wait().expect(1).says("11 updated, 1 failed");
    output
        .prints("s07")
        .prints("somebody keeps changing the secret");
    let current = world.mixed(ROBOT, &world.token());
    let mut secrets = world.list(&namespace, "secrets");
    secrets.retain(|secret| text_of(secret) != current);
    assert_eq!(names(&secrets), ["s07"]);
    assert_eq!(secrets[0]["metadata"]["labels"]["round"], "7");
}

#[test]
fn a_right_that_is_taken_away_halfway_fails_the_rest_by_name() {
    let mut world = world();
    let namespace = stale(&mut world);
    let kubectl = |arguments: &[&str]| {
        world
            .cluster
            .kubectl([&["-n", &namespace], arguments].concat())
    };
    kubectl(&[
        "create",
        "role",
        "pull",
        "--verb=get,list,patch",
        "--resource=secrets",
    ]);
    kubectl(&[
        "create",
        "rolebinding",
        "pull",
        "--role=pull",
        "--user=limited",
    ]);
    world
        .cluster
        .until_limited(true, &["-n", &namespace, "patch", "secrets"]);
    world.become_limited();
    let hold = hold_patches(&world, SECRETS / 2, SECRETS / 2);
    let mut run = world
        .context
        .command(format!("sync -n {namespace}"))
        .spawn();
    assert!(run.reaches(&hold, SECRETS / 2));
    kubectl(&["delete", "rolebinding", "pull"]);
    world
        .cluster
        .until_limited(false, &["-n", &namespace, "patch", "secrets"]);
    hold.release();
    let output = run.wait().expect(1).says("6 updated, 6 failed");

    let current = world.mixed(ROBOT, &world.token());
    for secret in world.list(&namespace, "secrets") {
        let name = secret["metadata"]["name"].as_str().unwrap_or_default();
        let line = output.stdout.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_default();
        match text_of(&secret) == current {
            true => assert!(line.contains("updated"), "{name}: {line}"),
            false => assert!(
                line.contains("failed") && line.contains("auth can-i patch secrets"),
                "{name}: {line}"
            ),
        }
    }
}
