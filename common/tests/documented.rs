//! Every public item says what it is. Fields are free to speak by their names.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

const ITEMS: [&str; 7] = ["fn", "struct", "enum", "trait", "type", "const", "static"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether the line begins a public item.
fn is_public_item(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix("pub ") else {
        return false;
    };
    let rest = rest.strip_prefix("const fn ").map_or(rest, |_| "fn ");
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    let word = rest.split(' ').next().unwrap_or_default();
    ITEMS.contains(&word)
}

/// The lines of public items with neither a comment nor an attribute that holds one above them.
fn undocumented(text: &str) -> Vec<usize> {
    let lines = text
        .lines()
        .take_while(|line| !line.ends_with("mod tests {"));
    let lines: Vec<&str> = lines.collect();
    let mut found = Vec::new();
    for (number, _) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| is_public_item(line))
    {
        let mut above = lines[..number].iter().rev().map(|line| line.trim());
        let mut open = 0;
        let documented = loop {
            let Some(line) = above.next() else {
                break false;
            };
            let ends = |with: [char; 2]| line.matches(with).count();
            // An attribute may go over several lines; they are read from below.
            let inside = open > 0 || line.ends_with(")]") || line.starts_with("#[");
            match inside {
                true => open = (open + ends([')', ']'])).saturating_sub(ends(['(', '['])),
                false => break line.starts_with("///"),
            }
        };
        if !documented {
            found.push(number + 1);
        }
    }
    found
}

#[test]
fn every_public_item_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut missing = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("a source");
        let name = file.strip_prefix(&root).expect("below it").display();
        missing.extend(
            undocumented(&text)
                .iter()
                .map(|line| format!("{name}:{line}")),
        );
    }
    assert!(missing.is_empty(), "without documentation: {missing:#?}");
}

#[test]
fn an_item_without_a_comment_is_found_and_fields_are_not() {
    let text = "/// A.\n#[derive(Debug)]\n#[serde(\n    default,\n)]\npub struct A {\n    pub b: u8,\n}\n\npub fn c() {}\n";
    assert_eq!(undocumented(text), [10]);
}
