//! Others who write at the same time.

use crate::global::world::{NAMESPACE, ROBOT, SECRET, World};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use serde_json::Value;

/// Stops the next PATCH of the secret before it is carried out.
fn hold_patch(world: &World) -> Hold {
    let hold = Hold::default();
    let method = "PATCH".parse().expect("a method");
    let action = FaultAction::HoldBefore(hold.clone());
    world
        .faulty
        .faults()
        .add(Fault::once(method, "/secrets/pull-secret", action));
    hold
}

#[test]
fn two_people_who_update_at_once_lose_nothing_of_each_other() {
    let world = World::new();
    let hold = hold_patch(&world);
    let first = ["update", "--robot", ROBOT, "--yes"];
    let mut first = world.context.command(first).spawn();
    assert!(first.reaches(&hold, 1));
    world.run("remove registry.example.com --yes").expect(0);
    hold.release();
    first.wait().expect(0).prints("added");
    let text: Value = serde_json::from_str(&world.text()).expect("JSON");
    let auths = text["auths"].as_object().expect("auths");
    assert!(
        !auths.contains_key("registry.example.com"),
        "the other's removal stands"
    );
    assert!(auths.contains_key(world.registry()) && auths.contains_key("quay.io"));
    // Each write has its own backup.
    assert_eq!(world.backups().len(), 2);
}

#[test]
fn a_secret_that_is_broken_meanwhile_is_not_written() {
    let world = World::new();
    let hold = hold_patch(&world);
    let mut run = world
        .context
        .command(format!("update --robot {ROBOT} --yes"))
        .spawn();
    assert!(run.reaches(&hold, 1));
    let broken = r#"{"auths":["SECRET"]}"#;
    world.put(broken);
    hold.release();
    run.wait().expect(1).prints("is unreadable");
    assert_eq!(world.text(), broken);
}

#[test]
fn a_rollback_does_not_undo_what_somebody_wrote_meanwhile() {
    let world = World::new();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let hold = hold_patch(&world);
    let mut run = world.context.command("rollback --exact --yes").spawn();
    assert!(run.reaches(&hold, 1));
    world.cluster.kubectl(format!(
        "-n {NAMESPACE} label secret {SECRET} round=1 --overwrite"
    ));
    hold.release();
    run.wait().expect(1).prints("somebody else changed");
    assert_eq!(world.text(), world.content(Some(&world.token())));
    // Of its own entries it may still take back what it wrote.
    let hold = hold_patch(&world);
    let mut run = world.context.command("rollback --yes").spawn();
    assert!(run.reaches(&hold, 1));
    let theirs = world
        .text()
        .replace("registry.example.com", "theirs.example.com");
    world.put(&theirs);
    hold.release();
    run.wait().expect(0).prints("removed").prints("kept");
    let expected = world
        .content(None)
        .replace("registry.example.com", "theirs.example.com");
    assert_eq!(world.text(), expected);
}

#[test]
fn a_secret_that_another_tool_writes_is_left_to_it() {
    let world = World::new();
    let mark = "argocd.argoproj.io/tracking-id=config:/Secret:openshift-config/pull-secret";
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} annotate secret {SECRET} {mark}"));
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
    output.prints("Argo CD").prints("--force");
    assert_eq!(world.text(), world.content(None));
    world
        .run(format!("update --robot {ROBOT} --yes --force"))
        .expect(0);
}

#[test]
fn what_kubectl_apply_remembers_does_not_keep_the_old_credential() {
    let mut world = World::new();
    let old = world.token();
    let secret = quay_tests::pull_secret_of(NAMESPACE, SECRET, world.content(Some(&old)));
    world
        .cluster
        .try_kubectl("apply -f -", &secret.to_string())
        .expect(0);
    world.regenerate();
    world.run("update --yes").expect(0);
    let stored = world
        .cluster
        .get(NAMESPACE, "secret/pull-secret")
        .to_string();
    assert!(!stored.contains("last-applied"), "{stored}");
}
