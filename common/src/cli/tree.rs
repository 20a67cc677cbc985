//! What belongs to what, as lines under lines.

use super::escape::escape_and_cut;

/// Characters of a line.
const LONGEST_LINE: usize = 1_000;

/// A line, and what is below it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    line: String,
    below: Vec<Tree>,
}

impl Tree {
    /// A line with nothing below it yet. It is escaped when it is shown.
    pub fn new(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            below: Vec::new(),
        }
    }

    /// With this below it, after what is there.
    #[must_use]
    pub fn with(mut self, below: impl IntoIterator<Item = Self>) -> Self {
        self.below.extend(below);
        self
    }

    /// The text, every line ended by a line break.
    pub fn render(&self) -> String {
        let mut text = format!("{}\n", escape_and_cut(&self.line, LONGEST_LINE));
        self.render_below("", &mut text);
        text
    }

    fn render_below(&self, indent: &str, text: &mut String) {
        for (at, one) in self.below.iter().enumerate() {
            let (branch, more) = match at + 1 == self.below.len() {
                true => ("└─ ", "   "),
                false => ("├─ ", "│  "),
            };
            text.push_str(&format!(
                "{indent}{branch}{}\n",
                escape_and_cut(&one.line, LONGEST_LINE)
            ));
            one.render_below(&format!("{indent}{more}"), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hang_below_the_one_they_belong_to() {
        let leaf = Tree::new;
        let tree = leaf("a").with([leaf("b").with([leaf("c\n")]), leaf("d").with([leaf("e")])]);
        assert_eq!(tree.render(), "a\n├─ b\n│  └─ c\\n\n└─ d\n   └─ e\n");
    }
}
