//! Which robots are where: what `list` shows, from the clusters alone.

use super::secret::PullSecret;
use super::service_account::ServiceAccountRefs;
use super::view::{ClusterView, unseen_or_missing};
use crate::cli::{Exit, Gaps, Report, Table, age};
use crate::cluster::{Cluster, Seen};
use crate::dockerconfig::EntryError;
use crate::fingerprint::{Fingerprint, shown};
use crate::kubelet::{Fault, Unused, UnusedKey};
use crate::names::RobotName;
use crate::outcome::{Outcome, gaps};
use futures::future::join_all;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// One credential in one secret.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryItem {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    pub secret: String,
    /// The `auths` key; empty if the secret cannot be read.
    pub key: String,
    /// The robot or other account.
    pub account: String,
    /// What is special about the secret.
    pub state: InventoryState,
    /// What may be shown of the password.
    pub fingerprint: Option<Fingerprint>,
    /// Service accounts that hand the secret to their pods.
    pub service_accounts: Vec<String>,
    /// When the secret was created.
    pub created: Option<String>,
    #[serde(skip)]
    age: String,
}

/// What is special about a secret or an entry of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventoryState {
    /// Nothing: a kubelet can read it. Whether it pulls anything was not asked.
    Readable,
    /// It cannot be changed, only replaced.
    Immutable,
    /// Another tool writes it, by its name.
    WrittenBy(Cow<'static, str>),
    /// It holds bridges of these robots while they are rotated.
    BridgedFor(Vec<RobotName>),
    /// A kubelet gets nothing from the whole secret.
    UnusedSecret(Unused),
    /// No kubelet ever uses its key, whatever the image.
    UnusedKey(UnusedKey),
    /// It cannot be read, for this reason.
    Broken(String),
}

/// Every credential in scope.
#[derive(Debug, Default, Serialize)]
pub struct Inventory {
    /// One line for each credential.
    pub items: Vec<InventoryItem>,
    /// Clusters and namespaces that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
}

impl Inventory {
    /// What every cluster holds, with the service accounts that use it.
    pub async fn of(seen: &Seen<ClusterView<'_>>, all: bool) -> Self {
        let mut inventory = Self {
            items: Vec::new(),
            failures: unseen_or_missing(seen),
        };
        let views = seen.reached.iter();
        let accounts = views.map(async |view| (view, view.accounts().await));
        for (view, accounts) in join_all(accounts).await {
            inventory.add(
                view.scoped.cluster,
                &view.observed.secrets,
                &accounts.items,
                all,
            );
            inventory.failures.extend(accounts.failures);
        }
        inventory
    }

    /// Adds one cluster's secrets: the credentials of robots, with `all` those of every
    /// account, and whatever no kubelet can use.
    fn add(
        &mut self,
        cluster: &Cluster,
        secrets: &[PullSecret],
        accounts: &[ServiceAccountRefs],
        all: bool,
    ) {
        let (context, now) = (cluster.context(), cluster.now());
        for secret in secrets {
            let accounts = accounts.iter();
            let using = accounts.filter(|one| one.references(&secret.namespace, &secret.name));
            let using: Vec<String> = using.map(|account| account.name.clone()).collect();
            let items = lines(secret, all).into_iter().map(|line| InventoryItem {
                context: context.to_owned(),
                namespace: secret.namespace.clone(),
                secret: secret.name.clone(),
                key: line.key,
                account: line.account,
                state: line.state,
                fingerprint: line.fingerprint,
                service_accounts: using.clone(),
                created: secret.created.map(|created| created.to_string()),
                age: secret
                    .created
                    .map(|created| age(created, now))
                    .unwrap_or_default(),
            });
            self.items.extend(items);
        }
    }
}

/// What is told of one secret.
struct Line {
    key: String,
    account: String,
    state: InventoryState,
    fingerprint: Option<Fingerprint>,
}

impl Line {
    /// Of what has no account.
    fn of(key: &str, state: InventoryState) -> Self {
        Self {
            key: key.to_owned(),
            account: String::new(),
            state,
            fingerprint: None,
        }
    }
}

fn lines(secret: &PullSecret, all: bool) -> Vec<Line> {
    let document = match &secret.document {
        Err(error) => return vec![Line::of("", InventoryState::Broken(error.to_string()))],
        Ok(document) => document,
    };
    if let Some(why) = document.unused() {
        return vec![Line::of("", InventoryState::UnusedSecret(why))];
    }
    let fault = document.fault();
    let lines = document.entries().filter_map(|(key, read)| match read {
        Ok(found) if all || RobotName::is_robot(&found.username) => Some(Line {
            key: key.to_owned(),
            state: state(secret, key, fault.as_ref()),
            fingerprint: Some(found.fingerprint()),
            account: found.username,
        }),
        Ok(_) | Err(EntryError::Empty) => None,
        Err(error) => Some(Line::of(key, InventoryState::Broken(error.to_string()))),
    });
    let lines: Vec<Line> = lines.collect();
    match fault {
        Some(fault) if lines.is_empty() => {
            vec![Line::of("", InventoryState::Broken(fault.to_string()))]
        }
        _ => lines,
    }
}

/// One broken entry, and the kubelet reads none of the others.
fn state(secret: &PullSecret, key: &str, fault: Option<&Fault>) -> InventoryState {
    if let Some(fault) = fault {
        return InventoryState::Broken(fault.to_string());
    }
    if let Some(why) = UnusedKey::of(key) {
        return InventoryState::UnusedKey(why);
    }
    if !secret.bridged.is_empty() {
        return InventoryState::BridgedFor(secret.bridged.iter().cloned().collect());
    }
    match (&secret.owner, secret.immutable) {
        (Some(owner), _) => InventoryState::WrittenBy(owner.tool.clone()),
        (None, true) => InventoryState::Immutable,
        (None, false) => InventoryState::Readable,
    }
}

impl fmt::Display for InventoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readable => f.write_str("readable"),
            Self::Immutable => f.write_str("immutable"),
            Self::WrittenBy(tool) => write!(f, "managed by {tool}"),
            Self::BridgedFor(robots) => {
                let robots: Vec<&str> = robots.iter().map(RobotName::as_str).collect();
                write!(f, "bridged for {}", robots.join(", "))
            }
            Self::UnusedSecret(why) => write!(f, "unused: the secret {why}"),
            Self::UnusedKey(why) => write!(f, "unused: its key {why}"),
            Self::Broken(reason) => write!(f, "broken: {reason}"),
        }
    }
}

impl Serialize for InventoryState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Report for Inventory {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("NAMESPACE", |item| &item.namespace)
            .col("SECRET", |item| &item.secret)
            .col("KEY", |item| &item.key)
            .col("ROBOT", |item| &item.account)
            .col("STATE", |item| &item.state)
            .col("SERVICE ACCOUNTS", |item| item.service_accounts.join(","))
            .wide("FINGERPRINT", |item| shown(item.fingerprint.as_ref()))
            .col("AGE", |item| &item.age)
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(self.failures.is_empty())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = "No pull secrets with robots found.".to_owned();
        self.items.is_empty().then_some(nothing)
    }

    fn gaps(&self) -> Gaps {
        gaps(&self.failures, self.items.is_empty())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .items
            .iter()
            .map(|item| format!("secret/{}", item.secret))
            .collect();
        names.dedup();
        names
    }
}
