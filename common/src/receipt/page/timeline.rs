//! The rotation as a picture: when each credential was accepted, how many secrets held it,
//! and when each secret switched.

use super::super::contents::Receipt;
use super::axis::Axis;
use super::description::in_words;
use super::handover::{Handovers, Held, Move, Role};
use super::markup::{Attributes, Markup};
use super::words::{clock, count, length, seconds, shortened};
use crate::cli::escape_control;
use crate::ledger::Strategy;
use jiff::Timestamp;
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

/// How a stretch is filled that is drawn shorter than it was.
const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
    patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <path class=\"hatch\" d=\"M0 0V6\"/></pattern></defs>";

/// A length in the picture.
pub(super) struct Px(pub f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

/// Draws it.
pub(super) fn timeline(page: &mut Markup, receipt: &Receipt, handovers: &Handovers<'_>) {
    let mut chart = Chart {
        receipt,
        handovers,
        axis: axis(receipt),
        rows: Markup::default(),
        y: TOP,
    };
    chart.credentials();
    chart.clusters();
    chart.steps();
    let bottom = chart.y + 6.0;
    let (behind, before) = (chart.behind(bottom), chart.before(bottom));
    let view_box = format!("0 0 {WIDTH} {}", Px(bottom + 16.0));
    let attributes: Attributes<'_> = &[
        ("viewBox", &view_box),
        ("role", &"img"),
        ("aria-labelledby", &"timeline-title timeline-desc"),
    ];
    page.element("svg", attributes, |svg| {
        svg.leaf(
            "title",
            &[("id", &"timeline-title")],
            "Timeline of the rotation",
        );
        svg.leaf(
            "desc",
            &[("id", &"timeline-desc")],
            in_words(receipt, handovers),
        );
        svg.literal(HATCH);
        svg.append(behind);
        svg.append(chart.rows);
        svg.append(before);
    });
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
    rows: Markup,
    y: f64,
}

impl Chart<'_> {
    /// A heading over rows.
    fn group(&mut self, heading: &'static str) {
        self.y += 20.0;
        let y = Px(self.y);
        let attributes: Attributes<'_> = &[("class", &"group"), ("x", &0), ("y", &y)];
        self.rows.leaf("text", attributes, heading);
        self.y += 7.0;
    }

    fn text(&mut self, class: &'static str, x: f64, y: f64, text: impl Display) {
        let (x, y) = (Px(x), Px(y));
        self.rows
            .leaf("text", &[("class", &class), ("x", &x), ("y", &y)], text);
    }

    /// One row for each credential: pale while it is accepted, full as far as secrets hold it.
    fn credentials(&mut self) {
        self.group("Credentials");
        let handovers = self.handovers;
        for credential in &handovers.credentials {
            self.credential(credential);
            self.y += 27.0;
        }
    }

    fn credential(&mut self, credential: &Held<'_>) {
        const HEIGHT: f64 = 20.0;
        let (y, validity) = (self.y, credential.validity);
        self.text("name", 0.0, y + 14.0, credential.role.word());
        self.text("mark", LEFT - 12.0, y + 14.0, &validity.fingerprint);
        let from = validity.from.map_or(LEFT, |from| self.axis.x(from));
        let until = validity.until.map_or(RIGHT, |until| self.axis.x(until));
        let class = format!("pale {}", credential.role.class());
        let (x, width) = (Px(from), Px((until - from).max(1.0)));
        self.rows.void(
            "rect",
            &[
                ("class", &class),
                ("x", &x),
                ("y", &Px(y)),
                ("width", &width),
                ("height", &HEIGHT),
            ],
        );
        let (area, rest) = self.areas(credential, y, HEIGHT);
        let class = format!("area {}", credential.role.class());
        self.rows.void("path", &[("class", &class), ("d", &area)]);
        if !rest.is_empty() {
            self.rows
                .void("path", &[("class", &"area dead"), ("d", &rest)]);
        }
        let remark = match validity.until {
            Some(until) => format!("to {}", clock(until, self.receipt.began)),
            None => "accepted".to_owned(),
        };
        self.text("remark", RIGHT + 8.0, y + 14.0, remark);
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
    fn clusters(&mut self) {
        if self.handovers.moves.is_empty() {
            return;
        }
        self.group("Switches, by cluster");
        let receipt = self.receipt;
        for context in &receipt.contexts {
            let handovers = self.handovers;
            let moves = handovers.moves.iter();
            let here: Vec<&Move<'_>> = moves.filter(|m| m.switch.context == *context).collect();
            self.context_name(context);
            let y = Px(self.y + 20.5);
            let (left, right) = (Px(LEFT), Px(RIGHT));
            self.rows.void(
                "line",
                &[
                    ("class", &"base"),
                    ("x1", &left),
                    ("x2", &right),
                    ("y1", &y),
                    ("y2", &y),
                ],
            );
            match here.len() <= SINGLE {
                true => self.strokes(&here),
                false => self.density(&here),
            }
            let remark = count(here.len(), "switch");
            self.text("remark", RIGHT + 8.0, self.y + 14.0, remark);
            self.y += 26.0;
        }
    }

    fn context_name(&mut self, context: &str) {
        let y = Px(self.y + 14.0);
        let visible = escape_control(context).into_owned();
        self.rows.element(
            "text",
            &[("class", &"name"), ("x", &0), ("y", &y)],
            |text| {
                text.text(shortened(&visible, 27));
                text.leaf("title", &[], &visible);
            },
        );
    }

    fn strokes(&mut self, moves: &[&Move<'_>]) {
        for one in moves {
            let switch = one.switch;
            let class = format!("stroke {}", self.class(one));
            let x = self.axis.x(switch.at);
            let line = format!("M{} {}v18", Px(x), Px(self.y + 2.0));
            let at = clock(switch.at, self.receipt.began);
            let title = format!(
                "{at} {}/{} to {}",
                switch.namespace, switch.secret, switch.account
            );
            self.rows
                .element("path", &[("class", &class), ("d", &line)], |path| {
                    path.leaf("title", &[], title);
                });
        }
    }

    /// Columns as high as there were switches at that time.
    fn density(&mut self, moves: &[&Move<'_>]) {
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
            let _ = write!(path, "M{x} {}v-{high}", Px(self.y + 20.0));
        }
        for (class, path) in paths {
            let class = format!("stroke {class}");
            self.rows.void("path", &[("class", &class), ("d", &path)]);
        }
    }

    fn class(&self, one: &Move<'_>) -> &'static str {
        let to = one.to.map(|to| self.handovers.credentials[to].role);
        to.unwrap_or(Role::Other).class()
    }

    fn steps(&mut self) {
        self.group("Steps");
        let receipt = self.receipt;
        for step in &receipt.steps {
            let ended = step.ended.unwrap_or(receipt.ended);
            let (from, to) = (self.axis.x(step.began), self.axis.x(ended));
            self.text("name", 0.0, self.y + 10.5, &step.step);
            let (x, y, width) = (Px(from), Px(self.y + 3.0), Px((to - from).max(1.5)));
            self.rows.void(
                "rect",
                &[
                    ("class", &"step"),
                    ("x", &x),
                    ("y", &y),
                    ("width", &width),
                    ("height", &8),
                ],
            );
            let took = length(seconds(step.began, ended));
            self.text("remark", RIGHT + 8.0, self.y + 10.5, took);
            self.y += 16.0;
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
