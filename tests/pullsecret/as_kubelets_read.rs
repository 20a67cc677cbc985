//! Secrets that only a kubelet's way of reading makes sense of.

use crate::pullsecret::kubelet::ready;
use crate::pullsecret::world::{ROBOT, world};
use quay_tests::{Kubelet, auth, pull_secret, pull_secret_of};
use serde_json::json;

/// What a secret holds before and after the robot's token was replaced.
fn repaired(hint: &str, content: impl Fn(&str, &str) -> Vec<u8>) {
    let mut world = world();
    let namespace = world.cluster.namespace(hint);
    let registry = world.registry().to_owned();
    let before = content(&registry, &auth(ROBOT, "OLD"));
    world
        .cluster
        .create(&pull_secret_of(&namespace, "odd", &before));
    let token = world.regenerate();
    world
        .run(format!("list -n {namespace}"))
        .expect(0)
        .prints(ROBOT);
    world
        .run(format!("verify -n {namespace}"))
        .expect(1)
        .prints("does not hold the robot's current token");
    world
        .run(format!("sync -n {namespace}"))
        .expect(0)
        .prints("updated");
    let expected = content(&registry, &auth(ROBOT, &token));
    assert_eq!(world.cluster.bytes(&namespace, "odd"), expected);
    world
        .run(format!("verify -n {namespace}"))
        .expect(0)
        .prints("current");
}

#[test]
fn names_in_any_case_are_found_and_repaired_in_place() {
    repaired("case", |registry, auth| {
        format!(r#"{{"Auths":{{"{registry}":{{"AUTH":"{auth}","eMail":"x"}}}}}}"#).into_bytes()
    });
}

#[test]
fn bytes_that_are_not_utf8_stay_what_they_are() {
    repaired("bytes", |registry, auth| {
        let mut content =
            format!(r#"{{"auths":{{"{registry}":{{"auth":"{auth}","email":"M"#).into_bytes();
        content.extend_from_slice(b"\xfcller\"},\"\\ud800\":{\"auth\":\"YTr/\"}}}");
        content
    });
}

#[test]
fn entries_below_two_auths_are_all_kept() {
    repaired("twice", |registry, auth| {
        format!(r#"{{"auths":{{"docker.io":{{"auth":"YTpi"}}}},"auths":{{"{registry}":{{"auth":"{auth}"}}}}}}"#)
            .into_bytes()
    });
}

#[test]
fn a_glob_for_the_registry_is_the_registrys() {
    repaired("glob", |registry, auth| {
        format!(
            r#"{{"auths":{{"*{}":{{"auth":"{auth}"}}}}}}"#,
            &registry[1..]
        )
        .into_bytes()
    });
}

#[test]
fn under_a_key_that_no_kubelet_uses_the_robot_is_not_there_yet() {
    let world = world();
    let registry = world.registry();
    for (number, key) in [format!("https://{registry}/v2"), format!("{registry} ")]
        .iter()
        .enumerate()
    {
        let namespace = world.cluster.namespace("unused-key");
        let entry = world.entry(&world.token());
        world.cluster.create(&pull_secret(
            &namespace,
            "old",
            &json!({key.as_str(): entry}),
        ));
        let named = if number == 0 { "old" } else { "new" };
        let sync = [
            "sync",
            "-n",
            &namespace,
            "--robot",
            ROBOT,
            "--secret-name",
            named,
        ];
        let output = world.run(sync).expect(0);
        output.prints(if number == 0 { "updated" } else { "created" });
        assert_eq!(world.password(&namespace, named), world.token(), "{key}");
        let account = world.cluster.get(&namespace, "serviceaccount/default");
        assert_eq!(account["imagePullSecrets"], json!([{"name": named}]));
        world.run(sync).expect(0).prints("unchanged");
    }
}

#[test]
fn what_makes_a_kubelet_refuse_a_secret_is_said() {
    let world = world();
    let registry = world.registry();
    let good = format!(
        r#""{registry}":{{"auth":"{}"}}"#,
        auth(ROBOT, &world.token())
    );
    for (content, reason) in [
        (
            format!(r#"{{"auths":{{{good}}},"HttpHeaders":{{"a":1}}}}"#),
            "`HttpHeaders`",
        ),
        (
            format!(r#"{{"auths":{{"x":{{"auth":"!"}},"x":{{}},{good}}}}}"#),
            "not base64",
        ),
        (
            format!(r#"{{"auths":{{"x":{{"auth":"!"}}}},"Auths":null,"AUTHS":{{{good}}}}}"#),
            "not base64",
        ),
    ] {
        let namespace = world.cluster.namespace("refused");
        world
            .cluster
            .create(&pull_secret_of(&namespace, "broken", content));
        let output = world.run(format!("verify -n {namespace}")).expect(1);
        output.prints(reason).prints("cannot pull anything");
    }
}

#[test]
fn a_pull_is_not_tried_with_a_secret_that_kubelets_refuse() {
    let world = world();
    let namespace = world.cluster.namespace("refused-pull");
    let registry = world.registry();
    let entry = world.entry(&world.token());
    let auths = json!({registry: entry, "x": {"auth": "!"}});
    world
        .cluster
        .create(&pull_secret(&namespace, "broken", &auths));
    let image = format!("{registry}/myorg/my-app:v1");
    let output = world.run(format!("verify -n {namespace} --pull {image}"));
    let output = output
        .expect(1)
        .prints("no kubelet pulls with this secret: entry `x`");
    output.prints("edit secret broken");
}

#[test]
fn docker_hubs_own_key_is_used_for_its_images() {
    let world = world();
    let namespace = ready(&world, "hub");
    let hub = json!({"https://index.docker.io/v1/": {"auth": auth("me", "password")}});
    world.cluster.create(&pull_secret(&namespace, "hub", &hub));
    let image = "docker.io/mycorp/app:1";
    let run = world
        .context
        .command(format!("verify -n {namespace} --pull {image}"))
        .spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    assert_eq!(
        kubelet.object()["spec"]["imagePullSecrets"],
        json!([{"name": "hub"}])
    );
    kubelet.event("Pulled", "Successfully pulled image in 1.2s");
    run.wait().expect(0).prints("pulled");
}
