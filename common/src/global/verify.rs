//! What each entry of the global pull secret is worth.

use super::check::{Check, Checks};
use super::fault::{FileFault, NO_CREDENTIAL, file_fault, from_ocm, repair_entry};
use super::observed::Observed;
use super::protected::{missing_red_hat, red_hat_entry};
use super::view::{SecretView, observe_all};
use crate::Failure;
use crate::cluster::{Cluster, Seen};
use crate::credentials::clear_up;
use crate::dockerconfig::{Credential, Document, EntryError, owner_of, registry_of_key};
use crate::hint::{self, Hint};
use crate::kubelet::ImageReference;
use crate::names::{RegistryHost, RobotAt, RobotName};
use crate::node_secrets::{GLOBAL_PULL_SECRET, SecretName};
use crate::pullsecret::{
    KnownRegistry, ProofState, RegistryAnswer, RobotToken, TokenState, robot_tokens,
};
use crate::registry::{OtherRegistries, Probe};
use futures::future::join_all;
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, BTreeSet};

/// Authenticates to Telemetry and Insights, and is no registry.
const NO_REGISTRY: &str = "cloud.openshift.com";

/// What entries are held against, and how strictly.
pub struct Reference<'a> {
    /// The registries with a login.
    pub logins: &'a [KnownRegistry<'a>],
    /// What Red Hat hands out to the account, where somebody is logged in.
    pub red_hat: Option<&'a Document>,
    /// The registries without one.
    pub others: &'a OtherRegistries,
    /// A registry without a login that could not be asked will do.
    pub allow_unknown: bool,
}

/// What entries are held against, with what Quay says of the robots in them.
struct Known<'a> {
    by: &'a Reference<'a>,
    robots: BTreeMap<RobotAt, RobotToken>,
}

/// Checks every entry of every cluster's secret, side by side. Each password goes to the
/// registry its key names, over https, and nowhere else.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
pub async fn verify(clusters: &Seen<Cluster>, by: &Reference<'_>) -> Result<Checks, Failure> {
    let seen = observe_all(clusters).await?;
    let known = Known {
        robots: robots(&seen.reached, by.logins).await,
        by,
    };
    let seen = seen
        .in_each(async |view| Ok(check(&view, &known).await))
        .await?;
    Ok(Checks {
        failures: seen.failures(),
        items: seen.reached.into_iter().flatten().collect(),
    })
}

/// What Quay says of every robot in the secrets, at the registries with a login.
async fn robots(
    views: &[SecretView<'_>],
    logins: &[KnownRegistry<'_>],
) -> BTreeMap<RobotAt, RobotToken> {
    let documents = views.iter().flat_map(|view| view.observed.documents());
    let entries = documents.flat_map(|(_, document)| document.entries());
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

async fn check(view: &SecretView<'_>, known: &Known<'_>) -> Vec<Check> {
    let (context, observed) = (view.cluster.context(), &view.observed);
    if let Some(error) = observed.unreadable() {
        let mut check = Check::blank(context, observed.name, "");
        check.fail(&format!("the secret is unreadable: {error}"));
        check.next = Some(hint::global("rollback").at(context).into());
        return vec![check];
    }
    // Side by side, so that registries nobody reaches cost their time once.
    let documents = observed
        .documents()
        .map(|(name, document)| check_document(context, observed, name, document, known));
    let mut items: Vec<Check> = join_all(documents).await.into_iter().flatten().collect();
    let keys = items.iter().map(|item| item.key.as_str());
    let missing = missing_red_hat(&observed.release, keys);
    items.extend(missing.into_iter().map(|wanted| {
        let mut check = Check::blank(context, GLOBAL_PULL_SECRET, wanted.key);
        check.fail(&format!("missing: {}", wanted.breaks));
        check.next = Some(from_ocm());
        check
    }));
    for item in &mut items {
        item.next = item.next.take().map(|next| next.at(context));
    }
    items
}

async fn check_document(
    context: &str,
    observed: &Observed,
    name: SecretName,
    document: &Document,
    known: &Known<'_>,
) -> Vec<Check> {
    let checks = document.entries().map(|(key, read)| {
        let check = Check::blank(context, name, key);
        check_entry(check, observed, document, read, known)
    });
    let mut checks = join_all(checks).await;
    if let Some(fault) = file_fault(observed, name, document) {
        tell_fault(&mut checks, Check::blank(context, name, &fault.key), fault);
    }
    checks
}

/// Says in the line of the entry that is at fault what it does to all others.
fn tell_fault(checks: &mut Vec<Check>, mut told: Check, fault: FileFault) {
    told.fail(&fault.reason);
    told.next = Some(fault.next);
    let is_unread = |check: &&mut Check| check.key == told.key && check.fingerprint.is_none();
    match checks.iter_mut().find(is_unread) {
        Some(check) => *check = told,
        None => checks.push(told),
    }
}

async fn check_entry(
    mut check: Check,
    observed: &Observed,
    document: &Document,
    read: Result<Credential, EntryError>,
    known: &Known<'_>,
) -> Check {
    match read {
        Ok(held) => check_credential(&mut check, document, &held, known).await,
        Err(EntryError::Empty) => check_empty(&mut check, observed),
        Err(EntryError::Broken(fault)) => {
            check.fail(&fault.to_string());
            check.next = Some(repair_entry(observed, &check.key));
        }
    }
    check
}

/// `{}` is no fault, but the node pulls without a login, and Red Hat's images need one.
fn check_empty(check: &mut Check, observed: &Observed) {
    let red_hat = red_hat_entry(&check.key).filter(|_| observed.release.expects_red_hat());
    match red_hat {
        Some(wanted) => {
            check.fail(&format!("the entry holds no credential: {}", wanted.breaks));
            check.next = Some(from_ocm());
        }
        None => check.note(NO_CREDENTIAL),
    }
}

async fn check_credential(
    check: &mut Check,
    document: &Document,
    held: &Credential,
    known: &Known<'_>,
) {
    let by = known.by;
    check.account.clone_from(&held.username);
    check.fingerprint = Some(held.fingerprint());
    let owner = owner_of(&check.key, by.logins);
    let login = owner.as_ref().ok().copied().flatten();
    if red_hat_entry(&check.key).is_some() {
        against_red_hat(check, document, held, by.red_hat);
    } else if let (Some(login), Ok(robot)) = (login, held.username.parse::<RobotName>()) {
        let at = (login.session.endpoint.registry.clone(), robot);
        against_quay(check, held, login, known.robots.get(&at));
    } else if RobotName::is_robot(&held.username)
        && let Err(unclear) = owner
    {
        check.token = TokenState::Unknown;
        check.fail(&unclear.to_string());
        check.next = Some(clear_up(&unclear));
    }
    ask_registry(check, held, login, by).await;
}

/// The comparisons that Red Hat's own support makes: present, with an email, and letter by
/// letter what the account has now.
fn against_red_hat(
    check: &mut Check,
    document: &Document,
    held: &Credential,
    red_hat: Option<&Document>,
) {
    if check.key == NO_REGISTRY && document.email(&check.key).is_none() {
        check.fail("the entry has no email, which Red Hat needs to find the account");
    }
    let Some(red_hat) = red_hat else { return };
    let mut entries = red_hat.entries().filter(|(key, _)| *key == check.key);
    let Some((_, Ok(wanted))) = entries.next() else {
        check.fail("Red Hat's pull secret of this account has no such entry");
        return;
    };
    let same_password = wanted.password.expose_secret() == held.password.expose_secret();
    match wanted.username == held.username && same_password {
        true => check.token = TokenState::Current,
        false => {
            check.token = TokenState::Stale;
            let email = document.email(&check.key);
            let same_person = email.is_some() && email == red_hat.email(&check.key);
            check.fail(match wanted.username == held.username || same_person {
                true => "Red Hat's pull secret of this account has another token",
                false => "the entry holds another account than your login to Red Hat",
            });
        }
    }
    let (ours, theirs) = (document.email(&check.key), red_hat.email(&check.key));
    if theirs.is_some() && ours != theirs {
        check.fail("the email of the entry is not the account's");
    }
    if check.state == ProofState::Bad {
        check.next = Some(from_ocm());
    }
}

fn against_quay(
    check: &mut Check,
    held: &Credential,
    login: &KnownRegistry<'_>,
    robot: Option<&RobotToken>,
) {
    match robot {
        Some(RobotToken::Current(token))
            if token.expose_secret() == held.password.expose_secret() =>
        {
            check.token = TokenState::Current;
        }
        Some(RobotToken::Current(_)) => {
            check.token = TokenState::Stale;
            check.fail("the robot has another token in Quay");
            check.next = Some(hint::global("update").into());
        }
        Some(RobotToken::NoSuchRobot) => {
            check.fail("the robot does not exist in Quay");
            check.next = Some(hint::global("remove").arg(&check.key).into());
        }
        Some(RobotToken::Unreadable(reason)) => {
            check.token = TokenState::Unknown;
            check.doubt(
                &format!("the robot's current token is unknown ({reason})"),
                false,
            );
            check.next = Some(whoami(login));
        }
        None => check.token = TokenState::Unknown,
    }
}

async fn ask_registry(
    check: &mut Check,
    held: &Credential,
    login: Option<&KnownRegistry<'_>>,
    by: &Reference<'_>,
) {
    let host = registry_of_key(&check.key);
    if host
        .as_ref()
        .is_some_and(|host| host.as_str() == NO_REGISTRY)
    {
        return;
    }
    let answer = match (login, &host) {
        // What Quay hands out for the account is no news to its registry, whatever the key.
        (Some(login), host) if host.is_some() || check.token == TokenState::Current => {
            let registry = &login.session.registry;
            registry.probe(&held.username, &held.password, &[]).await
        }
        (_, Some(host)) if !is_in_image_names(host) => return check_unused(check, host),
        (_, Some(host)) => match by.others.at(host) {
            Ok(registry) => registry.probe(&held.username, &held.password, &[]).await,
            Err(failure) => Err(failure),
        },
        (_, None) => Err(Failure::new(
            "the key does not name exactly one registry, so none was asked",
        )),
    };
    match answer {
        Ok(Probe::Accepted { .. }) => check.registry = RegistryAnswer::Accepted,
        Ok(Probe::Refused { reason }) => {
            check.registry = RegistryAnswer::Refused;
            check.fail(&format!("the registry refuses the credential: {reason}"));
        }
        Err(failure) => {
            let allowed = by.allow_unknown && login.is_none();
            if host.is_some() {
                check.registry = RegistryAnswer::without(&failure);
            }
            check.doubt(failure.message(), allowed);
            if check.next.is_none() && !allowed {
                check.next = Some(login.map_or_else(|| do_without(host.as_ref()), whoami));
            }
        }
    }
}

/// Whether an image's name can begin with the host: the first word of `fake/app` is a part of a
/// repository on Docker Hub.
fn is_in_image_names(host: &RegistryHost) -> bool {
    let image = format!("{host}/a/b").parse::<ImageReference>();
    image.is_ok_and(|image| image.repository() == "a/b")
}

/// OKD is installed with a key that is there for the installer alone.
fn check_unused(check: &mut Check, host: &RegistryHost) {
    let unused = format!("no image name can begin with `{host}/`, so no pull uses the entry");
    match RobotName::is_robot(&check.account) {
        true => check.fail(&unused),
        false => check.note(&unused),
    }
}

/// Where the registry's login is at fault, or the way to it.
fn whoami(login: &KnownRegistry<'_>) -> Hint {
    let registry = &login.session.endpoint.registry;
    hint::robot("whoami --registry").arg(registry).into()
}

/// Nobody is logged in there, and maybe only the nodes reach it.
fn do_without(host: Option<&RegistryHost>) -> Hint {
    let elsewhere = host.map(|host| {
        format!(
            "run this command on a machine that can reach \
                                             {host}, or "
        )
    });
    Hint::from(elsewhere.unwrap_or_default())
        .say("accept that there is no answer: ")
        .run(hint::global("verify --allow-unknown"))
}
