//! Waiting for those who still pull with a credential.

use crate::rotation::resumed::{REMOVE, killed_before};
use crate::rotation::world::{BRIDGE, ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{Running, eventually};
use std::time::Duration;

const AGENT: &str = "cri-o/1.33";

#[test]
fn a_pull_during_the_grace_is_waited_for() {
    let world = World::new(1);
    let hold = world.hold_quay("GET", "/logs");
    let held_again = world.hold_quay("GET", "/logs");
    // The observation reads the log once, the settling each second.
    hold.release();
    let mut run = world
        .context
        .command(format!("rotate {ROBOT} --yes --grace 1s"))
        .spawn();
    assert!(run.reaches(&held_again, 1));
    world
        .quay
        .quay
        .edit(|state| state.log_pull(ROBOT, "myorg", "my-app", "10.0.0.7", AGENT));
    held_again.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn pulls_that_do_not_end_stop_the_rotation_before_the_token_changes() {
    let world = World::new(2);
    let token = world.token();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut minute = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                minute += 1;
                world.quay.quay.edit(|state| {
                    // Quay's log has whole seconds.
                    let now = state.now() + jiff::SignedDuration::from_secs(minute);
                    state.set_clock(now);
                    state.log_pull(ROBOT, "myorg", "my-app", "10.9.9.9", AGENT);
                });
                std::thread::park_timeout(Duration::from_millis(100));
            }
        });
        let arguments = ["rotate", ROBOT, "--yes", "--grace", "1s"];
        let output = world
            .context
            .run([&arguments[..], &["--settle-timeout", "1s"]].concat());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        output
    });
    output
        .expect(1)
        .says("somebody at 10.9.9.9 still pulls myorg/my-app as myorg+deploy")
        .says("--ignore-usage");
    assert_eq!(world.token(), token);
    assert!(world.token_of(BRIDGE).is_some());
    world.every_secret_works();
    world.rotate("").expect(0);
    world.is_at_rest();
}

#[test]
fn a_pull_each_second_is_seen_whatever_this_machines_clock_says() {
    let days = [-3, -2, -1, 1, 2, 3];
    let worlds = days.map(|_| World::new(1));
    std::thread::scope(|scope| {
        for (world, ahead) in worlds.iter().zip(days) {
            scope.spawn(move || is_seen_with_a_clock_ahead_by(world, ahead));
        }
    });
}

/// Quay's clock is put back, which to this machine is the same as its own being ahead.
fn is_seen_with_a_clock_ahead_by(world: &World, days: i64) {
    let hours = jiff::SignedDuration::from_hours(24 * days);
    world.quay.quay.edit(|state| {
        let now = state.now() - hours;
        state.set_clock(now);
    });
    let token = world.token();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let pull = |state: &mut quay_sandbox::quay::State| {
                    // Quay's log has whole seconds.
                    let now = state.now() + jiff::SignedDuration::from_secs(1);
                    state.set_clock(now);
                    state.log_pull(ROBOT, "myorg", "my-app", "10.9.9.9", AGENT)
                };
                world.quay.quay.edit(pull);
                std::thread::park_timeout(Duration::from_millis(100));
            }
        });
        let arguments = ["rotate", ROBOT, "--yes", "--grace", "1s"];
        let output = world
            .context
            .run([&arguments[..], &["--settle-timeout", "1s"]].concat());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        output
    });
    let way = match days > 0 {
        true => "ahead of Quay's",
        false => "behind Quay's",
    };
    output
        .expect(1)
        .says("somebody at 10.9.9.9 still pulls myorg/my-app as myorg+deploy")
        .says("warning: this machine's clock (")
        .says(way);
    assert_eq!(world.token(), token);
    world.every_secret_works();
}

#[test]
fn a_usage_log_that_forgets_a_pull_is_no_proof_that_nobody_pulls() {
    let world = World::new(1);
    let token = world.token();
    world
        .quay
        .quay
        .edit(|state| state.log_pull(ROBOT, "myorg", "my-app", "10.0.0.7", AGENT));
    let method = "GET".parse().expect("a method");
    let empty = FaultAction::Status {
        code: 200,
        content_type: "application/json".to_owned(),
        body: r#"{"start_time": "", "end_time": "", "logs": []}"#.to_owned(),
        headers: Vec::new(),
    };
    let fault = Fault {
        // The observation sees the pull.
        skip: 1,
        ..Fault::always(method, "/logs", empty)
    };
    world.quay.quay.server().faults().add(fault);
    let output = world.rotate("").expect(1);
    let output = output
        .says("it is unknown whether anybody pulls as myorg+deploy")
        .says("--ignore-usage");
    assert!(!output.stderr.contains("clock"), "{}", output.stderr);
    assert_eq!(world.token(), token);
    world.every_secret_works();
    world.heal();
    world.rotate("").expect(0);
    world.is_at_rest();
}

#[test]
fn a_usage_log_that_cannot_be_read_is_no_proof_that_nobody_pulls() {
    let world = World::new(1);
    let token = world.token();
    let method = "GET".parse().expect("a method");
    let broken = Fault::always(method, "/logs", FaultAction::Html500);
    world.quay.quay.server().faults().add(broken);
    let output = world.rotate("").expect(1);
    output.says("cannot read the usage log");
    assert_eq!(world.token(), token);
    world.every_secret_works();
    let output = world.rotate("--ignore-usage").expect(0);
    output.says("continuing because of --ignore-usage");
    world.is_at_rest();
}

#[test]
fn whoever_pulled_lately_is_named_before_anything_is_changed() {
    let world = World::new(1);
    world.quay.quay.edit(|state| {
        state.log_pull(ROBOT, "myorg", "my-app", "192.0.2.44", "podman/5.0");
        state.log_pull(ROBOT, "myorg", "my-app", "192.0.2.44", "podman/5.0");
    });
    let output = world.rotate("").expect(0);
    output.says("192.0.2.44 (podman/5.0): 2 pulls of myorg/my-app");
}

/// Waits until every secret works, long before a grace of minutes is over; the run still waits for
/// that, and is broken off.
#[track_caller]
fn every_secret_works_soon(world: &World, account: &str, run: Running<'_>) {
    let token = world.token_of(account).expect("the robot exists");
    let good = world.mixed(account, &token);
    eventually("every secret holds the new token", || {
        let secrets = world.list(&world.namespace, "secrets");
        secrets
            .iter()
            .all(|secret| quay_tests::text_of(secret) == good)
    });
    run.interrupt();
    let output = run.wait().expect(1).says("interrupted");
    output.says(&format!("somebody else regenerated {account}"));
    world.every_secret_works();
    world.rotate("").expect(0);
    world.is_at_rest();
}

#[test]
fn a_token_that_somebody_makes_after_the_return_is_in_every_secret_at_once() {
    let world = World::new(2);
    killed_before(&world, REMOVE);
    let first = world.hold_quay("GET", "/logs");
    first.release();
    let settling = world.hold_quay("GET", "/logs");
    let rotate = format!("rotate {ROBOT} --yes --grace 5m");
    let mut run = world.context.command(rotate).spawn();
    assert!(run.reaches(&settling, 1));
    let theirs = world.quay.quay.edit(|state| state.regenerate(ROBOT));
    settling.release();
    every_secret_works_soon(&world, ROBOT, run);
    assert_eq!(world.token(), theirs.expect("the robot exists"));
}

#[test]
fn a_bridges_token_that_somebody_makes_is_in_every_secret_at_once() {
    let world = World::new(2);
    let first = world.hold_quay("GET", "/logs");
    first.release();
    let settling = world.hold_quay("GET", "/logs");
    let rotate = format!("rotate {ROBOT} --yes --grace 5m");
    let mut run = world.context.command(rotate).spawn();
    assert!(run.reaches(&settling, 1));
    let theirs = world.quay.quay.edit(|state| state.regenerate(BRIDGE));
    theirs.expect("the bridge stands");
    settling.release();
    every_secret_works_soon(&world, BRIDGE, run);
}
