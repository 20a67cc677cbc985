//! What a rotation asks of Quay, which takes about 0.3 s for each call: how often, and how
//! often one call waits for another.

use crate::rotation::world::World;
use quay_sandbox::http::Recorded;
use quay_sandbox::quay::QuayOptions;
use std::time::Duration;

/// What the sandbox takes for an answer: long against what the plugin does between two calls,
/// so that calls that are sent side by side are seen to be.
const DELAY: Duration = Duration::from_millis(60);

/// Polls of the usage log while the robots settle, with the look at the robots beside each: how
/// many of them there are is a matter of `--grace`.
fn without_polls(calls: Vec<Recorded>) -> Vec<Recorded> {
    let is_log = |call: &Recorded| call.path.contains("/logs?");
    let bridged = calls
        .iter()
        .find(|call| call.method == "PUT")
        .map(|call| call.began);
    let polls: Vec<Recorded> = calls.iter().filter(|call| is_log(call)).cloned().collect();
    let is_beside_a_poll = |call: &Recorded| {
        let is_look = call.path.ends_with("/robots/deploy") || call.path.ends_with("-bridge");
        let is_settling = bridged.is_some_and(|bridged| call.began > bridged);
        let overlaps =
            |poll: &Recorded| Some(call.began) < poll.ended && Some(poll.began) < call.ended;
        call.method == "GET" && is_look && is_settling && polls.iter().any(overlaps)
    };
    calls
        .into_iter()
        .filter(|call| !is_log(call) && !is_beside_a_poll(call))
        .collect()
}

/// The longest row of calls of which each began after the one before it had ended.
fn steps(calls: &[Recorded]) -> Vec<usize> {
    let mut by_end: Vec<&Recorded> = calls.iter().collect();
    by_end.sort_by_key(|call| call.ended);
    let mut ends = Vec::new();
    for call in by_end {
        if ends.last().is_none_or(|last| *last <= call.began) {
            ends.extend(call.ended);
        }
    }
    let step = |call: &Recorded| ends.iter().filter(|end| **end <= call.began).count() + 1;
    calls.iter().map(step).collect()
}

/// One line a call, for whoever looks at why there are more.
fn listed(calls: &[Recorded], steps: &[usize]) -> String {
    let line = |(call, step): (&Recorded, &usize)| {
        let status = call.status.unwrap_or_default();
        format!("{step:3} {} {} {status}\n", call.method, call.path)
    };
    calls.iter().zip(steps).map(line).collect()
}

#[test]
fn a_rotation_asks_quay_for_little_and_side_by_side() {
    let options = QuayOptions {
        delay: DELAY,
        ..QuayOptions::default()
    };
    let world = World::beside(options, 1);
    world.rotate("").expect(0);
    world.is_at_rest();
    let calls = without_polls(world.quay.quay.server().log().all());
    let steps = steps(&calls);
    let table = listed(&calls, &steps);
    assert!(calls.len() <= 35, "{} calls:\n{table}", calls.len());
    let last = steps.iter().max().copied().unwrap_or_default();
    assert!(last <= 18, "{last} steps:\n{table}");
}

#[test]
fn a_token_is_read_right_before_it_is_replaced_and_tried_again_once_its_bridge_is_gone() {
    let world = World::new(1);
    world.rotate("").expect(0);
    let calls = without_polls(world.quay.quay.server().log().all());
    let first = |method: &str, end: &str| {
        let mut calls = calls.iter();
        let found = calls.position(|call| call.method == method && call.path.ends_with(end));
        found.expect("such a call")
    };
    let before = &calls[first("POST", "/regenerate") - 1];
    assert_eq!(before.method, "GET");
    assert!(before.path.ends_with("/robots/deploy"), "{}", before.path);
    let after = &calls[first("DELETE", "/robots/deploy-bridge")..];
    let mut pulls = after
        .iter()
        .filter(|call| call.path.contains("my-app%3Apull"));
    assert!(pulls.any(|call| call.status == Some(200)));
}
