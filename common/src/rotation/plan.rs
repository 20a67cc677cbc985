//! Whether a rotation may begin, and what it will touch. No I/O.

use super::fleet::Subject;
use super::ledger::Strategy;
use super::observe::{ClusterState, Observed, StandingBridge};
use super::options::Options;
use super::stage::{Stage, stage};
use super::task::Task;
use crate::Failure;
use crate::credentials::Fingerprint;
use crate::dockerconfig::Credential;
use crate::global::Topology;
use crate::pullsecret::{PullSecret, Redirect, plan_redirect};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Serialize;

/// For so long the same command is taken to mean the rotation that was not finished.
const LAST_WORDS: SignedDuration = SignedDuration::from_hours(1);

/// What is going to happen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What is left to do.
    #[serde(skip)]
    pub stage: Stage,
    /// Every credential that is replaced.
    pub targets: Vec<Target>,
    /// Every secret that keeps a credential that dies.
    pub left_behind: Vec<LeftBehind>,
    /// Contexts whose clusters do not answer, left out because the user said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// What keeps the rotation from beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
}

/// One credential in one secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The cluster, by the name of its context.
    pub context: String,
    /// The namespace.
    pub namespace: String,
    /// The secret.
    pub secret: String,
    /// The `auths` key.
    pub key: String,
    /// The robot or its bridge.
    pub account: String,
    /// What may be shown of the password.
    pub fingerprint: Fingerprint,
}

/// A secret that keeps a credential that dies, as the user accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftBehind {
    /// The cluster, by the name of its context.
    pub context: String,
    /// The namespace.
    pub namespace: String,
    /// The secret.
    pub secret: String,
    /// Why it cannot be written.
    pub reason: String,
    /// Where to change it.
    pub remedy: String,
}

/// One reason not to begin, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

impl Plan {
    /// Everything that keeps the rotation from beginning, as one failure.
    ///
    /// # Errors
    /// That failure, if there is any reason.
    pub fn check(&self, robot: &crate::quay::RobotName) -> Result<(), Failure> {
        let Some(first) = self.refusals.first() else {
            return Ok(());
        };
        if self.refusals.len() == 1 {
            let message = format!(
                "{robot} is not rotated, nothing was changed: {}",
                first.reason
            );
            return Err(Failure::new(message).next(&first.remedy));
        }
        let lines: Vec<String> = self
            .refusals
            .iter()
            .map(|refusal| format!("\n  - {}; {}", refusal.reason, refusal.remedy))
            .collect();
        Err(Failure::new(format!(
            "{robot} is not rotated, nothing was changed:{}",
            lines.concat()
        )))
    }
}

/// Plans the rotation from what was observed.
pub fn plan(observed: &Observed<'_>, task: &Task<'_>, now: Timestamp) -> Plan {
    let (options, strategy) = (&task.options, task.strategy);
    let fingerprint = observed.fingerprint();
    let mark = match &observed.bridge {
        StandingBridge::Ours(mark) => Some(mark),
        StandingBridge::None | StandingBridge::Foreign => None,
    };
    let stage = match (
        stage(&fingerprint, mark, observed.record.as_ref()),
        strategy,
    ) {
        // What the other strategy left open is done by this one as well.
        (Stage::Removed, Strategy::InPlace) | (Stage::Distributing, Strategy::Bridge) => {
            Stage::NotBegun
        }
        (Stage::Removed | Stage::Distributing, _) if is_settled(observed, now) => Stage::NotBegun,
        (stage, _) => stage,
    };
    let mut plan = Plan {
        stage,
        targets: Vec::new(),
        left_behind: Vec::new(),
        skipped: Vec::new(),
        refusals: Vec::new(),
    };
    if task.abort {
        refuse_abort(&observed.subject, &mut plan);
    }
    refuse_by_quay(observed, options, strategy, &mut plan);
    for (context, state) in &observed.clusters {
        match state {
            Ok(state) => plan_cluster(state, observed, options, &mut plan),
            // Once the token is dead, every secret that can be reached has to be.
            Err(_)
                if options.skip_unreachable.contains(context)
                    || plan.stage == Stage::Distributing =>
            {
                plan.skipped.push(context.clone());
            }
            Err(failure) => plan.refuse(
                format!("{failure}"),
                match failure.next_step() {
                    Some(next) => {
                        format!("{next}; or leave the cluster out: --skip-unreachable {context}")
                    }
                    None => format!("or leave the cluster out: --skip-unreachable {context}"),
                },
            ),
        }
    }
    plan
}

/// Whether an earlier rotation that only missed its last words is long past, and every
/// secret right: then this run is asked for a new one.
fn is_settled(observed: &Observed<'_>, now: Timestamp) -> bool {
    let last = observed
        .record
        .as_ref()
        .and_then(|record| record.entries.last());
    let past = last.is_none_or(|entry| now.duration_since(entry.at) > LAST_WORDS);
    let current = observed.fingerprint();
    let subject = &observed.subject;
    let stale = |state: &ClusterState<'_>| {
        let secrets = state.holders.inside.iter();
        secrets
            .flat_map(|secret| subject.entries(secret))
            .any(|(_, found)| subject.is_ours(&found.username) && found.fingerprint() != current)
    };
    past && !observed.reached().any(stale)
}

/// Once the token is replaced only forward is safe.
fn refuse_abort(subject: &Subject, plan: &mut Plan) {
    let Subject { robot, bridge, .. } = subject;
    match plan.stage {
        Stage::Crossing(_) => {}
        Stage::Returning(_) => plan.refuse(
            format!("the token of {robot} was replaced already, so there is no way back"),
            "finish the rotation: run the command without --abort".to_owned(),
        ),
        Stage::NotBegun | Stage::Removed | Stage::Distributing => plan.refuse(
            format!("{bridge} does not stand, so there is nothing to abort"),
            "kubectl quay-pullsecret verify -A tells how things are".to_owned(),
        ),
    }
}

fn refuse_by_quay(observed: &Observed<'_>, options: &Options, strategy: Strategy, plan: &mut Plan) {
    let Subject { robot, bridge, .. } = &observed.subject;
    if observed.is_bridge {
        plan.refuse(
            format!("{robot} is itself the bridge of a rotation"),
            "rotate the robot it stands in for".to_owned(),
        );
    }
    match &observed.bridge {
        StandingBridge::Foreign if strategy == Strategy::InPlace => {}
        StandingBridge::Foreign => plan.refuse(
            format!(
                "a robot {bridge} exists that no rotation made, and a bridge would be named so"
            ),
            format!("rename or delete {bridge}, or rotate with --in-place"),
        ),
        StandingBridge::Ours(mark) => {
            let known = observed
                .record
                .as_ref()
                .is_some_and(|record| record.rotation == mark.rotation);
            if strategy == Strategy::InPlace {
                plan.refuse(
                    format!("a rotation of {robot} is under way: its bridge {bridge} stands"),
                    "finish it: run the command without --in-place".to_owned(),
                );
            } else if !known && !options.take_over {
                plan.refuse(
                    format!(
                        "the bridge {bridge} of somebody else's rotation stands (rotation {}, which \
                         this machine's ledger does not know)",
                        mark.rotation
                    ),
                    "let them finish; if nobody works on it any more, pass --take-over".to_owned(),
                );
            }
        }
        StandingBridge::None => {}
    }
}

fn plan_cluster(
    state: &ClusterState<'_>,
    observed: &Observed<'_>,
    options: &Options,
    plan: &mut Plan,
) {
    let context = state.member.cluster.context();
    let subject = &observed.subject;
    for secret in &state.holders.inside {
        plan_secret(secret, state, observed, options, plan);
    }
    for secret in &state.holders.global {
        if options.global {
            plan_secret(secret, state, observed, options, plan);
        } else {
            plan.refuse(
                format!(
                    "{}/{}, which the nodes of {context} pull with, holds {}",
                    secret.namespace, secret.name, subject.robot
                ),
                "include it with --global".to_owned(),
            );
        }
    }
    if !state.holders.global.is_empty() && options.global {
        plan_nodes(state, options, plan);
    }
    let outside = state.holders.outside.iter();
    let outside: Vec<String> = outside
        .map(|secret| format!("{}/{}", secret.namespace, secret.name))
        .collect();
    if !outside.is_empty() {
        plan.refuse(
            format!(
                "{} is also held outside the chosen namespaces of {context}: {}",
                subject.robot,
                some_of(&outside)
            ),
            "include those namespaces, or state with --scope-is-complete that they may break"
                .to_owned(),
        );
    }
    if !state.unwritable.is_empty() {
        plan.refuse(
            format!(
                "you may not patch secrets in {} of {context}",
                some_of(&state.unwritable)
            ),
            format!(
                "ask for that right, then check with: kubectl --context {context} -n {} auth can-i \
                 patch secrets",
                state.unwritable[0]
            ),
        );
    }
}

fn plan_secret(
    secret: &PullSecret,
    state: &ClusterState<'_>,
    observed: &Observed<'_>,
    options: &Options,
    plan: &mut Plan,
) {
    let subject = &observed.subject;
    let context = state.member.cluster.context();
    if observed.bridge == StandingBridge::None && subject.holds_a_stranger(secret) {
        let (namespace, name) = (&secret.namespace, &secret.name);
        plan.refuse(
            format!(
                "secret {namespace}/{name} of {context} holds {}, a robot that does not exist and \
                 that no rotation wrote there",
                subject.bridge
            ),
            format!(
                "kubectl quay-pullsecret delete --robot {} -n {namespace}",
                subject.bridge
            ),
        );
        return;
    }
    let rehearsal = plan_redirect(secret, &rehearsal(subject));
    let Some(refusal) = rehearsal.and_then(|plan| plan.refusal) else {
        plan.targets
            .extend(subject.entries(secret).filter_map(|(key, found)| {
                subject.is_ours(&found.username).then(|| Target {
                    context: context.to_owned(),
                    namespace: secret.namespace.clone(),
                    secret: secret.name.clone(),
                    key: key.to_owned(),
                    fingerprint: found.fingerprint(),
                    account: found.username,
                })
            }));
        return;
    };
    if options.leave_behind.secret(&secret.namespace, &secret.name) {
        plan.left_behind.push(LeftBehind {
            context: context.to_owned(),
            namespace: secret.namespace.clone(),
            secret: secret.name.clone(),
            reason: refusal.reason,
            remedy: without_force(&refusal.remedy),
        });
    } else {
        let name = format!("{}/{}", secret.namespace, secret.name);
        plan.refuse(
            format!(
                "secret {name} of {context} cannot be written: {}",
                refusal.reason
            ),
            format!(
                "{}, or accept that its pulls break: --leave-behind={name}",
                without_force(&refusal.remedy)
            ),
        );
    }
}

/// Pools that will not get the secret keep nodes on a credential that dies.
fn plan_nodes(state: &ClusterState<'_>, options: &Options, plan: &mut Plan) {
    let context = state.member.cluster.context();
    let Some(nodes) = &state.nodes else { return };
    let is_hosted = nodes.topology == Topology::HostedControlPlane;
    let mut global = state.holders.global.iter();
    if is_hosted && global.any(|secret| secret.namespace == "openshift-config") {
        plan.refuse(
            format!(
                "openshift-config/pull-secret of {context} is written by its hosted control plane"
            ),
            "change the pull secret of its HostedCluster".to_owned(),
        );
    }
    match &nodes.pools {
        Err(failure) => plan.refuse(
            format!("nobody can tell when the nodes have the new credential: {failure}"),
            failure
                .next_step()
                .unwrap_or("ask for that right")
                .to_owned(),
        ),
        Ok(None) => {}
        Ok(Some(pools)) => {
            for (pool, state) in pools.blocked() {
                if !options.leave_behind.pool(&pool) {
                    plan.refuse(
                        format!("pool {pool} of {context} is {state}: its nodes get no new secret"),
                        format!("see to it, or accept that its pulls break: --leave-behind={pool}"),
                    );
                }
            }
        }
    }
}

/// A write that says whether the secret can be written at all; it is never sent.
fn rehearsal(subject: &Subject) -> Redirect {
    Redirect {
        hosts: subject.hosts.clone(),
        from: subject.accounts.clone(),
        to: Credential::new(subject.bridge.as_str(), SecretString::from("X".repeat(64))),
        stands_in_for: None,
    }
}

/// Planning of pull secrets offers `--force`, which a rotation does not have: a secret that
/// is replaced is missing for a moment.
fn without_force(remedy: &str) -> String {
    match remedy.split_once(", or pass --force") {
        Some((place, _)) => place.to_owned(),
        None => "replace it by one that can be changed".to_owned(),
    }
}

/// The first few, and how many more there are.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Plan {
    fn refuse(&mut self, reason: String, remedy: String) {
        self.refusals.push(Refusal { reason, remedy });
    }
}
