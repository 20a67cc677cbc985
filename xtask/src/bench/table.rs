//! What was measured, as text and as markdown.

use std::time::Duration;

/// Tables and verdicts in the order they were made.
pub struct Report {
    setting: Vec<String>,
    tables: Vec<Table>,
    verdicts: Vec<Verdict>,
}

/// One table; the first column names, the others measure.
pub struct Table {
    pub title: String,
    pub header: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
    pub notes: Vec<String>,
}

/// One target, and what came of it.
struct Verdict {
    what: String,
    target: String,
    measured: String,
    met: bool,
}

impl Report {
    pub fn new(setting: &[String]) -> Self {
        Self {
            setting: setting.to_vec(),
            tables: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    pub fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Holds a measurement against its target: `value` has to be at most `limit`.
    pub fn at_most(&mut self, what: &str, value: f64, limit: f64, unit: &str) {
        self.verdicts.push(Verdict {
            what: what.to_owned(),
            target: format!("at most {limit}{unit}"),
            measured: format!("{value:.2}{unit}"),
            met: value <= limit,
        });
    }

    /// Holds a measurement against its target: `value` has to be at least `limit`.
    pub fn at_least(&mut self, what: &str, value: f64, limit: f64, unit: &str) {
        self.verdicts.push(Verdict {
            what: what.to_owned(),
            target: format!("at least {limit}{unit}"),
            measured: format!("{value:.1}{unit}"),
            met: value >= limit,
        });
    }

    fn verdicts(&self) -> Table {
        let row = |verdict: &Verdict| {
            let word = if verdict.met { "met" } else { "missed" };
            vec![
                verdict.what.clone(),
                verdict.target.clone(),
                verdict.measured.clone(),
                word.to_owned(),
            ]
        };
        Table {
            title: "Targets".into(),
            header: vec!["", "target", "measured", "verdict"],
            rows: self.verdicts.iter().map(row).collect(),
            notes: Vec::new(),
        }
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.setting {
            text += &format!("{line}\n");
        }
        for table in self.tables.iter().chain([&self.verdicts()]) {
            text += &format!("\n{}\n", table.title);
            text += &table.columns();
            for note in &table.notes {
                text += &format!("  {note}\n");
            }
        }
        text
    }

    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for line in &self.setting {
            text += &format!("- {line}\n");
        }
        for table in self.tables.iter().chain([&self.verdicts()]) {
            text += &format!("\n### {}\n\n", table.title);
            text += &format!("| {} |\n", table.header.join(" | "));
            text += &format!("|---{}|\n", "|---:".repeat(table.header.len() - 1));
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
                text += &format!("| {} |\n", cells.join(" | "));
            }
            if !table.notes.is_empty() {
                text += &format!("\n- {}\n", table.notes.join("\n- "));
            }
        }
        text
    }
}

impl Table {
    fn columns(&self) -> String {
        let header: Vec<String> = self.header.iter().map(|&cell| cell.to_owned()).collect();
        let lines: Vec<&Vec<String>> = std::iter::once(&header).chain(&self.rows).collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        let mut text = String::new();
        for line in lines {
            let cells: Vec<String> = line
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            text += &format!("  {}\n", cells.join("   ").trim_end());
        }
        text
    }
}

/// Seconds with as many digits as mean something.
pub fn seconds(time: Duration) -> String {
    let value = time.as_secs_f64();
    match value {
        ..0.1 => format!("{:.1} ms", value * 1e3),
        ..10.0 => format!("{value:.2} s"),
        _ => format!("{value:.1} s"),
    }
}

/// The middle one of several times.
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// How often `one` fits into `other`.
pub fn ratio(other: Duration, one: Duration) -> f64 {
    other.as_secs_f64() / one.as_secs_f64()
}
