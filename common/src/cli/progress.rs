//! The progress bar on stderr.

use crate::progress::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Fewer targets than this are done before a bar could be read.
const WORTH_A_BAR: usize = 8;

/// Draws a bar for long stretches of work, on a terminal only.
pub struct TerminalProgress {
    draw: MultiProgress,
    current: Mutex<Option<ProgressBar>>,
}

impl TerminalProgress {
    /// A bar on stderr if `visible`, otherwise nothing at all.
    pub(super) fn new(visible: bool) -> Self {
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            draw: MultiProgress::with_draw_target(target),
            current: Mutex::new(None),
        }
    }

    /// Runs `write` with the bar out of the way.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.draw.suspend(write)
    }

    fn replace(&self, bar: Option<ProgressBar>) {
        if let Ok(mut current) = self.current.lock()
            && let Some(finished) = std::mem::replace(&mut *current, bar)
        {
            finished.finish_and_clear();
        }
    }
}

/// Several bars, for parts that move on their own; gone when dropped.
pub struct Bars<'a> {
    terminal: &'a TerminalProgress,
    bars: BTreeMap<String, ProgressBar>,
}

impl<'a> Bars<'a> {
    /// No bar yet.
    pub fn new(terminal: &'a TerminalProgress) -> Self {
        Self {
            terminal,
            bars: BTreeMap::new(),
        }
    }

    /// Shows how far the part of this name is.
    pub fn show(&mut self, name: &str, done: usize, total: usize) {
        let bar = self.bars.entry(name.to_owned()).or_insert_with(|| {
            let bar = self.terminal.draw.add(styled(ProgressBar::new(0)));
            bar.set_message(name.to_owned());
            bar
        });
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }
}

impl Drop for Bars<'_> {
    fn drop(&mut self) {
        for bar in self.bars.values() {
            bar.finish_and_clear();
        }
    }
}

fn styled(bar: ProgressBar) -> ProgressBar {
    match ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {elapsed}") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

impl Progress for TerminalProgress {
    fn begin(&self, label: &str, total: usize) {
        if total < WORTH_A_BAR {
            return;
        }
        let bar = self.draw.add(styled(ProgressBar::new(total as u64)));
        bar.set_message(label.to_owned());
        self.replace(Some(bar));
    }

    fn advance(&self) {
        if let Ok(current) = self.current.lock()
            && let Some(bar) = current.as_ref()
        {
            bar.inc(1);
        }
    }

    fn end(&self) {
        self.replace(None);
    }
}
