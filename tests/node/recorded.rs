//! What a kubelet said when pods pulled from a real Quay, held against what it says on this
//! node when they pull from the sandbox's: `tests/recordings/kubelet/containerd-1.6`.

use crate::node::world::{ROBOT, World};
use quay_tests::{Plugin, TestContext, TestQuay, auth, pull_secret_of};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// These pull what others have pulled before.
const LATER: [&str; 2] = ["present-good", "present-no-secret"];
/// Nothing listens at this port.
const NOWHERE: &str = "localhost:1";
/// The node knows this name as its own, and no certificate has it.
const OTHER_NAME: &str = "quay.node.test";

/// The last event of a situation comes with the second try to pull, after a back-off.
const LIMIT: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(200);

/// One situation: a pod, and what was said about it.
pub struct Situation {
    pub name: String,
    recorded: Value,
    pod: Value,
}

/// What an event says, in a form that does not depend on the moment.
type Said = (String, String, String);

fn recordings() -> Vec<Value> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/recordings/kubelet/containerd-1.6"
    );
    let entries = std::fs::read_dir(folder).expect("recordings");
    let texts = entries
        .flatten()
        .map(|entry| std::fs::read_to_string(entry.path()));
    texts
        .map(|text| serde_json::from_str(&text.expect("a recording")).expect("JSON"))
        .collect()
}

/// The secrets that the situations' pods name.
fn create_secrets(world: &World) {
    let registry = world.quay.registry();
    let good = auth(ROBOT, &world.token());
    let host = registry.split(':').next().unwrap_or_default();
    let noread = "myorg+noread";
    let noread_token = world.quay.quay.edit(|state| state.add_robot(noread));
    let wrong = "W".repeat(64);
    for (name, auths) in [
        ("good", json!({registry: {"auth": good}})),
        (
            "bad-base64",
            json!({registry: {"auth": good}, "quay.io": {"auth": "!!"}}),
        ),
        (
            "no-colon",
            json!({registry: {"auth": good}, "quay.io": {"auth": "YWJj"}}),
        ),
        ("empty-auths", json!({})),
        (
            "key-https",
            json!({format!("https://{registry}"): {"auth": good}}),
        ),
        (
            "key-org",
            json!({format!("{registry}/myorg"): {"auth": good}}),
        ),
        ("key-without-port", json!({host: {"auth": good}})),
        ("wrong-key", json!({"quay.io": {"auth": good}})),
        (
            "no-such-robot",
            json!({registry: {"auth": auth("myorg+nobody", &wrong)}}),
        ),
        (
            "wrong-token",
            json!({registry: {"auth": auth(ROBOT, &wrong)}}),
        ),
        (
            "noread",
            json!({registry: {"auth": auth(noread, &noread_token)}}),
        ),
        (
            "user-password-fields",
            json!({registry: {"username": ROBOT, "password": world.token()}}),
        ),
    ] {
        world.secret(name, &auths);
    }
    let content = json!({registry: {"auth": good}}).to_string();
    for (name, kind, key, content) in [
        (
            "dockercfg",
            "kubernetes.io/dockercfg",
            ".dockercfg",
            content.clone(),
        ),
        (
            "opaque",
            "Opaque",
            ".dockerconfigjson",
            format!(r#"{{"auths":{content}}}"#),
        ),
    ] {
        let mut secret = pull_secret_of(&world.namespace, name, &content);
        let data = secret["data"][".dockerconfigjson"].take();
        secret["type"] = kind.into();
        secret["data"] = json!({key: data});
        world.node.cluster.create(&secret);
    }
}

/// The situation with the test's registry in the place of the recorded one.
fn create_anew(world: &World, untrusted: &TestQuay, mut recorded: Value) -> Situation {
    let name = recorded["case"].as_str().unwrap_or_default().to_owned();
    let registry = world.quay.registry();
    let port = registry.split(':').nth(1).unwrap_or_default();
    let own = match name.as_str() {
        "unknown-ca" => untrusted.registry(),
        _ => registry,
    };
    let text = recorded
        .to_string()
        .replace("localhost:8443", own)
        .replace("localhost:8444", NOWHERE)
        .replace("127.0.0.1:8444", "127.0.0.1:1")
        .replace("quay.node.test:8443", &format!("{OTHER_NAME}:{port}"))
        .replace("192.0.2.53:53", "10.0.0.10:53")
        .replace(":latest", ":v1")
        .replace("[manifests latest]", "[manifests v1]")
        .replace("manifests/latest", "manifests/v1");
    recorded = serde_json::from_str(&text).expect("JSON");
    let secrets: Vec<&str> = recorded["imagePullSecrets"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let image = recorded["image"].as_str().unwrap_or_default();
    let policy = recorded["imagePullPolicy"].as_str().unwrap_or_default();
    let pod = world.pod_with(&name, image, policy, &secrets);
    Situation {
        name,
        pod,
        recorded,
    }
}

fn said(event: &Value) -> Said {
    let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
    let mut message = text(&event["message"]);
    // How long it took, and the size of the image.
    if let Some(end) = message
        .find(" in ")
        .filter(|_| message.starts_with("Successfully"))
    {
        message.truncate(end);
    }
    // The reason phrase is the server's own.
    let message = message.replace("401 UNAUTHORIZED", "401 Unauthorized");
    (text(&event["type"]), text(&event["reason"]), message)
}

/// Creates the pods, and waits until what was recorded has been said about each.
pub fn hold(world: &World, situations: &[Situation]) {
    let pods: Vec<Value> = situations.iter().map(|one| one.pod.clone()).collect();
    world.node.cluster.create_all(&pods);
    let expected = |one: &Situation| -> BTreeSet<Said> {
        one.recorded["events"]
            .as_array()
            .into_iter()
            .flatten()
            .map(said)
            .collect()
    };
    let seen = |one: &Situation, events: &[Value]| -> BTreeSet<Said> {
        let about = events
            .iter()
            .filter(|event| event["involvedObject"]["name"] == *one.name);
        about
            .filter(|event| event["reason"] != "Scheduled")
            .map(said)
            .collect()
    };
    let mut events;
    let deadline = Instant::now() + LIMIT;
    loop {
        events = world.events();
        let all = situations
            .iter()
            .all(|one| expected(one).is_subset(&seen(one, &events)));
        if all || Instant::now() > deadline {
            break;
        }
        std::thread::park_timeout(GLANCE);
    }
    let differences: Vec<String> = situations
        .iter()
        .filter(|one| expected(one) != seen(one, &events))
        .map(|one| {
            let (recorded, now) = (expected(one), seen(one, &events));
            format!("{}: recorded {recorded:#?}\nnow {now:#?}", one.name)
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The secrets, and the situations that come first, and those that come after them.
pub fn set_up(world: &World) -> (Vec<Situation>, Vec<Situation>) {
    let mut elsewhere = TestContext::new(Plugin::Robot);
    // Never stopped: the images are pulled from it until the test is over.
    let untrusted: &TestQuay = Box::leak(Box::new(TestQuay::start(&mut elsewhere)));
    world.node.distrust(untrusted);
    let port = world.quay.registry().split(':').nth(1).unwrap_or_default();
    world
        .node
        .trust_as(world.quay, &format!("{OTHER_NAME}:{port}"));
    create_secrets(world);
    let recordings = recordings();
    assert_eq!(recordings.len(), 28);
    let situations = recordings.into_iter();
    let situations = situations.map(|recorded| create_anew(world, untrusted, recorded));
    let (later, first) = situations.partition(|one| LATER.contains(&one.name.as_str()));
    (first, later)
}

/// Ends the pods of a test that is over.
pub fn end(world: &World) {
    world.node.cluster.kubectl(format!(
        "-n {} delete pods --all --wait=false",
        world.namespace
    ));
}

#[test]
fn every_recorded_situation_makes_the_kubelet_say_what_it_said_then() {
    let Some(world) = World::new("recorded") else {
        return;
    };
    let (first, later) = set_up(&world);
    hold(&world, &first);
    hold(&world, &later);
    end(&world);
}
