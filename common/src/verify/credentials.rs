//! What one credential in one secret comes to.

use super::held::HeldCredential;
use super::proof::{Findings, Proof};
use crate::Failure;
use crate::credentials::clear_up;
use crate::dockerconfig::{registry_of_key, unused_at};
use crate::hint::{self, Hint};
use crate::judge::{Answers, RobotFacts, listed};
use crate::kubelet::matches_image;
use crate::names::{RegistryHost, RobotName};
use crate::pullsecret::{
    CurrentTokens, RegistryAnswer, RobotAnswer, RobotToken, TokenState, nodes_reason,
};
use crate::quay::{Grant, Role};
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
    /// What Quay says of the robot, and why it tells its token and not its roles.
    pub(super) facts: Option<&'a (RobotFacts, Option<Failure>)>,
    pub(super) used: Use,
}

/// Judges it.
pub(super) fn judge_credential(entry: &HeldCredential<'_>, known: &Known<'_>) -> Proof {
    let mut findings = Findings::default();
    let token = token_state(entry, known.wanted, &mut findings);
    let registry = registry_answer(entry, known, &mut findings);
    let is_key_used = is_key_used(entry, known.wanted, &mut findings);
    let (pullable, refused) = repositories(entry, known, registry, is_key_used, &mut findings);
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
            findings.problem(
                format!("the registry refuses the credential: {reason}"),
                None,
            );
            RegistryAnswer::Refused
        }
        Some(Err(failure)) => {
            findings.unknown(failure.message(), failure.next_step().cloned());
            RegistryAnswer::without(failure)
        }
    }
}

/// Whether kubelets use its key for any image of the registry.
fn is_key_used(
    entry: &HeldCredential<'_>,
    wanted: &CurrentTokens,
    findings: &mut Findings,
) -> bool {
    let hosts = match wanted.registry_of(entry.key) {
        Some(registry) => registry.names.hosts.clone(),
        None => registry_of_key(entry.key).into_iter().collect(),
    };
    let Some(unused) = unused_at(entry.key, &hosts) else {
        return true;
    };
    let sync = hint::pullsecret("sync -n")
        .arg(&entry.secret.namespace)
        .words("--robot")
        .arg(&entry.credential.username)
        .words("--secret-name")
        .arg(&entry.secret.name);
    findings.problem(
        format!("no pod pulls with its key `{}`: it {unused}", entry.key),
        Hint::from(sync.at(entry.view.context())),
    );
    false
}

/// The repositories that it is there for, and may pull, or not: those that pods pull with it,
/// and the robot's own.
fn repositories(
    entry: &HeldCredential<'_>,
    known: &Known<'_>,
    registry: RegistryAnswer,
    is_key_used: bool,
    findings: &mut Findings,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut used = known.used.clone();
    let is_accepted = registry == RegistryAnswer::Accepted;
    match known.facts {
        Some((facts, why)) => match &facts.roles {
            Some(roles) => {
                let own = own_repositories(entry, known.wanted, roles);
                if let Some(Ok(Rights::Pullable(names))) = rights(entry, known) {
                    used.pulled.extend(own.intersection(names).cloned());
                    used.denied.extend(own.difference(names).cloned());
                }
                let exists = !matches!(facts.token, RobotToken::NoSuchRobot);
                roles_say(
                    entry,
                    roles,
                    exists,
                    is_key_used && own.is_empty(),
                    findings,
                );
            }
            None => {
                if let Some(why) = why {
                    findings.unknown(
                        format!("the robot's roles are unknown ({})", why.message()),
                        Hint::from(hint::robot("whoami")),
                    );
                }
            }
        },
        None if is_accepted && !used.is_used => {
            let host = entry.asker.as_ref().map(|asker| asker.at.to_string());
            findings.unknown(
                "what the credential can pull is unknown, because no pod pulls with it and you \
                 are not logged in",
                Hint::from(hint::robot("login --registry").arg(host.unwrap_or_default())),
            );
        }
        None => {}
    }
    if !is_accepted {
        return (BTreeSet::new(), BTreeSet::new());
    }
    if !used.denied.is_empty() {
        let names: Vec<String> = used.denied.iter().cloned().collect();
        let next = names.first().and_then(|name| grant(entry, Some(name)));
        findings.problem(
            format!("the credential has no right to pull {}", listed(&names)),
            next,
        );
    }
    (used.pulled, used.denied)
}

/// The repositories that the robot has a role on, and that kubelets use the entry's key for.
fn own_repositories(
    entry: &HeldCredential<'_>,
    wanted: &CurrentTokens,
    roles: &[Grant],
) -> BTreeSet<String> {
    let names = roles.iter().map(|grant| grant.repository.clone());
    names
        .filter(|repository| is_for(entry, wanted, repository))
        .collect()
}

/// What follows from the robot's roles alone; `nothing_fits` is whether its key is for other
/// repositories than those.
fn roles_say(
    entry: &HeldCredential<'_>,
    roles: &[Grant],
    exists: bool,
    nothing_fits: bool,
    findings: &mut Findings,
) {
    if roles.is_empty() && exists {
        let next = grant(entry, None);
        findings.problem("the robot has no role on any repository", next);
    } else if nothing_fits && !roles.is_empty() {
        let key = entry.key;
        findings.problem(
            format!("the key `{key}` matches no image of the robot's repositories"),
            None,
        );
    }
    let beyond = roles.iter().filter(|grant| grant.role != Role::Read);
    let beyond: Vec<String> = beyond
        .map(|grant| format!("{} on {}", grant.role.as_str(), grant.repository))
        .collect();
    if !beyond.is_empty() {
        findings.note(format!(
            "the robot has more rights than pulling needs: {}",
            beyond.join(", ")
        ));
    }
}

fn rights<'a>(
    entry: &HeldCredential<'_>,
    known: &Known<'a>,
) -> Option<&'a Result<Rights, Failure>> {
    known.answers.rights.get(entry.asker.as_ref().ok()?)
}

/// What gives the robot the repository (`org/name`), or one that is to be chosen; nothing gives
/// it another organization's.
fn grant(entry: &HeldCredential<'_>, repository: Option<&str>) -> Option<Hint> {
    let robot: RobotName = entry.credential.username.parse().ok()?;
    let grant = hint::robot("grant").arg(&robot);
    Some(match repository {
        Some(repository) => {
            let own = repository.strip_prefix(&format!("{}/", robot.namespace()))?;
            grant.arg(own).into()
        }
        None => grant.words("REPOSITORY").into(),
    })
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
            findings.problem(
                "the secret does not hold the robot's current token",
                repair(),
            );
            TokenState::Stale
        }
        RobotAnswer::Bridge(bridge, _) if bridge.token.as_ref().is_some_and(is) => {
            TokenState::Bridged
        }
        RobotAnswer::Bridge(bridge, _) => {
            findings.problem(
                format!(
                    "the entry holds a bridge of {} that no longer exists",
                    bridge.robot
                ),
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
                format!("the robot's current token and its roles are unknown ({reason})"),
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

/// Whether the kubelet would use the key for the repository's images.
fn is_for(entry: &HeldCredential<'_>, wanted: &CurrentTokens, repository: &str) -> bool {
    let Some(registry) = wanted.registry_of(entry.key) else {
        return true;
    };
    let matches = |host: &RegistryHost| {
        let image = format!("{host}/{repository}").parse();
        image.is_ok_and(|image| matches_image(entry.key, &image))
    };
    registry.names.hosts.iter().any(matches)
}
