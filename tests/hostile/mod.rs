//! A registry and an API server that lie, and namespaces that lure, against every command of
//! every plugin: what reaches the liars holds no credential that is not theirs.

mod lies;
mod rows;
mod world;

use lies::LIES;
use quay_tests::Plugin;
use rows::Row;
use std::collections::BTreeSet;
use world::World;

/// Runs every row under every lie, and holds the rows to the plugin's own list of commands.
fn sweep(world: &mut World, plugin: Plugin, rows: &[Row], completed: &[&[&str]]) {
    let here: BTreeSet<String> = rows.iter().map(|row| row.command.to_owned()).collect();
    let commands = world.commands(plugin);
    let missing: Vec<_> = commands.difference(&here).collect();
    assert!(missing.is_empty(), "commands without a row: {missing:?}");
    for lie in LIES {
        println!("the liars {}", lie.told);
        (lie.tell)(world);
        let last = lie.told == LIES[LIES.len() - 1].told;
        for way in rows::everywhere(world) {
            for words in completed {
                world.complete(plugin, words, &way);
            }
        }
        for row in rows.iter().filter(|row| !row.ends_login || last) {
            for way in row.ways(world) {
                println!("{} {way:?}", row.command);
                world.run(plugin, row, &way);
            }
        }
    }
    world.check_everything();
}

#[test]
fn quay_robot_gives_liars_nothing_that_is_not_theirs() {
    let mut world = World::new();
    let rows = rows::robot(&world);
    let completed: &[&[&str]] = &[&["describe", ""], &["list", ""], &["create", ""]];
    sweep(&mut world, Plugin::Robot, &rows, completed);
}

#[test]
fn quay_pullsecret_gives_liars_nothing_that_is_not_theirs() {
    let mut world = World::new();
    let rows = rows::pullsecret(&world);
    let completed: &[&[&str]] = &[&["sync", "--robot", ""], &["attach", "-n", "lure", ""]];
    sweep(&mut world, Plugin::PullSecret, &rows, completed);
}

#[test]
fn quay_global_gives_liars_nothing_that_is_not_theirs() {
    let mut world = World::new();
    world.become_openshift();
    let rows = rows::global(&world);
    let completed: &[&[&str]] = &[&["update", "--robot", ""], &["remove", ""]];
    sweep(&mut world, Plugin::Global, &rows, completed);
}
