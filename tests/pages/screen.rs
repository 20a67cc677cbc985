//! What a terminal shows in the end of what was written to it.

/// The text on the screen: lines that were overwritten or cleared are gone, and so are colors.
pub fn shows(written: &str) -> String {
    let mut lines = vec![String::new()];
    let mut row = 0;
    let mut returned = false;
    let mut rest = written.chars();
    while let Some(character) = rest.next() {
        match character {
            '\r' => returned = true,
            '\n' => {
                row += 1;
                returned = false;
                lines.resize(lines.len().max(row + 1), String::new());
            }
            '\u{1b}' => match sequence(&mut rest) {
                Some((count, 'A')) => row = row.saturating_sub(count),
                Some((_, 'K')) => lines[row].clear(),
                _ => {}
            },
            character => {
                // What is written from the start of a line takes its place.
                if std::mem::take(&mut returned) {
                    lines[row].clear();
                }
                lines[row].push(character);
            }
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The number and the letter of an escape sequence such as `ESC [ 2 K`.
fn sequence(rest: &mut std::str::Chars<'_>) -> Option<(usize, char)> {
    if rest.next()? != '[' {
        return None;
    }
    let mut number = String::new();
    for character in rest {
        if character.is_ascii_alphabetic() {
            return Some((number.parse().unwrap_or(1), character));
        }
        number.push(character);
    }
    None
}

#[test]
fn what_is_cleared_or_overwritten_is_not_on_the_screen() {
    let written = "asks: \r\n\u{1b}[1A\r\u{1b}[2Kasks: [hidden]\r\n\u{1b}[33mwarning:\u{1b}[0m x  \r\nbar 1\rbar\r\n";
    assert_eq!(shows(written), "asks: [hidden]\nwarning: x\nbar");
}
