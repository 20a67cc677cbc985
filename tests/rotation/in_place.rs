//! A rotation in place: the window is short, and everything that can fail comes before it.

use crate::rotation::world::{BRIDGE, ROBOT, World, expected_rights, name};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{Output, Plugin};
use serde_json::Value;

#[test]
fn every_secret_gets_the_new_token_and_the_window_is_told() {
    let world = World::new(4);
    let old = world.token();
    let output = world.rotate("--in-place -o json").expect(0);
    assert_ne!(world.token(), old);
    world.is_at_rest();
    let receipt: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert!(receipt["windowMs"].is_u64(), "{receipt}");
    assert_eq!(receipt["strategy"], "in-place");
    assert!(receipt["bridge"].is_null());
    output.says("pulls could fail for");
    let regenerated = |request: &quay_sandbox::http::Recorded| {
        // The run's marker is put up and taken down.
        request.mutates && !request.path.contains("-run-")
    };
    assert_eq!(world.quay.quay.server().log().count(regenerated), 1);
}

#[test]
fn only_the_scope_that_regenerating_takes_is_needed() {
    let mut world = World::new(1);
    world.quay.sign_in(&mut world.context, "org:admin");
    world.rotate("--in-place").expect(0);
    world.is_at_rest();
}

#[test]
fn what_an_api_server_would_refuse_is_found_before_the_token_changes() {
    let world = World::new(3);
    let old = world.token();
    let refusal = r#"{"kind":"Status","status":"Failure","message":"admission webhook says no","reason":"Forbidden","code":403}"#;
    world.faulty.faults().add(Fault::once(
        "PATCH".parse().expect("a method"),
        "dryRun=All",
        FaultAction::Status {
            code: 403,
            content_type: "application/json".into(),
            body: refusal.into(),
            headers: Vec::new(),
        },
    ));
    let output = world.rotate("--in-place").expect(1);
    output
        .says("nothing was changed")
        .says("admission webhook says no");
    assert_eq!(world.token(), old);
    world.is_at_rest();
    // A bridge would not be made either.
    world.heal();
    assert_eq!(world.quay.writes(), 0);
}

#[test]
fn somebody_elses_regenerate_at_the_same_moment_is_noticed_and_followed() {
    let world = World::new(2);
    let hold = quay_sandbox::http::Hold::default();
    // Ours is carried out and its answer waits while theirs is carried out.
    world.quay_fault("POST", "/regenerate", FaultAction::HoldAfter(hold.clone()));
    let run = world.start_until(&hold, ["--in-place"]);
    let theirs = world.quay.quay.edit(|state| state.regenerate(ROBOT));
    hold.release();
    run.wait().expect(0).says("somebody else regenerated");
    assert_eq!(world.token(), theirs.expect("the robot exists"));
    world.is_at_rest();
}

#[test]
fn a_secret_that_failed_is_written_by_the_next_run_without_another_token() {
    let world = World::new(3);
    let conflict =
        r#"{"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","code":403}"#;
    // The dry run passes, the write does not.
    world.faulty.faults().add(Fault {
        skip: 1,
        ..Fault::once(
            "PATCH".parse().expect("a method"),
            &format!("/secrets/{}", name(1)),
            FaultAction::Status {
                code: 403,
                content_type: "application/json".into(),
                body: conflict.into(),
                headers: Vec::new(),
            },
        )
    });
    world.rotate("--in-place").expect(1).says(&name(1));
    let token = world.token();
    world.rotate("--in-place").expect(0);
    assert_eq!(world.token(), token, "a second token was made");
    world.is_at_rest();
}

#[test]
fn a_robot_no_cluster_uses_is_only_regenerated_and_its_token_handed_over() {
    let world = World::new(1);
    let file = world.context.path("token");
    let path = file.to_string_lossy().into_owned();
    let more = ["--in-place", "--no-cluster", "--token-output", &path];
    let before = world.list(&world.namespace, "secrets");
    world.rotate(more).expect(0);
    let handed = std::fs::read_to_string(&file).expect("the token is there");
    assert_eq!(handed, world.token());
    assert_eq!(world.list(&world.namespace, "secrets"), before);
    let more = ["rotate", ROBOT, "--yes", "--in-place", "--no-cluster"];
    let run = world
        .context
        .command([&more[..], &["--token-output", "-"]].concat());
    let output = run.run().expect(0);
    assert_eq!(output.stdout, world.token());
    world.context.run(more).expect(0).says("token myorg+deploy");
    assert_eq!(world.rights(ROBOT), expected_rights());
    assert_eq!(world.token_of(BRIDGE), None);
    world
        .context
        .run(format!("rotate {ROBOT} --no-cluster"))
        .expect(2);
}

#[test]
fn ctrl_c_within_the_window_leaves_no_secret_behind() {
    let world = World::new(40);
    let hold = world.hold_write(0, FaultAction::HoldBefore);
    let run = world.start_until(&hold, ["--in-place"]);
    run.interrupt();
    hold.release();
    run.wait().expect(1).says("interrupted");
    let token = world.token();
    world.is_at_rest();
    // The same command only proves it.
    world.rotate("--in-place").expect(0);
    assert_eq!(world.token(), token);
}

#[test]
fn what_is_half_written_is_not_closed_by_a_run_that_sees_no_cluster() {
    let world = World::new(3);
    let hold = world.hold_write(0, FaultAction::HoldBefore);
    let run = world.start_until(&hold, ["--in-place"]);
    drop(run.kill());
    world.heal();
    let blind = world.rotate("--in-place --no-cluster").expect(1);
    blind
        .says("the rotation also began in ")
        .says("--skip-unreachable");
    world.rotate("--in-place").expect(0);
    world.is_at_rest();
}

/// A rotation of a robot that no cluster uses, started by a shell that does `first`.
#[track_caller]
fn in_a_shell(world: &World, script: &str, more: &[&str]) -> Output {
    let plugin = Plugin::Robot.path().to_string_lossy();
    let words = [
        "-c",
        script,
        "sh",
        &*plugin,
        "rotate",
        ROBOT,
        "--yes",
        "--in-place",
    ];
    let words = [&words[..], &["--no-cluster"], more].concat();
    world.context.program("sh", words).run()
}

#[test]
fn a_token_is_not_replaced_where_nobody_would_read_the_new_one() {
    let world = World::new(1);
    let token = world.token();
    let nobody = r#"mkfifo p && exec 3<>p 4>p 3<&- && exec "$@" >&4 4>&-"#;
    for script in [r#"exec "$@" >&-"#, r#"exec "$@" > /dev/null"#, nobody] {
        let output = in_a_shell(&world, script, &["--token-output", "-"]);
        output
            .expect(1)
            .says("nothing was changed: nobody reads stdout, and the token would be lost")
            .says("--token-output FILE");
        assert_eq!(world.token(), token, "{script}");
    }
}

#[test]
fn a_token_is_not_replaced_where_the_disk_has_no_room_for_what_remains() {
    let world = World::new(1);
    let (token, writes) = (world.token(), world.quay.writes());
    // Nothing but the receipt is so large.
    let full = r#"trap '' XFSZ; ulimit -f 16; exec "$@""#;
    let receipt = world.context.path("receipt.json");
    let more = ["--receipt", &receipt.to_string_lossy()];
    let output = in_a_shell(&world, full, &more).expect(1);
    output.says("nothing was changed: cannot write");
    assert_eq!((world.token(), world.quay.writes()), (token, writes));
    let folder = receipt.parent().expect("a folder");
    let left = std::fs::read_dir(folder).expect("a folder");
    let left = left.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().contains("receipt"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_receipt_does_not_take_the_place_of_the_token() {
    let world = World::new(1);
    let token = world.token();
    let file = world.context.path("one").to_string_lossy().into_owned();
    let again = format!("{}/../files/one", world.context.path("").display());
    for receipt in [&file, &again] {
        let more = ["--in-place", "--no-cluster", "--token-output", &file];
        let more = [&more[..], &["--receipt", receipt]].concat();
        let output = world
            .context
            .run([&["rotate", ROBOT, "--yes"], &more[..]].concat());
        output
            .expect(2)
            .says("--receipt and --token-output name one file");
    }
    assert_eq!(world.token(), token);
}
