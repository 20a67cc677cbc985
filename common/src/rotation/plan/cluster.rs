//! What a rotation will write in one cluster, and what keeps it from that. No I/O.

use super::super::fleet::placeholder;
use super::super::members::RobotAndBridge;
use super::super::observe::{ClusterState, Observed, StandingBridge};
use super::super::request::Options;
use super::{Plan, Target};
use crate::cli::hint_text;
use crate::credentials::clear_up;
use crate::global::Topology;
use crate::hint::{self, Hint, can_i};
use crate::pullsecret::{PullSecret, plan_swap};
use crate::receipt::LeftBehind;

/// Plans one cluster: its secrets, and what keeps them from being written.
pub(super) fn plan_cluster(
    context: &str,
    state: &ClusterState,
    observed: &Observed,
    options: &Options,
    plan: &mut Plan,
) {
    let subject = &observed.subject;
    for secret in &state.holders.inside {
        plan_secret(context, secret, observed, options, plan);
    }
    for secret in &state.holders.global {
        if options.global {
            plan_secret(context, secret, observed, options, plan);
        } else {
            plan.refuse(
                format!(
                    "{}/{}, which the nodes of {context} pull with, holds {}",
                    secret.namespace, secret.name, subject.robot
                ),
                "include it with --global",
            );
        }
    }
    for secret in &state.holders.not_agreed {
        plan_not_agreed(context, secret, subject, options, plan);
    }
    if !state.holders.global.is_empty() && options.global {
        plan_nodes(context, state, options, plan);
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
            "include those namespaces, or state with --scope-is-complete that they may break",
        );
    }
    if !state.unwritable.is_empty() {
        plan.refuse(
            format!(
                "you may not patch secrets in {} of {context}",
                some_of(&state.unwritable)
            ),
            Hint::from("ask for that right, then check with: ").run(can_i(
                context,
                &state.unwritable[0],
                "patch",
                "secrets",
            )),
        );
    }
}

fn plan_secret(
    context: &str,
    secret: &PullSecret,
    observed: &Observed,
    options: &Options,
    plan: &mut Plan,
) {
    let subject = &observed.subject;
    if observed.bridge == StandingBridge::None && subject.holds_a_stranger(secret) {
        let (namespace, name) = (&secret.namespace, &secret.name);
        plan.refuse(
            format!(
                "secret {namespace}/{name} of {context} holds {}, a robot that does not exist and \
                 that no rotation wrote there",
                subject.bridge
            ),
            hint::pullsecret("delete --robot")
                .arg(&subject.bridge)
                .words("--context")
                .arg(context)
                .words("-n")
                .arg(namespace),
        );
        return;
    }
    let rehearsal = plan_swap(secret, &subject.swap(placeholder(subject.bridge.as_str())));
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
        let remedy = hint_text(&refusal.hint());
        plan.left_behind.push(LeftBehind {
            context: context.to_owned(),
            namespace: secret.namespace.clone(),
            secret: secret.name.clone(),
            reason: refusal.reason,
            remedy,
        });
    } else {
        let name = format!("{}/{}", secret.namespace, secret.name);
        plan.refuse(
            format!(
                "secret {name} of {context} cannot be written: {}",
                refusal.reason
            ),
            refusal.hint().say(&format!(
                ", or accept that its pulls break: --leave-behind={name}"
            )),
        );
    }
}

/// The robot may stand there, or a stranger of its name: nobody but the user can tell.
fn plan_not_agreed(
    context: &str,
    secret: &PullSecret,
    subject: &RobotAndBridge,
    options: &Options,
    plan: &mut Plan,
) {
    let (namespace, name) = (&secret.namespace, &secret.name);
    let Some((key, unclear)) = subject.not_agreed(secret) else {
        return;
    };
    let reason = format!("its key {key}: {unclear}");
    let remedy = clear_up(&unclear);
    if options.leave_behind.secret(namespace, name) {
        plan.left_behind.push(LeftBehind {
            context: context.to_owned(),
            namespace: namespace.clone(),
            secret: name.clone(),
            remedy: hint_text(&remedy),
            reason,
        });
        return;
    }
    let place = format!("{namespace}/{name}");
    plan.refuse(
        format!(
            "secret {place} of {context} holds {} and would not be written, {reason}",
            subject.robot
        ),
        remedy.say(&format!(
            ", or accept that its pulls break, if they are this robot's: --leave-behind={place}"
        )),
    );
}

/// Pools that will not get the secret keep nodes on a credential that dies.
fn plan_nodes(context: &str, state: &ClusterState, options: &Options, plan: &mut Plan) {
    let Some(nodes) = &state.nodes else { return };
    let is_hosted = nodes.topology == Topology::HostedControlPlane;
    let mut global = state.holders.global.iter();
    if is_hosted && global.any(|secret| secret.namespace == "openshift-config") {
        plan.refuse(
            format!(
                "openshift-config/pull-secret of {context} is written by its hosted control plane"
            ),
            "change the pull secret of its HostedCluster",
        );
    }
    match &nodes.pools {
        Err(failure) => plan.refuse(
            format!("nobody can tell when the nodes have the new credential: {failure}"),
            failure
                .next_step()
                .map_or_else(|| "ask for that right".into(), Hint::clone),
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
