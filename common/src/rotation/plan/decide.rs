//! Whether it may begin: one refusal for each thing that speaks against it.

use super::super::members::RobotAndBridge;
use super::super::observe::{ClusterState, Observed, ObservedCluster, StandingBridge};
use super::super::request::Options;
use super::super::stage::{Stage, stage};
use super::super::turn::is_rotated;
use super::Plan;
use super::cluster::plan_cluster;
use crate::Failure;
use crate::failure::FailureKind;
use crate::hint::{self, Hint};
use crate::ledger::Strategy;
use jiff::{SignedDuration, Timestamp};

/// For so long the same command is taken to mean the rotation that was not finished.
const UNFINISHED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Plans the rotation from what was observed.
pub fn plan(observed: &Observed, options: &Options, now: Timestamp) -> Plan {
    let strategy = options.strategy;
    let fingerprint = observed.fingerprint();
    let mark = match &observed.bridge {
        StandingBridge::Ours(mark) => Some(mark),
        StandingBridge::None | StandingBridge::Foreign => None,
    };
    let stage = match (
        stage(&fingerprint, mark, observed.record.as_ref()),
        strategy,
    ) {
        // What was taken back is only to be told by who takes it back.
        (Stage::Undone, _) if !options.abort => Stage::NotBegun,
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
        unproven: Vec::new(),
        skipped: Vec::new(),
        refusals: Vec::new(),
    };
    if options.abort {
        refuse_abort(&observed.subject, &mut plan);
    }
    refuse_by_quay(observed, options, &mut plan);
    refuse_less(observed, options, &mut plan);
    for ObservedCluster { context, state } in &observed.clusters {
        match state {
            Ok(state) => plan_cluster(context, state, observed, options, &mut plan),
            // Once the token is dead, every secret that can be reached has to be.
            Err(failure)
                if failure.kind() == FailureKind::Unreachable
                    && (options.skip_unreachable.contains(context)
                        || plan.stage == Stage::Distributing) =>
            {
                plan.skipped.push(context.clone());
            }
            Err(failure) => plan.refuse(format!("{failure}"), remedy(context, failure)),
        }
    }
    refuse_nothing(observed, &mut plan);
    refuse_unknown(observed, options, &mut plan);
    plan
}

fn remedy(context: &str, failure: &Failure) -> Hint {
    let next = failure.next_step().cloned();
    let next = next.unwrap_or_else(|| "correct that, then run the same command again".into());
    match failure.kind() {
        FailureKind::Unreachable => next
            .say("; or leave the cluster out: --skip-unreachable ")
            .word(context),
        _ => next,
    }
}

/// A new token that reaches nobody is most likely meant for another cluster or namespace.
fn refuse_nothing(observed: &Observed, plan: &mut Plan) {
    let robot = &observed.subject.robot;
    let missing: Vec<&Vec<String>> = observed.reached().map(|state| &state.missing).collect();
    let everywhere = |name: &&String| missing.iter().all(|missing| missing.contains(name));
    let nowhere = missing.first().into_iter().flat_map(|first| first.iter());
    let nowhere: Vec<&str> = nowhere.filter(everywhere).map(String::as_str).collect();
    if !nowhere.is_empty() {
        plan.refuse(
            format!("no chosen cluster has namespace {}", nowhere.join(", ")),
            hint::kubectl("get namespaces"),
        );
    }
    let is_empty = plan.targets.is_empty() && plan.left_behind.is_empty();
    if plan.stage != Stage::NotBegun || !is_empty || !plan.refusals.is_empty() {
        return;
    }
    if let Some(first) = plan.unproven.first() {
        plan.refuse(
            format!(
                "no secret holds a working token of {robot}, and nothing shows that {} ever held \
                 one (secret {}/{} in context {})",
                match plan.unproven.len() {
                    1 => "the one secret that names the robot".to_owned(),
                    count => format!("any of the {count} secrets that name the robot"),
                },
                first.namespace,
                first.secret,
                first.context
            ),
            Hint::from("check who writes these secrets, then give them the token: ").run(
                hint::pullsecret("sync -A --robot")
                    .arg(robot)
                    .words("--adopt"),
            ),
        );
    } else if !observed.clusters.is_empty() {
        plan.refuse(
            format!("no secret in the chosen clusters and namespaces holds {robot}"),
            "choose other clusters or namespaces; if no cluster uses the robot, pass --in-place \
             --no-cluster",
        );
    }
}

/// A flag that names what is not there was mistyped.
fn refuse_unknown(observed: &Observed, options: &Options, plan: &mut Plan) {
    let is_context = |name: &&String| {
        observed
            .clusters
            .iter()
            .any(|known| known.context == **name)
    };
    let is_begun = |name: &&String| {
        let mut records = observed.record.iter();
        records.any(|record| !record.is_over() && record.contexts.contains(name))
    };
    let unknown = options.skip_unreachable.iter();
    for name in unknown.filter(|name| !is_context(name) && !is_begun(name)) {
        plan.refuse(
            format!("--skip-unreachable {name} is not one of the chosen contexts"),
            hint::kubectl("config get-contexts"),
        );
    }
    let is_there = |name: &String| {
        observed.reached().any(|state| {
            let holders = &state.holders;
            let secrets = holders.inside.iter().chain(&holders.global);
            let secrets = secrets.chain(&holders.not_agreed);
            let secrets = secrets.map(|secret| (&secret.namespace, &secret.name));
            let unproven = holders.unproven.iter();
            let unproven = unproven.map(|entry| (&entry.namespace, &entry.secret));
            let mut secrets = secrets.chain(unproven);
            let pools = state
                .nodes
                .iter()
                .filter_map(|nodes| nodes.pools.as_ref().ok());
            let mut pools = pools.flatten().flat_map(|pools| &pools.pools);
            secrets.any(|(namespace, secret)| format!("{namespace}/{secret}") == *name)
                || pools.any(|pool| pool.name == *name)
        })
    };
    let mut named = options.leave_behind.named.iter();
    if let Some(name) = named.find(|name| !is_there(name)) {
        plan.refuse(
            format!("--leave-behind={name} is neither a secret that holds the robot nor a pool"),
            "write NAMESPACE/NAME, or the name of a pool",
        );
    }
}

/// Whether an earlier rotation that only missed its last words is long past, and every
/// secret right: then this run is asked for a new one.
fn is_settled(observed: &Observed, now: Timestamp) -> bool {
    let last = observed
        .record
        .as_ref()
        .and_then(|record| record.entries.last());
    let past = last.is_none_or(|entry| now.duration_since(entry.at) > UNFINISHED_FOR);
    let current = observed.fingerprint();
    let subject = &observed.subject;
    let stale = |state: &ClusterState| {
        let mut secrets = state.holders.inside.iter().chain(&state.holders.global);
        secrets.any(|secret| {
            let mut entries = subject.entries(secret);
            entries.any(|(key, found)| {
                subject.claim.is_proven(secret, key, &found) && found.fingerprint() != current
            })
        })
    };
    past && !observed.reached().any(stale)
}

/// Once the token is replaced only forward is safe.
fn refuse_abort(subject: &RobotAndBridge, plan: &mut Plan) {
    let RobotAndBridge { robot, bridge, .. } = subject;
    match plan.stage {
        Stage::Crossing(_) | Stage::Undone => {}
        Stage::Returning(_) => plan.refuse(
            format!(
                "Quay has already replaced the token of {robot}, so the rotation cannot be \
                     reverted"
            ),
            "run the command without --abort to finish the rotation",
        ),
        Stage::NotBegun | Stage::Removed | Stage::Distributing => plan.refuse(
            format!("the bridge {bridge} does not exist, so there is nothing to revert"),
            hint::pullsecret("verify -A").say(" shows the state of every secret"),
        ),
    }
}

/// A run that goes on has to see everything that an earlier one may have written: what it
/// does not see would keep a bridge that is removed, or a token that is dead.
fn refuse_less(observed: &Observed, options: &Options, plan: &mut Plan) {
    let begun = match (&plan.stage, &observed.bridge) {
        (Stage::NotBegun | Stage::Removed | Stage::Undone, _) => return,
        (_, StandingBridge::Ours(mark)) => {
            let chosen = observed.clusters.len();
            if chosen < mark.clusters && !options.scope_is_complete {
                plan.refuse(
                    format!(
                        "the rotation began in {} clusters, but this command chooses only \
                         {chosen}",
                        mark.clusters
                    ),
                    "choose all of them with --context, or accept with --scope-is-complete that \
                     pulls in the others fail",
                );
                return;
            }
            let record = observed.record.as_ref();
            record.filter(|record| record.rotation == mark.rotation)
        }
        _ => observed.record.as_ref(),
    };
    let Some(record) = begun else { return };
    let is_chosen = |context: &String| {
        let mut chosen = observed.clusters.iter();
        chosen.any(|cluster| cluster.context == *context)
            || options.skip_unreachable.contains(context)
    };
    let missing: Vec<&str> = record
        .contexts
        .iter()
        .filter(|context| !is_chosen(context))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        plan.refuse(
            format!("the rotation also began in {}", missing.join(", ")),
            Hint::from("choose --context ")
                .word(record.contexts.join(","))
                .say(", or accept with --skip-unreachable that pulls there fail"),
        );
    }
    if !options.scope.is_empty() && options.scope != record.scope {
        let began = match record.scope.as_str() {
            "" => "all namespaces",
            scope => scope,
        };
        plan.refuse(
            format!(
                "the rotation began with {began}, but this command names {}",
                options.scope
            ),
            "run the command with the same flags, or for all namespaces",
        );
    }
}

fn refuse_by_quay(observed: &Observed, options: &Options, plan: &mut Plan) {
    let RobotAndBridge { robot, bridge, .. } = &observed.subject;
    let other_run = observed.other_run();
    if let Some(marker) = other_run {
        let (reason, remedy) = is_rotated(robot, marker, options.strategy, observed.at);
        plan.refuse(reason, remedy);
    }
    if observed.is_bridge {
        plan.refuse(
            format!("{robot} is itself the bridge of a rotation"),
            "rotate the robot that the bridge belongs to",
        );
    }
    match &observed.bridge {
        StandingBridge::Foreign if options.strategy == Strategy::InPlace => {}
        StandingBridge::Foreign => plan.refuse(
            format!(
                "a robot {bridge} exists that no rotation created, and the bridge needs this name"
            ),
            format!("delete {bridge} if nothing needs it, or rotate with --in-place"),
        ),
        StandingBridge::Ours(mark) => {
            let known = observed
                .record
                .as_ref()
                .is_some_and(|record| record.rotation == mark.rotation);
            if options.strategy == Strategy::InPlace {
                plan.refuse(
                    format!("a rotation of {robot} is in progress: its bridge {bridge} exists"),
                    "run the command without --in-place to finish that rotation",
                );
            } else if !known && !options.take_over && other_run.is_none() {
                plan.refuse(
                    format!(
                        "somebody else is rotating the robot: the bridge {bridge} exists, and \
                         this machine's ledger does not know its rotation {}",
                        mark.rotation
                    ),
                    "let that rotation finish; if nobody will finish it, pass --take-over",
                );
            }
        }
        StandingBridge::None => {}
    }
}
