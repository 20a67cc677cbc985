//! The generated pages are those of the plugins as they are.

use std::process::Command;

#[test]
fn the_pages_and_the_record_of_every_flag_are_up_to_date() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["docs", "--check"])
        .output();
    let output = output.unwrap_or_else(|error| panic!("cannot run xtask: {error}"));
    assert!(
        output.status.success(),
        "a command has changed: look at it, then run `cargo xtask docs` and commit\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
