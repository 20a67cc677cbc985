//! The lists of the page.

use super::super::consumer::USAGE_DAYS;
use super::super::contents::{End, Receipt, TargetProof};
use super::visible::Visible;
use super::words::{clock, count, grouped, length, moment, seconds};
use crate::pulltest::PullVerdict;
use maud::{Markup, html};

/// Longer lists are folded on a screen.
const FOLDED: usize = 25;

/// What was checked in the end.
pub(super) fn checks(receipt: &Receipt) -> Markup {
    let rows = html! {
        @for statement in &receipt.statements {
            tr {
                (result(statement.holds, "holds", "fails"))
                th scope="row" { (Visible(&statement.claim)) }
                td { (Visible(&statement.seen)) }
            }
        }
    };
    let table = table("checks", &["Result", "Claim", "Seen"], rows);
    section("What was checked", table)
}

/// Every credential, by cluster.
pub(super) fn targets(receipt: &Receipt) -> Markup {
    if receipt.targets.is_empty() {
        return Markup::default();
    }
    let clusters = html! {
        @for context in contexts(receipt) { (cluster(receipt, context)) }
    };
    section("Every secret", clusters)
}

/// In the order of the receipt; a cluster without a target is told of, too.
fn contexts(receipt: &Receipt) -> Vec<&str> {
    let mut contexts: Vec<&str> = receipt.contexts.iter().map(String::as_str).collect();
    for target in &receipt.targets {
        if !contexts.contains(&target.context.as_str()) {
            contexts.push(&target.context);
        }
    }
    contexts
}

fn cluster(receipt: &Receipt, context: &str) -> Markup {
    let here = receipt.targets.iter();
    let here: Vec<&TargetProof> = here.filter(|t| t.context == context).collect();
    let held = here.iter().filter(|target| target.holds).count();
    let is_open = here.len() <= FOLDED || held < here.len();
    let (held, all) = (grouped(held), grouped(here.len()));
    let remark = format!("{held} of {all} hold the current token");
    let content = match here.first() {
        Some(first) => secrets(receipt, &here, &first.key),
        None => html! { p { "No secret in this cluster holds the robot." } },
    };
    fold(context, &remark, is_open, content)
}

/// The secrets of one cluster; `key` is that of the first.
fn secrets(receipt: &Receipt, targets: &[&TargetProof], key: &str) -> Markup {
    // One key for all, as usual, needs no column.
    let shared = targets.iter().all(|target| target.key == key);
    let mut headings = vec!["Namespace", "Secret"];
    if !shared {
        headings.push("Key");
    }
    headings.extend(["Before", "After", "Switched at (UTC)", "Result"]);
    let good = match receipt.outcome {
        End::Finished => "rotated",
        End::Aborted => "as before",
    };
    let rows = html! {
        @for target in targets {
            "\n"
            tr {
                th scope="row" { (Visible(&target.namespace)) }
                td { (Visible(&target.secret)) }
                @if !shared { td { (Visible(&target.key)) } }
                td.mono { @if let Some(before) = &target.before { (before) } @else { "—" } }
                td.mono { (target.after) }
                td.time { (switched(target, receipt)) }
                (result(target.holds, good, "stale"))
            }
        }
    };
    html! {
        @if shared { p.key { "Key in each secret: " code { (Visible(key)) } } }
        (table("targets", &headings, rows))
    }
}

fn switched(target: &TargetProof, receipt: &Receipt) -> String {
    if target.switched.is_empty() {
        return "not written".to_owned();
    }
    let times = target.switched.iter().map(|at| clock(*at, receipt.began));
    times.collect::<Vec<String>>().join(" ")
}

/// What keeps a credential that died.
pub(super) fn left_behind(receipt: &Receipt) -> Markup {
    if receipt.left_behind.is_empty() {
        return Markup::default();
    }
    let rows = html! {
        @for left in &receipt.left_behind {
            tr {
                th scope="row" { (Visible(&left.namespace)) "/" (Visible(&left.secret)) }
                td { (Visible(&left.context)) }
                td { (Visible(&left.reason)) }
                td { (Visible(&left.remedy)) }
            }
        }
    };
    let headings = ["Secret", "Cluster", "Reason", "Where to change it"];
    let list = html! {
        p {
            "These secrets keep a dead credential. The person who ran the rotation accepted that."
        }
        (table("", &headings, rows))
    };
    section("Left behind", list)
}

/// Images that were pulled to try the new credential.
pub(super) fn pulls(receipt: &Receipt) -> Markup {
    if receipt.pulls.is_empty() {
        return Markup::default();
    }
    let rows = html! {
        @for pull in &receipt.pulls {
            @let word = pull.verdict.as_ref().map_or("not tried", PullVerdict::word);
            tr {
                (result(pull.ok, word, word))
                th scope="row" { (Visible(&pull.image)) }
                td { (Visible(&pull.context)) }
                td { (Visible(&pull.namespace)) }
                td { (Visible(&pull.message)) }
            }
        }
    };
    let headings = [
        "Result",
        "Image",
        "Cluster",
        "Namespace",
        "The kubelet reported",
    ];
    section("Test pulls", table("", &headings, rows))
}

/// Workloads that were restarted.
pub(super) fn restarted(receipt: &Receipt) -> Markup {
    if receipt.restarted.is_empty() {
        return Markup::default();
    }
    let rows = html! {
        @for one in &receipt.restarted {
            tr {
                th scope="row" { (Visible(&one.workload)) }
                td { (Visible(&one.context)) }
                td { (Visible(&one.result)) }
            }
        }
    };
    let remark = count(receipt.restarted.len(), "workload");
    let is_open = receipt.restarted.len() <= FOLDED;
    let table = table("", &["Workload", "Cluster", "Result"], rows);
    section("Restarted", fold("Workloads", &remark, is_open, table))
}

/// Who else pulled with the robot before.
pub(super) fn consumers(receipt: &Receipt) -> Markup {
    if receipt.consumers.is_empty() {
        return Markup::default();
    }
    let rows = html! {
        @for one in &receipt.consumers {
            tr {
                th scope="row" class="mono" { (Visible(&one.ip)) }
                td { (Visible(&one.agent)) }
                td { (Visible(one.repositories.join(", "))) }
                td.number { (grouped(one.pulls)) }
                td { (one.last.strftime("%Y-%m-%d %H:%M:%S")) }
            }
        }
    };
    let headings = [
        "Address",
        "Program",
        "Repositories",
        "Pulls",
        "Last pull (UTC)",
    ];
    let remark = count(receipt.consumers.len(), "consumer");
    let is_open = receipt.consumers.len() <= FOLDED;
    let list = html! {
        p {
            "From the registry’s usage log of the " (USAGE_DAYS) " days before. Clients that are not \
             in the clusters above needed the new token by other means."
        }
        (fold("Consumers", &remark, is_open, table("", &headings, rows)))
    };
    section("Who pulled with this robot before", list)
}

/// What was done when, to the millisecond.
pub(super) fn steps(receipt: &Receipt) -> Markup {
    let rows = html! {
        @for step in &receipt.steps {
            tr {
                th scope="row" { (Visible(&step.step)) }
                td.time { (moment(step.began)) }
                td.number {
                    @if let Some(ended) = step.ended {
                        (length(seconds(step.began, ended)))
                    } @else {
                        "the run ended in it"
                    }
                }
            }
        }
    };
    let table = table("steps", &["Step", "Began", "Took"], rows);
    section("Every step", table)
}

fn section(heading: &str, content: Markup) -> Markup {
    html! {
        section {
            h2 { (heading) }
            (content)
        }
    }
}

/// A list that can be folded; on paper it never is.
fn fold(name: &str, remark: &str, is_open: bool, content: Markup) -> Markup {
    html! {
        details open[is_open] {
            summary {
                b { (Visible(name)) }
                span { (remark) }
            }
            (content)
        }
    }
}

fn table(class: &str, headings: &[&str], rows: Markup) -> Markup {
    html! {
        div.scroll {
            table class=(class) {
                thead {
                    tr {
                        @for heading in headings { th scope="col" { (heading) } }
                    }
                }
                tbody { (rows) }
            }
        }
    }
}

/// A sign and a word, as colour alone tells nothing.
fn result(holds: bool, good: &str, bad: &str) -> Markup {
    html! {
        @if holds { td.good { "✓ " (good) } } @else { td.bad { "✗ " (bad) } }
    }
}
