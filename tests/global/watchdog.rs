//! What the watchdog of `--confirm-within` takes back, and what it leaves.

use crate::global::confirm::{files, has_file, hold_patch, update};
use crate::global::world::{ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::eventually;
use std::path::Path;

const BACKUPS: [&str; 4] = ["-n", "openshift-config", "-l", "kubectl-quay/backup-of"];

#[test]
fn what_somebody_else_wrote_first_is_theirs_and_is_not_taken_back() {
    let world = World::new();
    let hold = hold_patch(&world);
    let mut run = world.context.command(update("10m")).spawn();
    assert!(run.reaches(&hold, 1));
    world.put(&world.content(Some(&world.token())));
    hold.release();
    let output = run.wait().expect(0).prints("unchanged");
    assert!(!output.stderr.contains("confirm"), "{}", output.stderr);
    eventually("the watchdog ends", || files(&world).is_empty());
    assert_eq!(world.text(), world.content(Some(&world.token())));
}

#[test]
fn a_write_whose_answer_was_lost_is_told_and_taken_back() {
    let world = World::new();
    let method = "PATCH".parse().expect("a method");
    let fault = Fault::once(method, "/secrets/pull-secret", FaultAction::AnswerLost);
    world.faulty.faults().add(fault);
    let output = world.run(update("3s")).expect(0);
    output
        .prints("added")
        .prints("backup")
        .says("unless you confirm it");
    eventually("taken back", || world.text() == world.content(None));
}

#[test]
fn what_somebody_changed_since_is_left_to_them_and_named() {
    let world = World::new();
    world.run(update("3s")).expect(0);
    let theirs = world.content(Some(&"T".repeat(64)));
    world.put(&theirs);
    eventually("recorded", || has_file(&world, ".restored.json"));
    assert_eq!(world.text(), theirs);
    world
        .run("show")
        .expect(0)
        .says("somebody changed it since")
        .says(world.registry());
}

#[test]
fn what_was_taken_back_does_not_return_with_a_rollback_that_names_no_backup() {
    let world = World::new();
    world.run(update("1s")).expect(0);
    eventually("recorded", || has_file(&world, ".restored.json"));
    world.run("rollback --yes").expect(0);
    assert_eq!(world.text(), world.content(None));
}

#[test]
fn a_cluster_is_known_by_itself_and_not_by_the_name_of_a_context() {
    let mut world = World::new();
    world.run(update("10m")).expect(0);
    let written = world.text();
    let path = world.context.environment()["KUBECONFIG"].clone();
    let config = std::fs::read_to_string(&path).expect("a kubeconfig");
    let name = world.context.run("show -o json").expect(0).stdout;
    let name: serde_json::Value = serde_json::from_str(&name).expect("JSON");
    let name = name["items"][0]["context"].as_str().expect("a context");
    let alias = Path::new(&path).with_file_name("alias");
    std::fs::write(&alias, config).expect("a copy");
    let alias = alias.to_string_lossy().into_owned();
    let rename = [
        "--kubeconfig",
        &alias,
        "config",
        "rename-context",
        name,
        "alias",
    ];
    world.context.program("kubectl", rename).run().expect(0);
    world.context.set("KUBECONFIG", &alias);
    let remove = ["remove", "registry.example.com", "--yes"];
    world
        .run(remove)
        .expect(1)
        .prints("waits for its confirmation");
    assert_eq!(world.text(), written);

    // Another cluster by the first one's name: nothing of ours waits there, nothing is settled.
    let other = world
        .cluster
        .try_kubectl("get namespace kube-system -o jsonpath={.metadata.uid}", "");
    let waits = files(&world)
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "json"))
        .expect("a write that waits");
    let text = std::fs::read_to_string(&waits).expect("its file");
    assert!(text.contains(&other.stdout), "{text}");
    let elsewhere = text
        .replace(&other.stdout, "another-cluster")
        .replace(name, "alias");
    std::fs::write(&waits, elsewhere).expect("its file");
    world.run("rollback --yes").expect(0);
    assert!(waits.exists(), "another cluster's write was settled");
    world.run(remove).expect(0);
    world.run("confirm").expect(0);
}

#[test]
fn a_watchdog_that_cannot_take_it_back_says_why_and_lets_go() {
    let world = World::new();
    for way_out in [&["confirm"][..], &["rollback", "--yes"]] {
        world.run(update("2s")).expect(0);
        // Something to roll back to.
        let made = world
            .cluster
            .kubectl([&["get", "secrets", "-o", "name"], &BACKUPS[..]].concat());
        let newest = made.lines().last().expect("a backup").to_owned();
        let broken = ["patch", &newest, "--type=json", "-p"];
        let label =
            r#"[{"op":"replace","path":"/metadata/labels/kubectl-quay~1backup-of","value":"x"}]"#;
        world
            .cluster
            .kubectl([&["-n", "openshift-config"], &broken[..], &[label]].concat());
        eventually("told", || {
            let said = world.run("show").expect(0).stderr;
            said.contains("has not succeeded yet") && said.contains("no longer exists")
        });
        if way_out[0] == "rollback" {
            let back = r#"[{"op":"replace","path":"/metadata/labels/kubectl-quay~1backup-of","value":"pull-secret"}]"#;
            world
                .cluster
                .kubectl([&["-n", "openshift-config"], &broken[..], &[back]].concat());
        }
        world.run(way_out).expect(0);
        eventually("the watchdog ends", || {
            files(&world).is_empty() || has_file(&world, ".restored.json")
        });
        world.run(format!("remove {} --yes", world.registry()));
        world.put(&world.content(None));
        world.run("show").expect(0);
    }
}

#[test]
fn a_backup_that_a_watchdog_may_need_is_not_dropped_by_other_machines() {
    let world = World::new();
    world.run(update("10m")).expect(0);
    for number in 0..7 {
        let put = world
            .content(Some(&world.token()))
            .replace("registry.example.com", &format!("r{number}.example.com"));
        world.put(&put);
        let key = format!("r{number}.example.com");
        let command = world.context.command(format!("remove {key} --yes"));
        let elsewhere = world.context.home().join("elsewhere");
        command
            .env("XDG_STATE_HOME", &elsewhere.to_string_lossy())
            .run()
            .expect(0);
    }
    assert!(world.backups().contains(&world.content(None)));
    assert_eq!(world.backups().len(), 6, "five, and the one that is needed");
    world.run("confirm").expect(0);
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
}
