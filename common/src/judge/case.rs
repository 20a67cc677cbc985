//! Everything that was seen of one pod, and of what it pulls with.

use super::subject::Subject;
use crate::kubelet::{Format, ImageReference, Keyring, Refused, Secret, admitted, asked_for};
use jiff::Timestamp;
use k8s_openapi::api::core::v1;
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One pod, or one to come, and what was seen around it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The cluster, by the name of its context.
    pub context: String,
    /// What time it is there.
    pub now: Timestamp,
    /// The pod.
    pub subject: Subject,
    /// What its service account hands out now; `None` where that is not known.
    pub account: Option<Vec<String>>,
    /// The secrets that it names, and those that its account does.
    pub secrets: BTreeMap<String, SecretSeen>,
    pub node: Option<NodeSeen>,
    /// What the nodes of an OpenShift cluster have of their own.
    pub global: Arc<GlobalSeen>,
    /// What could not be looked at, and which right that takes.
    pub unread: Vec<Unread>,
}

/// What stands where a secret is named.
#[derive(Debug, Clone)]
pub enum SecretSeen {
    /// A secret.
    Found(FoundSecret),
    /// Nothing.
    Missing,
    /// It cannot be read, for this reason.
    Unreadable(String),
}

/// A secret that was read.
#[derive(Debug, Clone)]
pub struct FoundSecret {
    pub secret_type: String,
    /// What stands under the data keys of the two types of pull secrets.
    pub data: [Option<SecretSlice<u8>>; 2],
}

/// A node, as far as anybody can see.
#[derive(Debug, Clone, Default)]
pub struct NodeSeen {
    /// `v1.36.4`, where the node could be read.
    pub kubelet: Option<String>,
    /// `containerd://2.4.2`.
    pub runtime: Option<String>,
    /// Names of images that are on it; a kubelet reports 50 at most.
    pub images: Vec<String>,
}

/// What the nodes have of their own, where that can be seen.
#[derive(Debug, Clone)]
pub enum GlobalSeen {
    /// It is no OpenShift, or nobody may look: the nodes' own credentials stay unseen.
    Unseen,
    /// OpenShift's secrets for all nodes, by name.
    Found(BTreeMap<String, SecretSeen>),
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The right it takes: `get`.
    pub verb: &'static str,
    /// `secret/pull`, `events`, `node/a`.
    pub object: String,
    /// The API server's words.
    pub reason: String,
}

/// Where a pod's list of secrets is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// There is no list.
    Nowhere,
    /// Its own, or what its account had when it was created.
    Pod,
    /// Its account's, copied when it was created.
    AccountAtCreation,
    /// The workload's template.
    Template,
    /// The account's, which a new pod would be given.
    Account,
}

impl From<v1::Secret> for FoundSecret {
    fn from(secret: v1::Secret) -> Self {
        let mut data = secret.data.unwrap_or_default();
        let content = |format: Format| {
            let content = data.remove(format.data_key());
            content.map(|content| SecretSlice::from(content.0))
        };
        Self {
            secret_type: secret.type_.unwrap_or_default(),
            data: Format::ALL.map(content),
        }
    }
}

impl FoundSecret {
    /// As the kubelet reads it.
    pub fn as_kubelet(&self) -> Secret<'_> {
        let [json, legacy] = &self.data;
        Secret {
            secret_type: &self.secret_type,
            data: [
                json.as_ref().map(ExposeSecret::expose_secret),
                legacy.as_ref().map(ExposeSecret::expose_secret),
            ],
        }
    }
}

impl Case {
    /// Where its list of secrets is from.
    pub fn origin(&self) -> Origin {
        let listed = &self.subject.listed;
        match (self.subject.pod.is_some(), &self.account) {
            (true, _) if listed.is_empty() => Origin::Nowhere,
            (true, Some(account)) if account == listed => Origin::AccountAtCreation,
            (true, _) => Origin::Pod,
            (false, _) if !listed.is_empty() => Origin::Template,
            (false, _) => Origin::Account,
        }
    }

    /// The secrets that count, in the kubelet's order.
    pub fn used(&self) -> Vec<&str> {
        let listed = &self.subject.listed;
        let account = self.account.as_deref().unwrap_or_default();
        match self.subject.pod {
            Some(_) => asked_for(listed).collect(),
            None => asked_for(admitted(listed, account)).collect(),
        }
    }

    /// The secrets that its account handed out since the pod was created, and that a new pod in
    /// its place would be given; empty where a new one would have the same.
    pub fn later(&self) -> Vec<&str> {
        let (Some(_), Some(account)) = (&self.subject.pod, &self.account) else {
            return Vec::new();
        };
        let used = self.used();
        let now: Vec<&str> = asked_for(account).collect();
        // A list that is not the account's is the pod's own, and would be again.
        let is_accounts = used.iter().all(|name| now.contains(name));
        match is_accounts && used.len() < now.len() {
            true => now,
            false => Vec::new(),
        }
    }

    /// What the kubelet makes of these secrets: the names of those that were read, in their
    /// order, and their entries.
    pub fn keyring<'a>(&'a self, names: &[&'a str]) -> (Vec<&'a str>, Result<Keyring, Refused>) {
        keyring(&self.secrets, names)
    }

    /// The nodes' own entries, as far as OpenShift shows them.
    pub fn global_keyring(&self) -> Option<(Vec<&str>, Result<Keyring, Refused>)> {
        match &*self.global {
            GlobalSeen::Unseen => None,
            GlobalSeen::Found(secrets) => {
                let names: Vec<&str> = secrets.keys().map(String::as_str).collect();
                Some(keyring(secrets, &names))
            }
        }
    }

    /// Whether the image is on the node, as far as that shows.
    pub fn is_on_node(&self, written: &str, image: &ImageReference) -> bool {
        let full = format!("{image}:{}", image.reference());
        let pinned = format!("{image}@{}", image.reference());
        let images = self.node.iter().flat_map(|node| &node.images);
        let mut images = images.map(String::as_str);
        images.any(|name| name == written || name == full || name == pinned)
    }
}

fn keyring<'a>(
    secrets: &'a BTreeMap<String, SecretSeen>,
    names: &[&'a str],
) -> (Vec<&'a str>, Result<Keyring, Refused>) {
    let read = names.iter().filter_map(|name| match secrets.get(*name)? {
        SecretSeen::Found(found) => Some((*name, found.as_kubelet())),
        SecretSeen::Missing | SecretSeen::Unreadable(_) => None,
    });
    let (names, read): (Vec<&str>, Vec<Secret<'_>>) = read.unzip();
    (names, Keyring::of(&read))
}
