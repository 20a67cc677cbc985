//! Going back to a backup.

use super::backup::{Backup, backups};
use super::changes::Target;
use super::plan::{Intent, Request, RestoreIntent, Written};
use super::protected::red_hat_entry;
use super::topology::Topology;
use super::view::{SecretView, observe_all};
use crate::Failure;
use crate::cli::{Console, Exit, Gaps, Report, Table, age};
use crate::cluster::{Cluster, ClusterArgs, Seen};
use crate::credentials::{QuayArgs, Session, SignIns, sign_in_everywhere};
use crate::dockerconfig::{Credential, Document, owner_of};
use crate::hint::{self, Hint};
use crate::names::RobotName;
use crate::outcome::{Outcome, gaps};
use crate::pullsecret::{KnownRegistry, alias_warnings, logins};
use crate::registry::Probe;
use futures::future::join_all;
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
    pub name: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The keys it has, or nothing where it cannot be read.
    pub keys: Vec<String>,
    /// Those of them whose entry is another one now, and those that are new since.
    pub differs: Vec<String>,
    /// How old it is, by the API server's clock.
    #[serde(skip)]
    age: String,
}

/// The backups of every cluster.
#[derive(Debug, Default, Serialize)]
pub struct BackupList {
    /// One line for each.
    pub items: Vec<BackupItem>,
    /// Clusters that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
}

/// Lists the backups of every cluster's secret, the newest first.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
pub async fn list_backups(clusters: &Seen<Cluster>) -> Result<BackupList, Failure> {
    let seen = observe_all(clusters).await?;
    let seen = seen.in_each(async |view| backups_of(&view).await).await?;
    Ok(BackupList {
        failures: seen.failures(),
        items: seen.reached.into_iter().flatten().collect(),
    })
}

async fn backups_of(view: &SecretView<'_>) -> Result<Vec<BackupItem>, Failure> {
    let (cluster, observed) = (view.cluster, &view.observed);
    let kept = backups(cluster, observed.name.namespace, observed.name.name).await?;
    let item = |backup: Backup| {
        let document = backup.document().ok();
        let (then, now) = (document.as_ref(), observed.document());
        BackupItem {
            context: cluster.context().to_owned(),
            secret: observed.name.to_string(),
            keys: then.map(keys).unwrap_or_default(),
            differs: differing(then, now),
            age: backup
                .created
                .map(|created| age(created, cluster.now()))
                .unwrap_or_default(),
            created: backup.created,
            name: backup.name,
        }
    };
    Ok(kept.into_iter().map(item).collect())
}

fn keys(document: &Document) -> Vec<String> {
    document.entries().map(|(key, _)| key.to_owned()).collect()
}

/// The keys whose entry is not the same in both, in order.
fn differing(then: Option<&Document>, now: Option<&Document>) -> Vec<String> {
    let mut known: Vec<String> = then.into_iter().chain(now).flat_map(keys).collect();
    known.sort();
    known.dedup();
    known.retain(|key| match (then, now) {
        (Some(then), Some(now)) => !then.agrees(key, now),
        _ => true,
    });
    known
}

/// What a rollback goes back to, and what it may change for that.
#[derive(Debug)]
pub struct RollbackRequest<'a> {
    /// The backup; by default the newest.
    pub backup: Option<&'a str>,
    /// Restore every entry to the letter, working or not.
    pub exact: bool,
    /// The keys of protected entries that may be written.
    pub replace: Vec<String>,
    /// Write a secret that another tool writes too.
    pub force: bool,
}

/// Finds what every cluster goes back to, side by side.
///
/// # Errors
/// A mistake of the command line. A cluster without such a backup is one of the failed.
pub async fn find_backups<'a>(
    seen: Seen<SecretView<'a>>,
    request: &RollbackRequest<'_>,
) -> Result<Seen<Target<'a>>, Failure> {
    let found = seen.in_each(async |view| {
        let intent = find_backup(&view, request).await?;
        Ok(Target {
            view,
            request: Request {
                intent: Intent::Restore(intent),
                replace: request.replace.clone(),
                force: request.force,
            },
        })
    });
    found.await
}

/// Finds a backup by its name, or the newest.
async fn find_backup(
    view: &SecretView<'_>,
    request: &RollbackRequest<'_>,
) -> Result<RestoreIntent, Failure> {
    let (name, context) = (view.observed.name, view.cluster.context());
    let wanted = request.backup;
    let kept = backups(view.cluster, name.namespace, name.name).await?;
    let found = match wanted {
        Some(wanted) => kept.iter().find(|backup| backup.name == wanted),
        None => default_backup(&kept, view.observed.document()),
    };
    let found = found.ok_or_else(|| no_backup(view, wanted, &kept))?;
    let document = found.document().map_err(|error| {
        Failure::new(format!("cannot read backup {}: {error}", found.name))
            .next(hint::global("backups").at(context).say(" lists the others"))
    })?;
    Ok(RestoreIntent {
        document,
        wrote: wrote_since(&kept, found),
        exact: request.exact,
    })
}

/// Why there is nothing to go back to, and what to do instead.
fn no_backup(view: &SecretView<'_>, wanted: Option<&str>, kept: &[Backup]) -> Failure {
    let (name, context) = (view.observed.name, view.cluster.context());
    let what = match (wanted, kept) {
        (Some(wanted), _) => format!("no backup `{wanted}`"),
        (None, []) => "no backup".to_owned(),
        (None, _) => "only backups of changes that were undone".to_owned(),
    };
    let names: Vec<&str> = kept.iter().map(|backup| backup.name.as_str()).collect();
    let next = match (kept, view.observed.topology) {
        ([], Topology::HostedControlPlane) => {
            Hint::from("remove the entries that you do not want: ")
                .run(hint::global("remove KEY").at(context))
        }
        ([], _) => "download Red Hat's entries from \
                    https://console.redhat.com/openshift/install/pull-secret"
            .into(),
        _ => hint::global("rollback")
            .at(context)
            .say(&format!(", with one of: {}", names.join(", "))),
    };
    Failure::new(format!("{name} (context {context}) has {what}")).next(next)
}

/// The newest that is not what is there now: a run that was ended before its write leaves such a
/// one. What was taken back is not brought again unasked.
fn default_backup<'b>(kept: &'b [Backup], now: Option<&Document>) -> Option<&'b Backup> {
    let mut wanted = kept.iter().filter(|backup| !backup.taken_back);
    let newest = wanted.clone().next();
    let differs = |backup: &&Backup| !differing(backup.document().ok().as_ref(), now).is_empty();
    wanted.find(differs).or(newest)
}

/// What was written over this backup and over every later one, of which the newest come first.
fn wrote_since(kept: &[Backup], found: &Backup) -> Vec<Written> {
    let since = kept.iter().take_while(|backup| backup.name != found.name);
    let writes = since.chain([found]).map(|backup| backup.wrote.clone());
    writes.collect()
}

/// Gives every robot its current token whose entry its registry does not accept any more;
/// returns notes on what was replaced or could not be checked. Backups are restored to the
/// letter where that is asked for.
///
/// # Errors
/// The settings cannot be read.
pub async fn revive_robots(
    targets: &mut Seen<Target<'_>>,
    quay: &QuayArgs,
    cluster: &ClusterArgs,
    console: &Console,
) -> Result<Vec<String>, Failure> {
    let documents = targets.reached.iter_mut();
    let documents = documents.filter_map(|target| match &mut target.request.intent {
        Intent::Restore(intent) if !intent.exact => Some(&mut intent.document),
        _ => None,
    });
    let with_robots = documents.map(|document| (robots(document), document));
    let with_robots: Vec<_> = with_robots
        .filter(|(robots, _)| !robots.is_empty())
        .collect();
    if with_robots.is_empty() {
        return Ok(Vec::new());
    }
    let SignIns { sessions, left_out } = sign_in_everywhere(quay, cluster, console).await?;
    console.warn_each(&left_out);
    console.warn_each(&alias_warnings(&sessions).await);
    let logins = logins(&sessions).await;
    let revived = with_robots
        .into_iter()
        .map(async |(robots, document)| revive(document, robots, &logins).await);
    Ok(join_all(revived).await.into_iter().flatten().collect())
}

/// The entries of robots that are not Red Hat's.
fn robots(document: &Document) -> Vec<(String, Credential)> {
    let entries = document.entries();
    entries
        .filter(|(key, _)| red_hat_entry(key).is_none())
        .filter_map(|(key, read)| Some((key.to_owned(), read.ok()?)))
        .filter(|(_, held)| RobotName::is_robot(&held.username))
        .collect()
}

async fn revive(
    document: &mut Document,
    robots: Vec<(String, Credential)>,
    logins: &[KnownRegistry<'_>],
) -> Vec<String> {
    let mut notes = Vec::new();
    for (key, held) in robots {
        let login = match owner_of(&key, logins) {
            Ok(Some(login)) => login,
            unclear => {
                let reason = match unclear {
                    Err(unclear) => unclear.to_string(),
                    Ok(_) => "you are not logged in to its registry".to_owned(),
                };
                notes.push(format!(
                    "it is unknown whether `{key}` still works: {reason}"
                ));
                continue;
            }
        };
        match current(login.session, &held).await {
            Ok(None) => {}
            Ok(Some(credential)) => {
                document.set(&key, &credential);
                notes.push(format!(
                    "`{key}` gets the robot's current token, because the token in the backup is \
                     dead"
                ));
            }
            Err(failure) => notes.push(format!("cannot check `{key}`: {failure}")),
        }
    }
    notes
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
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("NAME", |item| &item.name)
            .col("AGE", |item| &item.age)
            .col("ENTRIES", |item| item.keys.len())
            .wide("SECRET", |item| &item.secret)
            .col("DIFFERS NOW", |item| match item.differs.is_empty() {
                true => "-".to_owned(),
                false => item.differs.join(", "),
            })
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(self.failures.is_empty())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = match self.failures.is_empty() {
            true => "There are no backups, because this plugin has changed nothing yet.",
            false => "No backups were found.",
        };
        self.items.is_empty().then(|| nothing.to_owned())
    }

    fn gaps(&self) -> Gaps {
        gaps(&self.failures, self.items.is_empty())
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("secret/{}", item.name))
            .collect()
    }
}
