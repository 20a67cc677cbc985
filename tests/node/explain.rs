//! `explain` on a real node: it says of each recorded situation what it is, and that the kubelet
//! says so too.

use crate::node::recorded::{Situation, end, hold, set_up};
use crate::node::world::World;
use quay_tests::Plugin;
use serde_json::{Value, json};

/// What the situations come to; those that are not here pull.
const CAUSES: [(&str, &str); 21] = [
    ("bad-base64", "brokenSecret"),
    ("connection-refused", "node"),
    ("empty-auths", "unusedSecret"),
    ("invalid-name", "invalidName"),
    ("key-without-port", "keyMismatch"),
    ("missing-secret", "missingSecret"),
    ("never", "neverPulled"),
    ("no-colon", "brokenSecret"),
    ("no-secret", "noCredential"),
    ("no-such-repo", "noSuchRepository"),
    ("no-such-repo-anonymous", "noSuchRepository"),
    ("no-such-robot", "refused"),
    ("no-such-tag", "noSuchTag"),
    ("noread", "notAllowed"),
    ("opaque", "unusedSecret"),
    ("present-no-secret", "noCredential"),
    ("unknown-ca", "node"),
    ("unknown-host", "node"),
    ("wrong-key", "noCredential"),
    ("wrong-name-certificate", "node"),
    ("wrong-token", "refused"),
];

impl World {
    /// What is said of one pod, with the code that follows from it.
    #[track_caller]
    fn explain(&self, pod: &str, code: i32) -> Value {
        let output = self
            .plugin(
                Plugin::PullSecret,
                format!("explain {pod} -n {} -o json", self.namespace),
            )
            .run()
            .expect(code);
        let report: Value = serde_json::from_str(&output.stdout).expect("JSON on stdout");
        report["items"][0].clone()
    }
}

/// Why this situation is judged otherwise than it is.
fn difference(world: &World, situation: &Situation) -> Option<String> {
    let cause = CAUSES.iter().find(|(name, _)| *name == situation.name);
    let cause = cause.map(|(_, cause)| *cause);
    let item = world.explain(&situation.name, i32::from(cause.is_some()));
    let image = &item["images"][0];
    let found = (image["cause"]["kind"].as_str(), image["agreement"].as_str());
    (found != (cause, Some("agrees"))).then(|| format!("{}: {item:#}", situation.name))
}

#[test]
fn every_recorded_situation_is_explained_as_what_it_is_and_the_kubelet_agrees() {
    let Some(world) = World::new("explain") else {
        return;
    };
    let (first, later) = set_up(&world);
    hold(&world, &first);
    hold(&world, &later);
    let situations = first.iter().chain(&later);
    let differences: Vec<String> = situations
        .filter_map(|situation| difference(&world, situation))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    end(&world);
}

#[test]
fn a_pod_that_a_dead_token_leaves_its_image_could_not_pull_again_until_it_is_repaired() {
    let Some(mut world) = World::new("explain-dead") else {
        return;
    };
    let image = world.image("my-app:v1");
    let pod = world.pod_with(
        "shop",
        &image,
        "IfNotPresent",
        &[crate::node::world::SECRET],
    );
    world.node.cluster.create(&pod);
    let running = ["-n", &world.namespace, "wait", "pod/shop", "--timeout=60s"];
    let ready = ["--for=jsonpath={.status.phase}=Running"];
    world.node.cluster.kubectl([&running[..], &ready].concat());
    let item = world.explain("shop", 0);
    assert_eq!(item["images"][0]["kubelet"], json!({"state": "hasImage"}));
    world
        .quay
        .regenerate(&mut world.context, crate::node::world::ROBOT);
    let item = world.explain("shop", 1);
    assert_eq!(item["images"][0]["agreement"], "brokenSince");
    assert_eq!(item["images"][0]["cause"]["robot"], "replaced");
    world
        .plugin(Plugin::PullSecret, format!("sync -n {}", world.namespace))
        .run()
        .expect(0);
    world.explain("shop", 0);
    end(&world);
}
