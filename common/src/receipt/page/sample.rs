//! Receipts of rotations that never were, for the tests of the page.

use super::super::consumer::Consumer;
use super::super::contents::{End, Receipt, TargetProof};
use super::super::log::{Statement, StepTime, Switch, Validity};
use crate::fingerprint::Fingerprint;
use crate::ledger::Strategy;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

const ROBOT: &str = "myorg+deploy";
const BRIDGE: &str = "myorg+deploy_bridge";

/// A bridge rotation over so many clusters with so many secrets each.
pub(super) fn bridge(clusters: usize, secrets: usize) -> Receipt {
    let cross = 1500 + writing(secrets);
    let renew = cross + 121_000;
    let back = renew + 250 + writing(secrets);
    let remove = back + 121_500;
    let mut receipt = empty(clusters, Strategy::Bridge, remove + 900);
    receipt.bridge = Some(BRIDGE.parse().unwrap());
    receipt.steps = steps(&[
        ("rehearse", 0),
        ("bridge", 700),
        ("copy rights", 900),
        ("cross", 1500),
        ("settle", cross),
        ("compare rights", renew - 300),
        ("renew", renew),
        ("return", renew + 250),
        ("settle", back),
        ("compare rights", remove - 300),
        ("remove", remove),
        ("prove", remove + 300),
        ("", remove + 900),
    ]);
    receipt.validities = vec![
        validity(ROBOT, 'A', None, Some(renew + 200)),
        validity(BRIDGE, 'B', Some(1500), Some(remove + 200)),
        validity(ROBOT, 'C', Some(renew + 200), None),
    ];
    write(&mut receipt, clusters, secrets, 1520, BRIDGE, 'B');
    write(&mut receipt, clusters, secrets, renew + 270, ROBOT, 'C');
    prove(&mut receipt, clusters, secrets);
    receipt
}

/// The same in place.
pub(super) fn in_place(clusters: usize, secrets: usize) -> Receipt {
    let renew = 800;
    let end = renew + 200 + writing(secrets);
    let mut receipt = empty(clusters, Strategy::InPlace, end + 500);
    receipt.steps = steps(&[
        ("rehearse", 0),
        ("renew", renew),
        ("prove", end + 60),
        ("", end + 500),
    ]);
    receipt.validities = vec![
        validity(ROBOT, 'A', None, Some(renew + 180)),
        validity(ROBOT, 'C', Some(renew + 180), None),
    ];
    write(&mut receipt, clusters, secrets, renew + 200, ROBOT, 'C');
    let last = receipt.switches.iter().map(|switch| switch.at).max();
    let window = last.map(|last| last.duration_since(at(renew + 60)));
    receipt.window_began = Some(at(renew + 60));
    receipt.window_ms = window.map(|window| window.as_millis() as u64);
    prove(&mut receipt, clusters, secrets);
    receipt
}

/// The moment so many milliseconds after the beginning.
pub(super) fn at(milliseconds: i64) -> Timestamp {
    let began: Timestamp = "2026-11-25T10:01:18.123Z".parse().unwrap();
    began + SignedDuration::from_millis(milliseconds)
}

fn writing(secrets: usize) -> i64 {
    20 + 8 * secrets as i64
}

fn token(letter: char) -> Fingerprint {
    Fingerprint::of(&SecretString::from(letter.to_string().repeat(64)))
}

fn context(cluster: usize) -> String {
    let names = ["prod-eu", "prod-us", "staging"];
    names
        .get(cluster)
        .map_or_else(|| format!("cluster-{cluster}"), |name| (*name).to_owned())
}

fn empty(clusters: usize, strategy: Strategy, ended: i64) -> Receipt {
    Receipt {
        version: 1,
        rotation: "20261125T100118Z-5d1f0c22".to_owned(),
        robot: ROBOT.parse().unwrap(),
        bridge: None,
        registry: "quay.example.com".parse().unwrap(),
        strategy,
        outcome: End::Finished,
        resumed: false,
        by: "quayadmin".to_owned(),
        began: at(0),
        ended: at(ended),
        contexts: (0..clusters).map(context).collect(),
        skipped: Vec::new(),
        before: Some(token('A').to_string()),
        after: Some(token('C')),
        window_began: None,
        window_ms: None,
        targets: Vec::new(),
        left_behind: Vec::new(),
        statements: Vec::new(),
        steps: Vec::new(),
        validities: Vec::new(),
        switches: Vec::new(),
        consumers: vec![Consumer {
            ip: "10.0.0.7".to_owned(),
            agent: "containers/5.34.1 (github.com/containers/image)".to_owned(),
            repositories: vec!["myorg/my-app".to_owned(), "myorg/base".to_owned()],
            pulls: 41,
            last: at(-90_000),
        }],
        restarted: Vec::new(),
        pulls: Vec::new(),
    }
}

/// Each step lasts until the next begins; the last is only an end.
fn steps(begun: &[(&str, i64)]) -> Vec<StepTime> {
    let pairs = begun.windows(2);
    pairs
        .map(|pair| StepTime {
            step: pair[0].0.to_owned(),
            began: at(pair[0].1),
            ended: Some(at(pair[1].1)),
        })
        .collect()
}

fn validity(account: &str, letter: char, from: Option<i64>, until: Option<i64>) -> Validity {
    Validity {
        account: account.to_owned(),
        fingerprint: token(letter),
        from: from.map(at),
        until: until.map(at),
    }
}

fn write(
    receipt: &mut Receipt,
    clusters: usize,
    secrets: usize,
    from: i64,
    account: &str,
    letter: char,
) {
    for cluster in 0..clusters {
        for secret in 0..secrets {
            receipt.switches.push(Switch {
                context: context(cluster),
                namespace: format!("team-{secret:03}"),
                secret: "quay-pull".to_owned(),
                key: "quay.example.com".to_owned(),
                at: at(from + 7 * secret as i64 + 3 * cluster as i64),
                account: account.to_owned(),
                fingerprint: Some(token(letter)),
            });
        }
    }
}

fn prove(receipt: &mut Receipt, clusters: usize, secrets: usize) {
    for cluster in 0..clusters {
        for secret in 0..secrets {
            let namespace = format!("team-{secret:03}");
            let context = context(cluster);
            let here = receipt.switches.iter();
            let here = here.filter(|s| s.context == context && s.namespace == namespace);
            receipt.targets.push(TargetProof {
                switched: here.map(|switch| switch.at).collect(),
                context,
                namespace,
                secret: "quay-pull".to_owned(),
                key: "quay.example.com".to_owned(),
                before: Some(token('A')),
                after: token('C'),
                holds: true,
            });
        }
    }
    let places = receipt.targets.len();
    receipt.statements = vec![
        statement(
            "the registry accepts the token of myorg+deploy",
            "pull from 5 repositories",
        ),
        statement("the old token of myorg+deploy is refused", "401"),
        statement(
            "every secret holds the current token of myorg+deploy",
            &format!("{places} of {places} do"),
        ),
    ];
}

fn statement(claim: &str, seen: &str) -> Statement {
    Statement {
        claim: claim.to_owned(),
        holds: true,
        seen: seen.to_owned(),
    }
}
