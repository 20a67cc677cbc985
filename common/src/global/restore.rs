//! Going back to a backup.

use super::backup::{Backup, backups};
use super::observed::{Observed, observe};
use super::plan::RestoreIntent;
use super::protected::red_hat_entry;
use crate::Failure;
use crate::cli::{Console, ContextColumn, Report, Table, age};
use crate::cluster::{Cluster, ClusterArgs};
use crate::credentials::{QuayArgs, Session, SignIns, sign_in_everywhere};
use crate::dockerconfig::{Credential, belongs_to};
use crate::hint;
use crate::names::RobotName;
use crate::pullsecret::logins;
use crate::registry::Probe;
use jiff::Timestamp;
use serde::Serialize;

/// One backup's line.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupItem {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `namespace/name` of the secret it was made of.
    pub secret: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The keys it has, or nothing where it cannot be read.
    pub keys: Vec<String>,
    /// Those of them whose entry is another one now, and those that are new since.
    pub differs: Vec<String>,
}

/// The backups of every cluster.
#[derive(Debug, Default, Serialize)]
pub struct BackupList {
    /// One line for each.
    pub items: Vec<BackupItem>,
}

/// Lists the backups of the secret that users of this cluster write, the newest first.
///
/// # Errors
/// Not OpenShift, or a right is missing.
pub async fn list_backups(cluster: &Cluster) -> Result<Vec<BackupItem>, Failure> {
    let observed = observe(cluster).await?;
    let kept = backups(cluster, observed.name.namespace, observed.name.name).await?;
    let item = |backup: Backup| {
        let document = backup.document().ok();
        let keys = |document: &crate::dockerconfig::Document| -> Vec<String> {
            document.entries().map(|(key, _)| key.to_owned()).collect()
        };
        let (then, now) = (document.as_ref(), observed.document());
        let mut known: Vec<String> = then.into_iter().chain(now).flat_map(keys).collect();
        known.sort();
        known.dedup();
        known.retain(|key| match (then, now) {
            (Some(then), Some(now)) => !then.agrees(key, now),
            _ => true,
        });
        BackupItem {
            context: cluster.context().to_owned(),
            secret: observed.name.to_string(),
            keys: then.map(keys).unwrap_or_default(),
            differs: known,
            created: backup.created,
            name: backup.name,
        }
    };
    Ok(kept.into_iter().map(item).collect())
}

/// Finds a backup by its name, or the newest.
///
/// # Errors
/// There is none, or it cannot be read.
pub async fn restore_intent(
    cluster: &Cluster,
    observed: &Observed,
    wanted: Option<&str>,
    exact: bool,
) -> Result<RestoreIntent, Failure> {
    let (name, context) = (observed.name, cluster.context());
    let kept = backups(cluster, name.namespace, name.name).await?;
    let found = match wanted {
        Some(wanted) => kept.iter().find(|backup| backup.name == wanted),
        // What was taken back is not brought again unasked.
        None => kept.iter().find(|backup| !backup.taken_back),
    };
    let found = found.ok_or_else(|| {
        let what = wanted.map_or("no backup".to_owned(), |name| format!("no backup {name}"));
        let names: Vec<&str> = kept.iter().map(|backup| backup.name.as_str()).collect();
        Failure::new(format!("there is {what} of {name} (context {context})")).next(
            match names.is_empty() {
                true => "download Red Hat's entries again: https://console.redhat.com/openshift/install/pull-secret".into(),
                false => hint::global("rollback")
                    .at(context)
                    .say(&format!(", with one of: {}", names.join(", "))),
            },
        )
    })?;
    let document = found.document().map_err(|error| {
        Failure::new(format!("backup {} cannot be read: {error}", found.name)).next(
            hint::global("backups")
                .at(context)
                .say(", and choose another"),
        )
    })?;
    Ok(RestoreIntent { document, exact })
}

impl RestoreIntent {
    /// The same, with the current token of every robot whose entry its registry does not
    /// accept any more; and notes on what was replaced or could not be checked.
    ///
    /// # Errors
    /// The settings cannot be read.
    pub async fn revived(
        mut self,
        quay: &QuayArgs,
        cluster: &ClusterArgs,
        console: &Console,
    ) -> Result<(Self, Vec<String>), Failure> {
        let robots: Vec<(String, Credential)> = self
            .document
            .entries()
            .filter(|(key, _)| red_hat_entry(key).is_none())
            .filter_map(|(key, read)| Some((key.to_owned(), read.ok()?)))
            .filter(|(_, held)| RobotName::is_robot(&held.username))
            .collect();
        let mut notes = Vec::new();
        if robots.is_empty() {
            return Ok((self, notes));
        }
        let SignIns { sessions, left_out } = sign_in_everywhere(quay, cluster, console).await?;
        console.warn_each(&left_out);
        let logins = logins(&sessions).await;
        for (key, held) in robots {
            let mut having = logins.iter();
            let Some(login) = having.find(|login| belongs_to(&key, &login.hosts)) else {
                notes.push(format!(
                    "whether `{key}` still works is not known: its registry has no login"
                ));
                continue;
            };
            match current(login.session, &held).await {
                Ok(None) => {}
                Ok(Some(credential)) => {
                    self.document.set(&key, &credential);
                    notes.push(format!(
                        "`{key}` gets the robot's current token: the backup's is dead"
                    ));
                }
                Err(failure) => notes.push(format!("`{key}` could not be checked: {failure}")),
            }
        }
        Ok((self, notes))
    }
}

/// The robot's current credential, if the registry refuses the one that is held.
async fn current(session: &Session, held: &Credential) -> Result<Option<Credential>, Failure> {
    let probed = session.registry.probe(&held.username, &held.password, &[]);
    if let Probe::Accepted { .. } = probed.await? {
        return Ok(None);
    }
    let robot: RobotName = held.username.parse().map_err(Failure::new)?;
    let found = session.quay.robot(&robot).await;
    let found = found.map_err(|error| Failure::new(error.to_string()))?;
    Ok(Some(Credential::new(robot.as_str(), found.token)))
}

impl Report for BackupList {
    fn table(&self, wide: bool) -> Table {
        let contexts =
            ContextColumn::new(self.items.iter().map(|item| item.context.as_str()), wide);
        let mut headings = contexts.headings(&["NAME", "AGE", "ENTRIES"]);
        if wide {
            headings.push("SECRET");
        }
        headings.push("DIFFERS NOW");
        let mut table = Table::new(headings);
        let now = Timestamp::now();
        for item in &self.items {
            let mut row = contexts.cells(&item.context);
            row.extend([
                item.name.clone(),
                item.created
                    .map(|created| age(created, now))
                    .unwrap_or_default(),
                item.keys.len().to_string(),
            ]);
            if wide {
                row.push(item.secret.clone());
            }
            row.push(match item.differs.is_empty() {
                true => "-".to_owned(),
                false => item.differs.join(", "),
            });
            table.row(row);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("secret/{}", item.name))
            .collect()
    }
}
