//! Answers each line of stdin with one on stdout, at once, until stdin ends.

use quay_kubelet::Question;
use std::io::{self, BufRead, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut stdout = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let question: Question = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut stdout, &question.answer())?;
        writeln!(stdout)?;
        stdout.flush()?;
    }
    Ok(())
}
