//! `update`, `show` and `remove`.

use crate::global::world::{NAMESPACE, OKDS_RELEASES, RED_HATS_RELEASES, ROBOT, SECRET, World};
use quay_tests::{auth, str};

#[test]
fn a_robot_is_merged_and_everything_else_survives_to_the_letter() {
    let mut world = World::new();
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let seen = world.seen("");
    seen.holds(
        &output.stdout,
        str![[r#"
KEY  ACCOUNT  RESULT  DETAIL
quay.example.com  myorg+deploy  added  backup pull-secret-backup-[TIMESTAMP]

"#]],
    );
    assert_eq!(world.text(), world.content(Some(&world.token())));
    assert_eq!(world.backups(), [world.content(None)]);

    world
        .run(format!("update --robot {ROBOT} --yes"))
        .expect(0)
        .prints("unchanged");
    assert_eq!(world.backups().len(), 1, "a no-op writes nothing");

    world.regenerate();
    let output = world.run("update --yes -o json").expect(0);
    assert_eq!(World::item(&output, world.registry())["result"], "updated");
    assert_eq!(world.text(), world.content(Some(&world.token())));
    assert_eq!(world.backups().len(), 2);
}

#[test]
fn nothing_is_written_without_a_yes_or_by_a_dry_run() {
    let world = World::new();
    let update = ["update", "--robot", ROBOT];
    world.run(update).expect(2).says("--yes");
    for mode in ["--dry-run", "--dry-run=server"] {
        let output = world.run([&update[..], &[mode]].concat()).expect(0);
        output.prints("dry run)").says("Nothing was written");
    }
    assert_eq!(world.text(), world.content(None));
    assert!(world.backups().is_empty());
    assert_eq!(world.quay.writes(), 0);
    assert_eq!(world.faulty.log().count(|request| request.mutates), 0);
}

#[test]
fn an_entry_of_another_account_is_replaced_only_when_it_is_named() {
    let world = World::new();
    let registry = world.registry().to_owned();
    let theirs = world
        .content(None)
        .replace("registry.example.com", &registry);
    world.put(&theirs);
    let update = ["update", "--robot", ROBOT, "--yes"];
    let output = world.run(update).expect(1);
    output
        .prints("refused")
        .prints(&format!("--replace-entry {registry}"));
    assert_eq!(world.text(), theirs);
    let replace = ["--replace-entry", &registry, "-o", "json"];
    let output = world.run([&update[..], &replace].concat()).expect(0);
    let item = World::item(&output, &registry);
    assert_eq!(item["result"], "replaced");
    assert_eq!(item["message"], "instead of a");
}

#[test]
fn a_key_at_another_host_is_refused_before_anything_is_written() {
    let world = World::new();
    for key in ["quay.io", "cloud.openshift.com"] {
        let replace = ["--key", key, "--replace-entry", key, "--yes"];
        let update = [&["update", "--robot", ROBOT][..], &replace].concat();
        world
            .run(&update)
            .expect(2)
            .says("is not a key of this registry");
    }
    assert_eq!(world.text(), world.content(None));
}

#[test]
fn red_hats_entries_are_dropped_only_when_named_twice() {
    let world = World::new();
    for key in ["cloud.openshift.com", "quay.io", "registry.redhat.io"] {
        let output = world.run(format!("remove {key} --yes")).expect(1);
        output
            .prints("refused")
            .prints(&format!("--replace-entry {key}"));
        world
            .run(format!(
                "remove {key} --yes --replace-entry quay.example.com"
            ))
            .expect(1);
    }
    assert_eq!(world.text(), world.content(None));
    let key = "cloud.openshift.com";
    world
        .run(format!("remove {key} --yes --replace-entry {key}"))
        .expect(0)
        .prints("removed");
    assert!(!world.text().contains(key));
    let output = world.run("show").expect(0);
    output
        .prints("missing")
        .prints("Telemetry and Insights stop");
}

#[test]
fn a_removed_entry_takes_nothing_along() {
    let world = World::new();
    world.put(&world.content(Some(&world.token())));
    world
        .run(format!("remove {} --yes", world.registry()))
        .expect(0);
    assert_eq!(world.text(), world.content(None));
    let again = world
        .run(format!("remove {} --yes", world.registry()))
        .expect(1);
    again.prints("has no entry").prints("registry.example.com");
}

#[test]
fn show_tells_whose_each_entry_is() {
    let world = World::new();
    world.put(&world.content(Some(&world.token())));
    let output = world.run("show").expect(0);
    world.seen("").holds(
        &output.stdout,
        str![[r#"
KEY  ACCOUNT  KIND  FINGERPRINT  STATE  DETAIL
cloud.openshift.com  openshift-release-dev+ocm_access_sandbox  red-hat  [FINGERPRINT]  present  -
quay.io  openshift-release-dev+ocm_access_sandbox  red-hat  [FINGERPRINT]  present  -
registry.connect.redhat.com  fhc-pool-sandbox  red-hat  [FINGERPRINT]  present  -
registry.redhat.io  fhc-pool-sandbox  red-hat  [FINGERPRINT]  present  -
registry.example.com  a  other  (hidden)  present  -
quay.example.com  myorg+deploy  robot  [FINGERPRINT]  present  -

"#]],
    );
    let names = world.run("show -o name").expect(0);
    assert!(
        names
            .stdout
            .lines()
            .any(|line| line == "auth/registry.example.com")
    );
}

#[test]
fn a_secret_that_cannot_be_read_is_left_alone_and_says_where_to_go() {
    let world = World::new();
    for content in [r#"{"auths":"SECRET"}"#, r#"{"auths":["SECRET"]}"#] {
        world.put(content);
        let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
        output.prints("is unreadable").prints("rollback");
        world.run("show").expect(1).says("cannot be read");
        world.run("remove quay.io --yes").expect(1);
        assert_eq!(world.text(), content);
    }
    // Without `auths` it is an empty one; an `auth` nobody can read is somebody's.
    world.put("{}");
    world
        .run(format!("update --robot {ROBOT} --yes"))
        .expect(0)
        .prints("added");
    let broken = format!(r#"{{"auths":{{"{}":{{"auth":"!!"}}}}}}"#, world.registry());
    world.put(&broken);
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
    output.prints("unreadable").prints("not base64");
    assert_eq!(world.text(), broken);
}

#[test]
fn a_secret_of_another_type_is_told_apart() {
    let world = World::new();
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} delete secret {SECRET}"));
    let opaque = [
        "create",
        "secret",
        "generic",
        SECRET,
        "--from-literal=.dockerconfigjson={}",
    ];
    world
        .cluster
        .kubectl([&["-n", NAMESPACE], &opaque[..]].concat());
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
    output.says("has the type `Opaque`");
    world
        .cluster
        .kubectl(format!("-n {NAMESPACE} delete secret {SECRET}"));
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
    output.prints("openshift-config/pull-secret does not exist");
}

#[test]
fn a_secret_that_would_grow_too_large_is_not_sent() {
    let world = World::new();
    let padding = "x".repeat((1 << 20) - 60);
    let content = format!(r#"{{"auths":{{}},"padding":"{padding}"}}"#);
    // Too large for kubectl's argument lists, and just small enough for a Secret.
    world.put(&content);
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
    output.prints("a Secret can hold at most 1048576");
    assert_eq!(world.faulty.log().count(|request| request.mutates), 0);
}

#[test]
fn a_token_the_registry_refuses_never_reaches_the_nodes() {
    let mut world = World::new();
    let wrong = "W".repeat(64);
    world.context.watch(&wrong);
    let update = ["update", "--robot", ROBOT, "--robot-token-stdin", "--yes"];
    let run = world
        .context
        .command(update)
        .stdin(&wrong)
        .env("QUAY_API_TOKEN", "");
    run.run().expect(1).says("does not accept the token");
    let run = world.context.command(update).stdin(&world.token());
    run.env("QUAY_API_TOKEN", "")
        .run()
        .expect(0)
        .prints("added");
    assert_eq!(world.text(), world.content(Some(&world.token())));
}

#[test]
fn a_bastion_that_cannot_reach_the_registry_writes_without_asking_it() {
    let mut world = World::new();
    let token = world.token();
    // Nobody listens there.
    world.context.set("QUAY_URL", "https://127.0.0.1:9");
    let update = ["update", "--robot", ROBOT, "--robot-token-stdin", "--yes"];
    let run = |words: &[&str]| {
        let run = world.context.command(words).stdin(&token);
        run.env("QUAY_API_TOKEN", "").run()
    };
    run(&update)
        .expect(1)
        .says("nothing was written: cannot ask 127.0.0.1:9")
        .says("a machine that can reach 127.0.0.1:9")
        .says(&format!(
            "update --context admin --robot {ROBOT} --skip-check"
        ));
    assert_eq!(world.text(), world.content(None));
    run(&[&update[..], &["--skip-check"]].concat())
        .expect(0)
        .prints("added");
    assert_ne!(world.text(), world.content(None));
    // It is about what is written.
    world.run("update --yes --skip-check").expect(2);
}

#[test]
fn another_cluster_is_told_from_openshift_and_a_missing_right_is_named() {
    let mut world = World::new();
    world.become_limited();
    for command in [&["show"][..], &["update", "--robot", ROBOT, "--yes"]] {
        let output = world.run(command).expect(1);
        let said = format!("{}{}", output.stdout, output.stderr);
        let right = "auth can-i get secrets/pull-secret";
        assert!(
            said.contains(right) && said.contains("openshift-config"),
            "{said}"
        );
    }
    let plain = quay_tests::TestCluster::own();
    plain.join(&mut world.context);
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(1);
    output
        .says("does not lead to an OpenShift cluster")
        .says("oc quay pullsecret sync --context");
    world
        .run("show")
        .expect(1)
        .says("does not lead to an OpenShift cluster");
    plain.join_limited(&mut world.context);
    world
        .run("show")
        .expect(1)
        .says("does not lead to an OpenShift cluster");
}

#[test]
fn a_hosted_control_plane_gets_the_additional_secret() {
    let world = World::hosted();
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    output.says("hosted control plane").prints("added");
    let auth = quay_tests::auth(ROBOT, &world.token());
    let expected = format!(
        r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#,
        world.registry()
    );
    assert_eq!(world.additional(), expected);
    assert_eq!(
        world.text(),
        world.content(None),
        "the original is not ours"
    );
    world.run("update --yes").expect(0).prints("unchanged");
    let shown = world.run("show -o wide").expect(0);
    shown
        .prints("kube-system/additional-pull-secret")
        .prints("quay.io");

    // The original wins for this key, so writing it would be in vain.
    let theirs = world
        .content(None)
        .replace("registry.example.com", world.registry());
    world.put(&theirs);
    let update = ["update", "--robot", ROBOT, "--yes"];
    let replace = ["--replace-entry", world.registry()];
    let output = world.run([&update[..], &replace].concat()).expect(1);
    output.prints("takes precedence").prints("HostedCluster");
}

#[test]
fn a_version_that_reboots_nodes_for_it_is_warned_of() {
    let world = World::new();
    world.runs_release("4.6.61", RED_HATS_RELEASES);
    let output = world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    output.says("OpenShift 4.6.61").says("reboots every node");
    world.runs_release("4.20.1", RED_HATS_RELEASES);
    let output = world.run("rollback --yes").expect(0);
    assert!(!output.stderr.contains("reboots"), "{}", output.stderr);
}

#[test]
fn a_person_is_shown_what_changes_and_asked() {
    let world = World::new();
    let stale = world.content(Some(&"O".repeat(64)));
    world.put(&stale);
    let answer = |answer: &str| {
        let run = world.context.command("update").on_terminal();
        run.stdin(answer).run()
    };
    let no = answer("n\n");
    assert_eq!(no.code, 1, "{}", no.stdout);
    let entry = format!("auths[\"{}\"]", world.registry());
    no.prints(&entry).prints("you answered no");
    assert_eq!(world.text(), stale);
    let yes = answer("y\n");
    assert_eq!(yes.code, 0, "{}", yes.stdout);
    assert_eq!(world.text(), world.content(Some(&world.token())));
}

#[test]
fn the_rights_that_are_documented_are_enough() {
    let mut world = World::new();
    let cluster = world.cluster;
    let kubectl = |arguments: &[&str]| cluster.kubectl([&["-n", NAMESPACE], arguments].concat());
    let named = [
        "--verb=get,patch",
        "--resource=secrets",
        "--resource-name=pull-secret",
    ];
    kubectl(&[&["create", "role", "one"], &named[..]].concat());
    let backups = ["--verb=list,create,delete", "--resource=secrets"];
    kubectl(&[&["create", "role", "backups"], &backups[..]].concat());
    for role in ["one", "backups"] {
        let role_flag = format!("--role={role}");
        kubectl(&["create", "rolebinding", role, &role_flag, "--user=limited"]);
    }
    for right in ["delete secrets", "patch secrets/pull-secret"] {
        let words: Vec<&str> = right.split(' ').collect();
        let what = [&["-n", NAMESPACE], &words[..]].concat();
        world.cluster.until_limited(true, &what);
    }
    world.become_limited();
    for _ in 0..7 {
        world.regenerate();
        world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    }
    assert_eq!(world.backups().len(), 5);
    let deletes = [&["-n", NAMESPACE], &["delete", "secrets"][..]].concat();
    kubectl(&[
        "patch",
        "role",
        "backups",
        "--type=json",
        "-p",
        r#"[{"op": "replace", "path": "/rules/0/verbs", "value": ["list", "create"]}]"#,
    ]);
    world.cluster.until_limited(false, &deletes);
    world.regenerate();
    world
        .run(format!("update --robot {ROBOT} --yes"))
        .expect(0)
        .says("1 old backup of openshift-config/pull-secret")
        .says("you are not allowed to delete secrets in namespace `openshift-config`");
    // Without the right to see the release, Red Hat's entries are expected.
    world.runs_release("4.20.0-okd-scos.1", OKDS_RELEASES);
    world.put(&world.okd_content());
    world.run("show").expect(0).prints("missing");
    world.run("rollback --exact --yes").expect(0);
    world
        .run(format!("remove {} --yes", world.registry()))
        .expect(0);
    let cleanup = ["delete", "role,rolebinding", "one", "backups"];
    world
        .cluster
        .kubectl([&["-n", NAMESPACE], &cleanup[..]].concat());
}

#[test]
fn a_robot_that_is_being_rotated_is_left_to_its_rotation() {
    let world = World::new();
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    let bridge = format!("{ROBOT}-bridge");
    let token = world.quay.quay.edit(|state| {
        let token = state.add_robot(&bridge);
        let mark = "kubectl-quay rotation r1 replaces 0123456789ab, clusters: 1";
        state.set_description(&bridge, mark);
        token
    });
    let robot = world.text();
    let crossed = robot.replace(&auth(ROBOT, &world.token()), &auth(&bridge, &token));
    for content in [robot, crossed] {
        world.put(&content);
        for command in [
            &["update", "--robot", ROBOT, "--yes"][..],
            &["update", "--yes"],
        ] {
            let output = world.run(command).expect(1);
            let said = format!("{}{}", output.stdout, output.stderr);
            let rotate = "oc quay robot rotate --context admin myorg+deploy --global";
            assert!(said.contains(rotate), "{said}");
        }
        assert_eq!(world.text(), content);
    }
}
