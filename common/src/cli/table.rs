//! Columns as kubectl prints them: upper-case headings, three spaces, no borders.

use super::escape::escape_control;
use super::typed::hint_text;
use crate::hint::Hint;
use jiff::Timestamp;
use std::time::Duration;

/// Rows under headings. Cells are escaped when they are added.
#[derive(Debug, Default)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings and no rows.
    pub fn new(headings: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            headings: headings.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; an empty cell is shown as `<none>`, as kubectl does.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells = cells.into_iter().map(|cell| match cell.as_ref() {
            "" => "<none>".to_owned(),
            text => escape_control(text).into_owned(),
        });
        self.rows.push(cells.collect());
    }

    /// Whether there is nothing below the headings.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, every line ended by a line break.
    pub fn render(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        let headings = self
            .headings
            .iter()
            .map(|heading| (*heading).to_owned())
            .collect();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                let padding = width + 3 - cell.chars().count();
                line.extend(std::iter::repeat_n(' ', padding));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        (0..self.headings.len())
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .chain(std::iter::once(self.headings[column].len()))
                    .max()
                    .unwrap_or(0)
            })
            .collect()
    }
}

/// The column that names the cluster: shown where there are several, or all columns are wanted.
#[derive(Debug, Clone, Copy)]
pub struct ContextColumn(bool);

impl ContextColumn {
    /// Decides from the context of each row.
    pub fn new<'a>(contexts: impl IntoIterator<Item = &'a str>, wide: bool) -> Self {
        let mut contexts = contexts.into_iter();
        let first = contexts.next();
        Self(wide || contexts.any(|context| Some(context) != first))
    }

    /// The headings, this column's first.
    pub fn headings(self, rest: &[&'static str]) -> Vec<&'static str> {
        let first = self.0.then_some("CONTEXT");
        first.into_iter().chain(rest.iter().copied()).collect()
    }

    /// The beginning of a row.
    pub fn cells(self, context: &str) -> Vec<String> {
        self.0.then(|| context.to_owned()).into_iter().collect()
    }
}

/// The last cell of a row: what is worth knowing, then what to do next. Empty parts are left
/// out.
pub fn detail<'a>(parts: impl IntoIterator<Item = &'a str>, next: Option<&Hint>) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let parts = parts.map(str::to_owned);
    let parts: Vec<String> = parts
        .chain(next.map(|next| format!("next: {}", hint_text(next))))
        .collect();
    // A dash, since "<none>" in the last column reads like a missing value.
    match parts.is_empty() {
        true => "-".to_owned(),
        false => parts.join("; "),
    }
}

/// How long ago something was, as kubectl's AGE column says it: `45s`, `12m`, `5h`, `9d`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        172_800..63_072_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// How long something takes, as durations are written on the command line: `2m`, `1m30s`, `1.5s`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    if time.subsec_millis() > 0 {
        return format!("{:.1}s", time.as_secs_f64());
    }
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let text: String = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    match text.is_empty() {
        true => "0s".to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        let mut table = Table::new(["NAMESPACE", "STATE"]);
        table.row(["staging", "current"]);
        table.row(["a-long-namespace", ""]);
        assert_eq!(
            table.render(),
            "NAMESPACE          STATE\nstaging            current\na-long-namespace   <none>\n"
        );
    }

    #[test]
    fn spans_are_written_as_they_are_given() {
        for (milliseconds, text) in [
            (0, "0s"),
            (1_500, "1.5s"),
            (120_000, "2m"),
            (5_490_000, "1h31m30s"),
        ] {
            assert_eq!(span(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn ages_read_like_kubectls() {
        let now = Timestamp::from_second(10_000_000).unwrap();
        let ago = |seconds: i64| age(Timestamp::from_second(10_000_000 - seconds).unwrap(), now);
        assert_eq!(ago(5), "5s");
        assert_eq!(ago(300), "5m");
        assert_eq!(ago(10_800), "3h");
        assert_eq!(ago(864_000), "10d");
        assert_eq!(ago(-30), "0s");
    }
}
