//! The rotation as a picture: when each credential was accepted, how many secrets held it,
//! and when each secret switched.

use super::axis::Axis;
use super::handover::{Handovers, Held, Move, Role};
use super::markup::Markup;
use super::words::{clock, count, length, seconds, shortened};
use crate::cli::escape_control;
use crate::rotation::{Receipt, Strategy};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};

const WIDTH: f64 = 760.0;
/// The names of the rows end here, and time begins.
const LEFT: f64 = 176.0;
/// Time ends here, and the remarks of the rows begin.
const RIGHT: f64 = 662.0;
/// Below the axis.
const TOP: f64 = 44.0;
/// Switches of one cluster that are drawn one by one; more are drawn by their density.
const SINGLE: usize = 40;
/// Columns of that density are so wide.
const COLUMN: f64 = 2.0;

/// How a stretch is filled that is drawn shorter than it was.
const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
    patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <path class=\"hatch\" d=\"M0 0V6\"/></pattern></defs>";

/// A length in the picture.
struct Px(f64);

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
    let attributes: super::markup::Attributes<'_> = &[
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
            description(receipt, handovers),
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

struct Chart<'r> {
    receipt: &'r Receipt,
    handovers: &'r Handovers<'r>,
    axis: Axis,
    rows: Markup,
    y: f64,
}

impl Chart<'_> {
    /// A heading over rows.
    fn group(&mut self, heading: &'static str) {
        self.y += 20.0;
        let y = Px(self.y);
        let attributes: super::markup::Attributes<'_> =
            &[("class", &"group"), ("x", &0), ("y", &y)];
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
        let dead = validity.until.filter(|until| {
            let mut holders = credential.holders.iter();
            holders.any(|(at, _)| at > until)
        });
        let (area, rest) = self.areas(credential, y, HEIGHT, dead);
        let class = format!("area {}", credential.role.class());
        self.rows.void("path", &[("class", &class), ("d", &area)]);
        if !rest.is_empty() {
            self.rows
                .void("path", &[("class", &"area dead"), ("d", &rest)]);
        }
        let remark = match validity.until {
            Some(until) => format!("until {}", time_of_day(until)),
            None => "accepted".to_owned(),
        };
        self.text("remark", RIGHT + 8.0, y + 14.0, remark);
    }

    /// The share of the secrets that hold it, as long as it was accepted and after.
    fn areas(
        &self,
        credential: &Held<'_>,
        y: f64,
        height: f64,
        dead: Option<Timestamp>,
    ) -> (String, String) {
        let end = self.receipt.ended;
        let until = dead.unwrap_or(end);
        let places = self.handovers.places.max(1) as f64;
        let base = y + height;
        let top = |holders: usize| base - height * holders as f64 / places;
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        let mut last = 0;
        for (at, holders) in &credential.holders {
            if *at <= until {
                accepted.push((self.axis.x(*at), top(*holders)));
                last = *holders;
            } else {
                if refused.is_empty() {
                    refused.push((self.axis.x(until), top(last)));
                }
                refused.push((self.axis.x(*at), top(*holders)));
            }
        }
        let accepted = area(&accepted, self.axis.x(until), base);
        (accepted, area(&refused, self.axis.x(end), base))
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

    /// What lies behind the rows: the axis and the window.
    fn behind(&self, bottom: f64) -> Markup {
        let mut frame = Markup::default();
        self.ends(&mut frame);
        self.marks(&mut frame, bottom);
        self.window(&mut frame, bottom);
        frame
    }

    /// What lies before them: where time is left out, and where credentials end.
    fn before(&self, bottom: f64) -> Markup {
        let mut frame = Markup::default();
        self.cuts(&mut frame, bottom);
        self.deadlines(&mut frame, bottom);
        frame
    }

    fn ends(&self, frame: &mut Markup) {
        let (began, ended) = (self.receipt.began, self.receipt.ended);
        let (began, ended) = (time_of_day(began), time_of_day(ended));
        for (class, x, text) in [("end", LEFT, began), ("end last", RIGHT, ended)] {
            let x = Px(x);
            let attributes: super::markup::Attributes<'_> =
                &[("class", &class), ("x", &x), ("y", &11)];
            frame.leaf("text", attributes, text);
        }
    }

    fn marks(&self, frame: &mut Markup, bottom: f64) {
        for (x, label) in self.axis.marks() {
            line(frame, "grid", x, TOP - 8.0, bottom);
            let middle = Px(x);
            let y = Px(TOP - 13.0);
            frame.leaf(
                "text",
                &[("class", &"tick"), ("x", &middle), ("y", &y)],
                label,
            );
        }
    }

    fn cuts(&self, frame: &mut Markup, bottom: f64) {
        for cut in self.axis.cuts() {
            let (x, y) = (Px(cut.left), Px(TOP - 8.0));
            let (width, height) = (Px(cut.right - cut.left), Px(bottom - TOP + 8.0));
            frame.void(
                "rect",
                &[
                    ("class", &"cut"),
                    ("x", &x),
                    ("y", &y),
                    ("width", &width),
                    ("height", &height),
                ],
            );
            let middle = Px((cut.left + cut.right) / 2.0);
            let (y, text) = (Px(TOP - 13.0), length(cut.seconds));
            frame.leaf(
                "text",
                &[("class", &"tick left-out"), ("x", &middle), ("y", &y)],
                text,
            );
        }
    }

    fn window(&self, frame: &mut Markup, bottom: f64) {
        let Some((from, to)) = self.handovers.window(self.receipt) else {
            return;
        };
        let (from, to) = (self.axis.x(from), self.axis.x(to));
        let (x, y) = (Px(from), Px(TOP - 8.0));
        let (width, height) = (Px((to - from).max(2.0)), Px(bottom - TOP + 8.0));
        frame.void(
            "rect",
            &[
                ("class", &"window"),
                ("x", &x),
                ("y", &y),
                ("width", &width),
                ("height", &height),
            ],
        );
        let took = seconds_of(self.receipt.window_ms);
        let middle = Px((from + to) / 2.0);
        let y = Px(TOP + 6.0);
        let attributes: super::markup::Attributes<'_> =
            &[("class", &"danger"), ("x", &middle), ("y", &y)];
        frame.leaf("text", attributes, format!("window {}", length(took)));
    }

    /// Where a credential ended: every switch away from it has to be to the left.
    fn deadlines(&self, frame: &mut Markup, bottom: f64) {
        for credential in &self.handovers.credentials {
            if let Some(until) = credential.validity.until {
                let class = format!("deadline {}", credential.role.class());
                let x = self.axis.x(until);
                let path = format!("M{} {}V{}", Px(x), Px(TOP + 12.0), Px(bottom + 4.0));
                frame.void("path", &[("class", &class), ("d", &path)]);
                // The bridge ends after the old token: to both sides, the names have room.
                let (class, x) = match credential.role {
                    Role::Bridge => ("ending bridge", Px(x - 3.0)),
                    _ => ("ending last old", Px(x + 3.0)),
                };
                let text = format!("{} ends", credential.role.word());
                let y = Px(bottom + 13.0);
                frame.leaf("text", &[("class", &class), ("x", &x), ("y", &y)], text);
            }
        }
    }
}

fn line(frame: &mut Markup, class: &'static str, x: f64, top: f64, bottom: f64) {
    let path = format!("M{} {}V{}", Px(x), Px(top), Px(bottom));
    frame.void("path", &[("class", &class), ("d", &path)]);
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

fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

fn seconds_of(milliseconds: Option<u64>) -> f64 {
    milliseconds.unwrap_or_default() as f64 / 1e3
}

/// The picture in words.
fn description(receipt: &Receipt, handovers: &Handovers<'_>) -> String {
    let day = receipt.began;
    let mut text = format!(
        "From {} to {} UTC.",
        clock(receipt.began, day),
        clock(receipt.ended, day)
    );
    for credential in &handovers.credentials {
        let validity = credential.validity;
        let _ = write!(
            text,
            " The {} {} was accepted",
            credential.role.word(),
            validity.fingerprint
        );
        if let Some(from) = validity.from {
            let _ = write!(text, " from {}", clock(from, day));
        }
        match validity.until {
            Some(until) => _ = write!(text, " until {}.", clock(until, day)),
            None => text.push_str(" to the end."),
        }
    }
    for (index, credential) in handovers.credentials.iter().enumerate() {
        let to: Vec<&Move<'_>> = handovers
            .moves
            .iter()
            .filter(|one| one.to == Some(index))
            .collect();
        if let (Some(first), Some(last)) = (to.first(), to.last()) {
            let _ = write!(
                text,
                " {} to the {} between {} and {}.",
                count(to.len(), "switch"),
                credential.role.word(),
                clock(first.switch.at, day),
                clock(last.switch.at, day)
            );
        }
    }
    text
}
