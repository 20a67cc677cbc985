//! What is remembered of a rotation that was requested, where it cannot be read any more.

use crate::global::ocm::start;
use quay_tests::{Plugin, TestContext};

#[test]
fn a_record_that_cannot_be_read_is_no_leave_to_request_a_rotation_again() {
    let mut context = TestContext::new(Plugin::Global);
    let ocm = start(&mut context);
    let rotate = ["ocm", "rotate", "--yes"];
    context.run(rotate).expect(0);
    let state = context.home().join(".local/state/kubectl-quay");
    let record = state.join("ocm-rotation.json");
    assert!(record.is_file());
    let commands = [&["ocm", "status"][..], &rotate];

    std::fs::write(&record, b"\xff\x00nonsense").expect("it is there");
    for command in commands {
        let output = context.run(command).expect(1);
        output
            .says(&format!("cannot use {}", record.display()))
            .says(&format!("rm {}", record.display()));
    }
    std::fs::remove_file(&record).expect("it is there");
    let pipe = record.to_string_lossy();
    context.program("mkfifo", [&pipe]).run().expect(0);
    for command in commands {
        context
            .run(command)
            .expect(1)
            .says("is not a regular file, so it was not read");
    }
    assert_eq!(ocm.edit(|state| state.rotations.len()), 1);
}
