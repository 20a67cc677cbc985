//! What the rows of the timeline lie in: the axis, the window, and where credentials end.

use super::handover::{Role, window};
use super::markup::{Attributes, Markup};
use super::timeline::{Chart, LEFT, Px, RIGHT, TOP};
use super::words::{clock, length, seconds};

impl Chart<'_> {
    /// What lies behind the rows: the axis and the window.
    pub fn behind(&self, bottom: f64) -> Markup {
        let mut frame = Markup::default();
        self.ends(&mut frame);
        self.marks(&mut frame, bottom);
        self.window(&mut frame, bottom);
        frame
    }

    /// What lies before them: where time is left out, and where credentials end.
    pub fn before(&self, bottom: f64) -> Markup {
        let mut frame = Markup::default();
        self.cuts(&mut frame, bottom);
        self.deadlines(&mut frame, bottom);
        frame
    }

    fn ends(&self, frame: &mut Markup) {
        let (began, ended) = (self.receipt.began, self.receipt.ended);
        let (began, ended) = (clock(began, began), clock(ended, began));
        for (class, x, text) in [("end", LEFT, began), ("end last", RIGHT, ended)] {
            let x = Px(x);
            let attributes: Attributes<'_> = &[("class", &class), ("x", &x), ("y", &11)];
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
        let Some(window) = window(self.receipt) else {
            return;
        };
        let (from, to) = (self.axis.x(window.0), self.axis.x(window.1));
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
        let took = seconds(window.0, window.1);
        let middle = Px((from + to) / 2.0);
        let y = Px(TOP + 6.0);
        let attributes: Attributes<'_> = &[("class", &"danger"), ("x", &middle), ("y", &y)];
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
