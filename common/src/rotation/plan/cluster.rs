//! What a rotation will write in one cluster, and what keeps it from that. No I/O.

use super::super::fleet::placeholder;
use super::super::members::{RobotAndBridge, UnprovenEntry};
use super::super::observe::{ClusterState, Observed};
use super::super::request::Options;
use super::{Plan, Target};
use crate::cli::hint_text;
use crate::credentials::clear_up;
use crate::global::Topology;
use crate::hint::{self, Hint, can_i};
use crate::ledger::Strategy;
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
                    "{}/{} holds {2}, and all nodes of context {context} pull with it",
                    secret.namespace, secret.name, subject.robot
                ),
                "pass --global to include it",
            );
        }
    }
    plan_unproven(context, state, options, plan);
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
                "secrets outside the chosen namespaces of context {context} also hold {0}: {1}",
                subject.robot,
                some_of(&outside)
            ),
            "include those namespaces, or accept with --scope-is-complete that pulls there fail",
        );
    }
    if !state.unwritable.is_empty() {
        plan.refuse(
            format!(
                "you have no right to patch secrets in {} (context {context})",
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
    let rehearsal = plan_swap(secret, &subject.swap(placeholder(subject.bridge.as_str())));
    let Some(refusal) = rehearsal.and_then(|plan| plan.refusal) else {
        plan.targets
            .extend(subject.entries(secret).filter_map(|(key, found)| {
                subject
                    .claim
                    .is_proven(secret, key, &found)
                    .then(|| Target {
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
    let what = "cannot be updated";
    leave_or_refuse(
        context,
        secret,
        (what, refusal.reason.clone()),
        refusal.hint(),
        (options, plan),
    );
}

/// The robot's credential stands there at a name that nobody agreed to.
fn plan_not_agreed(
    context: &str,
    secret: &PullSecret,
    subject: &RobotAndBridge,
    options: &Options,
    plan: &mut Plan,
) {
    let Some((key, unclear)) = subject.not_agreed(secret) else {
        return;
    };
    let reason = format!("key {key}: {unclear}");
    let what = "would not be updated";
    leave_or_refuse(
        context,
        secret,
        (what, reason),
        clear_up(&unclear),
        (options, plan),
    );
}

/// A secret that is not written keeps a credential that dies: with the user's word, or not at all.
fn leave_or_refuse(
    context: &str,
    secret: &PullSecret,
    (what, reason): (&str, String),
    remedy: Hint,
    (options, plan): (&Options, &mut Plan),
) {
    let (namespace, name) = (&secret.namespace, &secret.name);
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
        format!("secret {place} in context {context} {what}: {reason}"),
        remedy.say(&format!(
            ", or accept that pulls with this secret fail: --leave-behind={place}"
        )),
    );
}

/// What has no claim cannot pull now, and so loses nothing. In place nobody is given time to
/// look, so the user says that they are to be left.
fn plan_unproven(context: &str, state: &ClusterState, options: &Options, plan: &mut Plan) {
    for entry in &state.holders.unproven {
        let UnprovenEntry {
            namespace, secret, ..
        } = entry;
        plan.unproven.push(Target {
            context: context.to_owned(),
            namespace: namespace.clone(),
            secret: secret.clone(),
            key: entry.key.clone(),
            account: entry.account.clone(),
            fingerprint: entry.fingerprint.clone(),
        });
        let is_left = options.leave_behind.secret(namespace, secret) || options.leaves_unproven;
        if options.strategy == Strategy::InPlace && !is_left {
            let place = format!("{namespace}/{secret}");
            plan.refuse(
                format!(
                    "secret {place} in context {context} names {}, but cannot pull, and nothing \
                     shows that it ever held the robot's token; the rotation would leave it as \
                     it is",
                    entry.account
                ),
                Hint::from(format!(
                    "to leave it: --leave-behind={place}; to give it the token: "
                ))
                .run(
                    hint::pullsecret("sync -n")
                        .arg(namespace)
                        .words("--robot")
                        .arg(&entry.account)
                        .at(context),
                ),
            );
        }
    }
}

/// Pools that will not get the secret keep nodes on a credential that dies.
fn plan_nodes(context: &str, state: &ClusterState, options: &Options, plan: &mut Plan) {
    let Some(nodes) = &state.nodes else { return };
    let is_hosted = nodes.topology == Topology::HostedControlPlane;
    let mut global = state.holders.global.iter();
    if is_hosted && global.any(|secret| secret.namespace == "openshift-config") {
        plan.refuse(
            format!(
                "the hosted control plane of context {context} writes \
                 openshift-config/pull-secret"
            ),
            "on the management cluster, change the pull secret of the HostedCluster",
        );
    }
    match &nodes.pools {
        Err(failure) => plan.refuse(
            format!("cannot tell when the nodes have the new credential: {failure}"),
            failure
                .next_step()
                .map_or_else(|| "ask for that right".into(), Hint::clone),
        ),
        Ok(None) => {}
        Ok(Some(pools)) => {
            for (pool, state) in pools.blocked() {
                if !options.leave_behind.pool(&pool) {
                    plan.refuse(
                        format!(
                            "pool {pool} of context {context} is {state}: its nodes do not \
                                 get the new secret"
                        ),
                        format!(
                            "unpause or repair the pool, or accept that pulls on its nodes \
                                 fail: --leave-behind={pool}"
                        ),
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
