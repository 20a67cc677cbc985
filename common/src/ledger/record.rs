//! What the ledger holds about one rotation.

use crate::fingerprint::TokenHash;
use crate::names::{RegistryHost, RobotName};
use crate::quay::Rights;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the token is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A second robot carries the pulls meanwhile.
    Bridge,
    /// Regenerated, then written everywhere.
    InPlace,
}

impl Strategy {
    /// `bridge` or `in-place`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::InPlace => "in-place",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The rotation's id.
    pub rotation: String,
    /// The registry.
    pub registry: RegistryHost,
    /// The robot.
    pub robot: RobotName,
    /// What happened, or is about to.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened, or is about to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    /// A rotation is about to change something.
    Began {
        /// How.
        strategy: Strategy,
        /// Whose API token is used.
        by: String,
        /// The clusters, by the names of their contexts.
        contexts: Vec<String>,
        /// Which of their namespaces, as the flags say it; empty for all of them.
        #[serde(default)]
        scope: String,
        /// How many secrets hold the robot.
        secrets: usize,
        /// The fingerprint of the token that is replaced.
        replaces: String,
        /// All of its hash: whoever holds it after the run was killed has a claim to the new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces_token: Option<TokenHash>,
        /// What the robot may do now, where that is known; the bridge is given the same.
        rights: Option<Rights>,
    },
    /// Robot and bridge may do this now.
    Compared {
        /// Both of them.
        rights: Rights,
    },
    /// Every secret holds the bridge.
    Crossed,
    /// The token is about to be regenerated.
    Renewing,
    /// It was.
    Renewed {
        /// The new token's fingerprint.
        token: String,
    },
    /// Every secret holds the robot's new token.
    Returned,
    /// The bridge is about to be deleted.
    Removing,
    /// The bridge is about to be deleted, and nothing was replaced.
    Undoing,
    /// Done and proved.
    Finished,
    /// The bridge was taken down again, and nothing was replaced.
    Aborted,
    /// A run ended early; the rotation can be carried on.
    Stopped {
        /// Why.
        reason: String,
    },
}

impl Event {
    /// Whether the bridge is about to go.
    pub fn is_removing(&self) -> bool {
        *self == Self::Removing
    }

    /// Whether the bridge is about to go, with nothing replaced.
    pub fn is_undoing(&self) -> bool {
        *self == Self::Undoing
    }

    /// Whether the token is about to be regenerated.
    pub fn is_renewing(&self) -> bool {
        *self == Self::Renewing
    }
}

/// Everything the ledger holds about one rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The rotation's id.
    pub rotation: String,
    /// The registry.
    pub registry: RegistryHost,
    /// The robot.
    pub robot: RobotName,
    /// How.
    pub strategy: Strategy,
    /// Whose API token was used.
    pub by: String,
    /// The clusters.
    pub contexts: Vec<String>,
    /// Which of their namespaces; empty for all of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// How many secrets held the robot in the beginning.
    pub secrets: usize,
    /// The fingerprint of the token that was to be replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// All of its hash.
    #[serde(skip)]
    replaces_token: Option<TokenHash>,
    /// The new token's fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What the robot could do when it was last compared with its bridge.
    #[serde(skip)]
    pub rights: Option<Rights>,
    /// Every line, oldest first.
    #[serde(skip)]
    pub entries: Vec<Entry>,
}

impl Record {
    /// Every rotation in a ledger's lines, the oldest first; lines that cannot be read are left
    /// out.
    pub(super) fn read(lines: &str) -> Vec<Self> {
        let mut records: Vec<Self> = Vec::new();
        for line in lines.lines() {
            let Ok(entry) = serde_json::from_str::<Entry>(line) else {
                continue;
            };
            let mut known = records.iter_mut();
            match known.find(|record| record.rotation == entry.rotation) {
                Some(record) => record.add(entry),
                None => {
                    let mut record = Self::begin(&entry);
                    record.add(entry);
                    records.push(record);
                }
            }
        }
        records
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.reached(|event| matches!(event, Event::Finished | Event::Aborted))
    }

    /// The token that it was replacing when it ended early, if it did.
    pub fn replacing(&self) -> Option<&TokenHash> {
        self.replaces_token.as_ref().filter(|_| !self.is_over())
    }

    /// Whether such an event is among its lines.
    pub fn reached(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.entries.iter().any(|entry| wanted(&entry.event))
    }

    pub(super) fn begin(entry: &Entry) -> Self {
        Self {
            rotation: entry.rotation.clone(),
            registry: entry.registry.clone(),
            robot: entry.robot.clone(),
            strategy: Strategy::Bridge,
            by: String::new(),
            contexts: Vec::new(),
            scope: String::new(),
            secrets: 0,
            replaces: None,
            replaces_token: None,
            token: None,
            rights: None,
            entries: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, entry: Entry) {
        match &entry.event {
            Event::Began {
                strategy,
                by,
                contexts,
                scope,
                secrets,
                replaces,
                replaces_token,
                rights,
            } => {
                self.strategy = *strategy;
                self.by.clone_from(by);
                self.contexts.clone_from(contexts);
                self.scope.clone_from(scope);
                self.secrets = *secrets;
                self.replaces = Some(replaces.clone());
                self.replaces_token.clone_from(replaces_token);
                self.rights.clone_from(rights);
            }
            Event::Compared { rights } => self.rights = Some(rights.clone()),
            Event::Renewed { token } => self.token = Some(token.clone()),
            _ => {}
        }
        self.entries.push(entry);
    }
}
