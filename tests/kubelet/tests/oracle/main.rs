//! What `quay_common::kubelet` says is what the kubelet's own code says, and what
//! `quay_common::dockerconfig` writes is what was asked for and nothing else.

#![cfg(test)]

mod generate;
mod kubelet;
mod merge;
mod shrink;
mod traps;

use kubelet::Kubelet;
use quay_kubelet::{Answer, Credential, Question};
use std::time::{Duration, Instant};

/// Cases are made until this has passed, but never fewer than [`CASES`].
const TIME: Duration = Duration::from_secs(5);
const CASES: u64 = 5_000;

/// How the two answers differ, if they do.
fn difference(question: &Question, theirs: &Answer) -> Option<String> {
    let ours = question.attempts(|attempts| {
        let runs =
            attempts.chunk_by(|one, next| (&one.key, one.secret) == (&next.key, next.secret));
        let runs = runs.map(|run| {
            run.iter()
                .map(|attempt| question.credential(attempt))
                .collect()
        });
        runs.collect::<Vec<Vec<Credential>>>()
    });
    match (ours, &theirs.error) {
        (Err(ours), Some(theirs)) => kinds_differ(&ours, theirs),
        (Err(ours), None) => Some(format!("we refuse: {ours}; the kubelet does not")),
        (Ok(_), Some(theirs)) => Some(format!("the kubelet refuses: {theirs}; we do not")),
        (Ok(ours), None) => orders_differ(ours, &theirs.credentials),
    }
}

/// Two spellings of one key in one secret come in random order: Go's maps have none.
fn orders_differ(ours: Vec<Vec<Credential>>, theirs: &[Credential]) -> Option<String> {
    let mut left = theirs;
    for mut run in ours.clone() {
        let (same, rest) = left.split_at(run.len().min(left.len()));
        let mut same = same.to_vec();
        run.sort();
        same.sort();
        if run != same {
            return Some(format!("we try {ours:?}; the kubelet tries {theirs:?}"));
        }
        left = rest;
    }
    (!left.is_empty()).then(|| format!("we try {ours:?}; the kubelet tries {theirs:?}"))
}

/// Both refuse; whether for the same kind of reason.
fn kinds_differ(ours: &str, theirs: &str) -> Option<String> {
    let kinds = [
        ("is not base64", &["illegal base64 data"][..]),
        (
            "base64 of `username:password`",
            &["unable to parse auth field"],
        ),
        ("object of text fields", &["json: cannot unmarshal"]),
        (
            "its JSON is broken",
            &["invalid character", "unexpected end"],
        ),
        ("is not an image name", &["couldn't parse image name"]),
        // Go goes on after `auths` of a wrong type, and may find something worse.
        (
            "not an object with `auths`",
            &[
                "json: cannot unmarshal",
                "illegal base64",
                "unable to parse",
            ],
        ),
    ];
    let same = kinds
        .iter()
        .rev()
        .any(|(our, their)| ours.contains(our) && their.iter().any(|their| theirs.contains(their)));
    (!same).then(|| format!("we refuse: {ours}; the kubelet: {theirs}"))
}

fn check(kubelet: &mut Kubelet, question: &Question) -> Option<String> {
    difference(question, &kubelet.ask(question))
}

#[test]
fn thousands_of_generated_cases_are_answered_as_the_kubelet_answers_them() {
    let Some(mut kubelet) = Kubelet::start() else {
        return;
    };
    let began = Instant::now();
    let mut held = 0;
    while held < CASES || began.elapsed() < TIME {
        let question = generate::question(held);
        if check(&mut kubelet, &question).is_some() {
            let smallest =
                shrink::smallest(question, |smaller| check(&mut kubelet, smaller).is_some());
            let difference = check(&mut kubelet, &smallest).unwrap_or_default();
            panic!("seed {held}: {smallest:#?}\n{difference}");
        }
        held += 1;
    }
    println!(
        "kubelet {}: {held} generated cases held to its own code",
        kubelet.version()
    );
}

#[test]
fn no_merge_loses_or_gains_anything_and_none_does_more_the_second_time() {
    merge::hold_the_corpus();
    merge::hold_many();
}

#[test]
fn every_known_trap_is_answered_as_the_kubelet_answers_it() {
    let mut kubelet = Kubelet::start();
    for trap in traps::all() {
        assert_eq!(
            traps::in_short(&trap.question.answer()),
            trap.answer,
            "{}",
            trap.name
        );
        if let Some(kubelet) = &mut kubelet {
            let difference = check(kubelet, &trap.question);
            assert_eq!(difference, None, "{}: {:?}", trap.name, trap.question);
        }
    }
}
