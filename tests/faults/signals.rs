//! Signals that ask a run to end: it stops at the next safe point, and reports every target.

use crate::faults::world::{ROBOT, World, world};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{Plugin, Running};
use serde_json::json;

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
pub(super) fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 != 0)
}

#[test]
fn whatever_signal_ends_a_sync_it_reports_what_it_did_and_what_it_did_not() {
    for signal in signals() {
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

/// The signals that are sent to a run here.
fn signals() -> impl Iterator<Item = &'static str> {
    let signals = ["INT", "TERM", "HUP"].into_iter();
    signals.filter(|name| *name != "HUP" || !ignores_hangups())
}

/// Sends a signal to a run that is held, lets it go on, and finds each of its targets in its
/// report: some done, some skipped.
#[track_caller]
fn reports_each(run: Running<'_>, signal: &str, hold: &Hold, (list, done): (&str, &str)) {
    run.signal(signal);
    hold.release();
    let output = run.wait().expect(1);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    let items = report[list].as_array().expect("a list");
    let with = |result: &str| items.iter().filter(|item| item["result"] == result).count();
    assert!(with(done) > 0 && with("skipped") > 0, "{signal}: {report}");
    assert_eq!(
        with(done) + with("skipped"),
        items.len(),
        "{signal}: {report}"
    );
}

#[test]
fn whatever_signal_ends_a_command_about_roles_it_reports_every_repository() {
    for signal in signals() {
        let world = world();
        let repositories: Vec<String> = (0..40).map(|number| format!("r{number:02}")).collect();
        world.quay.quay.edit(|state| {
            for name in &repositories {
                state.add_repository("myorg", name, false);
            }
        });
        for (command, method, done) in
            [("grant", "PUT", "granted"), ("revoke", "DELETE", "revoked")]
        {
            let hold = Hold::default();
            world.quay.quay.server().faults().add(Fault::always(
                method.parse().expect("a method"),
                "/permissions/user/",
                FaultAction::HoldBefore(hold.clone()),
            ));
            let words = [&[command.to_owned(), ROBOT.to_owned()], &repositories[..]].concat();
            let words = [&words[..], &["-o".to_owned(), "json".to_owned()]].concat();
            let mut run = world.context.program(Plugin::Robot, words).spawn();
            assert!(run.reaches(&hold, 1), "{signal}");
            reports_each(run, signal, &hold, ("changes", done));
            world.quay.quay.server().faults().clear();
            let all = format!("grant {ROBOT} {}", repositories.join(" "));
            world.context.program(Plugin::Robot, all).run().expect(0);
        }
    }
}

#[test]
fn whatever_signal_ends_a_creation_it_reports_the_robot_and_the_roles_it_lacks() {
    for signal in signals() {
        let world = world();
        // More than are in flight at once, so that some have to wait.
        let repositories: Vec<String> = (0..24).map(|number| format!("r{number:02}")).collect();
        world.quay.quay.edit(|state| {
            for name in &repositories {
                state.add_repository("myorg", name, false);
            }
        });
        let (creation, grants) = (Hold::default(), Hold::default());
        let put = || "PUT".parse().expect("a method");
        let faults = world.quay.quay.server().faults();
        let held = FaultAction::HoldBefore(grants.clone());
        faults.add(Fault::always(put(), "/permissions/user/", held));
        let held = FaultAction::HoldAfter(creation.clone());
        faults.add(Fault::once(put(), "/robots/", held));
        let flags = repositories.iter().map(|name| format!(" --grant {name}"));
        let create = format!("create myorg+new -o json{}", flags.collect::<String>());
        let mut run = world.context.program(Plugin::Robot, create).spawn();
        assert!(run.reaches(&creation, 1), "{signal}");
        run.signal(signal);
        creation.release();
        // Whether the first grants are sent before the signal is heard is a race.
        run.reaches(&grants, 1);
        grants.release();
        let output = run.wait().expect(1);
        output
            .prints(r#""created""#)
            .prints(r#""skipped""#)
            .says("grant myorg+new")
            .says("r23 --role read");
        assert!(world.quay.token_of_robot("myorg+new").is_some());
    }
}

#[test]
fn whatever_signal_ends_a_command_about_references_or_entries_it_reports_every_one() {
    for signal in signals() {
        let world = world();
        let token = world.token();
        let namespace = world.cluster.fresh_namespace("signals", |namespace| {
            let secret = |number| {
                let name = format!("a{number:03}");
                quay_tests::pull_secret_of(namespace, &name, world.mixed(ROBOT, &token))
            };
            (0..120).map(secret).collect()
        });
        let hold = hold_writes(&world);
        let delete = format!("delete --robot {ROBOT} -n {namespace} --yes -o json");
        let mut run = world.context.command(delete).spawn();
        assert!(run.reaches(&hold, 1), "{signal}");
        reports_each(run, signal, &hold, ("items", "updated"));

        let accounts: Vec<String> = (0..120).map(|number| format!("b{number:03}")).collect();
        for account in &accounts {
            let account = json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"namespace": namespace, "name": account},
            });
            world.cluster.create(&account);
        }
        let hold = Hold::default();
        world.faulty.faults().clear();
        world.faulty.faults().add(Fault::always(
            "PATCH".parse().expect("a method"),
            "/serviceaccounts/",
            FaultAction::HoldBefore(hold.clone()),
        ));
        let accounts = accounts.join(" --service-account ");
        let attach = format!("attach a000 -n {namespace} --service-account {accounts} -o json");
        let mut run = world.context.command(attach).spawn();
        assert!(run.reaches(&hold, 1), "{signal}");
        reports_each(run, signal, &hold, ("items", "attached"));
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
