//! Every answer a server can give instead of the right one, at every mutating request.

use crate::rotation::world::World;
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::text_of;

fn status(code: u16, reason: &str) -> FaultAction {
    let body = format!(
        r#"{{"kind":"Status","status":"Failure","message":"{reason}","reason":"{reason}","code":{code}}}"#
    );
    FaultAction::Status {
        code,
        content_type: "application/json".into(),
        body,
        headers: Vec::new(),
    }
}

fn of_quay() -> Vec<(&'static str, FaultAction)> {
    vec![
        ("429", FaultAction::Html429),
        ("500", FaultAction::Html500),
        ("read-only", FaultAction::ReadOnly503),
        ("reset", FaultAction::Reset),
        ("half a body", FaultAction::HalfBody),
        ("answer lost", FaultAction::AnswerLost),
    ]
}

fn of_a_cluster() -> Vec<(&'static str, FaultAction)> {
    let too_many = FaultAction::TooManyRequests {
        retry_after_seconds: 0,
    };
    vec![
        ("429", too_many),
        ("503", status(503, "ServiceUnavailable")),
        ("conflict", status(409, "Conflict")),
        ("forbidden", status(403, "Forbidden")),
        ("reset", FaultAction::Reset),
        ("answer lost", FaultAction::AnswerLost),
    ]
}

/// One wrong answer at each of so many mutating requests; the run may get over it or not,
/// the next one has to.
fn each(
    world: &World,
    more: &[&str],
    faults: &quay_sandbox::http::Faults,
    actions: Vec<(&'static str, FaultAction)>,
    requests: usize,
    holds: impl Fn(&World),
) {
    for (name, action) in actions {
        for request in 0..requests {
            println!("{name} at request {request}");
            let before = world.token();
            faults.add_nth_mutating(request, action.clone());
            let output = world.rotate(more);
            assert_eq!(faults.hits(), 1);
            faults.clear();
            assert!(output.code == 0 || output.code == 1, "{output:?}");
            holds(world);
            if output.code == 1 {
                assert!(output.stderr.contains("next:"), "{}", output.stderr);
                world.rotate(more).expect(0);
            }
            world.is_at_rest();
            assert_ne!(world.token(), before);
        }
    }
}

#[test]
fn with_a_bridge_no_answer_of_quay_leaves_a_dead_token() {
    let world = World::new(1);
    let faults = world.quay.quay.server().faults();
    each(&world, &[], faults, of_quay(), 9, World::every_secret_works);
}

#[test]
fn with_a_bridge_no_answer_of_a_cluster_leaves_a_dead_token() {
    let world = World::new(2);
    let faults = world.faulty.faults();
    each(
        &world,
        &[],
        faults,
        of_a_cluster(),
        4,
        World::every_secret_works,
    );
}

#[test]
fn in_place_every_answer_ends_in_the_new_token_everywhere() {
    let world = World::new(2);
    let kept = |world: &World| {
        for secret in world.list(&world.namespace, "secrets") {
            assert!(text_of(&secret).contains(r#""psFormat":"table""#));
        }
    };
    let more = ["--in-place"];
    let faults = world.quay.quay.server().faults();
    each(&world, &more, faults, of_quay(), 3, kept);
    each(
        &world,
        &more,
        world.faulty.faults(),
        of_a_cluster(),
        2,
        kept,
    );
}

#[test]
fn a_right_that_is_taken_away_half_way_is_reported_and_given_back_is_used() {
    let mut world = World::new(3);
    let namespace = world.namespace.clone();
    let allow = |world: &World| {
        let role = [
            "create",
            "role",
            "write",
            "--verb=list,get,patch",
            "--resource=secrets",
        ];
        let bind = [
            "create",
            "rolebinding",
            "write",
            "--role=write",
            "--user=limited",
        ];
        for command in [role, bind] {
            let command = [&["-n", &world.namespace], &command[..]].concat();
            world.cluster.kubectl(&command);
        }
        let list = ["-n", &world.namespace, "list", "secrets"];
        world.cluster.until_limited(true, &list);
    };
    allow(&world);
    world.become_limited();
    let hold = Hold::default();
    world
        .faulty
        .faults()
        .add_nth_mutating(1, FaultAction::HoldBefore(hold.clone()));
    let more = ["-n", &namespace, "--scope-is-complete"];
    let run = world.start_until(&hold, more);
    // The proxy refuses from now on, whatever the authorizer has heard of.
    world.faulty.faults().add(Fault::always(
        "PATCH".parse().expect("a method"),
        "/secrets/",
        status(403, "Forbidden"),
    ));
    hold.release();
    let output = run.wait();
    world.every_secret_works();
    if output.code != 0 {
        assert!(output.stderr.contains("next:"), "{}", output.stderr);
    }
    world.heal();
    world.rotate(more).expect(0);
    world.is_at_rest();
}

#[test]
fn ctrl_c_ends_a_rotation_at_a_safe_place_and_says_how_to_go_on() {
    let world = World::new(2);
    let hold = world.hold_quay("GET", "/logs");
    hold.release();
    let settling = world.hold_quay("GET", "/logs");
    let run = ["rotate", "myorg+deploy", "--yes", "--grace", "2m"];
    let mut run = world.context.command(run).spawn();
    assert!(run.reaches(&settling, 1));
    run.interrupt();
    settling.release();
    let output = run.wait().expect(1);
    output
        .says("interrupted")
        .says("run the same command again");
    world.every_secret_works();
    world.rotate("").expect(0);
    world.is_at_rest();
}
