//! Writes on a hosted control plane, which refuses an additional pull secret without entries: the
//! last entry is taken from the nodes only with the secret.

use crate::global::confirm::{files, has_file, update};
use crate::global::world::{ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{auth, eventually};
use serde_json::json;

const ADDITIONAL: &str = "/secrets/additional-pull-secret";

/// A hosted cluster whose nodes have the robot's credential, which this plugin wrote.
fn with_robot() -> World {
    let world = World::hosted();
    world.node("a", true);
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    assert!(world.reconcile());
    world.syncer_pods(1, 1, 1);
    assert!(
        world
            .merged_text()
            .is_some_and(|text| text.contains(world.registry()))
    );
    world
}

/// The nodes pull with the control plane's own secret again.
#[track_caller]
fn assert_nodes_lost_it(world: &World) {
    assert_eq!(world.additional_text(), None);
    assert!(world.reconcile(), "the control plane accepts it");
    assert_eq!(world.merged_text(), None);
    world.syncer_pods(1, 1, 1);
    world
        .run("status")
        .expect(0)
        .prints("there is no additional pull secret");
}

#[test]
fn removing_the_last_entry_deletes_the_secret_so_that_the_nodes_lose_it() {
    let world = with_robot();
    let remove = format!("remove {} --yes", world.registry());
    for dry_run in ["client", "server"] {
        let output = world
            .run(format!("{remove} --dry-run={dry_run}"))
            .expect(0)
            .prints(&format!("removed ({dry_run} dry run)"))
            .prints("the secret is deleted");
        // No backup is made, and so none is named.
        assert!(!output.stdout.contains("backup"), "{}", output.stdout);
        assert!(world.additional_text().is_some(), "{dry_run}");
    }
    let deletes = world
        .faulty
        .log()
        .count(|request| request.method == "DELETE" && request.path.contains("dryRun=All"));
    assert_eq!(deletes, 1, "the server was asked");
    let before = world.additional();
    world
        .run(&remove)
        .expect(0)
        .prints("removed")
        .prints("no other entry is left, so the secret is deleted; backup additional-pull-secret-")
        .says("the control plane refuses a secret without entries");
    // Until the control plane has looked, the nodes still have it.
    world
        .run("status")
        .expect(0)
        .prints("has not deleted it yet")
        .prints(world.registry());
    assert_nodes_lost_it(&world);
    world.run("rollback --yes").expect(0).prints("added");
    assert_eq!(world.additional(), before);
}

#[test]
fn an_entry_that_is_not_the_last_goes_alone() {
    let world = with_robot();
    let mine = json!({world.registry(): {"auth": auth(ROBOT, &world.token())}});
    let mut both = mine.clone();
    both["other.example.com"] = json!({"auth": "YTpi"});
    world.put_additional(&json!({"auths": both}).to_string());
    let remove = format!("remove {} --yes", world.registry());
    world.run(remove).expect(0).prints("removed");
    let left = json!({"auths": {"other.example.com": {"auth": "YTpi"}}});
    assert_eq!(world.additional(), left.to_string());
}

#[test]
fn what_somebody_adds_before_the_deletion_is_not_deleted() {
    let world = with_robot();
    let hold = Hold::default();
    let delete = "DELETE".parse().expect("a method");
    let action = FaultAction::HoldBefore(hold.clone());
    world
        .faulty
        .faults()
        .add(Fault::once(delete, ADDITIONAL, action));
    let remove = format!("remove {} --yes", world.registry());
    let mut run = world.context.command(remove).spawn();
    assert!(run.reaches(&hold, 1));
    let entry = json!({"auth": auth(ROBOT, &world.token())});
    let both = json!({"auths": {"other.example.com": {"auth": "YTpi"}, world.registry(): entry}});
    world.put_additional(&both.to_string());
    hold.release();
    let output = run.wait().expect(0).prints("removed");
    assert!(!output.stdout.contains("deleted"), "{}", output.stdout);
    let left = json!({"auths": {"other.example.com": {"auth": "YTpi"}}});
    assert_eq!(world.additional(), left.to_string());
}

#[test]
fn a_deletion_whose_answer_was_lost_is_a_deletion() {
    let world = with_robot();
    let delete = "DELETE".parse().expect("a method");
    let fault = Fault::once(delete, ADDITIONAL, FaultAction::AnswerLost);
    world.faulty.faults().add(fault);
    let remove = format!("remove {} --yes", world.registry());
    world.run(remove).expect(0).prints("removed");
    assert_nodes_lost_it(&world);
}

#[test]
fn a_deletion_that_a_finalizer_holds_up_is_no_success() {
    let world = with_robot();
    let patch = [
        "-n",
        "kube-system",
        "patch",
        "secret",
        "additional-pull-secret",
    ];
    let finalizers = |value: &str| {
        let patched = format!(r#"{{"metadata":{{"finalizers":{value}}}}}"#);
        let merge = ["--type=merge", "-p", &patched];
        world.cluster.kubectl([&patch[..], &merge].concat());
    };
    finalizers(r#"["example.com/held"]"#);
    let remove = format!("remove {} --yes", world.registry());
    let output = world.run(remove);
    finalizers("null");
    output
        .expect(1)
        .prints("still exists after it was deleted, because it has a finalizer");
}

#[test]
fn without_the_right_to_delete_the_message_names_it() {
    let world = with_robot();
    let body =
        r#"{"kind":"Status","status":"Failure","reason":"Forbidden","message":"no","code":403}"#;
    let refused = FaultAction::Status {
        code: 403,
        content_type: "application/json".to_owned(),
        body: body.to_owned(),
        headers: Vec::new(),
    };
    let delete = "DELETE".parse().expect("a method");
    world
        .faulty
        .faults()
        .add(Fault::always(delete, ADDITIONAL, refused));
    let remove = format!("remove {} --yes", world.registry());
    world
        .run(remove)
        .expect(1)
        .prints("-n kube-system auth can-i delete secrets/additional-pull-secret");
    assert!(world.additional_text().is_some());
}

#[test]
fn a_rollback_of_the_first_write_leads_back_to_no_secret() {
    let world = with_robot();
    let written = world.additional();
    world
        .run("rollback --yes")
        .expect(0)
        .prints("removed")
        .prints("the secret is deleted");
    assert_nodes_lost_it(&world);
    // The newest backup is what the rollback replaced.
    world.run("rollback --yes").expect(0).prints("added");
    assert_eq!(world.additional(), written);
}

#[test]
fn a_first_write_that_is_not_confirmed_leaves_no_secret() {
    let world = World::hosted();
    world.node("a", true);
    world.run(update("2s")).expect(0);
    eventually("taken back", || world.additional_text().is_none());
    eventually("recorded", || has_file(&world, ".restored.json"));
    world.run("show").says("so it was undone");
    assert!(files(&world).is_empty());
    assert_nodes_lost_it(&world);
    // There is nothing left to go back to.
    world
        .run("rollback --yes")
        .expect(0)
        .says("There is nothing to change");
    assert_eq!(world.additional_text(), None);
}

#[test]
fn a_secret_without_entries_is_deleted_by_a_rollback_to_no_secret() {
    let world = with_robot();
    world.put_additional(r#"{"auths":{}}"#);
    assert!(!world.reconcile(), "the control plane refuses it");
    world.run("rollback --yes").expect(0);
    assert_nodes_lost_it(&world);
}
