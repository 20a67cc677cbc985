//! Table tests of planning.

mod unproven;

use super::super::members::{RobotAndBridge, SecretsWithRobot};
use super::super::observe::{ClusterState, Nodes, Observed, ObservedCluster, StandingBridge};
use super::super::request::{LeaveBehind, Options};
use super::super::stage::Stage;
use super::{Plan, plan};
use crate::Failure;
use crate::cli::hint_text;
use crate::dockerconfig::RegistryNames;
use crate::fingerprint::Fingerprint;
use crate::global::{Pool, PoolState, Pools, Topology};
use crate::ledger::tests::record;
use crate::ledger::{Event, Strategy};
use crate::pullsecret::{Claim, PullSecret, Trust};
use crate::quay::{BridgeMark, Rights};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;

const HOST: &str = "quay.example.com";
const ROBOT: &str = "myorg+puller";
const BRIDGE: &str = "myorg+puller-bridge";

fn token(letter: char) -> String {
    letter.to_string().repeat(64)
}

fn fingerprint(letter: char) -> Fingerprint {
    Fingerprint::of(&SecretString::from(token(letter)))
}

fn options() -> Options {
    Options {
        strategy: Strategy::Bridge,
        abort: false,
        grace: Duration::ZERO,
        settle_timeout: Duration::ZERO,
        node_grace: Duration::ZERO,
        leave_behind: LeaveBehind::default(),
        leaves_unproven: false,
        scope: String::new(),
        scope_is_complete: false,
        global: false,
        restart: false,
        pull: false,
        take_over: false,
        skip_unreachable: Vec::new(),
        ignore_usage: false,
    }
}

/// A secret of `account`; `edit` changes the object before it is read.
fn secret(place: (&str, &str), account: &str, edit: impl FnOnce(&mut Value)) -> PullSecret {
    let auth = STANDARD.encode(format!("{account}:{}", token('A')));
    let content = json!({"auths": {HOST: {"auth": auth}}}).to_string();
    let mut object = json!({
        "metadata": {"namespace": place.0, "name": place.1, "uid": "u", "resourceVersion": "7"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": STANDARD.encode(content)},
    });
    edit(&mut object);
    PullSecret::read(serde_json::from_value::<Secret>(object).unwrap()).unwrap()
}

fn plain(place: (&str, &str)) -> PullSecret {
    secret(place, ROBOT, |_| {})
}

fn state(holders: SecretsWithRobot) -> ClusterState {
    ClusterState {
        holders,
        missing: Vec::new(),
        unwritable: Vec::new(),
        nodes: None,
    }
}

fn inside(secrets: Vec<PullSecret>) -> ClusterState {
    state(SecretsWithRobot {
        inside: secrets,
        ..SecretsWithRobot::default()
    })
}

/// The robot has token A; one cluster `prod` is like this.
fn observed(cluster: Result<ClusterState, Failure>) -> Observed {
    let robot: crate::names::RobotName = ROBOT.parse().unwrap();
    let bridge: crate::names::RobotName = BRIDGE.parse().unwrap();
    Observed {
        subject: RobotAndBridge {
            claim: Claim {
                robot: (HOST.parse().unwrap(), robot.clone()),
                accounts: vec![robot.clone(), bridge.clone()],
                tokens: vec![SecretString::from(token('A'))],
                trust: Trust::default(),
            },
            robot,
            bridge,
            names: RegistryNames::of(HOST.parse().unwrap(), &[]),
        },
        by: "alice".into(),
        known_runs: Vec::new(),
        markers: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
        token: SecretString::from(token('A')),
        is_bridge: false,
        rights: Rights::default(),
        bridge: StandingBridge::None,
        clusters: vec![ObservedCluster {
            context: "prod".into(),
            state: cluster,
        }],
        consumers: Ok(Vec::new()),
        record: None,
    }
}

fn planned(observed: &Observed, options: &Options) -> Plan {
    plan(observed, options, Timestamp::UNIX_EPOCH)
}

#[track_caller]
fn refused(plan: &Plan, reason: &str, remedy: &str) {
    let [refusal] = plan.refusals.as_slice() else {
        panic!("not one refusal: {:?}", plan.refusals);
    };
    assert!(refusal.reason.contains(reason), "{}", refusal.reason);
    let told = hint_text(&refusal.remedy);
    assert!(told.contains(remedy), "{told}");
    assert!(plan.check(&ROBOT.parse().unwrap()).is_err());
}

#[test]
fn every_entry_of_the_robot_and_of_its_bridge_is_a_target() {
    let bridged = secret(("shop", "b"), BRIDGE, |object| {
        object["metadata"]["annotations"] = json!({"kubectl-quay/bridge": ROBOT});
    });
    let plan = planned(
        &observed(Ok(inside(vec![plain(("shop", "a")), bridged]))),
        &options(),
    );
    assert_eq!(plan.stage, Stage::NotBegun);
    assert!(plan.check(&ROBOT.parse().unwrap()).is_ok());
    let accounts: Vec<&str> = plan.targets.iter().map(|t| t.account.as_str()).collect();
    assert_eq!(accounts, [ROBOT, BRIDGE]);
    assert_eq!(plan.targets[0].fingerprint, fingerprint('A'));
}

#[test]
fn what_cannot_be_written_refuses_or_is_left_behind_by_name() {
    let immutable = || {
        secret(("shop", "a"), ROBOT, |object| {
            object["immutable"] = json!(true)
        })
    };
    let helm = || {
        secret(("shop", "b"), ROBOT, |object| {
            object["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "shop"});
        })
    };
    let seen = observed(Ok(inside(vec![immutable()])));
    refused(
        &planned(&seen, &options()),
        "immutable",
        "--leave-behind=shop/a",
    );
    let seen = observed(Ok(inside(vec![helm()])));
    let plan = planned(&seen, &options());
    refused(
        &plan,
        "Helm manages the secret",
        "the values of its release (shop)",
    );
    assert!(!hint_text(&plan.refusals[0].remedy).contains("--force"));

    let seen = observed(Ok(inside(vec![immutable(), helm()])));
    let mut accepting = options();
    accepting.leave_behind.named = vec!["shop/a".into()];
    let plan = planned(&seen, &accepting);
    refused(&plan, "shop/b", "--leave-behind=shop/b");
    assert_eq!(plan.left_behind.len(), 1);
    accepting.leave_behind.all = true;
    let plan = planned(&seen, &accepting);
    assert!(plan.refusals.is_empty() && plan.targets.is_empty());
    assert_eq!(plan.left_behind.len(), 2);
}

#[test]
fn what_a_rotation_would_not_reach_refuses_it() {
    let outside = state(SecretsWithRobot {
        outside: vec![plain(("other", "a"))],
        ..SecretsWithRobot::default()
    });
    refused(
        &planned(&observed(Ok(outside)), &options()),
        "also hold myorg+puller: other/a",
        "--scope-is-complete",
    );
    let mut unwritable = inside(vec![plain(("shop", "a"))]);
    unwritable.unwritable = vec!["shop".into()];
    refused(
        &planned(&observed(Ok(unwritable)), &options()),
        "no right to patch secrets in shop",
        "auth can-i patch secrets",
    );
}

#[test]
fn a_cluster_that_does_not_answer_refuses_until_it_is_named_or_the_token_is_dead() {
    let down = || observed(Err(Failure::unreachable("no answer").next("look")));
    refused(
        &planned(&down(), &options()),
        "no answer",
        "--skip-unreachable prod",
    );
    let mut odd = down();
    odd.clusters[0].context = "ctx1 (aws)".into();
    refused(
        &planned(&odd, &options()),
        "no answer",
        "--skip-unreachable 'ctx1 (aws)'",
    );
    let mut skipping = options();
    skipping.skip_unreachable = vec!["prod".into()];
    let plan = planned(&down(), &skipping);
    assert_eq!(plan.skipped, ["prod"]);
    // There is no other cluster here.
    refused(&plan, "no secret", "--no-cluster");

    // What answers is not left out, whatever is named.
    let forbidden = observed(Err(Failure::new("forbidden").next("ask")));
    refused(&planned(&forbidden, &skipping), "forbidden", "ask");

    let mut dead = down();
    let events = [Event::Renewing];
    dead.record = Some(record(Strategy::InPlace, &fingerprint('O'), &events));
    let mut in_place = options();
    in_place.strategy = Strategy::InPlace;
    let plan = planned(&dead, &in_place);
    assert_eq!(plan.stage, Stage::Distributing);
    assert_eq!((plan.skipped.len(), plan.refusals.len()), (1, 0));
}

#[test]
fn a_rotation_that_would_reach_nobody_is_refused() {
    let nobody = observed(Ok(inside(Vec::new())));
    refused(&planned(&nobody, &options()), "no secret", "--no-cluster");
    let mut mistyped = inside(vec![plain(("shop", "a"))]);
    mistyped.missing = vec!["shpo".into()];
    refused(
        &planned(&observed(Ok(mistyped)), &options()),
        "no chosen cluster has namespace shpo",
        "get namespaces",
    );
    let mut no_cluster = observed(Ok(inside(Vec::new())));
    no_cluster.clusters.clear();
    assert!(planned(&no_cluster, &options()).refusals.is_empty());
}

#[test]
fn a_bridge_tells_whose_it_is() {
    let mark = BridgeMark::new("id", &fingerprint('A'), 1);
    let mut seen = observed(Ok(inside(vec![plain(("shop", "a"))])));
    seen.bridge = StandingBridge::Ours(mark);
    refused(
        &planned(&seen, &options()),
        "somebody else is rotating",
        "--take-over",
    );
    let mut taking = options();
    taking.take_over = true;
    assert!(planned(&seen, &taking).refusals.is_empty());
    // This machine's own.
    seen.record = Some(record(Strategy::Bridge, &fingerprint('A'), &[]));
    assert!(planned(&seen, &options()).refusals.is_empty());
    let mut in_place = options();
    in_place.strategy = Strategy::InPlace;
    refused(
        &planned(&seen, &in_place),
        "is in progress",
        "without --in-place",
    );

    seen.bridge = StandingBridge::Foreign;
    refused(
        &planned(&seen, &options()),
        "that no rotation created",
        "--in-place",
    );
    assert!(planned(&seen, &in_place).refusals.is_empty());
    seen.bridge = StandingBridge::None;
    seen.is_bridge = true;
    refused(
        &planned(&seen, &options()),
        "itself the bridge",
        "the bridge belongs to",
    );
}

#[test]
fn going_back_is_possible_until_the_token_is_replaced() {
    let mut aborting = options();
    aborting.abort = true;
    let mut seen = observed(Ok(inside(vec![plain(("shop", "a"))])));
    refused(&planned(&seen, &aborting), "nothing to revert", "verify");
    seen.record = Some(record(Strategy::Bridge, &fingerprint('A'), &[]));
    seen.bridge = StandingBridge::Ours(BridgeMark::new("id", &fingerprint('A'), 1));
    assert!(planned(&seen, &aborting).refusals.is_empty());
    seen.bridge = StandingBridge::Ours(BridgeMark::new("id", &fingerprint('O'), 1));
    refused(
        &planned(&seen, &aborting),
        "cannot be reverted",
        "without --abort",
    );
}

#[test]
fn an_old_rotation_that_missed_only_its_last_words_is_not_taken_for_this_one() {
    let events = [Event::Renewing, Event::Removing];
    for strategy in [Strategy::Bridge, Strategy::InPlace] {
        let mut asked = options();
        asked.strategy = strategy;
        let mut seen = observed(Ok(inside(vec![plain(("shop", "a"))])));
        seen.record = Some(record(strategy, &fingerprint('O'), &events));
        let after = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        assert_ne!(plan(&seen, &asked, after(0)).stage, Stage::NotBegun);
        assert_eq!(plan(&seen, &asked, after(2)).stage, Stage::NotBegun);
        // But a secret that still holds the dead token is.
        seen.token = SecretString::from(token('N'));
        assert_ne!(plan(&seen, &asked, after(2)).stage, Stage::NotBegun);
    }
}

fn pool(name: &str, state: PoolState) -> Pool {
    Pool {
        name: name.into(),
        state,
        machines: 3,
        updated_machines: 3,
        degraded_machines: 0,
        wanted_config: "rendered-1".into(),
        current_config: "rendered-1".into(),
        ..Pool::default()
    }
}

fn openshift(topology: Topology, pools: Vec<Pool>) -> Observed {
    let mut openshift = state(SecretsWithRobot {
        global: vec![plain(("openshift-config", "pull-secret"))],
        ..SecretsWithRobot::default()
    });
    openshift.nodes = Some(Nodes {
        topology,
        pools: Ok(Some(Pools { pools })),
    });
    observed(Ok(openshift))
}

#[test]
fn the_global_pull_secret_is_written_only_with_its_flag_and_nodes_that_can_follow() {
    let ready = || vec![pool("worker", PoolState::Updated)];
    let seen = openshift(Topology::Standalone, ready());
    refused(
        &planned(&seen, &options()),
        "all nodes of context prod pull with it",
        "--global",
    );
    let mut global = options();
    global.global = true;
    let plan = planned(&seen, &global);
    assert_eq!((plan.targets.len(), plan.refusals.len()), (1, 0));

    for (state, word) in [
        (PoolState::Paused, "paused"),
        (PoolState::Degraded, "degraded"),
    ] {
        let seen = openshift(Topology::Standalone, vec![pool("infra", state)]);
        refused(&planned(&seen, &global), word, "--leave-behind=infra");
        let mut accepting = global.clone();
        accepting.leave_behind.named = vec!["infra".into()];
        assert!(planned(&seen, &accepting).refusals.is_empty());
    }
    let hosted = openshift(Topology::HostedControlPlane, Vec::new());
    refused(
        &planned(&hosted, &global),
        "hosted control plane",
        "HostedCluster",
    );
}

#[test]
fn a_run_that_goes_on_has_to_see_all_that_was_begun() {
    let mut seen = observed(Ok(inside(vec![plain(("shop", "a"))])));
    seen.bridge = StandingBridge::Ours(BridgeMark::new("id", &fingerprint('A'), 2));
    let mut known = record(Strategy::Bridge, &fingerprint('A'), &[]);
    known.contexts = vec!["prod".into(), "other".into()];
    seen.record = Some(known.clone());
    refused(
        &planned(&seen, &options()),
        "began in 2 clusters",
        "--context",
    );
    // The same number, and not the same.
    seen.bridge = StandingBridge::Ours(BridgeMark::new("id", &fingerprint('A'), 1));
    refused(
        &planned(&seen, &options()),
        "also began in other",
        "--context prod,other",
    );
    let mut skipping = options();
    skipping.skip_unreachable = vec!["other".into()];
    assert!(planned(&seen, &skipping).refusals.is_empty());

    known.contexts = vec!["prod".into()];
    known.scope = "-n shop".into();
    seen.record = Some(known);
    let mut narrower = options();
    for (scope, refuses) in [("", false), ("-n shop", false), ("-n other", true)] {
        narrower.scope = scope.into();
        assert_eq!(
            !planned(&seen, &narrower).refusals.is_empty(),
            refuses,
            "{scope}"
        );
    }
    // A new rotation may be of any scope.
    seen.bridge = StandingBridge::None;
    assert!(planned(&seen, &narrower).refusals.is_empty());
}

#[test]
fn what_was_taken_back_is_told_to_who_takes_it_back_and_hinders_nobody() {
    let mut seen = observed(Ok(inside(vec![plain(("shop", "a"))])));
    seen.record = Some(record(
        Strategy::Bridge,
        &fingerprint('A'),
        &[Event::Undoing],
    ));
    assert_eq!(planned(&seen, &options()).stage, Stage::NotBegun);
    let mut aborting = options();
    aborting.abort = true;
    let plan = planned(&seen, &aborting);
    assert_eq!(plan.stage, Stage::Undone);
    assert!(plan.refusals.is_empty());
}
