//! Machines that share nothing but Quay: one rotates a robot at a time, and one that stood still
//! while another took over harms nobody.

use crate::rotation::world::{BRIDGE, ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{MovableClock, Output, Running};

const TAKE_OVER: &str = "--take-over";

/// Stops a run where it looks for the n-th time at who still pulls; what it asked for goes through,
/// and it hears of nothing any more.
fn stopped_at_log<'a>(world: &'a World, looks: usize) -> Running<'a> {
    let hold = Hold::default();
    let fault = Fault {
        skip: looks,
        ..Fault::once(
            "GET".parse().expect("a method"),
            "/logs",
            FaultAction::HoldBefore(hold.clone()),
        )
    };
    world.quay.quay.server().faults().add(fault);
    let run = world.start_until(&hold, "");
    run.signal("STOP");
    world.heal();
    hold.release();
    run
}

/// The looks at the usage log before the robot settles, and before the bridge does.
const CROSSED: usize = 1;
const RETURNED: usize = 3;

/// Lets a run go on that was stopped, and finds that it stopped by itself.
#[track_caller]
fn goes_on_and_stops(run: Running<'_>) -> Output {
    run.signal("CONT");
    stops(run)
}

/// Finds that a run stopped by itself.
#[track_caller]
fn stops(run: Running<'_>) -> Output {
    let output = run.wait().expect(1);
    output
        .says("another one has taken over the rotation of myorg+deploy")
        .says("next: let the other one end, then look: kubectl quay pullsecret verify -A")
}

#[test]
fn a_run_that_lives_is_not_taken_over() {
    let world = World::new(2);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    let writes = world.quay.writes();
    for more in [TAKE_OVER, "", "--take-over --abort", "--in-place"] {
        let refused = world.elsewhere("b", more).run().expect(1);
        refused
            .says("is rotating it, and told so at")
            .says("if it was killed, it counts as dead from");
    }
    let dry = world.elsewhere("b", "--take-over --dry-run=client");
    dry.run().expect(1);
    assert_eq!(world.quay.writes(), writes, "a run that was refused wrote");
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_run_that_was_killed_is_taken_over_after_a_minute_and_not_before() {
    let world = World::new(2);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    drop(run.kill());
    world.heal();
    let refused = world.elsewhere("b", TAKE_OVER).run().expect(1);
    refused.says(&format!("rotate {ROBOT} --take-over"));
    world.every_secret_works();
    world.outlast_markers();
    world.elsewhere("b", "").run().expect(1).says("--take-over");
    world.elsewhere("b", TAKE_OVER).run().expect(0);
    world.is_at_rest();
}

#[test]
fn a_run_that_stood_still_before_the_renewal_replaces_nothing_once_it_is_taken_over() {
    let world = World::new(2);
    let run = stopped_at_log(&world, CROSSED);
    world.elsewhere("b", TAKE_OVER).run().expect(1);
    world.outlast_markers();
    world.elsewhere("b", TAKE_OVER).run().expect(0);
    let token = world.token();
    goes_on_and_stops(run);
    assert_eq!(world.token(), token);
    world.is_at_rest();
}

#[test]
fn a_run_that_stood_still_while_another_one_is_at_work_does_nothing_beside_it() {
    for looks in [CROSSED, RETURNED] {
        let world = World::new(2);
        let run = stopped_at_log(&world, looks);
        world.outlast_markers();
        let hold = world.hold_quay("DELETE", "-bridge");
        let mut other = world.elsewhere("b", TAKE_OVER).spawn();
        assert!(other.reaches(&hold, 1));
        let (token, writes) = (world.token(), world.quay.writes());
        goes_on_and_stops(run);
        // Its own next marker is put up and taken down, and the one before is not there any more.
        assert!(world.quay.writes() <= writes + 3);
        assert_eq!(world.token(), token);
        assert!(world.token_of(BRIDGE).is_some());
        world.every_secret_works();
        hold.release();
        other.wait().expect(0);
        world.is_at_rest();
    }
}

#[test]
fn a_run_that_stood_still_before_the_removal_removes_no_bridge_of_a_later_rotation() {
    let world = World::new(2);
    let run = stopped_at_log(&world, RETURNED);
    world.outlast_markers();
    world.elsewhere("b", TAKE_OVER).run().expect(0);
    let hold = world.hold_quay("POST", "/regenerate");
    let mut third = world.elsewhere("b", "").spawn();
    assert!(third.reaches(&hold, 1));
    let bridge = world.token_of(BRIDGE);
    assert!(bridge.is_some());
    goes_on_and_stops(run);
    assert_eq!(world.token_of(BRIDGE), bridge);
    world.every_secret_works();
    hold.release();
    third.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_run_that_stood_still_for_long_and_was_not_taken_over_goes_on() {
    for looks in [CROSSED, RETURNED] {
        let world = World::new(2);
        let run = stopped_at_log(&world, looks);
        world.outlast_markers();
        run.signal("CONT");
        run.wait().expect(0);
        world.is_at_rest();
    }
}

/// A machine that slept for a minute in the middle of its PATCHes: some of them are on the way,
/// others are not sent yet. `meanwhile` happens while it sleeps.
fn slept_among_its_writes<'a>(
    world: &'a World,
    clock: &MovableClock,
    meanwhile: impl FnOnce(),
) -> Running<'a> {
    const ON_THE_WAY: usize = 16;
    let hold = Hold::default();
    for _ in 0..ON_THE_WAY {
        let faults = world.faulty.faults();
        faults.add_nth_mutating(0, FaultAction::HoldBefore(hold.clone()));
    }
    let mut run = world.start("");
    assert!(run.reaches(&hold, ON_THE_WAY));
    run.signal("STOP");
    world.heal();
    meanwhile();
    clock.put_ahead(60);
    world.faulty.log().clear();
    run.signal("CONT");
    hold.release();
    run
}

#[test]
fn a_run_that_stood_still_among_its_writes_sends_no_more_of_them_once_it_is_taken_over() {
    let mut world = World::new(40);
    let Some(clock) = world.context.movable_clock() else {
        return;
    };
    let mut token = String::new();
    let run = slept_among_its_writes(&world, &clock, || {
        world.outlast_markers();
        world.elsewhere("b", TAKE_OVER).run().expect(0);
        token = world.token();
    });
    stops(run);
    let sent = world.faulty.log().count(|request| request.mutates);
    assert_eq!(sent, 0, "it wrote what another run had written since");
    assert_eq!(world.token(), token);
    world.is_at_rest();
}

#[test]
fn a_run_that_stood_still_among_its_writes_and_was_not_taken_over_makes_them_up() {
    let mut world = World::new(40);
    let Some(clock) = world.context.movable_clock() else {
        return;
    };
    let run = slept_among_its_writes(&world, &clock, || {});
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn of_two_that_take_over_at_the_same_moment_one_steps_back() {
    let world = World::new(2);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    drop(run.kill());
    world.heal();
    world.outlast_markers();
    // Both have looked and seen nobody alive, and have put their markers up.
    let both = Hold::default();
    let put_up = Fault {
        times: 2,
        ..Fault::once(
            "PUT".parse().expect("a method"),
            "-run-",
            FaultAction::HoldAfter(both.clone()),
        )
    };
    world.quay.quay.server().faults().add(put_up);
    let mut b = world.elsewhere("b", TAKE_OVER).spawn();
    let c = world.elsewhere("c", TAKE_OVER).spawn();
    assert!(b.reaches(&both, 2));
    both.release();
    let ended = [b.wait(), c.wait()];
    let refused: Vec<&Output> = ended.iter().filter(|it| it.code == 1).collect();
    assert!(!refused.is_empty(), "both took over");
    for refused in refused {
        refused.clone().says("is rotating it");
    }
    world.every_secret_works();
    if ended.iter().all(|it| it.code == 1) {
        world.elsewhere("b", TAKE_OVER).run().expect(0);
    }
    world.is_at_rest();
}

#[test]
fn in_place_too_one_machine_rotates_at_a_time() {
    let world = World::new(2);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "--in-place");
    for more in ["--in-place", "", TAKE_OVER] {
        let refused = world.elsewhere("b", more).run().expect(1);
        refused.says("is rotating it, and told so at");
    }
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}

#[test]
fn a_quay_that_makes_no_robots_keeps_no_rotation_in_place_from_its_end() {
    let world = World::new(2);
    world
        .quay
        .quay
        .edit(|state| state.switches.robots_disallowed = true);
    let output = world.rotate("--in-place").expect(0);
    output.says("warning: no other run is kept from myorg+deploy");
    world.is_at_rest();
}

#[test]
fn whoever_breaks_a_rotation_off_leaves_no_marker_behind() {
    for signal in ["INT", "TERM"] {
        let world = World::new(2);
        let hold = world.hold_quay("POST", "/regenerate");
        let run = world.start_until(&hold, "");
        assert_eq!(world.markers().len(), 1);
        run.signal(signal);
        hold.release();
        run.wait().expect(1).says("interrupted");
        assert_eq!(world.markers(), Vec::<String>::new());
        // And so nobody has to be waited for.
        world.elsewhere("b", TAKE_OVER).run().expect(0);
        world.is_at_rest();
    }
}

#[test]
fn a_marker_is_listed_as_what_it_is_and_may_do_nothing() {
    let world = World::new(1);
    let hold = world.hold_quay("POST", "/regenerate");
    let run = world.start_until(&hold, "");
    let markers = world.markers();
    let [marker] = &markers[..] else {
        panic!("one marker stands: {markers:?}");
    };
    assert_eq!(world.rights(marker), Vec::<String>::new());
    let listed = world.context.run("list myorg").expect(0);
    let mut lines = listed.stdout.lines();
    let line = lines.find(|line| line.starts_with(marker.as_str()));
    let line = line.expect("the marker is listed");
    assert!(line.contains("kubectl-quay run "), "{line}");
    hold.release();
    run.wait().expect(0);
    world.is_at_rest();
}
