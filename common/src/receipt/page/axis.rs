//! The time axis: proportional, but for idle stretches, which are cut short.

use super::words::seconds;
use jiff::Timestamp;

/// How wide a cut stretch is drawn.
const CUT: f64 = 54.0;
/// Only what is at least so long is cut, in seconds.
const SECONDS: f64 = 1.0;
/// And so many times as long as what is not.
const JUMP: f64 = 2.0;
const CUTS: usize = 4;
/// How far apart marks on the axis are at least.
const MARKS: f64 = 50.0;
/// And how far from a cut, whose length stands there.
const CLEAR: f64 = 20.0;

/// Where a moment is drawn.
pub(super) struct Axis {
    start: Timestamp,
    pieces: Vec<Piece>,
}

/// A part of the axis with a scale of its own. Seconds since the start, and pixels.
struct Piece {
    from: f64,
    to: f64,
    left: f64,
    right: f64,
    cut: bool,
}

/// An idle stretch that is drawn shorter than it was.
pub(super) struct Cut {
    pub left: f64,
    pub right: f64,
    pub seconds: f64,
}

impl Axis {
    /// From the first to the last of `moments`, between two pixels; between the moments
    /// nothing happens.
    pub fn new(mut moments: Vec<Timestamp>, left: f64, right: f64, may_cut: bool) -> Self {
        moments.sort_unstable();
        let start = moments.first().copied().unwrap_or(Timestamp::UNIX_EPOCH);
        let events: Vec<f64> = moments.iter().map(|at| seconds(start, *at)).collect();
        let end = events.last().copied().unwrap_or_default();
        let idle = match may_cut {
            true => idle(&events, end),
            false => Vec::new(),
        };
        let busy = end - idle.iter().map(|(from, to)| to - from).sum::<f64>();
        let scale = match busy > 0.0 {
            true => (right - left - CUT * idle.len() as f64) / busy,
            false => 0.0,
        };
        let mut axis = Self {
            start,
            pieces: Vec::new(),
        };
        let (mut at, mut x) = (0.0, left);
        for (from, to) in idle {
            let cut = x + (from - at) * scale;
            axis.piece(at, from, x, cut, false);
            axis.piece(from, to, cut, cut + CUT, true);
            (at, x) = (to, cut + CUT);
        }
        axis.piece(at, end, x, right, false);
        axis
    }

    fn piece(&mut self, from: f64, to: f64, left: f64, right: f64, cut: bool) {
        self.pieces.push(Piece {
            from,
            to,
            left,
            right,
            cut,
        });
    }

    /// Where a moment is drawn; what is outside is drawn at the edge.
    pub fn x(&self, at: Timestamp) -> f64 {
        let at = seconds(self.start, at);
        let piece = self.pieces.iter().find(|piece| at <= piece.to);
        let Some(piece) = piece.or(self.pieces.last()) else {
            return 0.0;
        };
        let length = piece.to - piece.from;
        if length <= 0.0 {
            return piece.left;
        }
        let share = ((at - piece.from) / length).clamp(0.0, 1.0);
        piece.left + share * (piece.right - piece.left)
    }

    /// The stretches that are drawn shorter than they were.
    pub fn cuts(&self) -> impl Iterator<Item = Cut> {
        self.pieces
            .iter()
            .filter(|piece| piece.cut)
            .map(|piece| Cut {
                left: piece.left,
                right: piece.right,
                seconds: piece.to - piece.from,
            })
    }

    /// Round times after the start, and where they are.
    pub fn marks(&self) -> Vec<(f64, String)> {
        let proportional = || self.pieces.iter().filter(|piece| !piece.cut);
        let time: f64 = proportional().map(|piece| piece.to - piece.from).sum();
        let width: f64 = proportional().map(|piece| piece.right - piece.left).sum();
        if time <= 0.0 {
            return Vec::new();
        }
        let step = round_step(MARKS * time / width);
        let end = self.pieces.last().map_or(0.0, |piece| piece.to);
        let mut marks: Vec<(f64, String)> = Vec::new();
        for piece in proportional() {
            let mut at = (piece.from / step).floor() * step + step;
            while at < piece.to {
                let share = (at - piece.from) / (piece.to - piece.from);
                let x = piece.left + share * (piece.right - piece.left);
                let is_clear = piece.left + CLEAR <= x && x <= piece.right - CLEAR;
                let is_apart = marks.last().is_none_or(|(last, _)| x - last >= MARKS * 0.8);
                if is_clear && is_apart {
                    marks.push((x, mark(at, step, end)));
                }
                at += step;
            }
        }
        marks
    }
}

/// The long stretches in which nothing happens, in order. Something of each is left at both
/// ends, so that what happens beside it is not drawn into the cut.
fn idle(events: &[f64], end: f64) -> Vec<(f64, f64)> {
    let mut gaps: Vec<(f64, f64)> = events.windows(2).map(|pair| (pair[0], pair[1])).collect();
    gaps.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)));
    // Down to where they become much shorter, if that leaves less to be drawn.
    let mut left = end;
    let (mut taken, mut shown) = (0, end);
    for (index, pair) in gaps.windows(2).enumerate().take(CUTS) {
        let (length, next) = (pair[0].1 - pair[0].0, pair[1].1 - pair[1].0);
        left -= length;
        if length >= SECONDS && length >= JUMP * next && length > left {
            (taken, shown) = (index + 1, left);
        }
    }
    let mut cut = gaps;
    cut.truncate(taken);
    for (from, to) in &mut cut {
        let margin = (0.04 * shown).min(0.1 * (*to - *from));
        *from += margin;
        *to -= margin;
    }
    cut.sort_by(|a, b| a.0.total_cmp(&b.0));
    cut
}

/// 1, 2 or 5 of some power of ten, at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let found = steps.into_iter().find(|step| *step >= least);
    found.unwrap_or(10.0 * power)
}

/// `+2.5 s`; minutes too, where the whole takes some.
fn mark(at: f64, step: f64, end: f64) -> String {
    let digits = (-step.log10().floor()).clamp(0.0, 3.0) as usize;
    if end < 60.0 {
        return format!("+{at:.digits$} s");
    }
    let minutes = (at / 60.0).floor();
    let rest = at - minutes * 60.0;
    let width = if digits > 0 { 3 + digits } else { 2 };
    format!("+{minutes}:{rest:0width$.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).unwrap()
    }

    fn axis(milliseconds: &[i64]) -> Axis {
        Axis::new(
            milliseconds.iter().map(|ms| at(*ms)).collect(),
            100.0,
            600.0,
            true,
        )
    }

    #[test]
    fn time_never_runs_backwards_and_stays_inside() {
        let axis = axis(&[0, 900, 4000, 124_000, 126_400, 250_000, 254_000]);
        let places: Vec<f64> = (-500..255_000)
            .step_by(50)
            .map(|ms| axis.x(at(ms)))
            .collect();
        assert!(places.is_sorted());
        assert_eq!(places.first(), Some(&100.0));
        assert_eq!(places.last(), Some(&600.0));
        let marks = axis.marks();
        assert_eq!(marks.len(), 3, "{marks:?}");
        assert!(marks.iter().all(|(x, _)| (100.0..=600.0).contains(x)));
    }

    #[test]
    fn a_long_wait_is_cut_and_what_happens_keeps_its_scale() {
        let axis = axis(&[0, 1000, 2000, 122_000, 123_000]);
        let cuts: Vec<Cut> = axis.cuts().collect();
        assert_eq!(cuts.len(), 1);
        assert!(
            (115.0..120.0).contains(&cuts[0].seconds),
            "{}",
            cuts[0].seconds
        );
        let first = axis.x(at(1000)) - axis.x(at(0));
        let last = axis.x(at(123_000)) - axis.x(at(122_000));
        assert!((first - last).abs() < 0.001 && first > 100.0);
    }

    #[test]
    fn an_even_run_is_not_cut() {
        let even: Vec<i64> = (0..10).map(|second| second * 2000).collect();
        assert_eq!(axis(&even).cuts().count(), 0);
    }

    #[test]
    fn a_run_that_took_no_time_is_drawn() {
        let axis = axis(&[5, 5]);
        assert_eq!(axis.x(at(5)), 100.0);
        assert!(axis.marks().is_empty());
    }

    #[test]
    fn marks_are_round_and_speak_of_minutes_when_there_are_some() {
        assert_eq!(round_step(0.3), 0.5);
        assert_eq!(round_step(2.0), 2.0);
        assert_eq!(round_step(7.0), 10.0);
        assert_eq!(mark(2.5, 0.5, 10.0), "+2.5 s");
        assert_eq!(mark(124.0, 2.0, 240.0), "+2:04");
        assert_eq!(mark(124.5, 0.5, 240.0), "+2:04.5");
    }
}
