//! What the ledger holds about one rotation.

use crate::Failure;
use crate::fingerprint::TokenHash;
use crate::hint::Hint;
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
    pub registry: RegistryHost,
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
    /// A run takes its turn, and is about to put up its marker in Quay.
    Running {
        /// The run's id.
        run: String,
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

/// What a ledger holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Every rotation, the oldest first.
    pub records: Vec<Record>,
    /// Which of its lines cannot be read, if any.
    pub damage: Option<Failure>,
}

impl Records {
    /// Reads a ledger's lines. Those that are no records are told of as damage of `ledger`.
    pub(super) fn read(lines: &[u8], ledger: &str, remedy: impl FnOnce() -> Hint) -> Self {
        let mut found = Self::default();
        let mut broken = Vec::new();
        for (index, line) in lines.split(|byte| *byte == b'\n').enumerate() {
            match serde_json::from_slice::<Entry>(line) {
                Ok(entry) => found.add(entry),
                Err(error) if !is_harmless(line, &error) => broken.push(index + 1),
                Err(_) => {}
            }
        }
        found.damage = (!broken.is_empty()).then(|| {
            Failure::new(format!("{ledger} is damaged: {}", no_records(&broken))).next(remedy())
        });
        found
    }

    fn add(&mut self, entry: Entry) {
        let mut known = self.records.iter_mut();
        match known.find(|record| record.rotation == entry.rotation) {
            Some(record) => record.add(entry),
            None => {
                let mut record = Record::begin(&entry);
                record.add(entry);
                self.records.push(record);
            }
        }
    }
}

/// A line without anything, and one that broke off when a run was killed while it wrote: what that
/// announced was not begun.
fn is_harmless(line: &[u8], error: &serde_json::Error) -> bool {
    line.trim_ascii().is_empty() || line.starts_with(b"{") && error.is_eof()
}

/// `line 3 is no record`, with as many numbers as a person reads.
fn no_records(lines: &[usize]) -> String {
    const SHOWN: usize = 5;
    let numbers: Vec<String> = lines.iter().take(SHOWN).map(usize::to_string).collect();
    let numbers = numbers.join(", ");
    match lines.len() {
        1 => format!("line {numbers} is not a record"),
        2..=SHOWN => format!("lines {numbers} are not records"),
        many => format!("lines {numbers} and {} more are not records", many - SHOWN),
    }
}

/// Everything the ledger holds about one rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The rotation's id.
    pub rotation: String,
    pub registry: RegistryHost,
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
    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.reached(|event| matches!(event, Event::Finished | Event::Aborted))
    }

    /// The token that it was replacing when it ended early, if it did.
    pub fn replacing(&self) -> Option<&TokenHash> {
        self.replaces_token.as_ref().filter(|_| !self.is_over())
    }

    /// The ids of the runs that served it.
    pub fn runs(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Running { run } => Some(run.as_str()),
            _ => None,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_mangled_ledger_is_lost_without_a_word() {
        let sample = r#"{"rotation":"r1","registry":"quay.io","robot":"a+b","at":"2026-01-01T00:00:00Z","event":"finished"}"#;
        crate::mangled::each(&[sample], |text| {
            let records = Records::read(text.as_bytes(), "the ledger", Hint::default);
            let complete = |line: &&str| line.starts_with('{') && line.trim_end().ends_with('}');
            let lines = text.lines().filter(complete).count();
            let told = records.damage.is_some() || lines <= records.records.len();
            assert!(told, "{text:?}");
        });
    }
}
