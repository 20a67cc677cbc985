//! What is in the global pull secret.

use super::observed::Observed;
use super::protected::{RED_HAT, red_hat_entry};
use crate::cli::{ContextColumn, Report, Table, detail};
use crate::fingerprint::{Fingerprint, shown};
use crate::names::RobotName;
use crate::node_secrets::GLOBAL_PULL_SECRET;
use serde::Serialize;

/// One entry, or one that should be there.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `namespace/name` of the secret that holds it.
    pub secret: String,
    /// Its key below `auths`.
    pub key: String,
    /// Who holds it.
    pub account: String,
    /// `red-hat`, `robot` or `other`.
    pub kind: &'static str,
    /// What may be shown of its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// `present`, `missing` or `unreadable`.
    pub state: &'static str,
    /// Why, and what that breaks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// The entries of every cluster.
#[derive(Debug, Default, Serialize)]
pub struct Entries {
    /// One line for each.
    pub items: Vec<Entry>,
}

/// Every entry of the observed secret, and every one of Red Hat's that it lacks. On a hosted
/// control plane those are in the secret that its owner gave it.
pub fn entries(context: &str, observed: &Observed) -> Vec<Entry> {
    let additional = observed
        .document()
        .map(|document| (observed.name, document));
    let original = observed
        .original
        .as_ref()
        .map(|document| (GLOBAL_PULL_SECRET, document));
    let mut found = Vec::new();
    for (name, document) in original.into_iter().chain(additional) {
        for (key, read) in document.entries() {
            let red_hat = red_hat_entry(key);
            let (account, fingerprint, message) = match read {
                Ok(held) => {
                    let fingerprint = held.fingerprint();
                    (held.username, Some(fingerprint), String::new())
                }
                Err(error) => (String::new(), None, error.to_string()),
            };
            let kind = match red_hat {
                Some(_) => "red-hat",
                None if RobotName::is_robot(&account) => "robot",
                None => "other",
            };
            found.push(Entry {
                context: context.to_owned(),
                secret: name.to_string(),
                key: key.to_owned(),
                account,
                kind,
                state: if fingerprint.is_some() {
                    "present"
                } else {
                    "unreadable"
                },
                fingerprint,
                message,
            });
        }
    }
    let missing: Vec<Entry> = RED_HAT
        .iter()
        .filter(|wanted| {
            !found
                .iter()
                .any(|entry| red_hat_entry(&entry.key) == Some(wanted))
        })
        .map(|wanted| Entry {
            context: context.to_owned(),
            secret: GLOBAL_PULL_SECRET.to_string(),
            key: wanted.key.to_owned(),
            account: String::new(),
            kind: "red-hat",
            fingerprint: None,
            state: "missing",
            message: wanted.breaks.to_owned(),
        })
        .collect();
    found.extend(missing);
    found
}

impl Report for Entries {
    fn table(&self, wide: bool) -> Table {
        let contexts =
            ContextColumn::new(self.items.iter().map(|item| item.context.as_str()), wide);
        let mut headings = contexts.headings(&["KEY", "ACCOUNT", "KIND", "FINGERPRINT", "STATE"]);
        if wide {
            headings.push("SECRET");
        }
        headings.push("DETAIL");
        let mut table = Table::new(headings);
        for item in &self.items {
            let mut row = contexts.cells(&item.context);
            row.extend([
                item.key.clone(),
                item.account.clone(),
                item.kind.to_owned(),
                shown(item.fingerprint.as_ref()),
                item.state.to_owned(),
            ]);
            if wide {
                row.push(item.secret.clone());
            }
            row.push(detail([item.message.as_str()], None));
            table.row(row);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let present = self.items.iter().filter(|item| item.state != "missing");
        present.map(|item| format!("auth/{}", item.key)).collect()
    }
}
