//! Files of ours that are not what they should be.

use crate::robot::{SCOPES, start};
use quay_tests::{Output, TestContext};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Bytes that are no text and no JSON, on three lines.
const RANDOM: &[u8] = b"\x93\xfe\x00\x17{]\n\xd0\x80\n\x1b[31m\xff";

fn state(context: &TestContext, name: &str) -> PathBuf {
    context.home().join(".local/state/kubectl-quay").join(name)
}

/// A line of the ledger.
fn line(rotation: &str, event: &str) -> String {
    format!(
        "{{\"at\":\"2026-01-02T03:04:05Z\",\"rotation\":\"{rotation}\",\"registry\":\"quay.io\",\
         \"robot\":\"myorg+deploy\",\"event\":\"{event}\"}}\n"
    )
}

/// A home directory with this ledger.
fn with_ledger(content: &[u8]) -> (TestContext, PathBuf) {
    let context = TestContext::new(crate::robot::BINARY);
    let ledger = state(&context, "ledger.jsonl");
    let folder = ledger.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    chmod(folder, 0o700);
    std::fs::write(&ledger, content).unwrap();
    chmod(&ledger, 0o600);
    (context, ledger)
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Puts a pipe in the place of a file; whoever opens it to read waits for ever.
fn pipe(context: &TestContext, path: &Path) {
    let _ = std::fs::remove_file(path);
    let path = path.to_string_lossy();
    context.program("mkfifo", [&path]).keeps().run().expect(0);
}

#[track_caller]
fn says_it_is_no_file(output: Output, path: &Path) {
    let path = path.display();
    output
        .expect(1)
        .says(&format!("{path} is not a regular file"))
        .says(&format!("next: check what it is, then: mv {path} "));
}

#[test]
fn a_ledger_of_random_bytes_is_not_an_empty_one() {
    let (context, ledger) = with_ledger(RANDOM);
    let ledger = ledger.display();
    let damage = format!("{ledger} is damaged: lines 1, 2, 3 are not records");
    for format in ["table", "wide", "name"] {
        let output = context.run(format!("history -o {format}")).expect(1);
        assert_eq!(output.stdout, "", "{format}");
        assert!(
            !output.stderr.contains("The ledger holds no rotations"),
            "{}",
            output.stderr
        );
        output.says(&damage).says(&format!("mv {ledger} "));
    }
    let output = context.run("history -o json").expect(1);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["rotations"], serde_json::json!([]));
    assert_eq!(report["failures"][0]["message"], damage);
    output.says(&damage);
}

#[test]
fn what_can_be_read_of_a_damaged_ledger_is_shown() {
    let text = [
        line("first", "finished").as_bytes(),
        b"nonsense\n",
        line("second", "crossed").as_bytes(),
        line("third", "dancing").as_bytes(),
    ]
    .concat();
    let (context, ledger) = with_ledger(&text);
    let output = context.run("history").expect(1);
    output
        .prints("finished")
        .prints("unfinished (crossed)")
        .says(&format!("{} is damaged: lines 2, 4 are", ledger.display()))
        .says("next: remove those lines from the file");
    let output = context.run("history -o json").expect(1);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    let rotations = report["rotations"].as_array().unwrap();
    let ids: Vec<&Value> = rotations.iter().map(|found| &found["rotation"]).collect();
    assert_eq!(ids, ["second", "first"]);

    std::fs::write(&ledger, vec![b'\n'; 3]).unwrap();
    context
        .run("history")
        .expect(0)
        .says("The ledger holds no rotations");
    std::fs::write(&ledger, b"x\n".repeat(100)).unwrap();
    let output = context.run("history").expect(1);
    output.says("lines 1, 2, 3, 4, 5 and 95 more are not records");
}

#[test]
fn a_line_that_a_killed_run_left_half_written_is_no_damage() {
    let whole = line("first", "finished");
    for cut in [1, 20, whole.len() - 2] {
        let text = format!("{}\n{whole}{}", &whole[..cut], &whole[..cut]);
        let (context, _) = with_ledger(text.as_bytes());
        let output = context.run("history").expect(0);
        assert_eq!(output.stderr, "");
        output.prints("finished");
    }
}

#[test]
fn a_ledger_that_others_may_write_is_not_believed() {
    let (context, ledger) = with_ledger(line("first", "finished").as_bytes());
    chmod(&ledger, 0o622);
    let output = context.run("history").expect(1);
    output.says(&format!("chmod go-w {}", ledger.display()));
    chmod(&ledger, 0o600);
    context.run("history").expect(0).prints("finished");

    let shared = context.path("shared");
    std::fs::create_dir(&shared).unwrap();
    chmod(&shared, 0o700);
    let real = shared.join("ledger.jsonl");
    std::fs::rename(&ledger, &real).unwrap();
    std::os::unix::fs::symlink(&real, &ledger).unwrap();
    context.run("history").expect(0).prints("finished");
    chmod(&shared, 0o777);
    let output = context.run("history").expect(1);
    output.says(&format!("chmod go-w {}", shared.display()));
}

#[test]
fn a_pipe_or_a_folder_in_place_of_a_file_of_ours_keeps_nobody_waiting() {
    let (context, ledger) = with_ledger(b"");
    pipe(&context, &ledger);
    says_it_is_no_file(context.run("history"), &ledger);
    std::fs::remove_file(&ledger).unwrap();
    std::fs::create_dir(&ledger).unwrap();
    says_it_is_no_file(context.run("history"), &ledger);

    let (mut context, quay) = start();
    let token = quay.token(&mut context, SCOPES);
    let log_in = |context: &TestContext| {
        context
            .command("login --token-stdin --insecure-storage")
            .stdin(&token)
            .keeps()
            .run()
    };
    log_in(&context).expect(0);
    let list = |context: &TestContext| context.command("list myorg").keeps().run();
    let credentials = state(&context, "credentials.json");
    std::fs::write(&credentials, RANDOM).unwrap();
    let broken = list(&context).expect(1);
    broken
        .says("not a JSON object of tokens")
        .says(&format!("rm {}", credentials.display()));
    pipe(&context, &credentials);
    says_it_is_no_file(list(&context), &credentials);
    says_it_is_no_file(log_in(&context), &credentials);
    let settings = context.home().join(".config/kubectl-quay/config.yaml");
    pipe(&context, &settings);
    for output in [
        list(&context),
        log_in(&context),
        context.command("logout").keeps().run(),
        context.command("history").keeps().run(),
    ] {
        says_it_is_no_file(output, &settings);
    }
    std::fs::remove_file(&settings).unwrap();
    std::fs::write(&settings, RANDOM).unwrap();
    chmod(&settings, 0o600);
    let broken = list(&context).expect(1);
    broken
        .says(&format!("cannot use {}", settings.display()))
        .says("log in again");
}
