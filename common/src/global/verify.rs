//! What each entry of the global pull secret is worth.

use super::protected::{missing_red_hat, red_hat_entry};
use super::view::{SecretView, observe_all};
use crate::Failure;
use crate::cli::{ContextColumn, Exit, Report, Table, detail, serialize_next};
use crate::cluster::{Cluster, Seen};
use crate::credentials::clear_up;
use crate::dockerconfig::{Credential, Document, EntryError, owner_of, registry_of_key};
use crate::fingerprint::{Fingerprint, shown};
use crate::hint::{self, Hint};
use crate::names::RobotName;
use crate::node_secrets::{GLOBAL_PULL_SECRET, SecretName};
use crate::outcome::{Outcome, only_failure, warnings};
use crate::pullsecret::{KnownRegistry, RegistryAnswer, TokenState};
use crate::registry::{Probe, Registry};
use crate::web::{ApiError, Endpoint};
use futures::future::join_all;
use secrecy::ExposeSecret;
use serde::Serialize;

/// Authenticates to Telemetry and Insights, and is no registry.
const NO_REGISTRY: &str = "cloud.openshift.com";

/// What was found out about one entry.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The cluster, by the name of its context.
    pub context: String,
    /// `namespace/name` of the secret.
    pub secret: String,
    /// The key below `auths`; empty if the secret cannot be read.
    pub key: String,
    /// Who holds it.
    pub account: String,
    /// What may be shown of its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What its registry says of it.
    pub registry: RegistryAnswer,
    /// Compared with what Quay or Red Hat hands out.
    pub token: TokenState,
    /// Whether the entry is good, as far as that can be told.
    pub ok: bool,
    /// What is wrong, and what is worth knowing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
}

/// Everything that was found out.
#[derive(Debug, Default, Serialize)]
pub struct Checks {
    /// One line for each entry, and for each that is missing.
    pub items: Vec<Check>,
    /// Clusters that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
}

/// What an entry is held against.
pub struct Reference<'a> {
    /// The registries with a login.
    pub logins: &'a [KnownRegistry<'a>],
    /// What Red Hat hands out to the account, where somebody is logged in.
    pub red_hat: Option<&'a Document>,
}

/// What brings Red Hat's entries.
fn from_ocm() -> Hint {
    hint::global("update --from-ocm").into()
}

/// Checks every entry of every cluster's secret, side by side. Each password goes to the
/// registry its key names, over https, and nowhere else.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
pub async fn verify(clusters: &Seen<Cluster>, by: &Reference<'_>) -> Result<Checks, Failure> {
    let seen = observe_all(clusters).await?;
    let seen = seen
        .in_each(async |view| Ok(check(&view, by).await))
        .await?;
    Ok(Checks {
        failures: seen.failures(),
        items: seen.reached.into_iter().flatten().collect(),
    })
}

async fn check(view: &SecretView<'_>, by: &Reference<'_>) -> Vec<Check> {
    let (context, observed) = (view.cluster.context(), &view.observed);
    let name = observed.name;
    if let Some(error) = observed.unreadable() {
        return vec![Check {
            message: format!("it cannot be read: {error}"),
            next: Some(hint::global("rollback").at(context).into()),
            ok: false,
            ..blank(context, name, "")
        }];
    }
    let mut checks = Vec::new();
    for (name, document) in observed.documents() {
        for (key, read) in document.entries() {
            checks.push(check_entry(blank(context, name, key), document, read, by));
        }
    }
    // Side by side, so that registries nobody reaches cost their time once.
    let mut items = join_all(checks).await;
    let keys = items.iter().map(|item| item.key.as_str());
    let missing = missing_red_hat(&observed.release, keys);
    items.extend(missing.into_iter().map(|wanted| Check {
        ok: false,
        message: format!("missing: {}", wanted.breaks),
        next: Some(from_ocm()),
        ..blank(context, GLOBAL_PULL_SECRET, wanted.key)
    }));
    for item in &mut items {
        item.next = item.next.take().map(|next| next.at(context));
    }
    items
}

fn blank(context: &str, name: SecretName, key: &str) -> Check {
    Check {
        context: context.to_owned(),
        secret: name.to_string(),
        key: key.to_owned(),
        account: String::new(),
        fingerprint: None,
        registry: RegistryAnswer::NotAsked,
        token: TokenState::NotCompared,
        ok: true,
        message: String::new(),
        next: None,
    }
}

async fn check_entry(
    mut check: Check,
    document: &Document,
    read: Result<Credential, EntryError>,
    by: &Reference<'_>,
) -> Check {
    match read {
        Ok(held) => check_credential(&mut check, document, &held, by).await,
        Err(error) => {
            check.ok = false;
            check.message = error.to_string();
            check.next = Some(match red_hat_entry(&check.key) {
                Some(_) => from_ocm(),
                None => hint::global("remove").arg(&check.key).into(),
            });
        }
    }
    check
}

async fn check_credential(
    check: &mut Check,
    document: &Document,
    held: &Credential,
    by: &Reference<'_>,
) {
    check.account.clone_from(&held.username);
    check.fingerprint = Some(held.fingerprint());
    let owner = owner_of(&check.key, by.logins);
    let login = owner.as_ref().ok().copied().flatten();
    if red_hat_entry(&check.key).is_some() {
        against_red_hat(check, document, held, by.red_hat);
    } else if let (Some(login), Ok(robot)) = (login, held.username.parse::<RobotName>()) {
        against_quay(check, held, login, &robot).await;
    } else if RobotName::is_robot(&held.username)
        && let Err(unclear) = owner
    {
        check.token = TokenState::Unknown;
        fail(check, &unclear.to_string());
        check.next = Some(clear_up(&unclear));
    }
    ask_registry(check, held, login).await;
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
        fail(check, "it has no email, by which Red Hat finds its account");
    }
    let Some(red_hat) = red_hat else { return };
    let mut entries = red_hat.entries().filter(|(key, _)| *key == check.key);
    let Some((_, Ok(wanted))) = entries.next() else {
        fail(
            check,
            "Red Hat does not hand out such an entry to this account",
        );
        return;
    };
    let same_password = wanted.password.expose_secret() == held.password.expose_secret();
    match wanted.username == held.username && same_password {
        true => check.token = TokenState::Current,
        false => {
            check.token = TokenState::Stale;
            let email = document.email(&check.key);
            let same_person = email.is_some() && email == red_hat.email(&check.key);
            fail(
                check,
                match wanted.username == held.username || same_person {
                    true => "Red Hat hands out another token to this account",
                    false => "it holds another account than the one logged in at Red Hat",
                },
            );
        }
    }
    let (ours, theirs) = (document.email(&check.key), red_hat.email(&check.key));
    if theirs.is_some() && ours != theirs {
        fail(check, "its email is not the account's");
    }
    if !check.ok {
        check.next = Some(from_ocm());
    }
}

async fn against_quay(
    check: &mut Check,
    held: &Credential,
    login: &KnownRegistry<'_>,
    robot: &RobotName,
) {
    match login.session.quay.robot(robot).await {
        Ok(found) if found.token.expose_secret() == held.password.expose_secret() => {
            check.token = TokenState::Current;
        }
        Ok(_) => {
            check.token = TokenState::Stale;
            fail(check, "Quay has another token for the robot");
            check.next = Some(hint::global("update").into());
        }
        Err(ApiError::NotFound) => fail(check, "Quay has no such robot"),
        Err(error) => note(check, &format!("its current token is not known: {error}")),
    }
}

async fn ask_registry(check: &mut Check, held: &Credential, login: Option<&KnownRegistry<'_>>) {
    let Some(host) = registry_of_key(&check.key).filter(|host| host.as_str() != NO_REGISTRY) else {
        return;
    };
    let answer = match login {
        Some(login) => {
            let registry = &login.session.registry;
            registry.probe(&held.username, &held.password, &[]).await
        }
        None => match Registry::connect(&Endpoint::of(host)) {
            Ok(registry) => registry.probe(&held.username, &held.password, &[]).await,
            Err(failure) => Err(failure),
        },
    };
    match answer {
        Ok(Probe::Accepted { .. }) => check.registry = RegistryAnswer::Accepted,
        Ok(Probe::Refused { reason }) => {
            check.registry = RegistryAnswer::Refused;
            fail(check, &format!("the registry refuses it: {reason}"));
        }
        Err(failure) => {
            check.registry = RegistryAnswer::without(&failure);
            note(check, failure.message());
        }
    }
}

fn fail(check: &mut Check, reason: &str) {
    check.ok = false;
    note(check, reason);
}

fn note(check: &mut Check, text: &str) {
    if !check.message.is_empty() {
        check.message.push_str("; ");
    }
    check.message.push_str(text);
}

impl Report for Checks {
    fn table(&self, wide: bool) -> Table {
        let contexts =
            ContextColumn::new(self.items.iter().map(|item| item.context.as_str()), wide);
        let mut headings = contexts.headings(&["KEY", "ACCOUNT", "REGISTRY", "TOKEN", "OK"]);
        if wide {
            headings.extend(["FINGERPRINT", "SECRET"]);
        }
        headings.push("DETAIL");
        let mut table = Table::new(headings);
        for item in &self.items {
            let mut row = contexts.cells(&item.context);
            row.extend([
                item.key.clone(),
                item.account.clone(),
                item.registry.to_string(),
                item.token.to_string(),
                if item.ok { "yes" } else { "no" }.to_owned(),
            ]);
            if wide {
                row.extend([shown(item.fingerprint.as_ref()), item.secret.clone()]);
            }
            row.push(detail([item.message.as_str()], item.next.as_ref()));
            table.row(row);
        }
        table
    }

    fn exit(&self) -> Exit {
        Exit::of(self.failures.is_empty() && self.items.iter().all(|item| item.ok))
    }

    fn nothing(&self) -> Option<String> {
        let nothing = "No global pull secret could be read.".to_owned();
        self.items.is_empty().then_some(nothing)
    }

    fn warnings(&self) -> Vec<String> {
        warnings(&self.failures)
    }

    fn only_failure(&self) -> Option<Failure> {
        only_failure(&self.failures).filter(|_| self.items.is_empty())
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("auth/{}", item.key))
            .collect()
    }
}
