//! What one credential in one secret comes to.

use super::held::HeldCredential;
use super::proof::{Findings, Proof};
use crate::Failure;
use crate::credentials::clear_up;
use crate::dockerconfig::{is_served, registry_of_key};
use crate::hint::{self, Hint};
use crate::judge::{Answers, RobotFacts, listed};
use crate::kubelet::matches_image;
use crate::names::{RegistryHost, RobotName};
use crate::pullsecret::{
    CurrentTokens, RegistryAnswer, RobotAnswer, RobotToken, TokenState, nodes_reason,
};
use crate::quay::Role;
use crate::registry::Rights;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

/// What pods pull with one entry.
#[derive(Debug, Default, Clone)]
pub(super) struct Use {
    /// Repositories that the registry hands out to it.
    pub(super) pulled: BTreeSet<String>,
    /// Repositories that it does not, nor to anything else that their pods have.
    pub(super) denied: BTreeSet<String>,
    /// Whether a pod pulls anything with it.
    pub(super) is_used: bool,
}

/// Everything that is known of one credential.
pub(super) struct Known<'a> {
    pub(super) wanted: &'a CurrentTokens,
    pub(super) answers: &'a Answers,
    /// What Quay says of the robot, and why it does not tell its roles.
    pub(super) facts: Option<&'a (RobotFacts, Option<Failure>)>,
    pub(super) used: Use,
}

/// Judges it.
pub(super) fn judge_credential(entry: &HeldCredential<'_>, known: &Known<'_>) -> Proof {
    let mut findings = Findings::default();
    let token = token_state(entry, known.wanted, &mut findings);
    let registry = registry_answer(entry, known, &mut findings);
    key(entry, known.wanted, &mut findings);
    let (pullable, refused) = repositories(entry, known, registry, &mut findings);
    let proof = Proof {
        key: entry.key.to_owned(),
        account: entry.credential.username.clone(),
        fingerprint: Some(entry.credential.fingerprint()),
        token,
        registry,
        pullable: pullable.into_iter().collect(),
        refused: refused.into_iter().collect(),
        has_login: entry.registry.is_some(),
        ..Proof::of_secret(
            entry.view.context(),
            &entry.secret.namespace,
            &entry.secret.name,
        )
    };
    findings.into_proof(proof)
}

/// What the registry says of the credential itself.
fn registry_answer(
    entry: &HeldCredential<'_>,
    known: &Known<'_>,
    findings: &mut Findings,
) -> RegistryAnswer {
    let asker = match &entry.asker {
        Ok(asker) => asker,
        Err(reason) => {
            let told = known.wanted.known(entry.key, &entry.credential.username);
            if !matches!(told, RobotAnswer::Unclear(_)) {
                findings.unknown(reason, None);
            }
            return RegistryAnswer::NotAsked;
        }
    };
    match known.answers.rights.get(asker) {
        None => RegistryAnswer::NotAsked,
        Some(Ok(Rights::Pullable(_) | Rights::Untold)) => RegistryAnswer::Accepted,
        Some(Ok(Rights::Refused(reason))) => {
            findings.problem(format!("the registry refuses it: {reason}"), None);
            RegistryAnswer::Refused
        }
        Some(Err(failure)) => {
            findings.unknown(failure.message(), failure.next_step().cloned());
            RegistryAnswer::without(failure)
        }
    }
}

/// A key that no kubelet uses for any image.
fn key(entry: &HeldCredential<'_>, wanted: &CurrentTokens, findings: &mut Findings) {
    let hosts = match wanted.registry_of(entry.key) {
        Some(registry) => registry.names.hosts.clone(),
        None => registry_of_key(entry.key).into_iter().collect(),
    };
    let Some(host) = hosts.first() else { return };
    if is_served(entry.key, &hosts) {
        return;
    }
    let sync = hint::pullsecret("sync -n")
        .arg(&entry.secret.namespace)
        .words("--robot")
        .arg(&entry.credential.username)
        .words("--secret-name")
        .arg(&entry.secret.name);
    findings.problem(
        format!(
            "no kubelet uses the key `{}` for images at {host}",
            entry.key
        ),
        Hint::from(sync.at(entry.view.context())),
    );
}

/// The repositories that it is there for, and may pull, or not.
fn repositories(
    entry: &HeldCredential<'_>,
    known: &Known<'_>,
    registry: RegistryAnswer,
    findings: &mut Findings,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let Use {
        mut pulled,
        mut denied,
        is_used,
    } = known.used.clone();
    let robot = entry.credential.username.parse::<RobotName>().ok();
    let accepted = registry == RegistryAnswer::Accepted;
    match known.facts {
        Some((facts, why)) => match &facts.roles {
            Some(roles) => {
                let own: BTreeSet<String> =
                    roles.iter().map(|grant| grant.repository.clone()).collect();
                if own.is_empty() && !matches!(facts.token, RobotToken::NoSuchRobot) {
                    let grant = robot.as_ref().map(|robot| grant(robot, None));
                    findings.problem("the robot has no role on any repository", grant);
                } else if !own.is_empty() && !fits(entry, known.wanted, &own) {
                    findings.problem(
                        format!(
                            "no image of the robot's repositories matches the key `{}`",
                            entry.key
                        ),
                        None,
                    );
                }
                if let Some(Ok(Rights::Pullable(names))) = rights(entry, known) {
                    pulled.extend(own.intersection(names).cloned());
                    denied.extend(own.difference(names).cloned());
                }
                let beyond = roles.iter().filter(|grant| grant.role != Role::Read);
                let beyond: Vec<String> = beyond
                    .map(|grant| format!("{} on {}", grant.role.as_str(), grant.repository))
                    .collect();
                if !beyond.is_empty() {
                    findings.note(format!("more than pulling needs: {}", beyond.join(", ")));
                }
            }
            None => {
                let why = why.as_ref().map_or("", Failure::message);
                findings.unknown(
                    format!("its roles are not known ({why})"),
                    Hint::from(hint::robot("whoami")),
                );
            }
        },
        None if accepted && !is_used => {
            let host = entry.asker.as_ref().map(|asker| asker.at.to_string());
            findings.unknown(
                "what it may pull is not known: no pod pulls with it, and nobody is signed in",
                Hint::from(hint::robot("login --registry").arg(host.unwrap_or_default())),
            );
        }
        None => {}
    }
    if accepted && !denied.is_empty() {
        let names: Vec<String> = denied.iter().cloned().collect();
        let first = robot.as_ref().zip(names.first());
        let grant = first.and_then(|(robot, name)| {
            let own = name.strip_prefix(&format!("{}/", robot.namespace()))?;
            Some(grant(robot, Some(own)))
        });
        findings.problem(format!("it may not pull {}", listed(&names)), grant);
    }
    match accepted {
        true => (pulled, denied),
        false => (BTreeSet::new(), BTreeSet::new()),
    }
}

fn rights<'a>(
    entry: &HeldCredential<'_>,
    known: &Known<'a>,
) -> Option<&'a Result<Rights, Failure>> {
    known.answers.rights.get(entry.asker.as_ref().ok()?)
}

fn grant(robot: &RobotName, repository: Option<&str>) -> Hint {
    let grant = hint::robot("grant").arg(robot);
    match repository {
        Some(repository) => grant.arg(repository).into(),
        None => grant.words("REPOSITORY").into(),
    }
}

/// Whether the entry holds the robot's current token, and what to do if not.
fn token_state(
    entry: &HeldCredential<'_>,
    wanted: &CurrentTokens,
    findings: &mut Findings,
) -> TokenState {
    let namespace = &entry.secret.namespace;
    let context = entry.view.context();
    let nodes = nodes_reason(namespace, &entry.secret.name).is_some();
    let is = |token: &secrecy::SecretString| {
        token.expose_secret() == entry.credential.password.expose_secret()
    };
    let repair = || match nodes {
        true => Hint::from(hint::global("update").at(context)),
        false => hint::pullsecret("sync -n")
            .arg(namespace)
            .at(context)
            .into(),
    };
    match wanted.known(entry.key, &entry.credential.username) {
        RobotAnswer::Robot(_, RobotToken::Current(token)) if is(token) => TokenState::Current,
        RobotAnswer::Robot(_, RobotToken::Current(_)) => {
            findings.problem("it is not the robot's current token", repair());
            TokenState::Stale
        }
        RobotAnswer::Bridge(bridge, _) if bridge.token.as_ref().is_some_and(is) => {
            TokenState::Bridged
        }
        RobotAnswer::Bridge(bridge, _) => {
            findings.problem(
                format!("it is a bridge of {} that is gone", bridge.robot),
                repair(),
            );
            TokenState::Stale
        }
        RobotAnswer::Robot(robot, RobotToken::NoSuchRobot) => {
            let remove = match nodes {
                true => hint::global("remove").arg(entry.key),
                false => hint::pullsecret("delete --robot")
                    .arg(robot)
                    .words("-n")
                    .arg(namespace),
            };
            findings.problem(
                "the robot does not exist in Quay",
                Hint::from(remove.at(context)),
            );
            TokenState::Stale
        }
        RobotAnswer::Robot(_, RobotToken::Unreadable(reason)) => {
            findings.unknown(
                format!("its current token is not known ({reason})"),
                Hint::from(hint::robot("whoami")),
            );
            TokenState::Unknown
        }
        RobotAnswer::Unclear(owner) => {
            findings.unknown(owner.to_string(), clear_up(&owner));
            TokenState::Unknown
        }
        RobotAnswer::NoLogin | RobotAnswer::NotAsked => TokenState::Unknown,
    }
}

/// Whether the kubelet would use the key for any of the repositories.
fn fits(
    entry: &HeldCredential<'_>,
    wanted: &CurrentTokens,
    repositories: &BTreeSet<String>,
) -> bool {
    let Some(registry) = wanted.registry_of(entry.key) else {
        return true;
    };
    let matches = |host: &RegistryHost, repository: &String| {
        let image = format!("{host}/{repository}").parse();
        image.is_ok_and(|image| matches_image(entry.key, &image))
    };
    let mut repositories = repositories.iter();
    repositories.any(|repository| {
        let mut hosts = registry.names.hosts.iter();
        hosts.any(|host| matches(host, repository))
    })
}
