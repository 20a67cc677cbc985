//! Judgements, held to what kubelets said when pods pulled from a real Quay:
//! `tests/recordings/kubelet`, with both container runtimes.

use super::answers::{Answers, Asker, Question};
use super::case::{Case, FoundSecret, GlobalSeen, SecretSeen};
use super::judgement::{Agreement, Answer, Judgement, Verdict};
use super::pod::judge;
use super::subject::Subject;
use crate::fingerprint::short_hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod, Secret};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const REGISTRY: &str = "localhost:8443";
const GOOD: &str = "GGGG";
const WRONG: &str = "WWWW";
const IMAGE: &str = "myorg/my-app";

/// What the recorded situations come to; those that are not here pull.
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
    ("no-such-repo", "notAllowed"),
    ("no-such-repo-anonymous", "noCredential"),
    ("no-such-robot", "refused"),
    ("no-such-tag", "noSuchTag"),
    ("noread", "notAllowed"),
    ("opaque", "unusedSecret"),
    ("present-no-secret", "noCredential"),
    ("unknown-ca", "node"),
    ("unknown-host", "node"),
    ("wrong-name-certificate", "node"),
    ("wrong-key", "noCredential"),
    ("wrong-token", "refused"),
];

/// The secrets that were recorded with.
fn secrets() -> BTreeMap<String, SecretSeen> {
    let auth = |user: &str, password: &str| STANDARD.encode(format!("{user}:{password}"));
    let good = json!({"auth": auth("myorg+deploy", GOOD)});
    let config = |auths: Value| json!({ "auths": auths });
    let json = "kubernetes.io/dockerconfigjson";
    let robot =
        |user: &str, password: &str| config(json!({REGISTRY: {"auth": auth(user, password)}}));
    let all = [
        ("good", json, config(json!({REGISTRY: good}))),
        (
            "bad-base64",
            json,
            config(json!({REGISTRY: good, "quay.io": {"auth": "!!"}})),
        ),
        (
            "no-colon",
            json,
            config(json!({REGISTRY: good, "quay.io": {"auth": "YWJj"}})),
        ),
        ("empty-auths", json, config(json!({}))),
        (
            "key-https",
            json,
            config(json!({format!("https://{REGISTRY}"): good})),
        ),
        (
            "key-org",
            json,
            config(json!({format!("{REGISTRY}/myorg"): good})),
        ),
        ("key-without-port", json, config(json!({"localhost": good}))),
        ("wrong-key", json, config(json!({"quay.io": good}))),
        ("no-such-robot", json, robot("myorg+nobody", WRONG)),
        ("wrong-token", json, robot("myorg+deploy", WRONG)),
        ("noread", json, robot("myorg+noread", GOOD)),
        (
            "user-password-fields",
            json,
            config(json!({REGISTRY: {"username": "myorg+deploy", "password": GOOD}})),
        ),
        (
            "dockercfg",
            "kubernetes.io/dockercfg",
            json!({REGISTRY: good}),
        ),
        ("opaque", "Opaque", config(json!({REGISTRY: good}))),
    ];
    let found = all.into_iter().map(|(name, kind, content)| {
        let key = match kind {
            "kubernetes.io/dockercfg" => ".dockercfg",
            _ => ".dockerconfigjson",
        };
        let data = STANDARD.encode(content.to_string());
        let secret: Secret =
            serde_json::from_value(json!({"type": kind, "data": {key: data}})).unwrap();
        (
            name.to_owned(),
            SecretSeen::Found(FoundSecret::from(secret)),
        )
    });
    let missing = ("does-not-exist".to_owned(), SecretSeen::Missing);
    found.chain([missing]).collect()
}

/// What Quay answers, as recorded; other registries do not.
fn answers(image: &str) -> Answers {
    let (_, name) = image.split_once('/').unwrap();
    let (repository, reference) = name.rsplit_once(':').unwrap();
    let question = |who: Option<(&str, &str)>| Question {
        asker: Asker {
            at: REGISTRY.parse().unwrap(),
            who: who.map(|(user, password)| (user.to_owned(), short_hash(password, 32))),
        },
        repository: repository.to_owned(),
        reference: reference.to_owned(),
    };
    let refused = || Answer::Refused {
        reason: "wrong".to_owned(),
    };
    let of_robot = match (repository, reference) {
        (IMAGE, "latest") => Answer::Pulls,
        (IMAGE, _) => Answer::NoSuchTag,
        _ => Answer::NotAllowed,
    };
    let pulls = [
        (question(None), Answer::NotAllowed),
        (question(Some(("myorg+deploy", GOOD))), of_robot),
        (question(Some(("myorg+deploy", WRONG))), refused()),
        (question(Some(("myorg+nobody", WRONG))), refused()),
        (question(Some(("myorg+noread", GOOD))), Answer::NotAllowed),
    ];
    Answers {
        pulls: pulls.into(),
        ..Answers::default()
    }
}

fn judged(recorded: &Value) -> Judgement {
    let image = recorded["image"].as_str().unwrap();
    let names = recorded["imagePullSecrets"].as_array().unwrap();
    let names: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    let last = recorded["states"].as_array().unwrap().last().unwrap();
    let (state, image_id) = match last["state"].as_str().unwrap() {
        "waiting" => (
            json!({"waiting": {"reason": last["reason"], "message": last["message"]}}),
            "",
        ),
        state => (json!({state: {}}), "sha256:0123"),
    };
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": {
            "nodeName": "real-node", "imagePullSecrets": names,
            "containers": [{"name": "c", "image": image, "imagePullPolicy": recorded["imagePullPolicy"]}],
        },
        "status": {"containerStatuses": [{
            "name": "c", "image": image, "imageID": image_id, "ready": false, "restartCount": 0,
            "state": state,
        }]},
    }))
    .unwrap();
    let events = recorded["events"].as_array().unwrap().iter().map(|event| {
        let event = json!({
            "metadata": {}, "reason": event["reason"], "message": event["message"],
            "involvedObject": {"fieldPath": event["fieldPath"]},
        });
        serde_json::from_value(event).unwrap()
    });
    let events: Vec<Event> = events.collect();
    let case = Case {
        context: "c".to_owned(),
        now: Timestamp::UNIX_EPOCH,
        subject: Subject::of_pod(pod, &events),
        account: Some(Vec::new()),
        secrets: secrets(),
        node: None,
        global: GlobalSeen::Unseen.into(),
        unread: Vec::new(),
    };
    judge(&case, &[], &answers(image))
}

#[test]
fn every_recorded_situation_is_judged_as_what_it_was_and_agrees_with_the_kubelet() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings/kubelet");
    let mut count = 0;
    for runtime in ["containerd-1.6", "containerd-2.4"] {
        for entry in std::fs::read_dir(folder.join(runtime)).unwrap().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let recorded: Value = serde_json::from_str(&text).unwrap();
            let situation = recorded["case"].as_str().unwrap();
            let judged = judged(&recorded);
            let image = &judged.images[0];
            let expected = CAUSES.iter().find(|(name, _)| *name == situation);
            let expected = expected.map(|(_, cause)| *cause);
            let cause = serde_json::to_value(&image.cause).unwrap();
            assert_eq!(cause["kind"].as_str(), expected, "{runtime} {situation}");
            let verdict = match expected {
                Some(_) => Verdict::WillNot,
                None => Verdict::WillPull,
            };
            let found = (image.verdict, image.agreement);
            assert_eq!(found, (verdict, Agreement::Agrees), "{runtime} {situation}");
            assert_eq!(
                judged.next.is_some(),
                expected.is_some(),
                "{runtime} {situation}"
            );
            count += 1;
        }
    }
    assert_eq!(count, 56);
}
