//! `backups` and `rollback`.

use crate::global::world::{NAMESPACE, ROBOT, World};
use serde_json::Value;

#[test]
fn a_rollback_brings_back_what_was_there_and_can_be_rolled_back() {
    let world = World::new();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let updated = world.text();
    world.run("rollback").expect(2).says("--yes");
    world
        .run("rollback --dry-run")
        .expect(0)
        .prints("removed (client dry run)");
    assert_eq!(world.text(), updated);
    let output = world.run("rollback --yes").expect(0);
    output.prints("removed");
    assert_eq!(world.text(), world.content(None));
    // The newest backup is what the rollback replaced.
    world.run("rollback --yes").expect(0).prints("added");
    assert_eq!(world.text(), updated);
}

#[test]
fn a_dead_token_comes_back_alive_unless_it_is_wanted_to_the_letter() {
    let mut world = World::new();
    let old = world.content(Some(&world.token()));
    world.put(&old);
    world.regenerate();
    world.run("update --yes").expect(0);
    let current = world.text();
    world.run("remove registry.example.com --yes").expect(0);
    let names = world.run("backups -o name").expect(0).stdout;
    let oldest = names
        .lines()
        .last()
        .expect("a backup")
        .replace("secret/", "");
    let output = world.run(format!("rollback {oldest} --yes")).expect(0);
    output.says("the token in the backup is dead");
    assert_eq!(world.text(), current);
    world
        .run(format!("rollback {oldest} --exact --yes"))
        .expect(0);
    assert_eq!(world.text(), old);
}

#[test]
fn what_others_wrote_since_is_kept_and_named() {
    let mut world = World::new();
    let dead = world.red_hat_token.clone();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    // Red Hat's entries are rotated by Red Hat.
    world.red_hat_token = "S".repeat(64);
    world.context.watch(&"S".repeat(64));
    world.put(&world.content(Some(&world.token())));
    let output = world.run("rollback --yes").expect(0);
    output.prints("removed").prints("kept");
    assert_eq!(world.text(), world.content(None));
    world.red_hat_token = dead;
    let names = world.run("backups -o name").expect(0).stdout;
    let oldest = names
        .lines()
        .last()
        .expect("a backup")
        .replace("secret/", "");
    let output = world.run(format!("rollback {oldest} --yes")).expect(1);
    output
        .prints("somebody else did")
        .prints("--replace-entry KEY")
        .prints("--exact");
    world
        .run(format!("rollback {oldest} --exact --yes"))
        .expect(0);
    assert_eq!(world.text(), world.content(None));
}

#[test]
fn what_was_lost_or_broken_is_restored() {
    let world = World::new();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    for broken in [r#"{"auths":[]}"#, r#"{"auths":"x"}"#, r#"{"auths":{}}"#] {
        world.put(broken);
        world.run("rollback --yes").expect(0);
        assert_eq!(world.text(), world.content(None), "after {broken:?}");
        // The newest backup is the broken one now, and says so.
        let output = world.run("backups").expect(0);
        output.prints("pull-secret-backup-");
        world.cluster.kubectl(format!(
            "-n {NAMESPACE} delete secrets -lkubectl-quay/backup-of"
        ));
        world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    }
}

#[test]
fn a_secret_that_was_deleted_is_created_again() {
    let world = World::new();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} delete secret pull-secret"));
    world.run("update --yes").expect(1).prints("does not exist");
    world.run("rollback --yes").expect(0);
    assert_eq!(world.text(), world.content(None));
}

#[test]
fn a_hosted_clusters_additional_secret_has_backups_of_its_own() {
    let mut world = World::hosted();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let before = world.additional();
    // What was there before is kept, too: no secret, and so no entry.
    let backups = world.run("backups -o json").expect(0);
    assert_eq!(backups.items()[0]["keys"], serde_json::json!([]));
    world.regenerate();
    world
        .run("update --yes")
        .expect(0)
        .prints("additional-pull-secret-backup-");
    world.run("rollback --exact --yes").expect(0);
    assert_eq!(world.additional(), before);
}

#[test]
fn an_exact_rollback_restores_every_byte() {
    let world = World::new();
    let pretty: Value = serde_json::from_str(&world.content(None)).expect("JSON");
    let pretty = format!("{pretty:#}\n");
    world.put(&pretty);
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    assert_ne!(world.text(), pretty);
    world.run("rollback --exact --yes").expect(0);
    assert_eq!(world.text(), pretty);
}

#[test]
fn five_backups_are_kept_and_no_content_twice() {
    let mut world = World::new();
    world.run("backups").expect(0).says("There are no backups");
    world
        .run("rollback --yes")
        .expect(1)
        .says("openshift-config/pull-secret (context admin) has no backup");
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let mut contents = vec![world.text()];
    for _ in 0..6 {
        world.regenerate();
        world.run("update --yes").expect(0);
        contents.push(world.text());
    }
    let kept = world.backups();
    assert_eq!(kept, contents[1..6], "the newest five, the oldest first");
    world
        .run("rollback nothing --yes")
        .expect(1)
        .says("has no backup `nothing`")
        .says("oc quay global rollback --context admin, with one of: pull-secret-backup-");
    // Backups are of a type that `sync` and `rotate` never look at.
    let types = world.cluster.kubectl(format!(
        "-n {NAMESPACE} get secrets -o jsonpath={{.items[*].type}}"
    ));
    assert_eq!(
        types.matches("kubectl-quay.io/pull-secret-backup").count(),
        5
    );
}
