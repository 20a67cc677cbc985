//! The developer commands on the pages.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a page types one.
const TYPED: &str = "$ cargo xtask ";

/// `--help` behind a command has it parsed without being done.
#[test]
fn every_developer_command_that_a_page_types_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [".", "docs", "krew", "tests", "tests/kubelet"].map(|folder| root.join(folder));
    let mut count = 0;
    for page in folders.iter().flat_map(|folder| pages(folder)) {
        let text = std::fs::read_to_string(&page).unwrap();
        for typed in text.lines().filter_map(|line| line.strip_prefix(TYPED)) {
            let words = typed.split(" <<<").next().unwrap_or_default();
            let words = words.split(" #").next().unwrap_or_default();
            let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
                .args(words.split_whitespace())
                .arg("--help")
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}: {words}\n{output:?}",
                page.display()
            );
            count += 1;
        }
    }
    assert_ne!(count, 0);
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect()
}
