//! What the entries of the global pull secret, or of a file that is to become one, are worth.

use super::absent::{Absence, Absent, absent_red_hat, unread_mirrors};
use super::authfile::AuthFile;
use super::check::{Check, Checks};
use super::entry_check::{Look, Reference, check_entry};
use super::fault::gone;
use super::observed::Observed;
use super::protected::red_hat_entry;
use super::release::{Release, release};
use super::site::{Site, site};
use super::subject::Subject;
use super::view::{SecretView, observe_all};
use crate::Failure;
use crate::cluster::{Cluster, InContext, Seen};
use crate::dockerconfig::{Document, owner_of};
use crate::hint::{self, Hint};
use crate::kubelet::matches_image;
use crate::names::{RegistryHost, RobotAt, RobotName};
use crate::node_secrets::{GLOBAL_PULL_SECRET, SecretName};
use crate::pullsecret::{KnownRegistry, RobotToken, robot_tokens};
use futures::future::{join, join_all};
use std::collections::{BTreeMap, BTreeSet};

/// Checks every entry of every cluster's secret, side by side. Each password goes to the
/// registry its key names, over https, and nowhere else.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
pub async fn verify(clusters: &Seen<Cluster>, by: &Reference<'_>) -> Result<Checks, Failure> {
    let seen = observe_all(clusters).await?;
    let documents = seen
        .reached
        .iter()
        .flat_map(|view| view.observed.documents());
    let robots = robots(documents.map(|(_, document)| document), by.logins).await;
    let seen = seen
        .in_each(async |view| {
            let site = site(view.cluster).await;
            check_secret(&view, site, by, &robots).await
        })
        .await?;
    Ok(together(seen))
}

/// Checks every entry of a file. It is judged as the secret of each of the clusters, if there are
/// any: what they need, and whom their nodes trust.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
pub async fn verify_file(
    file: &AuthFile,
    clusters: Option<&Seen<Cluster>>,
    by: &Reference<'_>,
) -> Result<Checks, Failure> {
    let robots = robots(file.document().into_iter(), by.logins).await;
    let Some(clusters) = clusters else {
        let unknown = Release::default();
        let look = look_at_file(file, &unknown, None, by, &robots);
        let items = check_file(file, &look).await;
        return Ok(Checks {
            items,
            ..Checks::default()
        });
    };
    let seen = clusters.each().in_each(async |cluster| {
        let (release, site) = join(release(cluster), site(cluster)).await;
        let look = look_at_file(file, &release, Some((cluster, site)), by, &robots);
        let items = check_file(file, &look).await;
        let warning = warning(&items, &release, cluster.context());
        Ok((items, warning))
    });
    Ok(together(seen.await?))
}

fn together(seen: Seen<(Vec<Check>, Option<String>)>) -> Checks {
    let failures = seen.failures();
    let (items, warnings): (Vec<_>, Vec<_>) = seen.reached.into_iter().unzip();
    Checks {
        failures,
        items: items.into_iter().flatten().collect(),
        warnings: warnings.into_iter().flatten().collect(),
    }
}

/// What Quay says of every robot in the documents, at the registries with a login.
async fn robots(
    documents: impl Iterator<Item = &Document>,
    logins: &[KnownRegistry<'_>],
) -> BTreeMap<RobotAt, RobotToken> {
    let entries = documents.flat_map(Document::entries);
    let mut held: BTreeMap<&RegistryHost, BTreeSet<RobotName>> = BTreeMap::new();
    for (key, read) in entries {
        let owner = owner_of(key, logins).ok().flatten();
        let robot = read.ok().and_then(|held| held.username.parse().ok());
        if let (Some(owner), Some(robot)) = (owner, robot) {
            let registry = &owner.session.endpoint.registry;
            held.entry(registry).or_default().insert(robot);
        }
    }
    let asked = logins.iter().map(async |login| {
        let registry = &login.session.endpoint.registry;
        let robots = held.get(registry).cloned().unwrap_or_default();
        let tokens = robot_tokens(login.session, robots).await.into_iter();
        let tokens = tokens.map(|(robot, token, _)| ((registry.clone(), robot), token));
        tokens.collect::<Vec<_>>()
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn check_secret(
    view: &SecretView<'_>,
    site: Site,
    by: &Reference<'_>,
    robots: &BTreeMap<RobotAt, RobotToken>,
) -> Result<(Vec<Check>, Option<String>), Failure> {
    let (context, observed) = (view.context(), &view.observed);
    if let Some(failure) = gone(observed, context) {
        return Err(failure);
    }
    if let Some(error) = observed.unreadable() {
        let check = unreadable(context, observed, &error.to_string());
        return Ok((vec![check], None));
    }
    let look = Look {
        by,
        robots,
        subject: Subject::Secret(observed),
        context,
        others: by.others.trusting(site.trust.clone()),
        site: Some(site),
    };
    // Side by side, so that registries nobody reaches cost their time once.
    let documents = observed
        .documents()
        .map(|(name, document)| check_document(&look, name.to_string(), Some(name), document));
    let mut items: Vec<Check> = join_all(documents).await.into_iter().flatten().collect();
    let place = GLOBAL_PULL_SECRET.to_string();
    add_absent(&mut items, &look, &place);
    add_images(&mut items, &look, &place);
    let warning = warning(&items, &observed.release, context);
    Ok((items, warning))
}

fn unreadable(context: &str, observed: &Observed, error: &str) -> Check {
    let mut check = Check::blank(context, observed.name, "");
    check.fail(&format!("the secret is unreadable: {error}"));
    check.next = Some(hint::global("rollback").at(context).into());
    check
}

fn look_at_file<'a>(
    file: &'a AuthFile,
    release: &'a Release,
    place: Option<(&'a Cluster, Site)>,
    by: &'a Reference<'a>,
    robots: &'a BTreeMap<RobotAt, RobotToken>,
) -> Look<'a> {
    let (context, site) = match place {
        Some((cluster, site)) => (cluster.context(), Some(site)),
        None => ("", None),
    };
    let trust = site.as_ref().map(|site| site.trust.clone());
    Look {
        by,
        robots,
        subject: Subject::File {
            name: file.name(),
            release,
        },
        context,
        others: by.others.trusting(trust.unwrap_or_default()),
        site,
    }
}

async fn check_file(file: &AuthFile, look: &Look<'_>) -> Vec<Check> {
    let document = match file.read() {
        Ok(document) => document,
        Err(error) => {
            let mut check = Check::blank(look.context, file.name(), "");
            check.fail(&format!("the file is unreadable: {error}"));
            return vec![check];
        }
    };
    let mut items = check_document(look, file.name().to_owned(), None, document).await;
    // A file for one registry alone is to be added to a secret, and is none by itself.
    let is_for_red_hats = document
        .entries()
        .any(|(key, _)| red_hat_entry(key).is_some());
    if is_for_red_hats || look.site.is_some() {
        add_absent(&mut items, look, file.name());
    }
    add_images(&mut items, look, file.name());
    items
}

async fn check_document(
    look: &Look<'_>,
    place: String,
    secret: Option<SecretName>,
    document: &Document,
) -> Vec<Check> {
    let checks = document.entries().map(|(key, read)| {
        let check = Check::blank(look.context, &place, key);
        check_entry(check, document, read, look)
    });
    let mut checks = join_all(checks).await;
    if let Some((key, reason, next)) = look.subject.fault(secret, document) {
        let mut told = Check::blank(look.context, &place, &key);
        told.fail(&reason);
        told.next = Some(next);
        tell_fault(&mut checks, told);
    }
    for check in &mut checks {
        check.next = check.next.take().map(|next| look.here(next));
    }
    checks
}

/// Says in the line of the entry that is at fault what it does to all others.
fn tell_fault(checks: &mut Vec<Check>, told: Check) {
    let is_unread = |check: &&mut Check| check.key == told.key && check.fingerprint.is_none();
    match checks.iter_mut().find(is_unread) {
        Some(check) => *check = told,
        None => checks.push(told),
    }
}

/// Tells of images that were named, and that no entry is for.
fn add_images(items: &mut Vec<Check>, look: &Look<'_>, place: &str) {
    let is_for =
        |item: &Check, image| item.fingerprint.is_some() && matches_image(&item.key, image);
    let images = look.by.images.iter();
    let others = images.filter(|image| !items.iter().any(|item| is_for(item, image)));
    let told = others.map(|image| {
        let mut check = Check::blank(look.context, place, "");
        check.fail(&format!(
            "no entry is for {image}, so it is pulled without a login"
        ));
        check
    });
    items.extend(told.collect::<Vec<_>>());
}

/// Tells of Red Hat's entries that are not there.
fn add_absent(items: &mut Vec<Check>, look: &Look<'_>, place: &str) {
    let keys = items.iter().map(|item| item.key.as_str());
    let absent = absent_red_hat(look.subject.release(), keys);
    let told = absent.iter().map(|absent| {
        let check = Check::blank(look.context, place, absent.entry.key);
        tell_absent(check, absent, look)
    });
    items.extend(told.collect::<Vec<_>>());
}

fn tell_absent(mut check: Check, absent: &Absent, look: &Look<'_>) -> Check {
    let message = absent.message();
    match absent.absence {
        Absence::Missing => {
            check.fail(&format!("missing: {message}"));
            check.next = Some(look.here(look.subject.red_hats()));
        }
        Absence::OptedOut => {
            check.note(&format!("missing: {message}"));
            let add = hint::global("update --from-ocm --replace-entry").arg(absent.entry.key);
            check.next = match look.subject {
                Subject::Secret(_) => Some(look.here(Hint::from("to add it: ").run(add))),
                Subject::File { .. } => None,
            };
        }
        Absence::NotNeeded(_) => check.note(&format!("not needed: {message}")),
    }
    check
}

impl Look<'_> {
    fn here(&self, next: Hint) -> Hint {
        match self.context.is_empty() {
            true => next,
            false => next.at(self.context),
        }
    }
}

/// What was not to be read and may be why an entry is missing.
fn warning(items: &[Check], release: &Release, context: &str) -> Option<String> {
    let mut items = items.iter();
    let is_missing = items.any(|item| !item.ok && item.fingerprint.is_none());
    is_missing
        .then(|| unread_mirrors(release, context))
        .flatten()
}
