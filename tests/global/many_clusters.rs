//! Several clusters at once, some of which cannot be worked on.

use crate::global::world::{ROBOT, World};
use quay_tests::{NOWHERE, Output, TestCluster};
use serde_json::Value;

/// The contexts that cannot be worked on; `plain` is no OpenShift.
const FAILING: [&str; 3] = ["dangling", "expired", "plain"];

/// The world with three more contexts, and the cluster behind one of them.
fn with_others() -> (World, TestCluster) {
    let mut world = World::new();
    let plain = TestCluster::small("plain");
    let good = world.context.environment()["KUBECONFIG"].clone();
    let nowhere = world.context.file("nowhere", NOWHERE);
    let other = world.context.file("plain", plain.kubeconfig());
    let (nowhere, other) = (nowhere.to_string_lossy(), other.to_string_lossy());
    world
        .context
        .set("KUBECONFIG", &format!("{good}:{nowhere}:{other}"));
    (world, plain)
}

/// Runs the command in all four contexts.
#[track_caller]
fn run(world: &World, arguments: &[&str]) -> Output {
    let contexts = ["--context", "dangling,expired,plain,admin"];
    world.run([arguments, &contexts[..]].concat()).expect(1)
}

#[track_caller]
fn report(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).expect("JSON on stdout")
}

fn of_context<'a>(lines: &'a Value, context: &str) -> Vec<&'a Value> {
    let lines = lines.as_array().into_iter().flatten();
    lines.filter(|line| line["context"] == context).collect()
}

#[test]
fn what_cannot_be_looked_at_is_a_line_and_the_others_are_shown() {
    let (world, _plain) = with_others();
    world.pool("worker");
    world
        .run(format!("update --robot {ROBOT} --yes --context admin"))
        .expect(0);
    for command in [&["show"][..], &["verify"], &["backups"], &["status"]] {
        let json = run(&world, &[command, &["-o", "json"]].concat());
        let report = report(&json);
        assert!(
            !of_context(&report["items"], "admin").is_empty(),
            "{report}"
        );
        for context in FAILING {
            let failed = of_context(&report["failures"], context);
            assert_eq!(failed.len(), 1, "{command:?} {context}: {report}");
            assert_eq!(failed[0]["kind"], "context");
            assert_eq!(failed[0]["result"], "failed");
        }
        let mut people = run(&world, command);
        assert!(people.stdout.lines().count() > 1, "{}", people.stdout);
        for context in FAILING {
            people = people.says(&format!("context {context}"));
        }
    }
}

#[test]
fn what_cannot_be_written_is_a_line_and_the_others_are_done() {
    let (world, _plain) = with_others();
    let with_robot = world.content(Some(&world.token()));
    let without = with_robot.clone();
    let update = ["update", "--robot", ROBOT, "--yes", "-o", "json"];
    for (arguments, result, text) in [
        (&update[..], "added", without),
        (
            &["remove", world.registry(), "--yes", "-o", "json"],
            "removed",
            world.content(None),
        ),
        (&["rollback", "--yes", "-o", "json"], "added", with_robot),
    ] {
        let report = report(&run(&world, arguments));
        let done = of_context(&report["items"], "admin");
        let changed = done.iter().find(|item| item["key"] == world.registry());
        let changed = changed.unwrap_or_else(|| panic!("nothing was changed: {report}"));
        assert_eq!(changed["result"], result, "{report}");
        assert_eq!(changed["kind"], "secret");
        assert_eq!(changed["namespace"], "openshift-config");
        assert_eq!(changed["name"], "pull-secret");
        for context in FAILING {
            let failed = of_context(&report["items"], context);
            assert_eq!(failed.len(), 1, "{arguments:?} {context}: {report}");
            assert_eq!(failed[0]["kind"], "context");
            assert_eq!(failed[0]["result"], "failed");
        }
        assert_eq!(world.text(), text, "{arguments:?}");
    }
}

#[test]
fn the_only_cluster_that_fails_is_the_commands_own_error_and_a_programs_report() {
    let (world, _plain) = with_others();
    let remove = ["remove", "quay.io", "--yes"];
    for command in [
        &["show"][..],
        &["verify"],
        &["backups"],
        &["status"],
        &["update", "--robot", ROBOT, "--yes"],
        &["rollback", "--yes"],
        &remove,
    ] {
        for context in FAILING {
            let only = [command, &["--context", context]].concat();
            let people = world.run(&only).expect(1);
            let people = people.says("error:").says(context);
            assert_eq!(people.stdout, "", "{only:?}");
            let program = world.run([&only[..], &["-o", "json"]].concat()).expect(1);
            let report = report(&program);
            let lines = match report["failures"].is_array() {
                true => &report["failures"],
                false => &report["items"],
            };
            assert_eq!(of_context(lines, context).len(), 1, "{only:?}: {report}");
        }
    }
}
