//! What the words of a kubelet about a pull mean.
//!
//! The kubelet hands on what the container runtime says. Held to what kubelet 1.36 said with
//! containerd 1.6 and 2.4 against a real Quay (`tests/recordings/kubelet`); the words of CRI-O
//! are those of its sources (server/image_pull.go, go.podman.io/image/v5/docker).

use serde::Serialize;
use std::fmt;

/// Why an image is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PullFailure {
    /// The registry does not accept the credential: a wrong or a replaced password, or no such
    /// account.
    BadCredential,
    /// The registry lets whoever asks not pull this: no credential was shown, or one without
    /// the right, or there is no such repository. Quay says the same of all of them.
    NotAllowed,
    /// There is no such tag or digest.
    NoSuchTag,
    /// A pull secret cannot be read, so the kubelet did not even ask.
    BrokenPullSecret,
    /// The image's name is none.
    InvalidName,
    /// It is not on the node, or not for this pod, and the pod forbids to pull it.
    NeverPulled,
    /// The registry asks for patience.
    TooManyRequests,
    /// The kubelet's own limit on pulls; it asks again later.
    Throttled,
    /// The name of the registry's host leads nowhere.
    UnknownHost,
    /// The node does not know who signed the registry's certificate.
    UnknownAuthority,
    /// The registry's certificate is for another name, or out of date.
    BadCertificate,
    /// The registry does not answer, or answers that it is broken.
    Unreachable,
    /// The image is not signed as the node's policy wants it.
    SignaturePolicy,
    /// Something else; the words are all there is.
    Other,
}

/// What a container waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Its image was not asked for yet.
    NotYet,
    /// Its image is there: it cannot be made or started.
    AfterThePull,
    /// Its image, which could not be pulled.
    Image(PullFailure),
}

/// What an event tells of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullEvent {
    /// The image is there.
    Pulled,
    /// It is not.
    Failed(PullFailure),
    /// These pull secrets are not there, or the kubelet may not read them.
    MissingSecrets(Vec<String>),
}

/// Why a container waits before its image is asked for.
const NOT_YET: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];
/// Why a container waits although its image was pulled (pkg/kubelet/kuberuntime).
const AFTER_THE_PULL: [&str; 7] = [
    "CreateContainerConfigError",
    "PreCreateHookError",
    "CreateContainerError",
    "PreStartHookError",
    "RunContainerError",
    "PostStartHookError",
    "CrashLoopBackOff",
];

/// What tells failures apart, the more exact before the less exact.
const WORDS: [(&str, PullFailure); 30] = [
    ("pull qps exceeded", PullFailure::Throttled),
    ("illegal base64 data", PullFailure::BrokenPullSecret),
    ("unable to parse auth field", PullFailure::BrokenPullSecret),
    ("json: cannot unmarshal", PullFailure::BrokenPullSecret),
    ("couldn't parse image name", PullFailure::InvalidName),
    ("with pull policy of never", PullFailure::NeverPulled),
    (
        "failed to fetch oauth token: unexpected status",
        PullFailure::BadCredential,
    ),
    ("failed to fetch anonymous token", PullFailure::NotAllowed),
    ("invalid username/password", PullFailure::BadCredential),
    ("insufficient_scope", PullFailure::NotAllowed),
    ("pull access denied", PullFailure::NotAllowed),
    (
        "requested access to the resource is denied",
        PullFailure::NotAllowed,
    ),
    (
        "access to the requested resource is not authorized",
        PullFailure::NotAllowed,
    ),
    ("manifest unknown", PullFailure::NoSuchTag),
    ("tag has expired", PullFailure::NoSuchTag),
    ("no such host", PullFailure::UnknownHost),
    ("server misbehaving", PullFailure::UnknownHost),
    (
        "certificate signed by unknown authority",
        PullFailure::UnknownAuthority,
    ),
    ("x509:", PullFailure::BadCertificate),
    ("too many requests", PullFailure::TooManyRequests),
    ("toomanyrequests", PullFailure::TooManyRequests),
    ("signature validation failed", PullFailure::SignaturePolicy),
    ("registry is unavailable", PullFailure::Unreachable),
    ("dial tcp", PullFailure::Unreachable),
    ("connection reset", PullFailure::Unreachable),
    ("tls handshake timeout", PullFailure::Unreachable),
    ("i/o timeout", PullFailure::Unreachable),
    ("deadline exceeded", PullFailure::Unreachable),
    ("unauthorized", PullFailure::NotAllowed),
    ("forbidden", PullFailure::NotAllowed),
];

impl PullFailure {
    /// What a reason and a message of the kubelet mean.
    pub fn of(reason: &str, message: &str) -> Self {
        let words = message.to_lowercase();
        let known = || WORDS.iter().find(|(known, _)| words.contains(known));
        match (reason, http_status(&words)) {
            ("InvalidImageName", _) => Self::InvalidName,
            ("ErrImageNeverPull", _) => Self::NeverPulled,
            ("SignatureValidationFailed", _) => Self::SignaturePolicy,
            (_, Some(429)) => Self::TooManyRequests,
            (_, Some(500..)) => Self::Unreachable,
            _ if let Some((_, failure)) = known() => *failure,
            _ if words.ends_with(": not found") => Self::NoSuchTag,
            _ => Self::Other,
        }
    }
}

/// The status of the answer that was quoted last: `…: 401 Unauthorized`.
fn http_status(words: &str) -> Option<u16> {
    let mut parts = words.rsplit(": ");
    let status = parts.find_map(|part| part.split(' ').next()?.parse().ok())?;
    (400..600).contains(&status).then_some(status)
}

impl Waiting {
    /// Reads `state.waiting` of a container.
    pub fn of(reason: &str, message: &str) -> Self {
        match reason {
            reason if NOT_YET.contains(&reason) => Self::NotYet,
            reason if AFTER_THE_PULL.contains(&reason) => Self::AfterThePull,
            // A secret that cannot be read has no reason but the error itself.
            _ => Self::Image(PullFailure::of(reason, message)),
        }
    }
}

impl PullEvent {
    /// Reads an event that the kubelet wrote about a container or its pod; `None` for one that
    /// tells nothing about what became of a pull.
    pub fn of(reason: &str, message: &str) -> Option<Self> {
        match reason {
            "Pulled" => Some(Self::Pulled),
            "Failed" if message.starts_with("Failed to pull image") => {
                Some(Self::Failed(PullFailure::of("ErrImagePull", message)))
            }
            "Failed" => match PullFailure::of("", message) {
                PullFailure::BrokenPullSecret => Some(Self::Failed(PullFailure::BrokenPullSecret)),
                _ => None,
            },
            "ErrImageNeverPull" => Some(Self::Failed(PullFailure::NeverPulled)),
            "InspectFailed" => Some(Self::Failed(PullFailure::of(reason, message))),
            "FailedToRetrieveImagePullSecret" => {
                let (_, names) = message.split_once('(')?;
                let (names, _) = names.split_once(')')?;
                Some(Self::MissingSecrets(
                    names.split(", ").map(str::to_owned).collect(),
                ))
            }
            _ => None,
        }
    }
}

/// What happened, for people.
impl fmt::Display for PullFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadCredential => "the registry does not accept the credential",
            Self::NotAllowed => {
                "the registry does not let this pod pull the image: the pod has no credential for \
                 it, or one without the right, or the repository does not exist"
            }
            Self::NoSuchTag => "there is no such tag",
            Self::BrokenPullSecret => "a pull secret cannot be read",
            Self::InvalidName => "the image's name is not valid",
            Self::NeverPulled => {
                "the pod forbids pulling (imagePullPolicy: Never), and the node does not have the \
                 image for this pod"
            }
            Self::TooManyRequests => "the registry limits requests, and got too many",
            Self::Throttled => "the kubelet has reached its own limit of pulls for the moment",
            Self::UnknownHost => "the node cannot resolve the registry's name",
            Self::UnknownAuthority => {
                "the node does not trust the authority that signed the registry's certificate"
            }
            Self::BadCertificate => "the registry's certificate has expired or is for another name",
            Self::Unreachable => "the node cannot reach the registry",
            Self::SignaturePolicy => "the image lacks a signature that the node's policy requires",
            Self::Other => "the image cannot be pulled",
        })
    }
}

#[cfg(test)]
mod tests;
