//! The rotation as a picture: when each credential was accepted, how many secrets held it,
//! and when each secret switched.

use super::super::contents::Receipt;
use super::super::log::Switch;
use super::axis::Axis;
use super::description::in_words;
use super::handover::{Handovers, Held, Move, Role};
use super::visible::Visible;
use super::words::{clock, count, length, seconds, shortened};
use crate::cli::escape_control;
use crate::ledger::Strategy;
use jiff::Timestamp;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};

const WIDTH: f64 = 760.0;
/// The names of the rows end here, and time begins.
pub(super) const LEFT: f64 = 176.0;
/// Time ends here, and the remarks of the rows begin.
pub(super) const RIGHT: f64 = 662.0;
/// Below the axis.
pub(super) const TOP: f64 = 44.0;
/// Switches of one cluster that are drawn one by one; more are drawn by their density.
const SINGLE: usize = 40;
/// Columns of that density are so wide.
const COLUMN: f64 = 2.0;

/// A length in the picture.
pub(super) struct Px(pub f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

/// Draws it.
pub(super) fn timeline(receipt: &Receipt, handovers: &Handovers<'_>) -> Markup {
    let mut chart = Chart {
        receipt,
        handovers,
        axis: axis(receipt),
        y: TOP,
    };
    let rows = html! { (chart.credentials()) (chart.clusters()) (chart.steps()) };
    let bottom = chart.y + 6.0;
    html! {
        svg viewBox={"0 0 " (WIDTH) " " (Px(bottom + 16.0))} role="img"
            aria-labelledby="timeline-title timeline-desc" {
            title #timeline-title { "Timeline of the rotation" }
            desc #timeline-desc { (in_words(receipt, handovers)) }
            // How a stretch is filled that is drawn shorter than it was.
            defs {
                pattern #hatch width="6" height="6" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" { path.hatch d="M0 0V6" {} }
            }
            (chart.behind(bottom))
            (rows)
            (chart.before(bottom))
        }
    }
}

/// Whether the picture leaves out some of the time.
pub(super) fn has_cuts(receipt: &Receipt) -> bool {
    axis(receipt).cuts().next().is_some()
}

fn axis(receipt: &Receipt) -> Axis {
    let mut moments = vec![receipt.began, receipt.ended];
    for step in &receipt.steps {
        moments.push(step.began);
        moments.extend(step.ended);
    }
    for validity in &receipt.validities {
        moments.extend(validity.from);
        moments.extend(validity.until);
    }
    moments.extend(receipt.switches.iter().map(|switch| switch.at));
    // A window is shown at its full length.
    Axis::new(moments, LEFT, RIGHT, receipt.strategy == Strategy::Bridge)
}

/// The picture while it is drawn, row by row.
pub(super) struct Chart<'r> {
    pub receipt: &'r Receipt,
    pub handovers: &'r Handovers<'r>,
    pub axis: Axis,
    y: f64,
}

impl Chart<'_> {
    /// The top of the next row, which is so high.
    fn row(&mut self, height: f64) -> f64 {
        let top = self.y;
        self.y += height;
        top
    }

    /// A heading over rows.
    fn group(&mut self, heading: &str) -> Markup {
        let y = self.row(27.0);
        html! { text.group x="0" y=(Px(y + 20.0)) { (heading) } }
    }

    /// One row for each credential: pale while it is accepted, full as far as secrets hold it.
    fn credentials(&mut self) -> Markup {
        let handovers = self.handovers;
        html! {
            (self.group("Credentials"))
            @for credential in &handovers.credentials {
                @let y = self.row(27.0);
                (self.credential(credential, y))
            }
        }
    }

    fn credential(&self, credential: &Held<'_>, y: f64) -> Markup {
        const HEIGHT: f64 = 20.0;
        let (validity, colour) = (credential.validity, credential.role.class());
        let from = validity.from.map_or(LEFT, |from| self.axis.x(from));
        let until = validity.until.map_or(RIGHT, |until| self.axis.x(until));
        let (accepted, refused) = self.areas(credential, y, HEIGHT);
        let line = Px(y + 14.0);
        html! {
            text.name x=(Px(0.0)) y=(line) { (credential.role.word()) }
            text.mark x=(Px(LEFT - 12.0)) y=(line) { (validity.fingerprint) }
            rect.pale.(colour) x=(Px(from)) y=(Px(y))
                width=(Px((until - from).max(1.0))) height=(HEIGHT) {}
            path.area.(colour) d=(accepted) {}
            @if !refused.is_empty() { path.area.dead d=(refused) {} }
            text.remark x=(Px(RIGHT + 8.0)) y=(line) {
                @match validity.until {
                    Some(until) => { "to " (clock(until, self.receipt.began)) }
                    None => "accepted",
                }
            }
        }
    }

    /// The share of the secrets that hold it, as long as it was accepted and after.
    fn areas(&self, credential: &Held<'_>, y: f64, height: f64) -> (String, String) {
        let end = self.receipt.ended;
        let until = credential.validity.until.unwrap_or(end);
        let places = self.handovers.places.max(1) as f64;
        let base = y + height;
        let point = |at: Timestamp, holders: usize| {
            let top = base - height * holders as f64 / places;
            (self.axis.x(at), top)
        };
        let split = credential.holders.partition_point(|(at, _)| *at <= until);
        let (before, after) = credential.holders.split_at(split);
        let accepted: Vec<(f64, f64)> = before.iter().map(|(at, n)| point(*at, *n)).collect();
        let accepted = area(&accepted, self.axis.x(until), base);
        let left = before.last().map_or(0, |(_, holders)| *holders);
        if left == 0 && after.is_empty() {
            return (accepted, String::new());
        }
        let mut refused = vec![point(until, left)];
        refused.extend(after.iter().map(|(at, n)| point(*at, *n)));
        let refused = match credential.validity.until {
            Some(_) => area(&refused, self.axis.x(end), base),
            None => String::new(),
        };
        (accepted, refused)
    }

    /// One row for each cluster: a stroke where a secret switched.
    fn clusters(&mut self) -> Markup {
        let receipt = self.receipt;
        html! {
            @if !self.handovers.moves.is_empty() {
                (self.group("Switches, by cluster"))
                @for context in &receipt.contexts {
                    @let y = self.row(26.0);
                    (self.cluster(context, y))
                }
            }
        }
    }

    fn cluster(&self, context: &str, y: f64) -> Markup {
        let moves = self.handovers.moves.iter();
        let here: Vec<&Move<'_>> = moves.filter(|m| m.switch.context == *context).collect();
        let (line, base) = (Px(y + 14.0), Px(y + 20.5));
        // Shortened as it is shown, or it would not fit.
        let name = shortened(&escape_control(context), 27);
        html! {
            text.name x="0" y=(line) { (name) title { (Visible(context)) } }
            line.base x1=(Px(LEFT)) x2=(Px(RIGHT)) y1=(base) y2=(base) {}
            @if here.len() <= SINGLE { (self.strokes(&here, y)) } @else { (self.density(&here, y)) }
            text.remark x=(Px(RIGHT + 8.0)) y=(line) { (count(here.len(), "switch")) }
        }
    }

    fn strokes(&self, moves: &[&Move<'_>], y: f64) -> Markup {
        html! {
            @for one in moves {
                @let Switch { at, namespace, secret, account, .. } = one.switch;
                path.stroke.(self.class(one))
                    d={"M" (Px(self.axis.x(*at))) " " (Px(y + 2.0)) "v18"} {
                    title {
                        (clock(*at, self.receipt.began)) " "
                        (Visible(format_args!("{namespace}/{secret} to {account}")))
                    }
                }
            }
        }
    }

    /// Columns as high as there were switches at that time.
    fn density(&self, moves: &[&Move<'_>], y: f64) -> Markup {
        const HEIGHT: f64 = 18.0;
        let mut columns: BTreeMap<(&'static str, i64), usize> = BTreeMap::new();
        for one in moves {
            let column = ((self.axis.x(one.switch.at) - LEFT) / COLUMN).floor() as i64;
            *columns.entry((self.class(one), column)).or_default() += 1;
        }
        let most = columns.values().max().copied().unwrap_or(1) as f64;
        let mut paths: BTreeMap<&'static str, String> = BTreeMap::new();
        for ((class, column), switches) in columns {
            let x = Px((LEFT + (column as f64 + 0.5) * COLUMN).min(RIGHT));
            let high = Px((HEIGHT * switches as f64 / most).max(2.0));
            let path = paths.entry(class).or_default();
            let _ = write!(path, "M{x} {}v-{high}", Px(y + 20.0));
        }
        html! {
            @for (class, path) in paths { path.stroke.(class) d=(path) {} }
        }
    }

    fn class(&self, one: &Move<'_>) -> &'static str {
        let to = one.to.map(|to| self.handovers.credentials[to].role);
        to.unwrap_or(Role::Other).class()
    }

    fn steps(&mut self) -> Markup {
        let receipt = self.receipt;
        html! {
            (self.group("Steps"))
            @for step in &receipt.steps {
                @let y = self.row(16.0);
                @let ended = step.ended.unwrap_or(receipt.ended);
                @let (from, to) = (self.axis.x(step.began), self.axis.x(ended));
                text.name x=(Px(0.0)) y=(Px(y + 10.5)) { (Visible(&step.step)) }
                rect.step x=(Px(from)) y=(Px(y + 3.0)) width=(Px((to - from).max(1.5))) height="8" {}
                text.remark x=(Px(RIGHT + 8.0)) y=(Px(y + 10.5)) {
                    (length(seconds(step.began, ended)))
                }
            }
        }
    }
}

/// A stepped area over `base` through these points, until `end`; points that would lie on
/// one pixel are drawn as one.
fn area(points: &[(f64, f64)], end: f64, base: f64) -> String {
    let mut path = String::new();
    let Some((first, _)) = points.first() else {
        return path;
    };
    let _ = write!(path, "M{} {}", Px(*first), Px(base));
    let mut drawn = f64::NEG_INFINITY;
    for (index, (x, y)) in points.iter().enumerate() {
        let next = points.get(index + 1).map_or(f64::INFINITY, |next| next.0);
        if next - drawn < 1.0 {
            continue;
        }
        let _ = write!(path, "H{}V{}", Px(*x), Px(*y));
        drawn = *x;
    }
    let _ = write!(path, "H{}V{}Z", Px(end), Px(base));
    path
}
