//! What keeps a rotation from beginning. Nothing is changed then, in Quay or in a cluster.

use crate::rotation::world::{ROBOT, World, name};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{auth, pull_secret_of};
use serde_json::json;

#[track_caller]
fn refuses(world: &World, more: &[&str], reasons: &[&str]) {
    let (token, writes) = (world.token(), world.quay.writes());
    let mut output = world.rotate(more).expect(1);
    for reason in reasons {
        output = output.says(reason);
    }
    assert_eq!(world.token(), token);
    assert_eq!(world.quay.writes(), writes, "something was written to Quay");
    let mutating = |request: &quay_sandbox::http::Recorded| request.mutates;
    assert_eq!(world.faulty.log().count(mutating), 0);
}

#[test]
fn secrets_that_cannot_be_written_are_named_with_the_place_to_change_them() {
    let world = World::new(1);
    let content = world.mixed(ROBOT, &world.token());
    let namespace = world.cluster.fresh_namespace("owned", |namespace| {
        let mut immutable = pull_secret_of(namespace, "immutable", &content);
        immutable["immutable"] = json!(true);
        let mut argo = pull_secret_of(namespace, "argo", &content);
        argo["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "shop"});
        vec![immutable, argo]
    });
    refuses(
        &world,
        &[],
        &[
            &format!("{namespace}/argo"),
            "Argo CD manages the secret",
            "the Git repository of its application (shop)",
            &format!("{namespace}/immutable"),
            "the secret is immutable",
            &format!("--leave-behind={namespace}/argo"),
        ],
    );
    // One of them accepted is not both.
    let one = format!("--leave-behind={namespace}/argo");
    refuses(&world, &[&one], &["the secret is immutable"]);
    let output = world.rotate("--leave-behind -o json").expect(0);
    world.is_at_rest();
    let receipt: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    let left = receipt["leftBehind"].as_array().expect("a list");
    assert_eq!(left.len(), 2);
    assert_eq!(left[0]["secret"], "argo");
    assert_eq!(
        world.cluster.content(&namespace, "argo"),
        content,
        "what belongs to Argo CD was touched"
    );
}

#[test]
fn a_credential_outside_the_chosen_namespaces_is_found() {
    let world = World::new(1);
    let other = world.add_namespace(1);
    let only = ["-n", &world.namespace];
    refuses(
        &world,
        &only,
        &["outside the chosen namespaces", &format!("{other}/s0")],
    );
    let glob = ["--exclude-namespace", &other];
    refuses(&world, &glob, &["outside the chosen namespaces"]);
    let old = world.cluster.content(&other, &name(0));
    world
        .rotate([&only[..], &["--scope-is-complete"]].concat())
        .expect(0);
    world.is_at_rest();
    assert_eq!(world.cluster.content(&other, &name(0)), old);
}

#[test]
fn scopes_that_a_rotation_takes_are_named_before_anything_is_changed() {
    let mut world = World::new(1);
    for (scopes, missing) in [
        ("org:admin", "repo:admin"),
        ("repo:admin", "org:admin"),
        ("user:read", "org:admin, repo:admin"),
    ] {
        world.quay.sign_in(&mut world.context, scopes);
        refuses(&world, &[], &["lacks scopes", missing]);
    }
}

#[test]
fn a_cluster_where_not_everything_can_be_seen_is_refused() {
    let mut world = World::new(1);
    world.become_limited();
    refuses(&world, &[], &["cannot list secrets in all namespaces"]);
    let narrowed = ["-n", "limited"];
    refuses(&world, &narrowed, &["--scope-is-complete"]);
}

#[test]
fn rights_that_are_missing_in_a_namespace_are_named_before_anything_is_changed() {
    let mut world = World::new(2);
    let namespace = world.namespace.clone();
    let role = [
        "create",
        "role",
        "see",
        "--verb=list,get",
        "--resource=secrets",
    ];
    let bind = [
        "create",
        "rolebinding",
        "see",
        "--role=see",
        "--user=limited",
    ];
    for command in [role, bind] {
        world
            .cluster
            .kubectl([&["-n", &namespace], &command[..]].concat());
    }
    world.become_limited();
    let more = ["-n", &namespace, "--scope-is-complete"];
    // The authorizer of a real API server learns of a binding a moment later.
    world
        .cluster
        .until_limited(true, &["-n", &namespace, "list", "secrets"]);
    refuses(
        &world,
        &more,
        &[
            "you have no right to patch secrets in",
            &namespace,
            "auth can-i patch secrets",
        ],
    );
}

#[test]
fn a_robot_that_does_not_exist_or_a_dead_api_token_is_said_so() {
    let world = World::new(1);
    let unknown = world.context.run("rotate myorg+nobody --yes");
    unknown.expect(1).says("robot `myorg+nobody`");
    let dead = world.context.command(format!("rotate {ROBOT} --yes"));
    let dead = dead.env("QUAY_API_TOKEN", &"D".repeat(40)).run();
    dead.expect(1).says("does not accept the API token");
}

#[test]
fn without_a_terminal_nothing_is_rotated_unless_yes_is_said() {
    let world = World::new(1);
    let token = world.token();
    let output = world.context.run(format!("rotate {ROBOT}")).expect(2);
    output.says("--yes");
    assert_eq!(world.token(), token);
}

#[test]
fn what_would_reach_nobody_is_refused() {
    let world = World::new(1);
    let nowhere = ["-n", "prodution", "--scope-is-complete"];
    refuses(
        &world,
        &nowhere,
        &["no chosen cluster has namespace prodution"],
    );
    let empty = world.cluster.namespace("empty");
    let only = ["-n", &empty, "--scope-is-complete"];
    refuses(
        &world,
        &only,
        &["no secret in the chosen clusters", "--no-cluster"],
    );
}

#[test]
fn a_glob_that_is_none_is_a_usage_error_and_no_cluster_that_does_not_answer() {
    let world = World::new(1);
    let skip = ["--skip-unreachable", "sandbox"];
    let output = world.rotate([&["--exclude-namespace", "["][..], &skip].concat());
    output.expect(2).says("is not a glob");
    let output = world.rotate([&["--namespace-selector", "a=(b"][..], &skip].concat());
    output.expect(2).says("is not a selector");
    assert_eq!(world.quay.writes(), 0);
}

#[test]
fn a_file_that_could_not_be_written_later_is_refused_before_the_token_changes() {
    let world = World::new(1);
    let token = world.token();
    let folder = world.context.home().to_string_lossy().into_owned();
    for file in ["/nonexistent/file", &folder] {
        for more in [
            &["--receipt", file][..],
            &["--in-place", "--no-cluster", "--token-output", file],
        ] {
            world.rotate(more).expect(2).says("name another file");
            assert_eq!(world.token(), token);
        }
    }
}

#[test]
fn secrets_at_a_name_that_quay_only_calls_itself_are_named_and_agreed_to_or_left() {
    const CLAIMED: &str = "images.example.com";
    let world = World::new(1);
    let config = json!({"config": {"SERVER_HOSTNAME": CLAIMED}}).to_string();
    let config = FaultAction::Status {
        code: 200,
        content_type: "application/json".to_owned(),
        body: config,
        headers: Vec::new(),
    };
    let get = "GET".parse().expect("a method");
    let faults = world.quay.quay.server().faults();
    faults.add(Fault::always(get, "/config", config));
    let held = |password: &str| json!({"auths": {CLAIMED: {"auth": auth(ROBOT, password)}}});
    let old = world.token();
    let namespace = world.cluster.fresh_namespace("claimed", |namespace| {
        vec![pull_secret_of(namespace, "a", held(&old).to_string())]
    });
    let (place, leave) = (
        format!("{namespace}/a"),
        format!("--leave-behind={namespace}/a"),
    );
    let flag = format!("--registry-alias {CLAIMED}");
    refuses(&world, &[], &[&place, "alias not agreed", &flag, &leave]);

    let output = world.rotate(format!("{leave} -o json")).expect(0);
    let receipt: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(receipt["leftBehind"][0]["secret"], "a", "{}", output.stdout);
    let password = || world.cluster.password(&namespace, "a", CLAIMED);
    assert_eq!(password(), old);
    world
        .rotate(format!("--registry-alias {CLAIMED}"))
        .expect(0);
    assert_eq!(password(), world.token());
    world.is_at_rest();
}
