//! What is made of a pod's pulls: states, that texts and hints are made from.

use super::case::{Origin, Unread};
use super::heard::Heard;
use crate::cli::serialize_next;
use crate::fingerprint::Fingerprint;
use crate::hint::Hint;
use crate::kubelet::{KeyMatch, PullFailure, Unused};
use jiff::Timestamp;
use serde::Serialize;

/// Whether the next pull succeeds. The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It does not.
    WillNot,
    /// That cannot be known from here.
    Unknown,
    /// It does, or none is needed.
    WillPull,
}

/// Why a pull fails, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Cause {
    /// The image's name is none.
    InvalidName,
    /// A secret of the pod's cannot be read by a kubelet, which then pulls nothing.
    BrokenSecret {
        secret: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The account was given what it takes after the pod was created.
    AccountChangedLater {
        account: String,
        /// The secret that it takes.
        secret: String,
    },
    /// A secret that the pod names does not exist.
    MissingSecret { secret: String },
    /// The kubelet gets nothing from a secret that the pod names.
    UnusedSecret { secret: String, why: Unused },
    /// A key is meant for the image's registry, and no kubelet uses it for the image.
    KeyMismatch {
        #[serde(flatten)]
        entry: Blamed,
        /// Why not.
        matches: KeyMatch,
    },
    /// There is no credential for the registry, and it takes one.
    NoCredential,
    /// The same, and the node has the image: by a credential of its own, or because another pod
    /// pulled it. Neither can be seen.
    OnlyTheNodes,
    /// The registry does not accept the credential.
    Refused {
        #[serde(flatten)]
        entry: Blamed,
        /// What Quay says of the robot.
        robot: RobotState,
    },
    /// The credential is good, and not for this repository.
    NotAllowed(Blamed),
    /// There is no such repository.
    NoSuchRepository,
    /// There is no such tag.
    NoSuchTag,
    /// The pod forbids to pull, and whether it may use an image of its node nobody sees.
    NeverPulled,
    /// Something between the node and the registry, in the kubelet's words.
    Node { failure: PullFailure },
    /// What the kubelet said; the registry could not be asked from here.
    Heard { failure: PullFailure },
    /// The user may not read a secret that the pod names.
    UnreadableSecret { secret: String },
    /// The user may not read the account that a new pod would run as.
    UnreadableAccount { account: String },
    /// The registry was not asked, or gave no answer.
    NotAsked {
        /// Why.
        reason: String,
    },
}

/// The entry that a pull fails for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Blamed {
    pub secret: String,
    pub key: String,
    pub account: String,
}

/// What Quay says of a robot and the token that a secret has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RobotState {
    /// It is the robot's own.
    Current,
    /// The robot has another one by now.
    Replaced,
    /// There is no such robot.
    NoSuchRobot,
    /// Quay was not asked, or did not tell.
    Unknown,
}

/// What the registry says of one pull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Answer {
    /// It hands the image out.
    Pulls,
    /// It does not accept the credential.
    Refused {
        /// Its words.
        reason: String,
    },
    /// It accepts it, if there is one, and does not hand out the repository.
    NotAllowed,
    /// It has no such tag.
    NoSuchTag,
    /// It was not asked, or gave no answer.
    NotAsked {
        /// Why.
        reason: String,
    },
}

/// Whether what the kubelet said is still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Agreement {
    /// It said nothing.
    Nothing,
    /// It said what is so.
    Agrees,
    /// It said something that is fixed since.
    FixedSince,
    /// It pulled the image, and could not any more.
    BrokenSince,
    /// It said something else.
    Differs,
    /// Whether it is so cannot be seen from here.
    NotKnown,
}

/// One entry of a secret, and what it does for an image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryJudgement {
    pub secret: String,
    /// Whether every node has it, and not the pod.
    pub of_nodes: bool,
    /// Its key as it is written.
    pub key: String,
    /// Whether the kubelet uses it for the image.
    pub matches: KeyMatch,
    /// Whose credential it is.
    pub account: String,
    /// What may be shown of the password.
    pub fingerprint: Fingerprint,
    /// What the registry says, where the entry matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// What Quay says of the robot, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robot: Option<RobotState>,
    /// The repositories that the robot has a role on, where Quay was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
}

/// One image of the pod.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageJudgement {
    /// The container; empty for an image that was named on the command line.
    pub container: String,
    /// The image as it is written.
    pub image: String,
    /// Whether the next pull succeeds.
    pub verdict: Verdict,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The entries: first those that match, in the order in which they are tried.
    pub entries: Vec<EntryJudgement>,
    /// What the registry says to a pull without a credential, which is tried where no key
    /// matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<Answer>,
    /// What the kubelet said last.
    pub kubelet: Heard,
    /// Whether that is still so.
    pub agreement: Agreement,
    /// Whether the pod's node lists the image as its own.
    pub on_node: bool,
}

/// One secret that the pod names.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretJudgement {
    pub name: String,
    /// What the kubelet gets from it.
    #[serde(flatten)]
    pub state: SecretState,
    /// Whether the kubelet said that it missed it.
    pub missed: bool,
}

/// What the kubelet gets from a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum SecretState {
    /// Its entries.
    Used {
        #[serde(rename = "type")]
        secret_type: String,
    },
    /// It is not there.
    Missing,
    /// Nothing.
    Unused { why: Unused },
    /// It refuses the pod for it.
    Broken {
        /// What is wrong with it.
        fault: String,
    },
    /// The user may not read it.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// Everything that is said of one pod, or of one to come.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// The cluster, by the name of its context.
    pub context: String,
    /// What time it is there.
    #[serde(skip)]
    pub now: Timestamp,
    pub namespace: String,
    /// `pod/shop-1`; the workload or the service account where there is no pod.
    pub object: String,
    /// The worst of its images.
    pub verdict: Verdict,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The kubelet's version and the runtime's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Why it has no node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unscheduled: Option<String>,
    pub service_account: String,
    /// Where its list of secrets is from.
    pub secrets_from: Origin,
    /// The secrets in their order.
    pub secrets: Vec<SecretJudgement>,
    /// What its account hands out since the pod was created, and does not reach it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<String>,
    pub images: Vec<ImageJudgement>,
    /// Whether what OpenShift's nodes have of their own could be seen.
    pub nodes_seen: bool,
    /// What could not be looked at, and which right that takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

impl Judgement {
    /// The image that the pod fails for, if it does; else one that waits.
    pub fn worst(&self) -> Option<&ImageJudgement> {
        let waits = |image: &ImageJudgement| matches!(image.kubelet, Heard::Failed { .. });
        let rank = |image: &&ImageJudgement| (image.verdict, !waits(image));
        self.images.iter().min_by_key(rank)
    }
}
