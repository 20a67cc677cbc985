//! Columns as kubectl prints them: upper-case headings, three spaces, no borders.

use super::escape::escape_and_cut;
use super::typed::hint_text;
use crate::hint::Hint;
use jiff::Timestamp;
use std::fmt::Display;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Characters of a cell: what is longer would push all others off the screen.
const WIDEST_CELL: usize = 200;
/// Characters of the last cell, which nothing follows: there are reasons, and what to type.
const WIDEST_LAST: usize = 1_000;
/// A longer command is not shown: a part of one is worse than none.
const LONGEST_COMMAND: usize = 600;

/// Columns under headings, each cell escaped and cut.
#[derive(Debug, Default)]
pub struct Table {
    /// Each column from its heading down.
    columns: Vec<Vec<String>>,
}

/// A table while its columns are chosen: one row for each item.
pub struct Columns<'a, T> {
    items: &'a [T],
    wide: bool,
    table: Table,
}

impl Table {
    /// One row for each item; `wide` asks for all columns.
    pub fn of<T>(items: &[T], wide: bool) -> Columns<'_, T> {
        Columns {
            items,
            wide,
            table: Self::default(),
        }
    }

    /// The text, every line ended by a line break.
    pub fn render(&self) -> String {
        let widths = self.columns.iter().map(|column| {
            let widths = column.iter().map(|cell| cell.width());
            widths.max().unwrap_or_default()
        });
        let widths: Vec<usize> = widths.collect();
        let lines = self.columns.first().map_or(0, Vec::len);
        let mut text = String::new();
        for line in 0..lines {
            let mut cells = String::new();
            for (column, width) in self.columns.iter().zip(&widths) {
                let cell = &column[line];
                cells.push_str(cell);
                cells.extend(std::iter::repeat_n(' ', width + 3 - cell.width()));
            }
            text.push_str(cells.trim_end());
            text.push('\n');
        }
        text
    }
}

impl<'a, T> Columns<'a, T> {
    /// A column of all tables; an empty cell is shown as `<none>`, as kubectl does.
    #[must_use]
    pub fn col<C: Display>(mut self, heading: &str, cell: impl Fn(&'a T) -> C) -> Self {
        let cells = self.items.iter().map(|item| match cell(item).to_string() {
            text if text.is_empty() => "<none>".to_owned(),
            text => escape_and_cut(&text, WIDEST_LAST),
        });
        let column = std::iter::once(heading.to_owned()).chain(cells).collect();
        self.table.columns.push(column);
        self
    }

    /// A column of wide tables alone.
    #[must_use]
    pub fn wide<C: Display>(self, heading: &str, cell: impl Fn(&'a T) -> C) -> Self {
        match self.wide {
            true => self.col(heading, cell),
            false => self,
        }
    }

    /// The column that names the cluster: shown where there are several, or all columns are wanted.
    #[must_use]
    pub fn context(self, context: impl Fn(&'a T) -> &'a str) -> Self {
        let mut contexts = self.items.iter().map(&context);
        let first = contexts.next();
        match self.wide || contexts.any(|other| Some(other) != first) {
            true => self.col("CONTEXT", context),
            false => self,
        }
    }

    /// The table with these columns.
    pub fn table(mut self) -> Table {
        if let Some((_, others)) = self.table.columns.split_last_mut() {
            let cells = others.iter_mut().flatten();
            cells.for_each(|cell| *cell = escape_and_cut(cell, WIDEST_CELL));
        }
        self.table
    }
}

/// The last cell of a row: what is worth knowing, then what to do next. Empty parts are left
/// out, and long ones cut so that there is room for the command.
pub fn detail<'a>(parts: impl IntoIterator<Item = &'a str>, next: Option<&Hint>) -> String {
    let next = next.map(hint_text);
    let next = next.filter(|next| next.chars().count() <= LONGEST_COMMAND);
    let room = WIDEST_LAST - next.as_ref().map_or(0, |next| next.chars().count() + 8);
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let told = escape_and_cut(&parts.join("; "), room);
    let told = Some(told).filter(|told| !told.is_empty());
    let next = next.map(|next| format!("next: {next}"));
    let parts: Vec<String> = told.into_iter().chain(next).collect();
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
        let rows = [("staging", "current"), ("a-long-namespace", "")];
        let table = Table::of(&rows, false).col("NAMESPACE", |row| row.0);
        assert_eq!(
            table.col("STATE", |row| row.1).table().render(),
            "NAMESPACE          STATE\nstaging            current\na-long-namespace   <none>\n"
        );
    }

    #[test]
    fn wide_characters_take_two_places_and_marks_none() {
        let rows = ["\u{5009}\u{5eab}", "e\u{301}t\u{e9}", "app"];
        let table = Table::of(&rows, false).col("NAME", |row| row);
        assert_eq!(
            table.col("N", |_| 1).table().render(),
            "NAME   N\n\u{5009}\u{5eab}   1\ne\u{301}t\u{e9}    1\napp    1\n"
        );
    }

    #[test]
    fn the_context_is_a_column_where_there_are_several_or_all_are_wanted() {
        for (contexts, wide, headings) in [
            (&["a", "a"], false, "NAME\n"),
            (&["a", "b"], false, "CONTEXT   NAME\n"),
            (&["a", "a"], true, "CONTEXT   NAME   KEY\n"),
        ] {
            let table = Table::of(contexts, wide).context(|context| context);
            let table = table.col("NAME", |_| "n").wide("KEY", |_| "k").table();
            assert!(table.render().starts_with(headings), "{contexts:?} {wide}");
        }
    }

    #[test]
    fn a_cell_is_cut_and_a_command_is_whole_or_not_there() {
        let long = "x".repeat(1 << 20);
        let details = [
            detail([long.as_str()], Some(&"kubectl get secrets".into())),
            detail(["why"], Some(&long.as_str().into())),
        ];
        let table = Table::of(&details, false).col("KEY", |_| &long);
        let shown = table.col("MESSAGE", |detail| detail).table().render();
        let lines: Vec<&str> = shown.lines().collect();
        let (key, message) = lines[1].split_once("   ").unwrap();
        assert_eq!(key.chars().count(), WIDEST_CELL);
        assert!(message.chars().count() <= WIDEST_LAST, "{message}");
        assert!(
            message.ends_with("…; next: kubectl get secrets"),
            "{message}"
        );
        assert!(lines[2].ends_with("   why"), "{}", lines[2]);
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
