//! Text from elsewhere on the page.

use crate::cli::escape_control;
use maud::Render;
use std::fmt::Display;

/// What a server, a file or a user said: control characters in it become visible. maud escapes
/// markup in any text, but lets control characters through.
pub(super) struct Visible<T>(pub T);

impl<T: Display> Render for Visible<T> {
    fn render_to(&self, page: &mut String) {
        escape_control(&self.0.to_string()).render_to(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maud::html;

    #[test]
    fn text_and_attributes_cannot_leave_their_place() {
        let cell = html! { td title=(Visible("\"><script>")) { (Visible("</td>&\u{202e}\n")) } };
        assert_eq!(
            cell.into_string(),
            r#"<td title="&quot;&gt;&lt;script&gt;">&lt;/td&gt;&amp;\u{202e}\n</td>"#
        );
    }
}
