//! A terminal as an SVG that needs no font of its own.

use std::fmt::Write;

/// One line of a session.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// What was typed, after the prompt.
    Typed(String),
    /// What came back.
    Said(String),
    /// What the picture says itself.
    Remark(String),
    Empty,
}

const LETTER: usize = 8;
const LEADING: usize = 19;
const MARGIN: usize = 20;
/// The bar with the three dots.
const BAR: usize = 34;

/// Draws the lines one below the other.
pub fn draw(lines: &[Line]) -> String {
    let columns = lines.iter().map(Line::columns).max().unwrap_or_default();
    let width = columns * LETTER + 2 * MARGIN;
    let height = lines.len() * LEADING + BAR + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', \
         monospace\" font-size=\"13\" role=\"img\" aria-label=\"A recorded session in a terminal\">\n\
         <!-- Recorded by `cargo xtask picture`. -->\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#161b22\"/>\n"
    );
    for (number, color) in ["#ff5f56", "#ffbd2e", "#27c93f"].iter().enumerate() {
        let x = MARGIN + number * 18;
        let _ = writeln!(
            svg,
            "<circle cx=\"{x}\" cy=\"18\" r=\"5.5\" fill=\"{color}\"/>"
        );
    }
    for (number, line) in lines.iter().enumerate() {
        let y = BAR + (number + 1) * LEADING - 4;
        svg.push_str(&line.draw(y));
    }
    svg.push_str("</svg>\n");
    svg
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Typed(text) => format!("$ {text}"),
            Self::Said(text) => text.clone(),
            Self::Remark(text) => format!("# {text}"),
            Self::Empty => String::new(),
        }
    }

    fn columns(&self) -> usize {
        self.text().chars().count()
    }

    fn draw(&self, y: usize) -> String {
        let style = match self {
            Self::Typed(_) => "fill=\"#ffffff\" font-weight=\"bold\"",
            Self::Said(_) => "fill=\"#c9d1d9\"",
            Self::Remark(_) => "fill=\"#8b949e\" font-style=\"italic\"",
            Self::Empty => return String::new(),
        };
        let columns = self.columns();
        if columns == 0 {
            return String::new();
        }
        // A fixed length keeps columns in line, whatever the font.
        let length = columns * LETTER;
        format!(
            "<text x=\"{MARGIN}\" y=\"{y}\" {style} textLength=\"{length}\" xml:space=\"preserve\">{}</text>\n",
            escaped(&self.text())
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_said_is_never_markup() {
        let svg = draw(&[Line::Said("<script>&\"".into())]);
        assert!(svg.contains(">&lt;script&gt;&amp;\"</text>"), "{svg}");
    }

    #[test]
    fn a_picture_is_as_large_as_its_lines() {
        let lines = [
            Line::Typed("x".repeat(98)),
            Line::Empty,
            Line::Said("y".into()),
        ];
        let svg = draw(&lines);
        assert!(svg.contains("viewBox=\"0 0 840 111\""), "{svg}");
        assert_eq!(svg.matches("<text").count(), 2);
    }
}
