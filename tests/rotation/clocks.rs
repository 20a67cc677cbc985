//! Rotations from a machine whose clock is days off, by libfaketime; the servers' clocks are
//! right.

use crate::rotation::world::{BRIDGE, ROBOT, World};
use quay_sandbox::http::FaultAction;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Around the day that an answer of the usage log covers, and far off.
const HOURS: [i64; 5] = [-72, -25, 25, 47, 72];

/// What is said of a clock that is so far ahead.
fn difference(hours: i64) -> String {
    let way = if hours > 0 { "ahead of" } else { "behind" };
    format!("{way} Quay's")
}

/// A world for each clock; none where clocks cannot be changed.
fn worlds() -> Vec<(World, i64)> {
    let mut worlds = Vec::new();
    for hours in HOURS {
        let mut world = World::new(2);
        if !world.context.put_clock_ahead(hours) {
            return Vec::new();
        }
        worlds.push((world, hours));
    }
    worlds
}

/// Runs it for each clock, side by side.
fn with_each_clock(run: impl Fn(&World, i64) + Sync) {
    let (worlds, run) = (worlds(), &run);
    std::thread::scope(|scope| {
        for (world, hours) in &worlds {
            scope.spawn(move || run(world, *hours));
        }
    });
}

/// Somebody pulls with the robot's credential each second of Quay's clock, which goes on as the
/// calendar does, while `run` lasts.
fn while_somebody_pulls<T>(world: &World, run: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                world.quay.quay.edit(|state| {
                    state.log_pull(ROBOT, "myorg", "my-app", "10.9.9.9", "cri-o/1.33");
                });
                std::thread::park_timeout(Duration::from_millis(200));
            }
        });
        let result = run();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn whoever_pulls_each_second_is_not_cut_off_whatever_the_clock_says() {
    with_each_clock(|world, hours| {
        let token = world.token();
        let output = while_somebody_pulls(world, || {
            let arguments = ["rotate", ROBOT, "--yes", "--grace", "2s"];
            let arguments = [&arguments[..], &["--settle-timeout", "2s"]].concat();
            world.context.run(&arguments)
        });
        output
            .expect(1)
            .says("somebody at 10.9.9.9 still pulls myorg/my-app as myorg+deploy")
            .says("warning: this machine's clock (")
            .says(&difference(hours));
        assert_eq!(world.token(), token, "{hours} hours: the token changed");
        assert!(world.token_of(BRIDGE).is_some());
        world.every_secret_works();
    });
}

#[test]
fn a_rotation_that_nobody_is_in_the_way_of_ends_well_whatever_the_clock_says() {
    with_each_clock(|world, hours| {
        let token = world.token();
        let output = world.rotate("").expect(0);
        output
            .says("warning: this machine's clock (")
            .says(&difference(hours));
        assert_ne!(world.token(), token);
        world.is_at_rest();
    });
}

#[test]
fn a_rotation_begun_by_one_clock_is_ended_by_another() {
    let mut world = World::new(2);
    if !world.context.put_clock_ahead(72) {
        return;
    }
    let hold = world.hold_write(2, FaultAction::HoldAfter);
    let run = world.start_until(&hold, "");
    drop(run.kill());
    world.heal();
    world.every_secret_works();
    assert!(world.context.put_clock_ahead(-72));
    world.rotate("").expect(0);
    world.is_at_rest();
}
