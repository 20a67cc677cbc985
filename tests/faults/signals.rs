//! Signals that ask a run to end: it stops at the next safe point, and reports every target.

use crate::faults::world::{ROBOT, World, world};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::Plugin;

/// Holds every write of a secret until it is released.
fn hold_writes(world: &World) -> Hold {
    let hold = Hold::default();
    world.faulty.faults().add(Fault::always(
        "PATCH".parse().expect("a method"),
        "/secrets/",
        FaultAction::HoldBefore(hold.clone()),
    ));
    hold
}

/// Whether these tests were started with nohup or the like, which the plugins then respect.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 != 0)
}

#[test]
fn whatever_signal_ends_a_sync_it_reports_what_it_did_and_what_it_did_not() {
    let signals = ["INT", "TERM", "HUP"];
    for signal in signals
        .iter()
        .filter(|name| **name != "HUP" || !ignores_hangups())
    {
        let mut world = world();
        // More than are in flight at once, so that some have to wait.
        let old = world.token();
        let namespace = world.cluster.fresh_namespace("signals", |namespace| {
            let secret = |number| {
                quay_tests::pull_secret_of(
                    namespace,
                    &format!("a{number:03}"),
                    world.mixed(ROBOT, &old),
                )
            };
            (0..120).map(secret).collect()
        });
        world.regenerate();
        let hold = hold_writes(&world);
        let mut run = world
            .context
            .command(format!("sync -n {namespace} -o json"))
            .spawn();
        assert!(run.reaches(&hold, 1), "{signal}");
        run.signal(signal);
        hold.release();
        let output = run.wait().expect(1);
        let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
        let items = report["items"].as_array().expect("items");
        assert_eq!(items.len(), 120, "{signal}");
        let with = |result: &str| items.iter().filter(|item| item["result"] == result).count();
        assert_eq!(with("updated") + with("skipped"), 120, "{signal}: {report}");
        assert!(
            with("updated") > 0 && with("skipped") > 0,
            "{signal}: {report}"
        );
    }
}

#[test]
fn a_run_that_was_told_to_ignore_hangups_goes_on() {
    let mut world = world();
    let old = world.token();
    let namespace = world.cluster.fresh_namespace("nohup", |namespace| {
        let secret = quay_tests::pull_secret_of(namespace, "a", world.mixed(ROBOT, &old));
        vec![secret]
    });
    world.regenerate();
    let hold = hold_writes(&world);
    let plugin = Plugin::PullSecret.path().to_string_lossy();
    let words = [&*plugin, "sync", "-n", &namespace];
    let mut run = world.context.program("nohup", words).spawn();
    assert!(run.reaches(&hold, 1));
    run.signal("HUP");
    hold.release();
    run.wait().expect(0).prints("updated");
}
