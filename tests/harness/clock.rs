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
        let library = std::env::var_os(CLOCK).filter(|value| !value.is_empty());
        let Some(library) = library.map(PathBuf::from) else {
            say_not_run(&format!("{CLOCK} is not set"));
            return false;
        };
        assert!(library.is_file(), "{CLOCK} is not a library");
        self.set("LD_PRELOAD", &library.to_string_lossy());
        self.set("FAKETIME", &format!("{hours:+}h"));
        self.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        self.set("NO_FAKE_STAT", "1");
        true
    }
}

/// Read by `cargo xtask test`, which does not count the test as passed.
#[expect(clippy::print_stdout, reason = "shown with the test, and counted")]
fn say_not_run(why: &str) {
    println!("not run without another clock: {why}");
}
