//! docs/installation.md.

use crate::pages::block;
use crate::pages::page::Page;
use crate::pages::stage::Stage;
use std::process::Command;

/// The real one may be left out of a small image.
const MAN: &str = r#"#!/bin/sh
exec cat "$HOME/.local/share/man/man1/$1.1"
"#;

pub fn play(page: &mut Page) {
    let stage = Stage::new("prod");
    page.block("source <(kubectl completion bash)").rest(&stage);
    let completer = stage
        .context
        .path("bin")
        .join("kubectl_complete-quay_robot");
    assert!(completer.is_file());
    manual_pages(page, &stage);
}

/// The archive is made as a release makes it.
fn manual_pages(page: &mut Page, stage: &Stage) {
    stage.program("man", MAN);
    let archive = stage.context.path("kubectl-quay-man-v0.1.0.tar.gz");
    let made = Command::new("tar")
        .arg("-czf")
        .arg(archive)
        .arg("-C")
        .arg(block::root().join("docs/commands"))
        .arg("man")
        .status();
    assert!(made.expect("tar can be started").success());
    page.block("tar -xzf kubectl-quay-man-v0.1.0.tar.gz")
        .rest(stage);
}
