//! Runs that are killed at each of their writes, and run again.

use crate::global::world::{ROBOT, World};
use quay_sandbox::http::FaultAction;
use quay_tests::{MOMENTS, Moment, killed_at};

fn kill(world: &World, arguments: &[&str], request: usize, moment: Moment) -> bool {
    killed_at(world.faulty.faults(), request, moment, || {
        world.context.command(arguments).spawn()
    })
}

#[test]
fn an_update_that_is_killed_anywhere_is_completed_by_the_next() {
    let mut world = World::new();
    let update = ["update", "--robot", ROBOT, "--yes"];
    for _ in 0..6 {
        world.run(update).expect(0);
        world.regenerate();
    }
    world.run(update).expect(0);
    for (moment, action) in MOMENTS {
        // A new backup, the oldest removed, the PATCH.
        for request in 0..3 {
            println!("killed {moment} of write {request}");
            let before = world.text();
            let token = world.regenerate();
            assert!(kill(&world, &update, request, action));
            let after = world.content(Some(&token));
            assert!([&before, &after].contains(&&world.text()));
            world.run(update).expect(0);
            assert_eq!(world.text(), after);
            let backups = world.backups();
            assert_eq!(backups.last(), Some(&before), "what was there is kept");
            assert_eq!(backups.iter().filter(|kept| **kept == before).count(), 1);
        }
        world.regenerate();
        assert!(!kill(&world, &update, 3, action), "there are three writes");
        assert_eq!(world.backups().len(), 5);
    }
}

#[test]
fn a_rollback_that_is_killed_anywhere_is_completed_by_the_next() {
    let world = World::new();
    let newest = |world: &World| {
        let names = world.run("backups -o name").expect(0).stdout;
        names
            .lines()
            .next()
            .expect("a backup")
            .replace("secret/", "")
    };
    for (moment, action) in MOMENTS {
        for request in 0..2 {
            println!("killed {moment} of write {request}");
            world.put(&world.content(None));
            world.run(format!("update --robot {ROBOT} --yes")).expect(0);
            let backup = newest(&world);
            let rollback = ["rollback", &backup, "--yes"];
            assert!(kill(&world, &rollback, request, action));
            world.run(rollback).expect(0);
            assert_eq!(world.text(), world.content(None));
        }
    }
}

#[test]
fn lost_answers_and_a_busy_server_are_survived() {
    let mut world = World::new();
    for action in [
        FaultAction::AnswerLost,
        FaultAction::Reset,
        FaultAction::HalfBody,
        FaultAction::TooManyRequests {
            retry_after_seconds: 0,
        },
    ] {
        for request in 0..2 {
            println!("{action:?} at write {request}");
            let token = world.regenerate();
            world
                .faulty
                .faults()
                .add_nth_mutating(request, action.clone());
            world.run(format!("update --robot {ROBOT} --yes")).expect(0);
            world.faulty.faults().clear();
            assert_eq!(world.text(), world.content(Some(&token)));
        }
    }
}
