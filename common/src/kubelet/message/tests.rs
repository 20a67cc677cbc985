use super::*;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Recording {
    states: Vec<State>,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct State {
    state: String,
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    reason: String,
    message: Option<String>,
}

/// Every recorded situation, and why its pull fails; `None`: it does not.
const SITUATIONS: [(&str, Option<PullFailure>); 28] = [
    ("bad-base64", Some(PullFailure::BrokenPullSecret)),
    ("connection-refused", Some(PullFailure::Unreachable)),
    ("dockercfg", None),
    ("empty-auths", Some(PullFailure::NotAllowed)),
    ("good", None),
    ("invalid-name", Some(PullFailure::InvalidName)),
    ("key-https", None),
    ("key-org", None),
    ("key-without-port", Some(PullFailure::NotAllowed)),
    ("missing-secret", Some(PullFailure::NotAllowed)),
    ("never", Some(PullFailure::NeverPulled)),
    ("no-colon", Some(PullFailure::BrokenPullSecret)),
    ("no-secret", Some(PullFailure::NotAllowed)),
    ("no-such-repo", Some(PullFailure::NotAllowed)),
    ("no-such-repo-anonymous", Some(PullFailure::NotAllowed)),
    ("no-such-robot", Some(PullFailure::BadCredential)),
    ("no-such-tag", Some(PullFailure::NoSuchTag)),
    ("noread", Some(PullFailure::NotAllowed)),
    ("opaque", Some(PullFailure::NotAllowed)),
    ("present-good", None),
    ("present-no-secret", Some(PullFailure::NotAllowed)),
    ("unknown-ca", Some(PullFailure::UnknownAuthority)),
    ("unknown-host", Some(PullFailure::UnknownHost)),
    ("user-password-fields", None),
    ("wrong-key", Some(PullFailure::NotAllowed)),
    ("wrong-name-certificate", Some(PullFailure::BadCertificate)),
    ("wrong-then-good", None),
    ("wrong-token", Some(PullFailure::BadCredential)),
];

fn recordings(runtime: &str) -> Vec<(String, Recording)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings/kubelet");
    let files = std::fs::read_dir(folder.join(runtime)).unwrap();
    let mut recordings: Vec<(String, Recording)> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(),
            )
        })
        .collect();
    recordings.sort_by(|one, other| one.0.cmp(&other.0));
    recordings
}

/// What the states say of the pull, each thing once.
fn told_by_states(recording: &Recording) -> Vec<PullFailure> {
    let waiting = recording
        .states
        .iter()
        .filter(|state| state.state == "waiting");
    let mut told: Vec<PullFailure> = waiting
        .filter_map(|state| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            match Waiting::of(&text(&state.reason), &text(&state.message)) {
                Waiting::Image(failure) => Some(failure),
                Waiting::NotYet | Waiting::AfterThePull => None,
            }
        })
        .collect();
    told.dedup();
    told
}

fn told_by_events(recording: &Recording) -> Vec<PullEvent> {
    let events = recording.events.iter();
    let told = events.filter_map(|event| {
        PullEvent::of(&event.reason, event.message.as_deref().unwrap_or_default())
    });
    let mut told: Vec<PullEvent> = told
        .filter(|event| !matches!(event, PullEvent::MissingSecrets(_)))
        .collect();
    told.dedup();
    told
}

#[test]
fn every_recorded_situation_is_recognised_from_states_and_from_events() {
    for runtime in ["containerd-1.6", "containerd-2.4"] {
        let recordings = recordings(runtime);
        let names: Vec<&str> = recordings.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, SITUATIONS.map(|(name, _)| name), "{runtime}");
        for ((name, recording), (_, failure)) in recordings.iter().zip(SITUATIONS) {
            let (states, events) = match failure {
                Some(failure) => (vec![failure], vec![PullEvent::Failed(failure)]),
                None => (vec![], vec![PullEvent::Pulled]),
            };
            assert_eq!(told_by_states(recording), states, "{runtime}: {name}");
            assert_eq!(told_by_events(recording), events, "{runtime}: {name}");
        }
    }
}

#[test]
fn missing_secrets_are_named() {
    let message = "Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.";
    let told = PullEvent::of("FailedToRetrieveImagePullSecret", message);
    assert_eq!(
        told,
        Some(PullEvent::MissingSecrets(vec![
            "a".to_owned(),
            "b".to_owned()
        ]))
    );
}

#[test]
fn what_no_recording_holds_is_recognised_from_the_runtimes_sources() {
    for (reason, message, failure) in [
        (
            "ErrImagePull",
            "unable to retrieve auth token: invalid username/password: unauthorized: Could not find robot with username: a+b and supplied password.",
            PullFailure::BadCredential,
        ),
        (
            "ErrImagePull",
            "initializing source docker://quay.io/a/b:v1: reading manifest v1 in quay.io/a/b: unauthorized: access to the requested resource is not authorized",
            PullFailure::NotAllowed,
        ),
        (
            "ErrImagePull",
            "reading manifest v1 in quay.io/a/b: manifest unknown",
            PullFailure::NoSuchTag,
        ),
        (
            "ErrImagePull",
            "too many requests to registry",
            PullFailure::TooManyRequests,
        ),
        (
            "ErrImagePull",
            "failed to resolve image: unexpected status from HEAD request to https://quay.io/v2/a/b/manifests/v1: 429 Too Many Requests",
            PullFailure::TooManyRequests,
        ),
        (
            "ErrImagePull",
            "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://quay.io/v2/auth: 503 Service Unavailable",
            PullFailure::Unreachable,
        ),
        (
            "ErrImagePull",
            "pinging container registry quay.io: Get \"https://quay.io/v2/\": dial tcp 10.0.0.1:443: i/o timeout",
            PullFailure::Unreachable,
        ),
        (
            "RegistryUnavailable",
            "image pull failed for quay.io/a/b because the registry is unavailable: x",
            PullFailure::Unreachable,
        ),
        (
            "SignatureValidationFailed",
            "image pull failed for quay.io/a/b because the signature validation failed: x",
            PullFailure::SignaturePolicy,
        ),
        ("ErrImagePull", "pull QPS exceeded", PullFailure::Throttled),
        (
            "ErrImagePull",
            "no space left on device",
            PullFailure::Other,
        ),
    ] {
        assert_eq!(PullFailure::of(reason, message), failure, "{message}");
        let back_off = format!("Back-off pulling image \"quay.io/a/b\": ErrImagePull: {message}");
        if reason == "ErrImagePull" {
            assert_eq!(
                PullFailure::of("ImagePullBackOff", &back_off),
                failure,
                "{message}"
            );
        }
    }
}
