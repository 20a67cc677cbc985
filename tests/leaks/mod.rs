//! Every command of every plugin at the highest verbosity, where it succeeds and where it
//! fails: no token is in what it prints, in what it leaves in files, or on its command line.

mod case;
mod core_dumps;
mod exceptions;
mod global;
mod pullsecret;
mod robot;
mod world;

use case::Case;
use quay_tests::Plugin;
use std::collections::BTreeSet;
use world::World;

/// Runs every case, and holds the cases to the plugin's own list of commands.
fn sweep(world: &World, plugin: Plugin, cases: &[Case]) {
    let commands = world.commands(plugin);
    let named = |wanted: fn(&Case) -> bool| -> BTreeSet<String> {
        let cases = cases.iter().filter(|case| wanted(case));
        cases.map(|case| case.command().to_owned()).collect()
    };
    assert_eq!(
        named(|case| case.succeeds),
        commands,
        "every command has to succeed once here"
    );
    assert_eq!(
        named(|case| !case.succeeds),
        commands,
        "every command has to fail once here"
    );
    for case in cases {
        println!("{case:?}");
        world.run(plugin, case);
    }
}

#[test]
fn no_run_of_quay_pullsecret_gives_a_token_away() {
    let world = World::new();
    sweep(&world, Plugin::PullSecret, &pullsecret::cases(&world));
}

#[test]
fn no_run_of_quay_robot_gives_a_token_away() {
    let world = World::new();
    sweep(&world, Plugin::Robot, &robot::cases(&world));
    let created = world.token_of(robot::CREATED);
    assert_eq!(created, None, "the last case deletes it");
}

#[test]
fn no_run_of_quay_global_gives_a_token_away() {
    let mut world = World::new();
    let ocm = global::prepare(&mut world);
    sweep(&world, Plugin::Global, &global::cases(&world, &ocm));
    global::garbled(&world, &ocm);
    global::broken(&world);
}
