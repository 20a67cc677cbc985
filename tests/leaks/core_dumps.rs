//! What the system writes to a disk when a program crashes.

use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{Plugin, TestContext, TestQuay};

#[test]
fn a_plugin_that_crashes_leaves_no_image_of_its_memory() {
    let mut context = TestContext::new(Plugin::Robot);
    let quay = TestQuay::start(&mut context);
    quay.sign_in(&mut context, "org:admin");
    let hold = Hold::default();
    let held = FaultAction::HoldBefore(hold.clone());
    let method = "GET".parse().expect("a method");
    quay.quay
        .server()
        .faults()
        .add(Fault::once(method, "/robots", held));
    let script = r#"ulimit -c unlimited; echo $$ > id; exec "$@""#;
    let plugin = Plugin::Robot.path().to_string_lossy();
    let words = ["-c", script, "sh", &*plugin, "list", "myorg"];
    let mut run = context.program("sh", words).spawn();
    assert!(run.reaches(&hold, 1));
    let id = std::fs::read_to_string(context.path("id")).expect("the shell wrote it");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", id.trim()));
    let limits = limits.expect("the plugin runs");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<&str> = line
        .expect("there is such a limit")
        .split_whitespace()
        .collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    run.signal("ABRT");
    assert_eq!(run.wait().code, -1);
    let files = std::fs::read_dir(context.path("")).expect("the folder it ran in");
    let names = files.flatten().map(|file| file.file_name());
    let cores: Vec<_> = names
        .filter(|name| name.to_string_lossy().starts_with("core"))
        .collect();
    assert!(cores.is_empty(), "{cores:?}");
}
