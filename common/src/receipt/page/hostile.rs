//! Whatever a receipt holds, the page shows it and never obeys it: maud would render text
//! that nobody made `Visible`, and its control characters with it.

use super::super::consumer::Consumer;
use super::super::contents::{LeftBehind, RestartProof, TargetProof};
use super::super::log::{Statement, StepTime, Switch, Validity};
use super::sample::{at, bridge};
use super::tests::open_elements;
use super::*;
use crate::fingerprint::Fingerprint;
use crate::kubelet::PullFailure;
use crate::pulltest::{PullProof, PullVerdict};

const HOSTILE: &str = "<script>alert(\"'&\")\u{1b}[0m\u{202e}\u{85}\u{7f}\n\r\tscript";
const SHOWN: &str =
    r#"&lt;script&gt;alert(&quot;'&amp;&quot;)\u{1b}[0m\u{202e}\u{85}\u{7f}\n\r\tscript"#;

/// Texts of which each has to be on the page.
const FIELDS: [&str; 29] = [
    "rotation",
    "by",
    "context",
    "skipped",
    "before",
    "namespace",
    "secret",
    "key",
    "other key",
    "elsewhere",
    "left context",
    "left namespace",
    "left secret",
    "reason",
    "remedy",
    "claim",
    "seen",
    "step",
    "account",
    "ip",
    "agent",
    "repository",
    "restarted context",
    "workload",
    "result",
    "pull context",
    "pull namespace",
    "image",
    "message",
];

fn said(field: &str) -> String {
    format!("{field}</title>{HOSTILE}")
}

/// Hostile in every field that is not a number, a time or one of our own words. Without
/// `..`: a new field has to be decided on here.
fn hostile() -> Receipt {
    let Receipt {
        robot,
        validities,
        after,
        ..
    } = bridge(1, 1);
    let token = after.unwrap();
    Receipt {
        version: 1,
        rotation: said("rotation"),
        bridge: Some(robot.clone()),
        robot,
        // A host cannot hold anything hostile.
        registry: "quay.example.com".parse().unwrap(),
        strategy: Strategy::Bridge,
        outcome: End::Finished,
        resumed: true,
        by: said("by"),
        began: at(0),
        ended: at(9000),
        contexts: vec![said("context"), said("empty context")],
        skipped: vec![said("skipped")],
        before: Some(said("before")),
        after: Some(token.clone()),
        window_began: None,
        window_ms: None,
        targets: vec![
            target("context", "key", &token),
            target("context", "other key", &token),
            target("elsewhere", "key", &token),
        ],
        left_behind: vec![LeftBehind {
            context: said("left context"),
            namespace: said("left namespace"),
            secret: said("left secret"),
            reason: said("reason"),
            remedy: said("remedy"),
        }],
        statements: vec![Statement {
            claim: said("claim"),
            holds: true,
            seen: said("seen"),
        }],
        steps: vec![StepTime {
            step: said("step"),
            began: at(0),
            ended: None,
        }],
        validities: validities
            .into_iter()
            .map(|validity| Validity {
                account: said("validity"),
                ..validity
            })
            .collect(),
        switches: vec![Switch {
            context: said("context"),
            namespace: said("namespace"),
            secret: said("secret"),
            key: said("key"),
            at: at(2000),
            account: said("account"),
            fingerprint: Some(token),
        }],
        consumers: vec![Consumer {
            ip: said("ip"),
            agent: said("agent"),
            repositories: vec![said("repository"), said("repository")],
            pulls: 1,
            last: at(0),
        }],
        restarted: vec![RestartProof {
            context: said("restarted context"),
            workload: said("workload"),
            result: said("result"),
        }],
        pulls: vec![PullProof {
            context: said("pull context"),
            namespace: said("pull namespace"),
            secret: said("pull secret"),
            image: said("image"),
            ok: false,
            verdict: Some(PullVerdict::Refused {
                reason: said("verdict"),
                cause: PullFailure::Other,
                message: said("verdict"),
                node: Some(said("node")),
            }),
            message: said("message"),
            next: Some(said("next").into()),
            leftovers: vec![said("leftover")],
        }],
    }
}

fn target(context: &str, key: &str, token: &Fingerprint) -> TargetProof {
    TargetProof {
        context: said(context),
        namespace: said("namespace"),
        secret: said("secret"),
        key: said(key),
        before: None,
        after: token.clone(),
        switched: vec![at(2000)],
        holds: false,
    }
}

#[test]
fn text_from_elsewhere_is_shown_and_never_obeyed() {
    let page = receipt_page(&hostile());
    for field in FIELDS {
        let shown = format!("{field}&lt;/title&gt;{SHOWN}");
        assert!(page.contains(&shown), "{field}");
    }
    assert!(page.contains("<dd>quay.example.com</dd>"));
    // Wherever there is any of it, all of it is as it is to be shown.
    assert_eq!(page.matches("alert(").count(), page.matches(SHOWN).count());
    assert!(!page.contains("<script"));
    let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert_eq!(page.find(hidden), None);
    assert!(open_elements(&page).is_empty());
}
