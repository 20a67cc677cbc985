//! The receipt as a page that stands alone: for whoever asks for evidence, on paper too.
//!
//! One file without scripts and without anything to load. No token is in it, as none is in
//! the receipt.

mod axis;
mod description;
mod frame;
mod handover;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod sample;
mod tables;
mod timeline;
mod visible;
mod words;

use super::contents::{End, Receipt};
use crate::ledger::Strategy;
use handover::Handovers;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use visible::Visible;
use words::{count, grouped, length, moment, seconds};

/// Renders the page.
pub fn receipt_page(receipt: &Receipt) -> String {
    let handovers = Handovers::of(receipt);
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Rotation of " (Visible(&receipt.robot)) ", " (moment(receipt.began)) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                main {
                    (header(receipt))
                    (figures(receipt, &handovers))
                    (facts(receipt))
                    (picture(receipt, &handovers))
                    (tables::checks(receipt))
                    (tables::targets(receipt))
                    (tables::left_behind(receipt))
                    (tables::pulls(receipt))
                    (tables::restarted(receipt))
                    (tables::consumers(receipt))
                    (tables::steps(receipt))
                    (footer(receipt))
                }
            }
        }
        "\n"
    };
    page.into_string()
}

fn header(receipt: &Receipt) -> Markup {
    let failed = receipt.pulls.iter().filter(|pull| !pull.ok).count();
    let open = receipt.statements.iter().filter(|one| !one.holds).count() + failed;
    let all = count(receipt.statements.len() + receipt.pulls.len(), "check");
    html! {
        header {
            p.kicker { "Rotation receipt" }
            h1 { (Visible(&receipt.robot)) }
            p.lead { (lead(receipt)) }
            @if open == 0 {
                p.seal.good { "Proved: all " (all) " passed" }
            } @else {
                p.seal.bad { "Not proved: " (open) " of " (all) " failed" }
            }
            (notices(receipt))
        }
    }
}

fn lead(receipt: &Receipt) -> Markup {
    let registry = Visible(&receipt.registry);
    let (places, clusters) = (receipt.targets.len(), receipt.contexts.len());
    let place = html! {
        @if clusters > 0 { " in " (count(places, "place")) " in " (count(clusters, "cluster")) }
    };
    html! {
        @match receipt.outcome {
            End::Finished => { "Its token at " (registry) " was replaced" (place) "." }
            End::Aborted => {
                "The rotation of its token at " (registry) " was reverted" (place)
                ": the token was not replaced."
            }
        }
    }
}

/// What a reader must not miss.
fn notices(receipt: &Receipt) -> Markup {
    let left = receipt.left_behind.len();
    html! {
        @if receipt.resumed {
            p.notice {
                "An earlier run began this rotation. This page does not show what that run did."
            }
        }
        @for context in &receipt.skipped {
            p.notice.bad {
                "Cluster " (Visible(context))
                " did not answer and was left out: this page proves nothing about its secrets."
            }
        }
        @if left > 0 {
            p.notice.bad {
                "Left behind with a dead credential, which the user accepted: "
                (count(left, "secret")) "."
            }
        }
    }
}

/// The four numbers that matter.
fn figures(receipt: &Receipt, handovers: &Handovers<'_>) -> Markup {
    let held = receipt.targets.iter().filter(|target| target.holds).count();
    let secrets = count(receipt.targets.len(), "secret");
    let clusters = receipt.contexts.len();
    let word = if clusters == 1 { "cluster" } else { "clusters" };
    let took = length(seconds(receipt.began, receipt.ended));
    let late = handovers.late();
    let class = if late == 0 { "good" } else { "bad" };
    let switches = count(handovers.moves.len(), "switch");
    html! {
        ul.figures {
            li { strong { (grouped(held)) } span { "of " (secrets) " hold the current token" } }
            li { strong { (grouped(clusters)) } span { (word) } }
            li { strong { (took) } span { "from the first step to the last" } }
            @if let Some(window) = receipt.window_ms {
                li.bad {
                    strong { (length(window as f64 / 1e3)) } span { "in which pulls could fail" }
                }
            } @else {
                li.(class) { strong { (grouped(late)) } span { "of " (switches) " too late" } }
            }
        }
    }
}

fn facts(receipt: &Receipt) -> Markup {
    let contexts = receipt.contexts.join(", ");
    html! {
        section {
            h2 { "What happened" }
            dl {
                dt { "Token" } dd.wide { (tokens(receipt)) }
                dt { "Robot" } dd { (Visible(&receipt.robot)) }
                dt { "Registry" } dd { (Visible(&receipt.registry)) }
                dt { "How" } dd { (strategy(receipt)) }
                dt { "Bridge" }
                dd {
                    @if let Some(bridge) = &receipt.bridge { (Visible(bridge)) } @else { "none" }
                }
                dt { "By" } dd { (Visible(&receipt.by)) }
                dt { "Rotation" } dd { (Visible(&receipt.rotation)) }
                dt { "Began" } dd { (moment(receipt.began)) }
                dt { "Ended" } dd { (moment(receipt.ended)) }
                dt { "Clusters" }
                dd.wide {
                    @if receipt.contexts.is_empty() { "none" } @else { (Visible(contexts)) }
                }
            }
        }
    }
}

fn tokens(receipt: &Receipt) -> Markup {
    let before = receipt.before.as_deref().unwrap_or("no longer known");
    let became = match receipt.outcome {
        End::Finished => " became ",
        End::Aborted => " is still ",
    };
    html! {
        code.token.old { (Visible(before)) }
        @if let Some(after) = &receipt.after { (became) code.token.new { (after) } }
    }
}

fn strategy(receipt: &Receipt) -> &'static str {
    match receipt.strategy {
        Strategy::Bridge => "with a bridge, a second robot",
        Strategy::InPlace => "in place, without a bridge",
    }
}

fn picture(receipt: &Receipt, handovers: &Handovers<'_>) -> Markup {
    html! {
        section {
            h2 { "Timeline" }
            figure {
                @if !handovers.moves.is_empty() { (finding(receipt, handovers)) }
                div.chart { (timeline::timeline(receipt, handovers)) }
                figcaption { (legend(receipt)) }
            }
        }
    }
}

/// What the picture shows, in a sentence.
fn finding(receipt: &Receipt, handovers: &Handovers<'_>) -> Markup {
    html! {
        @match (receipt.window_ms, handovers.late()) {
            (Some(window), _) => p.finding.bad {
                strong { "Pulls could fail for " (length(window as f64 / 1e3)) ":" }
                " from the regenerate request to the last secret write."
            },
            (None, 0) => p.finding.good {
                strong { (in_time(handovers)) }
                (margins(handovers))
            },
            (None, late) => p.finding.bad {
                strong {
                    (count(late, "switch"))
                    " away from a credential that the registry possibly refused already."
                }
                (margins(handovers))
            },
        }
    }
}

fn in_time(handovers: &Handovers<'_>) -> Markup {
    let all = handovers.moves.len();
    let known = handovers.moves.iter().filter(|one| one.from.is_some());
    let known = known.count();
    html! {
        "At "
        @if known == all { "every switch" } @else { (grouped(known)) " of " (count(all, "switch")) }
        " the registry still accepted the credential that the secret held before"
        @if known == all { "." } @else { "; it is unknown what the other secrets held before." }
    }
}

/// How long each credential was still accepted after it had been left.
fn margins(handovers: &Handovers<'_>) -> Markup {
    let credentials = handovers.credentials.iter().enumerate();
    let margins: Vec<String> = credentials
        .filter_map(|(index, credential)| {
            let margin = handovers.margin(index).filter(|margin| *margin >= 0.0)?;
            let word = credential.role.word();
            Some(format!("the {word} for at least {}", length(margin)))
        })
        .collect();
    html! {
        @if !margins.is_empty() {
            " After the last secret had switched away, the registry still accepted " (margins.join(", ")) "."
        }
    }
}

fn legend(receipt: &Receipt) -> Markup {
    html! {
        "All times are UTC. A bar is pale while the registry accepts the credential. Its filled part \
         shows how many secrets hold the credential. A stroke is a switch of a secret, in the colour \
         of the new credential; a higher stroke stands for more switches. A dashed line is where a \
         credential stops working: "
        @match receipt.strategy {
            Strategy::Bridge => "every switch away from the credential must be to the left of the line.",
            Strategy::InPlace => "secrets that hold the credential after the line are red, and so is the window.",
        }
        @if timeline::has_cuts(receipt) {
            " In hatched stretches nothing happened. They are drawn shorter than they were; the \
             number above each is its length."
        }
    }
}

fn footer(receipt: &Receipt) -> Markup {
    html! {
        footer {
            p {
                "Written by kubectl quay-robot rotate, format " (receipt.version) ". This page \
                 contains no token. It names each token by its fingerprint, the first twelve \
                 hexadecimal digits of its SHA-256. Times are by the clock of the machine that ran \
                 the rotation."
            }
        }
    }
}

#[cfg(test)]
mod tests;
