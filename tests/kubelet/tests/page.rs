//! The question on this folder's page, and its answer.

use std::io::Write;
use std::process::{Command, Stdio};

const PAGE: &str = include_str!("../README.md");
/// How the page asks it.
const ASKS: &str = "$ cargo xtask kubelet <<< '";

#[test]
fn the_question_on_the_page_has_the_answer_that_stands_below_it() {
    let mut lines = PAGE.lines();
    let question = lines.find_map(|line| line.strip_prefix(ASKS)?.strip_suffix('\''));
    let question = question.expect("the page asks a question");
    let mut program = Command::new(env!("CARGO_BIN_EXE_quay-kubelet"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = program.stdin.take().expect("a pipe");
    writeln!(stdin, "{question}").expect("it reads");
    drop(stdin);
    let output = program.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let answer = String::from_utf8_lossy(&output.stdout);
    assert_eq!(Some(answer.trim_end()), lines.next());
}
