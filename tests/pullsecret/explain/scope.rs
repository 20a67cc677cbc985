//! Every pod that cannot pull, and command lines that cannot be carried out.

use super::{image, pod, says, unauthorized};
use crate::pullsecret::world::without_login;
use serde_json::Value;

#[test]
fn without_an_object_every_pod_that_cannot_pull_now_is_one_line() {
    let world = without_login();
    let (bad, good) = (
        world.cluster.namespace("bad"),
        world.cluster.namespace("fine"),
    );
    let image = image(&world, "my-app:v1");
    for namespace in [&bad, &good] {
        world.current_secret(namespace, "a");
        world
            .cluster
            .create(&pod(namespace, "well", &image, &["a"]));
    }
    for (name, secrets) in [("lost", vec!["gone"]), ("late", vec!["a"])] {
        world.cluster.create(&pod(&bad, name, &image, &secrets));
        says(
            &world,
            &bad,
            name,
            "ImagePullBackOff",
            &unauthorized(&image),
        );
    }
    let output = world.run("explain -A").expect(1);
    let line = |name: &str| {
        let mut lines = output.stdout.lines();
        lines
            .find(|line| line.starts_with(&bad) && line.contains(name))
            .unwrap_or_default()
    };
    assert!(line("lost").contains("missing secret"), "{}", output.stdout);
    assert!(
        line("lost").contains("next: kubectl quay pullsecret sync"),
        "{}",
        output.stdout
    );
    assert!(line("late").contains("fixed since"), "{}", output.stdout);
    assert!(!output.stdout.contains("well"), "{}", output.stdout);

    let output = world.run(format!("explain -n {good}")).expect(0);
    assert!(
        output.stdout.is_empty()
            && output
                .stderr
                .contains("No pod in the chosen namespaces fails"),
        "{output:?}"
    );
    let output = world.run(format!("explain -n {bad} -o json")).expect(1);
    let report: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(report["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        world.run(format!("explain -n {bad} -o name")).stdout,
        "pod/late\npod/lost\n"
    );
}

#[test]
fn what_cannot_be_carried_out_is_said_before_anything_is_asked() {
    let world = without_login();
    for (arguments, says) in [
        (
            &["explain", "node/a"][..],
            "is not of a kind that pulls images",
        ),
        (
            &["explain", "sa/default"],
            "a service account names no image",
        ),
        (
            &["explain", "pod/a", "--image", "quay.io/a/b"],
            "--image applies to service accounts only",
        ),
        (
            &["explain", "pod/a", "-A"],
            "an object needs exactly one namespace",
        ),
    ] {
        let output = world.run(arguments).expect(2);
        assert!(
            output.stderr.contains(says),
            "{arguments:?}: {}",
            output.stderr
        );
    }
    let namespace = world.cluster.namespace("nothing");
    let output = world
        .run(format!("explain pod/nobody -n {namespace}"))
        .expect(1);
    assert!(
        output.stderr.contains("cannot read pod/nobody"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("get pods"), "{}", output.stderr);
}

#[test]
fn no_credential_goes_to_a_registry_that_its_key_does_not_name() {
    let world = without_login();
    let namespace = world.cluster.namespace("lure");
    let glob = world.registry().replacen("localhost", "local*", 1);
    let entry = world.entry(&world.token());
    let secret = quay_tests::pull_secret(&namespace, "a", &serde_json::json!({glob: entry}));
    world.cluster.create(&secret);
    world.cluster.create(&pod(
        &namespace,
        "shop",
        &image(&world, "my-app:v1"),
        &["a"],
    ));
    let output = world
        .run(format!("explain pod/shop -n {namespace}"))
        .expect(1);
    assert!(
        output.stdout.contains("does not name exactly one registry"),
        "{}",
        output.stdout
    );
    let asked = world.quay.quay.server().log();
    assert_eq!(asked.count(|request| request.path.starts_with("/v2/")), 0);
}
