//! HTML and SVG that are well-formed and escaped by construction.

use crate::cli::escape_control;
use std::fmt::Display;

/// Attributes of an element; their values are escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

/// Only literals get into it as they are; everything else is escaped.
#[derive(Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Markup of our own.
    pub fn literal(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Text from anywhere: markup in it is shown, and control characters become visible.
    pub fn text(&mut self, text: impl Display) {
        for character in escape_control(&text.to_string()).chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                other => self.0.push(other),
            }
        }
    }

    /// An element and what is in it.
    pub fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        content: impl FnOnce(&mut Self),
    ) {
        self.tag(tag, attributes);
        self.0.push('>');
        content(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element with only text in it.
    pub fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: impl Display) {
        self.element(tag, attributes, |inner| inner.text(text));
    }

    /// An element that has no content.
    pub fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.tag(tag, attributes);
        self.0.push_str("/>");
    }

    /// Other markup.
    pub fn append(&mut self, other: Self) {
        self.0.push_str(&other.0);
    }

    /// The text of it.
    pub fn finish(self) -> String {
        self.0
    }

    fn tag(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_cannot_leave_their_place() {
        let mut markup = Markup::default();
        markup.leaf("td", &[("title", &"\"><script>")], "</td>&\u{202e}\n");
        assert_eq!(
            markup.finish(),
            r#"<td title="&quot;&gt;&lt;script&gt;">&lt;/td&gt;&amp;\u{202e}\n</td>"#
        );
    }
}
