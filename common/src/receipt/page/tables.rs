//! The lists of the page.

use super::super::consumer::USAGE_DAYS;
use super::super::contents::{End, Receipt, TargetProof};
use super::markup::Markup;
use super::words::{clock, count, grouped, length, moment, seconds};
use crate::pulltest::PullVerdict;
use std::fmt::Display;

/// Longer lists are folded on a screen.
const FOLDED: usize = 25;

/// What was checked in the end.
pub(super) fn checks(main: &mut Markup, receipt: &Receipt) {
    section(main, "What was checked", |section| {
        table(section, "checks", &["Result", "Claim", "Seen"], |body| {
            for statement in &receipt.statements {
                body.element("tr", &[], |row| {
                    result(row, statement.holds, "holds", "fails");
                    head(row, "", &statement.claim);
                    cell(row, "", &statement.seen);
                });
            }
        });
    });
}

/// Every credential, by cluster.
pub(super) fn targets(main: &mut Markup, receipt: &Receipt) {
    if receipt.targets.is_empty() {
        return;
    }
    section(main, "Every secret", |section| {
        for context in contexts(receipt) {
            let here = receipt.targets.iter();
            let here: Vec<&TargetProof> = here.filter(|t| t.context == context).collect();
            let held = here.iter().filter(|target| target.holds).count();
            let is_open = here.len() <= FOLDED || held < here.len();
            let remark = format!(
                "{} of {} hold the current token",
                grouped(held),
                grouped(here.len())
            );
            fold(section, context, &remark, is_open, |inside| {
                cluster(inside, receipt, &here);
            });
        }
    });
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

fn cluster(inside: &mut Markup, receipt: &Receipt, targets: &[&TargetProof]) {
    let Some(first) = targets.first() else {
        inside.leaf("p", &[], "No secret of this cluster holds the robot.");
        return;
    };
    // One key for all, as usual, needs no column.
    let shared = targets.iter().all(|target| target.key == first.key);
    if shared {
        inside.element("p", &[("class", &"key")], |line| {
            line.text("Key in each secret: ");
            line.leaf("code", &[], &first.key);
        });
    }
    let mut headings = vec!["Namespace", "Secret"];
    if !shared {
        headings.push("Key");
    }
    headings.extend(["Before", "After", "Switched at (UTC)", "Result"]);
    let good = match receipt.outcome {
        End::Finished => "rotated",
        End::Aborted => "as before",
    };
    table(inside, "targets", &headings, |body| {
        for target in targets {
            body.literal("\n");
            body.element("tr", &[], |row| {
                head(row, "", &target.namespace);
                cell(row, "", &target.secret);
                if !shared {
                    cell(row, "", &target.key);
                }
                let before = target.before.as_ref().map(ToString::to_string);
                cell(row, "mono", before.as_deref().unwrap_or("—"));
                cell(row, "mono", &target.after);
                let times = target.switched.iter().map(|at| clock(*at, receipt.began));
                let times: Vec<String> = times.collect();
                let times = match times.is_empty() {
                    true => "not written".to_owned(),
                    false => times.join(" "),
                };
                cell(row, "time", times);
                result(row, target.holds, good, "stale");
            });
        }
    });
}

/// What keeps a credential that died.
pub(super) fn left_behind(main: &mut Markup, receipt: &Receipt) {
    if receipt.left_behind.is_empty() {
        return;
    }
    section(main, "Left behind", |section| {
        section.leaf(
            "p",
            &[],
            "These secrets keep a credential that died; whoever ran the rotation accepted that.",
        );
        let headings = ["Secret", "Cluster", "Reason", "Where to change it"];
        table(section, "", &headings, |body| {
            for left in &receipt.left_behind {
                body.element("tr", &[], |row| {
                    head(row, "", format!("{}/{}", left.namespace, left.secret));
                    cell(row, "", &left.context);
                    cell(row, "", &left.reason);
                    cell(row, "", &left.remedy);
                });
            }
        });
    });
}

/// Images that were pulled to try the new credential.
pub(super) fn pulls(main: &mut Markup, receipt: &Receipt) {
    if receipt.pulls.is_empty() {
        return;
    }
    section(main, "Pulled to try it", |section| {
        let headings = [
            "Result",
            "Image",
            "Cluster",
            "Namespace",
            "The kubelet said",
        ];
        table(section, "", &headings, |body| {
            for pull in &receipt.pulls {
                body.element("tr", &[], |row| {
                    let word = pull.verdict.as_ref().map_or("not tried", PullVerdict::word);
                    result(row, pull.ok, word, word);
                    head(row, "", &pull.image);
                    cell(row, "", &pull.context);
                    cell(row, "", &pull.namespace);
                    cell(row, "", &pull.message);
                });
            }
        });
    });
}

/// Workloads that were restarted.
pub(super) fn restarted(main: &mut Markup, receipt: &Receipt) {
    if receipt.restarted.is_empty() {
        return;
    }
    section(main, "Restarted", |section| {
        let remark = count(receipt.restarted.len(), "workload");
        let is_open = receipt.restarted.len() <= FOLDED;
        fold(section, "Workloads", &remark, is_open, |inside| {
            table(inside, "", &["Workload", "Cluster", "Result"], |body| {
                for one in &receipt.restarted {
                    body.element("tr", &[], |row| {
                        head(row, "", &one.workload);
                        cell(row, "", &one.context);
                        cell(row, "", &one.result);
                    });
                }
            });
        });
    });
}

/// Who else pulled with the robot before.
pub(super) fn consumers(main: &mut Markup, receipt: &Receipt) {
    if receipt.consumers.is_empty() {
        return;
    }
    section(main, "Who pulled with this robot before", |section| {
        let text = format!(
            "As the registry’s usage log has it for the {USAGE_DAYS} days before. Whoever of these \
             is none of the clusters above had to be given the new token."
        );
        section.leaf("p", &[], text);
        let remark = count(receipt.consumers.len(), "consumer");
        let is_open = receipt.consumers.len() <= FOLDED;
        fold(section, "Consumers", &remark, is_open, |inside| {
            let headings = [
                "Address",
                "Program",
                "Repositories",
                "Pulls",
                "Last pull (UTC)",
            ];
            table(inside, "", &headings, |body| {
                for one in &receipt.consumers {
                    body.element("tr", &[], |row| {
                        head(row, "mono", &one.ip);
                        cell(row, "", &one.agent);
                        cell(row, "", one.repositories.join(", "));
                        cell(row, "number", grouped(one.pulls));
                        cell(row, "", one.last.strftime("%Y-%m-%d %H:%M:%S"));
                    });
                }
            });
        });
    });
}

/// What was done when, to the millisecond.
pub(super) fn steps(main: &mut Markup, receipt: &Receipt) {
    section(main, "Every step", |section| {
        let headings = ["Step", "Began", "Took"];
        table(section, "steps", &headings, |body| {
            for step in &receipt.steps {
                body.element("tr", &[], |row| {
                    head(row, "", &step.step);
                    cell(row, "time", moment(step.began));
                    let took = step.ended.map(|ended| length(seconds(step.began, ended)));
                    cell(
                        row,
                        "number",
                        took.as_deref().unwrap_or("the run ended in it"),
                    );
                });
            }
        });
    });
}

fn section(main: &mut Markup, heading: &'static str, content: impl FnOnce(&mut Markup)) {
    main.element("section", &[], |section| {
        section.leaf("h2", &[], heading);
        content(section);
    });
}

/// A list that can be folded; on paper it never is.
fn fold(
    section: &mut Markup,
    name: &str,
    remark: &str,
    is_open: bool,
    content: impl FnOnce(&mut Markup),
) {
    let open: super::markup::Attributes<'_> = &[("open", &"")];
    section.element("details", if is_open { open } else { &[] }, |details| {
        details.element("summary", &[], |summary| {
            summary.leaf("b", &[], name);
            summary.leaf("span", &[], remark);
        });
        content(details);
    });
}

fn table(
    place: &mut Markup,
    class: &'static str,
    headings: &[&'static str],
    rows: impl FnOnce(&mut Markup),
) {
    place.element("div", &[("class", &"scroll")], |place| {
        place.element("table", &[("class", &class)], |table| {
            table.element("thead", &[], |head| {
                head.element("tr", &[], |row| {
                    for heading in headings {
                        row.leaf("th", &[("scope", &"col")], heading);
                    }
                });
            });
            table.element("tbody", &[], rows);
        });
    });
}

/// What the row is about.
fn head(row: &mut Markup, class: &'static str, text: impl Display) {
    match class {
        "" => row.leaf("th", &[("scope", &"row")], text),
        class => row.leaf("th", &[("scope", &"row"), ("class", &class)], text),
    }
}

fn cell(row: &mut Markup, class: &'static str, text: impl Display) {
    match class {
        "" => row.leaf("td", &[], text),
        class => row.leaf("td", &[("class", &class)], text),
    }
}

/// A sign and a word, as colour alone tells nothing.
fn result(row: &mut Markup, holds: bool, good: &str, bad: &str) {
    match holds {
        true => cell(row, "good", format!("✓ {good}")),
        false => cell(row, "bad", format!("✗ {bad}")),
    }
}
