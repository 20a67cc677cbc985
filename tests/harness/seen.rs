//! What a user sees, held to text that stands in a test or on a page of the documentation.

use regex::Regex;
use snapbox::{Assert, IntoData};

/// What differs from run to run, and what stands for it.
const CHANGING: [(&str, &str); 5] = [
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "[TIMESTAMP]"),
    (r"backup-[0-9]{8}-[0-9]{6}-[0-9]{3}", "backup-[TIMESTAMP]"),
    (r"(?-u:\b)[0-9a-f]{12}(?-u:\b)", "[FINGERPRINT]"),
    // Several in a row, too: `2m10s`.
    (
        r"(?-u:\b)(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+(?-u:\b)",
        "[TIME]",
    ),
    // Columns are as wide as what is in them, which differs.
    (r" {2,}", "  "),
];

/// Compares what was printed with what is to be seen.
pub struct Seen {
    names: Vec<(String, String)>,
    changing: Vec<(Regex, &'static str)>,
}

impl Seen {
    /// Each of `names` is a text of this test's surroundings, and what stands for it.
    pub fn new(names: &[(&str, &str)]) -> Self {
        let owned = |&(text, name): &(&str, &str)| (text.to_owned(), name.to_owned());
        let compiled = |(pattern, word)| {
            let pattern = Regex::new(pattern);
            (
                pattern.unwrap_or_else(|error| panic!("{word}: {error}")),
                word,
            )
        };
        Self {
            names: names.iter().map(owned).collect(),
            changing: CHANGING.map(compiled).into(),
        }
    }

    /// The text as it would be from any run.
    pub fn text(&self, printed: &str) -> String {
        let mut text = printed.to_owned();
        for (name, word) in &self.names {
            text = text.replace(name, word);
        }
        for (pattern, word) in &self.changing {
            text = pattern.replace_all(&text, *word).into_owned();
        }
        text
    }

    /// Fails unless this was printed, where `[..]` stands for anything in a line and a line of
    /// three dots for any lines. `SNAPSHOTS=overwrite` writes into the test what was printed.
    #[track_caller]
    pub fn holds(&self, printed: &str, expected: impl IntoData) {
        let assert = Assert::new().normalize_paths(false).action_env("SNAPSHOTS");
        assert.eq(self.text(printed), expected);
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn what_differs_from_run_to_run_is_replaced_and_nothing_else() {
        let seen = Seen::new(&[("localhost:4711", "quay.example.com")]);
        let printed = "a     localhost:4711/x (b56b3153495c) 3 of 12 in 2m10s, 0.1s ago";
        let text = "a  quay.example.com/x ([FINGERPRINT]) 3 of 12 in [TIME], [TIME] ago";
        assert_eq!(seen.text(printed), text);
        let at = "2026-11-22T21:07:12Z pull-secret-backup-20261125-102652-102 of s3 and 4 more";
        let text = "[TIMESTAMP] pull-secret-backup-[TIMESTAMP] of s3 and 4 more";
        assert_eq!(seen.text(at), text);
    }
}
