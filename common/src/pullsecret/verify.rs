//! Proves what credentials are worth: still the robot's, accepted by the registry, good for pulling.

use super::current_tokens::{CurrentTokens, RobotAnswer, RobotToken};
use super::logins::KnownRegistry;
use super::plan::nodes_reason;
use super::proof::{Proof, Proofs, RegistryAnswer, TokenState};
use super::view::ClusterView;
use crate::Failure;
use crate::credentials::clear_up;
use crate::dockerconfig::{Credential, EntryError, owner_of, registry_of_key};
use crate::hint::{self, Hint, edit_secret};
use crate::kubelet::{Fault, matches_image};
use crate::names::{RegistryHost, RobotName};
use crate::progress::Progress;
use crate::quay::{Grant, Role};
use crate::registry::{Probe, Registry};
use crate::web::Endpoint;
use futures::stream::{self, StreamExt};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Credentials asked about at once. A registry limits requests for each credential, not in all.
const AT_ONCE: usize = 8;

/// One credential in one secret.
struct HeldCredential<'a> {
    view: &'a ClusterView<'a>,
    namespace: &'a str,
    secret: &'a str,
    key: &'a str,
    credential: Credential,
}

/// What is asked once, however many secrets hold the credential.
#[derive(Default)]
struct Question {
    /// Of all secrets that hold the credential.
    repositories: BTreeSet<String>,
    /// Whether those are the robot's own, rather than what pods use.
    by_role: bool,
    roles: Vec<Grant>,
    note: Option<String>,
}

/// A credential at a registry; the password only ever leaves it towards that registry.
type Identity = (String, String, String);

/// Verifies every robot's credential in the views. Registries with a login are asked
/// about the robot's own repositories, the others about the images that `pods` use.
/// `other` gives the connection to a registry without a login.
pub async fn verify(
    views: &[ClusterView<'_>],
    logins: &[KnownRegistry<'_>],
    wanted: &CurrentTokens,
    other: impl Fn(Endpoint) -> Endpoint,
    progress: &dyn Progress,
) -> Proofs {
    let mut proofs = Proofs::default();
    let mut found = Vec::new();
    for view in views {
        collect(view, wanted, &mut found, &mut proofs);
    }
    let questions = questions(&found, logins).await;
    progress.begin("asking the registries", questions.len());
    let answers: HashMap<Identity, (Question, Result<Probe, Failure>)> = stream::iter(questions)
        .map(|(identity, question)| {
            let other = &other;
            async move {
                let answer = ask(&identity, &question, logins, other).await;
                progress.advance();
                (identity, (question, answer))
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    progress.end();
    for entry in &found {
        if let Some((question, answer)) = answers.get(&identity(entry, logins)) {
            let in_use = images_in_use(entry).collect();
            proofs
                .items
                .push(proof(entry, wanted, question, &in_use, answer));
        }
    }
    proofs.items.sort_by(|a, b| {
        (&a.context, &a.namespace, &a.secret, &a.key).cmp(&(
            &b.context,
            &b.namespace,
            &b.secret,
            &b.key,
        ))
    });
    proofs
}

fn collect<'a>(
    view: &'a ClusterView<'a>,
    wanted: &CurrentTokens,
    found: &mut Vec<HeldCredential<'a>>,
    proofs: &mut Proofs,
) {
    for secret in &view.observed.secrets {
        let broken = |key: &str, reason: String| Proof {
            next: Some(
                edit_secret(&secret.namespace, &secret.name)
                    .at(view.context())
                    .into(),
            ),
            message: format!("{reason}: pods that use this secret cannot pull anything"),
            ..Proof::blank(view.context(), &secret.namespace, &secret.name, key)
        };
        let document = match &secret.document {
            Ok(document) => document,
            Err(error) => {
                proofs.items.push(broken("", error.to_string()));
                continue;
            }
        };
        // One such entry makes the kubelet refuse all of a pod's secrets.
        match document.fault() {
            Some(Fault::Content(fault)) => proofs.items.push(broken("", fault.to_string())),
            Some(Fault::Entry(key, fault)) => proofs.items.push(broken(&key, fault.to_string())),
            None => {}
        }
        for (key, read) in document.entries() {
            match read {
                Ok(credential) if !RobotName::is_robot(&credential.username) => {}
                Ok(credential)
                    if matches!(
                        wanted.known(key, &credential.username),
                        RobotAnswer::NotAsked
                    ) => {}
                Ok(credential) => found.push(HeldCredential {
                    view,
                    namespace: &secret.namespace,
                    secret: &secret.name,
                    key,
                    credential,
                }),
                Err(EntryError::Empty | EntryError::Broken(_)) => {}
            }
        }
    }
}

fn login_of<'a, 'b>(key: &str, logins: &'a [KnownRegistry<'b>]) -> Option<&'a KnownRegistry<'b>> {
    owner_of(key, logins).ok().flatten()
}

fn identity(entry: &HeldCredential<'_>, logins: &[KnownRegistry<'_>]) -> Identity {
    let registry = match login_of(entry.key, logins) {
        Some(login) => login.session.endpoint.registry.to_string(),
        None => registry_of_key(entry.key)
            .map(String::from)
            .unwrap_or_default(),
    };
    let password = entry.credential.password.expose_secret().to_owned();
    (registry, entry.credential.username.clone(), password)
}

async fn questions(
    found: &[HeldCredential<'_>],
    logins: &[KnownRegistry<'_>],
) -> HashMap<Identity, Question> {
    let mut grants: BTreeMap<(&RegistryHost, String), Result<Vec<Grant>, String>> = BTreeMap::new();
    let mut questions: HashMap<Identity, Question> = HashMap::new();
    for entry in found {
        let question = questions.entry(identity(entry, logins)).or_default();
        let login = login_of(entry.key, logins);
        if let (Some(login), Ok(robot)) = (login, entry.credential.username.parse::<RobotName>()) {
            let registry = &login.session.endpoint.registry;
            let known = match grants.entry((registry, robot.to_string())) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(empty) => {
                    let asked = login.session.quay.grants(&robot).await;
                    empty.insert(asked.map_err(|error| error.to_string()))
                }
            };
            match known {
                Ok(known) => {
                    question
                        .repositories
                        .extend(known.iter().map(|grant| grant.repository.clone()));
                    question.roles = known.clone();
                    question.by_role = true;
                    continue;
                }
                Err(error) => question.note = Some(format!("its roles are not known ({error})")),
            }
        }
        question.repositories.extend(images_in_use(entry));
    }
    questions
}

/// The repositories that pods in the entry's namespace pull with this key, as the kubelet matches them.
fn images_in_use<'a>(entry: &'a HeldCredential<'_>) -> impl Iterator<Item = String> + use<'a> {
    let pods = entry.view.pods.iter();
    pods.filter(|pod| {
        pod.namespace == entry.namespace && pod.pull_secrets.iter().any(|name| name == entry.secret)
    })
    .flat_map(|pod| &pod.images)
    .filter(|image| matches_image(entry.key, image))
    .map(|image| image.repository().to_owned())
}

async fn ask(
    (registry, username, password): &Identity,
    question: &Question,
    logins: &[KnownRegistry<'_>],
    other: impl Fn(Endpoint) -> Endpoint,
) -> Result<Probe, Failure> {
    let password = secrecy::SecretString::from(password.as_str());
    let repositories: Vec<String> = question.repositories.iter().cloned().collect();
    let login = logins
        .iter()
        .find(|login| login.session.endpoint.registry.as_str() == registry);
    match login {
        Some(login) => {
            login
                .session
                .registry
                .probe(username, &password, &repositories)
                .await
        }
        None => {
            let host = registry
                .parse()
                .map_err(|_| Failure::new("its key names no single registry"))?;
            let connection = Registry::connect(&other(Endpoint::of(host)))?;
            connection.probe(username, &password, &repositories).await
        }
    }
}

/// What one secret's entry comes to; `in_use` are the repositories that pods pull with it.
fn proof(
    entry: &HeldCredential<'_>,
    wanted: &CurrentTokens,
    question: &Question,
    in_use: &BTreeSet<String>,
    answer: &Result<Probe, Failure>,
) -> Proof {
    let mut problems = Vec::new();
    let mut notes: Vec<String> = question.note.iter().cloned().collect();
    let (token, next) = token_state(entry, wanted, &mut problems);
    // Without roles, another namespace's images are none of this secret's business.
    let counts = |repository: &&String| question.by_role || in_use.contains(*repository);
    let (registry, pullable, refused) = match answer {
        Ok(Probe::Accepted {
            pullable, refused, ..
        }) => {
            let pullable: Vec<String> = pullable.iter().filter(counts).cloned().collect();
            let refused: Vec<String> = refused.iter().filter(counts).cloned().collect();
            if !refused.is_empty() {
                problems.push(format!("it may not pull {}", refused.join(", ")));
            }
            (RegistryAnswer::Accepted, pullable, refused)
        }
        Ok(Probe::Refused { reason }) => {
            problems.push(format!("the registry refuses it: {reason}"));
            (RegistryAnswer::Refused, Vec::new(), Vec::new())
        }
        Err(failure) => {
            problems.push(failure.message().to_owned());
            (RegistryAnswer::without(failure), Vec::new(), Vec::new())
        }
    };
    if question.by_role && question.repositories.is_empty() {
        notes.push("the robot has no role on any repository".to_owned());
    } else if question.by_role && !fits(entry.key, wanted, &question.repositories) {
        problems.push(format!(
            "no image of the robot's repositories matches the key `{}`",
            entry.key
        ));
    }
    let beyond: Vec<String> = question
        .roles
        .iter()
        .filter(|grant| grant.role != Role::Read)
        .map(|grant| format!("{} on {}", grant.role.as_str(), grant.repository))
        .collect();
    if !beyond.is_empty() {
        notes.push(format!("more than pulling needs: {}", beyond.join(", ")));
    }
    Proof {
        account: entry.credential.username.clone(),
        fingerprint: Some(entry.credential.fingerprint()),
        token,
        registry,
        pullable,
        refused,
        ok: problems.is_empty(),
        message: problems
            .into_iter()
            .chain(notes)
            .collect::<Vec<_>>()
            .join("; "),
        next,
        ..Proof::blank(
            entry.view.context(),
            entry.namespace,
            entry.secret,
            entry.key,
        )
    }
}

/// Whether the entry holds the robot's current token, and what to do if not.
fn token_state(
    entry: &HeldCredential<'_>,
    wanted: &CurrentTokens,
    problems: &mut Vec<String>,
) -> (TokenState, Option<Hint>) {
    let namespace = entry.namespace;
    let context = entry.view.context();
    let nodes = nodes_reason(namespace, entry.secret).is_some();
    let repair = || match nodes {
        true => Hint::from(hint::global("update").at(context)),
        false => hint::pullsecret("sync -n")
            .arg(namespace)
            .at(context)
            .into(),
    };
    match wanted.known(entry.key, &entry.credential.username) {
        RobotAnswer::Robot(_, RobotToken::Current(token))
            if token.expose_secret() == entry.credential.password.expose_secret() =>
        {
            (TokenState::Current, None)
        }
        RobotAnswer::Robot(_, RobotToken::Current(_)) => {
            problems.push("it is not the robot's current token".to_owned());
            (TokenState::Stale, Some(repair()))
        }
        RobotAnswer::Bridge(bridge, _)
            if bridge.token.as_ref().is_some_and(|token| {
                token.expose_secret() == entry.credential.password.expose_secret()
            }) =>
        {
            (TokenState::Bridged, None)
        }
        RobotAnswer::Bridge(bridge, _) => {
            problems.push(format!("it is a bridge of {} that is gone", bridge.robot));
            (TokenState::Stale, Some(repair()))
        }
        RobotAnswer::Robot(robot, RobotToken::NoSuchRobot) => {
            problems.push("the robot does not exist in Quay".to_owned());
            let remove = match nodes {
                true => hint::global("remove").arg(entry.key),
                false => hint::pullsecret("delete --robot")
                    .arg(robot)
                    .words("-n")
                    .arg(namespace),
            };
            (TokenState::Stale, Some(remove.at(context).into()))
        }
        RobotAnswer::Robot(_, RobotToken::Unreadable(reason)) => {
            problems.push(format!("its current token is not known ({reason})"));
            (TokenState::Unknown, Some(hint::robot("whoami").into()))
        }
        RobotAnswer::Unclear(owner) => {
            problems.push(owner.to_string());
            (TokenState::Unknown, Some(clear_up(&owner)))
        }
        RobotAnswer::NoLogin | RobotAnswer::NotAsked => (TokenState::Unknown, None),
    }
}

/// Whether the kubelet would use the key for any of the repositories.
fn fits(key: &str, wanted: &CurrentTokens, repositories: &BTreeSet<String>) -> bool {
    let Some(registry) = wanted.registry_of(key) else {
        return true;
    };
    repositories.iter().any(|repository| {
        registry.names.hosts.iter().any(|host| {
            let image = format!("{host}/{repository}").parse();
            image.is_ok_and(|image| matches_image(key, &image))
        })
    })
}
