//! What the test binaries' output comes to.

/// Remarks of passing tests that belong into the summary.
const REMARKS: [&str; 5] = [
    "recorded exchanges held",
    "generated cases",
    "generated merges",
    "pods pulled while",
    "krew was not tried",
];

/// How a test says that it had no node to run on; see `tests/harness/node.rs`.
const NO_NODE: &str = "not run without a node";

/// And no clock but this machine's; see `tests/harness/clock.rs`.
const NO_CLOCK: &str = "not run without another clock";

/// Reads the output of `cargo test -- --show-output`, line by line.
#[derive(Default)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
    /// Tests that ended well without trying anything, for want of a node.
    pub without_node: u64,
    /// The same for want of another clock.
    pub without_clock: u64,
    /// What tests had to say for the summary.
    pub remarks: Vec<String>,
    in_successes: bool,
    /// Those of the binary whose output is being read.
    no_node: u64,
    no_clock: u64,
}

impl Tally {
    /// Takes a line, and tells whether it is worth showing: what passing tests print is not.
    pub fn read(&mut self, line: &str) -> bool {
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ => {}
        }
        if let Some(result) = line.strip_prefix("test result: ") {
            self.in_successes = false;
            let no_node = std::mem::take(&mut self.no_node);
            let no_clock = std::mem::take(&mut self.no_clock);
            self.passed += count(result, "passed").saturating_sub(no_node + no_clock);
            self.without_node += no_node;
            self.without_clock += no_clock;
            self.failed += count(result, "failed");
            self.ignored += count(result, "ignored");
        }
        if self.in_successes {
            self.no_node += u64::from(line.starts_with(NO_NODE));
            self.no_clock += u64::from(line.starts_with(NO_CLOCK));
        }
        if self.in_successes && REMARKS.iter().any(|remark| line.contains(remark)) {
            self.remarks.push(line.trim().to_owned());
        }
        !self.in_successes
    }
}

/// The number before `word` in `ok. 12 passed; 0 failed; …`.
fn count(result: &str, word: &str) -> u64 {
    let mut before = "";
    for part in result.split([' ', ';']).filter(|part| !part.is_empty()) {
        if part == word {
            return before.parse().unwrap_or(0);
        }
        before = part;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 2 tests
test contract ... ok
test other ... ok

successes:

---- contract stdout ----
590 of 595 recorded exchanges held, 5 listed as uncovered

successes:
    contract
    other

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s

running 1 test
test broken ... FAILED

failures:

---- broken stdout ----
590 of 595 recorded exchanges held is what a failing test says

failures:
    broken

test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn results_are_added_up_and_remarks_of_passing_tests_kept() {
        let mut tally = Tally::default();
        let shown: Vec<&str> = OUTPUT.lines().filter(|line| tally.read(line)).collect();
        assert_eq!((tally.passed, tally.failed, tally.ignored), (5, 1, 1));
        assert_eq!(
            tally.remarks,
            ["590 of 595 recorded exchanges held, 5 listed as uncovered"]
        );
        assert!(!shown.contains(&"---- contract stdout ----"));
        assert!(shown.contains(&"---- broken stdout ----"));
        assert!(shown.contains(&"running 1 test"));
    }

    #[test]
    fn a_test_that_had_no_node_or_clock_is_not_counted_as_passed() {
        let output = "successes:\n\n---- pull stdout ----\nnot run without a node: no root\n\n\
            ---- late stdout ----\nnot run without another clock: no library\n\n\
            successes:\n    pull\n    late\n    other\n\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let mut tally = Tally::default();
        for line in output.lines() {
            tally.read(line);
        }
        let counted = (tally.passed, tally.without_node, tally.without_clock);
        assert_eq!(counted, (1, 1, 1));
    }
}
