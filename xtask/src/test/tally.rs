//! What the test binaries' output comes to.

/// Remarks of passing tests that belong into the summary.
const REMARKS: [&str; 4] = [
    "recorded exchanges held",
    "generated cases",
    "pods pulled while",
    "krew was not tried",
];

/// How a test says that it had no node to run on; see `tests/harness/node.rs`.
const NOT_RUN: &str = "not run without a node";

/// Reads the output of `cargo test -- --show-output`, line by line.
#[derive(Default)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
    /// Tests that ended well without trying anything, for want of a node.
    pub without_node: u64,
    /// What tests had to say for the summary.
    pub remarks: Vec<String>,
    in_successes: bool,
    /// Those of the binary whose output is being read.
    not_run: u64,
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
            let not_run = std::mem::take(&mut self.not_run);
            self.passed += count(result, "passed").saturating_sub(not_run);
            self.without_node += not_run;
            self.failed += count(result, "failed");
            self.ignored += count(result, "ignored");
        }
        if self.in_successes && line.starts_with(NOT_RUN) {
            self.not_run += 1;
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
    fn a_test_that_had_no_node_is_not_counted_as_passed() {
        let output = "successes:\n\n---- pull stdout ----\nnot run without a node: no root\n\n\
            successes:\n    pull\n    other\n\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let mut tally = Tally::default();
        for line in output.lines() {
            tally.read(line);
        }
        assert_eq!((tally.passed, tally.without_node), (1, 1));
    }
}
