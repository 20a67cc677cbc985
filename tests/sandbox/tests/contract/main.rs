//! The sandbox's Quay answers like the recorded one, exchange by exchange.
//!
//! What it does not hold is listed in `tests/recordings/uncovered.txt`, and nothing else is.

#[path = "../client/mod.rs"]
mod client;
mod forms;
mod measurements;
mod recording;
mod replay;
mod rules;
mod stage;

use std::collections::BTreeSet;
use std::fs;

use replay::Replay;

/// Recordings that have to be held in full.
const IN_FULL: [&str; 18] = [
    "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "25", "26",
    "35", "37",
];

#[tokio::test]
async fn the_sandbox_answers_like_the_recorded_quay() {
    let listed = fs::read_to_string(recording::folder().join("uncovered.txt")).unwrap();
    let listed: BTreeSet<String> = listed
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let mut replay = Replay::start().unwrap();
    let (mut total, mut failures) = (0, Vec::new());
    for recording in recording::all().unwrap() {
        if let Err(error) = stage::set(&replay.quay, &recording) {
            failures.push((format!("{}: stage", recording.name), error.to_string()));
        }
        let host = stage::host(&recording);
        for exchange in &recording.exchanges {
            total += 1;
            let outcome = match &exchange.data {
                None => replay.exchange(host, exchange).await,
                Some(data) => measurements::hold(&replay, &exchange.label, data).await,
            };
            if let Err(error) = outcome {
                let line = format!("{}: {}", recording.name, exchange.label);
                failures.push((line, error));
            }
        }
    }
    let held = total - failures.len();
    println!(
        "{held} of {total} recorded exchanges held, {} listed as uncovered",
        listed.len()
    );
    let failed: BTreeSet<String> = failures.iter().map(|(line, _)| line.clone()).collect();
    let unexpected: Vec<String> = failures
        .iter()
        .filter(|(line, _)| !listed.contains(line))
        .map(|(line, error)| format!("{line}\n    {error}"))
        .collect();
    assert!(
        unexpected.is_empty(),
        "not held:\n{}",
        unexpected.join("\n")
    );
    let passing: Vec<_> = listed.difference(&failed).collect();
    assert!(
        passing.is_empty(),
        "held now, take them off the list: {passing:#?}"
    );
    let must: Vec<_> = failed
        .iter()
        .filter(|line| IN_FULL.iter().any(|number| line.starts_with(number)))
        .collect();
    assert!(must.is_empty(), "have to be held: {must:#?}");
}
