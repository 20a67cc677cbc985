//! Text from servers must not move the cursor of whoever reads it.

use std::borrow::Cow;

/// Escapes control characters (C0, DEL, C1, line separators, bidirectional and invisible
/// characters), so that a description or an error body cannot rewrite the terminal it is shown on.
pub fn escape_control(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if is_dangerous(c) => escaped.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// The text escaped, and cut after so many characters.
pub fn escape_and_cut(text: &str, most: usize) -> String {
    // Nobody waits until a megabyte is escaped that is not shown.
    let head: String = text.chars().take(most + 1).collect();
    let escaped = escape_control(&head);
    match escaped.chars().count() > most {
        true => escaped.chars().take(most - 1).chain(['…']).collect(),
        false => escaped.into_owned(),
    }
}

/// What moves the cursor, ends a line, turns the direction of a text, or is not seen at all.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_returned_as_it_is() {
        assert!(matches!(
            escape_control("prod pulls, größer"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn escape_sequences_and_line_breaks_become_visible() {
        assert_eq!(
            escape_control("a\x1b[2Jb\nc\u{202e}"),
            "a\\u{1b}[2Jb\\nc\\u{202e}"
        );
    }

    #[test]
    fn what_nobody_sees_or_what_turns_a_text_becomes_visible() {
        let invisible = [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{2060}',
            '\u{2066}',
            '\u{206f}',
            '\u{feff}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
        ];
        for character in invisible {
            let escaped = escape_control(&character.to_string()).into_owned();
            assert_eq!(escaped, format!("\\u{{{:x}}}", u32::from(character)));
        }
    }

    #[test]
    fn a_long_text_is_cut_where_it_is_long_on_the_screen() {
        assert_eq!(escape_and_cut("größer", 6), "größer");
        assert_eq!(escape_and_cut("größer!", 6), "größe…");
        let shown = escape_and_cut(&"\u{1b}".repeat(1 << 20), 200);
        assert_eq!(shown.chars().count(), 200);
    }
}
