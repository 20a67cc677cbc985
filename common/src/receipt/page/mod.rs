//! The receipt as a page that stands alone: for whoever asks for evidence, on paper too.
//!
//! One file without scripts and without anything to load. No token is in it, as none is in
//! the receipt.

mod axis;
mod description;
mod frame;
mod handover;
mod markup;
#[cfg(test)]
mod sample;
mod tables;
mod timeline;
mod words;

use super::contents::{End, Receipt};
use crate::ledger::Strategy;
use handover::Handovers;
use markup::Markup;
use std::fmt::Display;
use words::{count, grouped, length, moment, seconds};

/// Renders the page.
pub fn receipt_page(receipt: &Receipt) -> String {
    let handovers = Handovers::of(receipt);
    let mut page = Markup::default();
    page.literal("<!DOCTYPE html>\n");
    page.element("html", &[("lang", &"en")], |html| {
        html.element("head", &[], |head| head_of(head, receipt));
        html.element("body", &[], |body| {
            body.element("main", &[], |main| {
                header(main, receipt);
                figures(main, receipt, &handovers);
                facts(main, receipt);
                picture(main, receipt, &handovers);
                tables::checks(main, receipt);
                tables::targets(main, receipt);
                tables::left_behind(main, receipt);
                tables::pulls(main, receipt);
                tables::restarted(main, receipt);
                tables::consumers(main, receipt);
                tables::steps(main, receipt);
                footer(main, receipt);
            });
        });
    });
    page.literal("\n");
    page.finish()
}

fn head_of(head: &mut Markup, receipt: &Receipt) {
    head.literal(
        "<meta charset=\"utf-8\"/>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
         <meta name=\"color-scheme\" content=\"light dark\"/>\
         <meta name=\"referrer\" content=\"no-referrer\"/>",
    );
    let title = format!("Rotation of {}, {}", receipt.robot, moment(receipt.began));
    head.leaf("title", &[], title);
    head.element("style", &[], |style| {
        style.literal(include_str!("style.css"))
    });
}

fn header(main: &mut Markup, receipt: &Receipt) {
    main.element("header", &[], |header| {
        header.leaf("p", &[("class", &"kicker")], "Rotation receipt");
        header.leaf("h1", &[], &receipt.robot);
        header.leaf("p", &[("class", &"lead")], lead(receipt));
        let open = receipt.statements.iter().filter(|one| !one.holds).count();
        let failed = receipt.pulls.iter().filter(|pull| !pull.ok);
        let (open, all) = (
            open + failed.count(),
            receipt.statements.len() + receipt.pulls.len(),
        );
        let (class, text) = match open {
            0 => (
                "seal good",
                format!("Proved: all {} hold", count(all, "check")),
            ),
            _ => (
                "seal bad",
                format!("Not proved: {open} of {} fail", count(all, "check")),
            ),
        };
        header.leaf("p", &[("class", &class)], text);
        notices(header, receipt);
    });
}

fn lead(receipt: &Receipt) -> String {
    let registry = &receipt.registry;
    let place = match (receipt.targets.len(), receipt.contexts.len()) {
        (_, 0) => String::new(),
        (places, clusters) => format!(
            " in {} of {}",
            count(places, "place"),
            count(clusters, "cluster")
        ),
    };
    match receipt.outcome {
        End::Finished => format!("Its token at {registry} was replaced{place}."),
        End::Aborted => format!(
            "The rotation of its token at {registry} was taken back{place}: nothing was replaced."
        ),
    }
}

/// What a reader must not miss.
fn notices(header: &mut Markup, receipt: &Receipt) {
    if receipt.resumed {
        header.leaf(
            "p",
            &[("class", &"notice")],
            "An earlier run began this rotation. What that run did is not on this page.",
        );
    }
    for context in &receipt.skipped {
        let text = format!(
            "Cluster {context} did not answer and was left out: what it holds is not proved here."
        );
        header.leaf("p", &[("class", &"notice bad")], text);
    }
    let left = receipt.left_behind.len();
    if left > 0 {
        let text = format!(
            "Left behind with a credential that died, as was accepted: {}.",
            count(left, "secret")
        );
        header.leaf("p", &[("class", &"notice bad")], text);
    }
}

/// The four numbers that matter.
fn figures(main: &mut Markup, receipt: &Receipt, handovers: &Handovers<'_>) {
    let held = receipt.targets.iter().filter(|target| target.holds).count();
    let took = length(seconds(receipt.began, receipt.ended));
    main.element("ul", &[("class", &"figures")], |list| {
        let of = format!(
            "of {} hold the current token",
            count(receipt.targets.len(), "secret")
        );
        figure(list, "", grouped(held), &of);
        let clusters = receipt.contexts.len();
        let word = if clusters == 1 { "cluster" } else { "clusters" };
        figure(list, "", grouped(clusters), word);
        figure(list, "", took, "from the first step to the last");
        match receipt.window_ms {
            Some(window) => {
                figure(
                    list,
                    "bad",
                    length(window as f64 / 1e3),
                    "in which pulls could fail",
                );
            }
            None => {
                let late = handovers.late();
                let class = if late == 0 { "good" } else { "bad" };
                let of = format!("of {} too late", count(handovers.moves.len(), "switch"));
                figure(list, class, grouped(late), &of);
            }
        }
    });
}

fn figure(list: &mut Markup, class: &'static str, number: impl Display, what: &str) {
    list.element("li", &[("class", &class)], |item| {
        item.leaf("strong", &[], number);
        item.leaf("span", &[], what);
    });
}

fn facts(main: &mut Markup, receipt: &Receipt) {
    main.element("section", &[], |section| {
        section.leaf("h2", &[], "What happened");
        section.element("dl", &[], |list| {
            list.leaf("dt", &[], "Token");
            list.element("dd", WIDE, |value| tokens(value, receipt));
            fact(list, "Robot", &receipt.robot);
            fact(list, "Registry", receipt.registry.as_str());
            fact(list, "How", strategy(receipt));
            let bridge = receipt.bridge.as_ref().map(|bridge| bridge.as_str());
            fact(list, "Bridge", bridge.unwrap_or("none"));
            fact(list, "By", &receipt.by);
            fact(list, "Rotation", &receipt.rotation);
            fact(list, "Began", moment(receipt.began));
            fact(list, "Ended", moment(receipt.ended));
            let contexts = match receipt.contexts.is_empty() {
                true => "none".to_owned(),
                false => receipt.contexts.join(", "),
            };
            list.leaf("dt", &[], "Clusters");
            list.leaf("dd", WIDE, contexts);
        });
    });
}

/// A value that may be long.
const WIDE: markup::Attributes<'static> = &[("class", &"wide")];

fn fact(list: &mut Markup, name: &'static str, value: impl Display) {
    list.leaf("dt", &[], name);
    list.leaf("dd", &[], value);
}

fn tokens(value: &mut Markup, receipt: &Receipt) {
    let before = receipt.before.as_deref().unwrap_or("not known any more");
    value.leaf("code", &[("class", &"token old")], before);
    if let Some(after) = &receipt.after {
        match receipt.outcome {
            End::Finished => value.text(" became "),
            End::Aborted => value.text(" is still "),
        }
        value.leaf("code", &[("class", &"token new")], after);
    }
}

fn strategy(receipt: &Receipt) -> &'static str {
    match receipt.strategy {
        Strategy::Bridge => "with a bridge, a second robot",
        Strategy::InPlace => "in place, without a bridge",
    }
}

fn picture(main: &mut Markup, receipt: &Receipt, handovers: &Handovers<'_>) {
    main.element("section", &[], |section| {
        section.leaf("h2", &[], "Timeline");
        section.element("figure", &[], |figure| {
            finding(figure, receipt, handovers);
            figure.element("div", &[("class", &"chart")], |chart| {
                timeline::timeline(chart, receipt, handovers);
            });
            figure.element("figcaption", &[], |caption| legend(caption, receipt));
        });
    });
}

/// What the picture shows, in a sentence.
fn finding(figure: &mut Markup, receipt: &Receipt, handovers: &Handovers<'_>) {
    if handovers.moves.is_empty() {
        return;
    }
    let (class, claim) = match (receipt.window_ms, handovers.late()) {
        (Some(window), _) => {
            let window = length(window as f64 / 1e3);
            ("finding bad", format!("Pulls could fail for {window}:"))
        }
        (None, 0) => ("finding good", in_time(handovers)),
        (None, late) => {
            let late = count(late, "switch");
            let claim =
                format!("{late} away from a credential that may have been refused already.");
            ("finding bad", claim)
        }
    };
    figure.element("p", &[("class", &class)], |finding| {
        finding.leaf("strong", &[], claim);
        match receipt.window_ms {
            Some(_) => {
                finding.text(" from the regenerate’s sending until the last secret was written.")
            }
            None => margins(finding, handovers),
        }
    });
}

fn in_time(handovers: &Handovers<'_>) -> String {
    let all = handovers.moves.len();
    let known = handovers
        .moves
        .iter()
        .filter(|one| one.from.is_some())
        .count();
    let which = match known == all {
        true => "every switch".to_owned(),
        false => format!("{} of {}", grouped(known), count(all, "switch")),
    };
    let claim = format!("At {which} the credential that was switched away from was still accepted");
    match known == all {
        true => claim + ".",
        false => claim + "; what the other secrets held before is not known.",
    }
}

/// How long each credential was still accepted after it had been left.
fn margins(finding: &mut Markup, handovers: &Handovers<'_>) {
    let credentials = handovers.credentials.iter().enumerate();
    let margins: Vec<String> = credentials
        .filter_map(|(index, credential)| {
            let margin = handovers.margin(index).filter(|margin| *margin >= 0.0)?;
            let word = credential.role.word();
            Some(format!("the {word} for at least {}", length(margin)))
        })
        .collect();
    if !margins.is_empty() {
        finding.text(format!(
            " It stayed so after the last secret had left it: {}.",
            margins.join(", ")
        ));
    }
}

fn legend(caption: &mut Markup, receipt: &Receipt) {
    caption.text(
        "All times are UTC. A bar is pale while the registry accepts the credential, and filled as \
         far up as secrets hold it. Strokes are switches, in the colour of what was switched to; \
         where there are many, a stroke is as high as it stands for switches. A dashed line is \
         where a credential ends: ",
    );
    caption.text(match receipt.strategy {
        Strategy::Bridge => "every switch away from it has to be on the left of it.",
        Strategy::InPlace => "secrets that hold it after that are red, as is the window.",
    });
    if timeline::has_cuts(receipt) {
        caption.text(
            " In hatched stretches nothing happened; they are drawn shorter than they were, and \
             their lengths stand above them.",
        );
    }
}

fn footer(main: &mut Markup, receipt: &Receipt) {
    main.element("footer", &[], |footer| {
        let text = format!(
            "Written by kubectl quay-robot rotate, format {}. Tokens are named by their \
             fingerprints, the first twelve hexadecimal digits of their SHA-256; no token is on \
             this page. Times are those of the machine that carried the rotation out.",
            receipt.version
        );
        footer.leaf("p", &[], text);
    });
}

#[cfg(test)]
mod tests;
