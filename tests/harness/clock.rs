//! Another clock for the plugins than the servers have, by libfaketime.
//!
//! Only what a program asks of the calendar is changed, not what it measures time spans by.

use super::context::TestContext;
use std::path::PathBuf;

/// Names the library; `cargo xtask test` fetches it where it can.
pub const CLOCK: &str = "QUAY_TEST_CLOCK";

impl TestContext {
    /// Puts the clock of every run from now on ahead by so many hours, or back. `false` where
    /// this machine cannot, which is said: the test then ends without having tried anything.
    pub fn put_clock_ahead(&mut self, hours: i64) -> bool {
        let is_faked = self.preload_clock();
        if is_faked {
            self.set("FAKETIME", &format!("{hours:+}h"));
        }
        is_faked
    }

    /// Gives every run from now on a clock that goes right until it is put ahead while they run.
    /// `None` where this machine cannot, as above.
    pub fn movable_clock(&mut self) -> Option<MovableClock> {
        if !self.preload_clock() {
            return None;
        }
        let clock = MovableClock {
            file: self.file("clock", "+0s\n"),
        };
        self.set("FAKETIME_TIMESTAMP_FILE", &clock.file.to_string_lossy());
        self.set("FAKETIME_NO_CACHE", "1");
        Some(clock)
    }

    fn preload_clock(&mut self) -> bool {
        let library = std::env::var_os(CLOCK).filter(|value| !value.is_empty());
        let Some(library) = library.map(PathBuf::from) else {
            say_not_run(&format!("{CLOCK} is not set"));
            return false;
        };
        assert!(library.is_file(), "{CLOCK} is not a library");
        self.set("LD_PRELOAD", &library.to_string_lossy());
        self.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        self.set("NO_FAKE_STAT", "1");
        true
    }
}

/// The clock of runs that are under way.
pub struct MovableClock {
    file: PathBuf,
}

impl MovableClock {
    /// Puts it ahead, as that of a machine is that slept.
    pub fn put_ahead(&self, seconds: u32) {
        std::fs::write(&self.file, format!("+{seconds}s\n"))
            .unwrap_or_else(|error| panic!("cannot set the clock: {error}"));
    }
}

/// Read by `cargo xtask test`, which does not count the test as passed.
#[expect(clippy::print_stdout, reason = "shown with the test, and counted")]
fn say_not_run(why: &str) {
    println!("not run without another clock: {why}");
}
