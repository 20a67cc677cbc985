//! What the rows of the timeline lie in: the axis, the window, and where credentials end.

use super::handover::{Role, window};
use super::timeline::{Chart, LEFT, Px, RIGHT, TOP};
use super::words::{clock, length, seconds};
use maud::{Markup, html};

/// Cuts and the window begin here, above the rows, as do the lines of the axis.
const ABOVE: f64 = TOP - 8.0;
/// What is written at the axis stands on this line.
const LABELS: f64 = TOP - 13.0;

impl Chart<'_> {
    /// What lies behind the rows: the axis and the window.
    pub fn behind(&self, bottom: f64) -> Markup {
        let (began, ended) = (self.receipt.began, self.receipt.ended);
        html! {
            text.end x=(Px(LEFT)) y="11" { (clock(began, began)) }
            text.end.last x=(Px(RIGHT)) y="11" { (clock(ended, began)) }
            @for (x, label) in self.axis.marks() {
                path.grid d={"M" (Px(x)) " " (Px(ABOVE)) "V" (Px(bottom))} {}
                text.tick x=(Px(x)) y=(Px(LABELS)) { (label) }
            }
            (self.window(bottom))
        }
    }

    /// What lies before them: where time is left out, and where credentials end.
    pub fn before(&self, bottom: f64) -> Markup {
        html! {
            (self.cuts(bottom))
            (self.deadlines(bottom))
        }
    }

    fn cuts(&self, bottom: f64) -> Markup {
        html! {
            @for cut in self.axis.cuts() {
                rect.cut x=(Px(cut.left)) y=(Px(ABOVE))
                    width=(Px(cut.right - cut.left)) height=(Px(bottom - ABOVE)) {}
                text.tick.left-out x=(Px((cut.left + cut.right) / 2.0)) y=(Px(LABELS)) {
                    (length(cut.seconds))
                }
            }
        }
    }

    fn window(&self, bottom: f64) -> Markup {
        let Some((from, to)) = window(self.receipt) else {
            return Markup::default();
        };
        let took = length(seconds(from, to));
        let (from, to) = (self.axis.x(from), self.axis.x(to));
        html! {
            rect.window x=(Px(from)) y=(Px(ABOVE))
                width=(Px((to - from).max(2.0))) height=(Px(bottom - ABOVE)) {}
            text.danger x=(Px((from + to) / 2.0)) y=(Px(TOP + 6.0)) { "window " (took) }
        }
    }

    /// Where a credential ended: every switch away from it has to be to the left.
    fn deadlines(&self, bottom: f64) -> Markup {
        html! {
            @for credential in &self.handovers.credentials {
                @if let Some(until) = credential.validity.until {
                    @let (role, x) = (credential.role, self.axis.x(until));
                    // The bridge ends after the old token: to both sides, the names have room.
                    @let (class, beside) = match role {
                        Role::Bridge => ("ending bridge", x - 3.0),
                        _ => ("ending last old", x + 3.0),
                    };
                    path.deadline.(role.class())
                        d={"M" (Px(x)) " " (Px(TOP + 12.0)) "V" (Px(bottom + 4.0))} {}
                    text class=(class) x=(Px(beside)) y=(Px(bottom + 13.0)) {
                        (role.word()) " ends"
                    }
                }
            }
        }
    }
}
