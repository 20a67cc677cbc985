//! Runs on a terminal of their own, which `script` gives them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The arguments for `script` that run `program` on a terminal and write the terminal's
/// name to `tty`.
pub(crate) fn arguments(program: &[String], tty: &Path) -> Vec<String> {
    let words = program.iter().map(|word| quoted(word)).collect::<Vec<_>>();
    let command = format!(
        "tty > {}; exec {}",
        quoted(&tty.to_string_lossy()),
        words.join(" ")
    );
    vec!["-qec".to_owned(), command, "/dev/null".to_owned()]
}

/// Whether the terminal whose name is in the file shows nothing of what is typed.
pub(crate) fn is_hiding(tty: &PathBuf) -> bool {
    let Ok(name) = std::fs::read_to_string(tty) else {
        return false;
    };
    let settings = Command::new("stty")
        .args(["-a", "-F", name.trim()])
        .output();
    settings.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(" -echo "))
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
