//! The program around the sandbox: what it prints, and what it leaves behind.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn prints_exports_and_leaves_nothing_behind() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_quay-sandbox"))
        .args(["--namespaces", "2", "--until-eof"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let exports = line.strip_prefix("export ").unwrap();
    let value = |name: &str| {
        let mut pairs = exports
            .split_whitespace()
            .filter_map(|it| it.split_once('='));
        let found = pairs.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.trim_matches('\'').to_owned())
    };
    assert!(value("QUAY_URL").unwrap().starts_with("https://localhost:"));
    assert_eq!(value("QUAY_API_TOKEN").unwrap().len(), 40);
    let config = value("KUBECONFIG").unwrap();
    let directory = Path::new(&config).parent().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    for name in ["kubeconfig", "env", "ca.pem"] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!directory.exists());
}
