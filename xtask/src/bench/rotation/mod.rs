//! A robot's token is replaced: how long secrets hold a dead one, and whether a pull fails.

mod judge;
mod probers;
mod promise;
mod watcher;
mod window;

use super::table::Report;
use super::world::{ROBOT, Route, World};
use crate::process;
use crate::screen::Screen;
use anyhow::{Context, Result};
use serde_json::Value;

/// Both strategies, each held against its own target.
pub fn measure(world: &World, rounds: usize, report: &mut Report, screen: &Screen) -> Result<()> {
    window::measure(world, rounds, report, screen)?;
    promise::measure(world, report, screen)
}

/// Rotates the robot, checks every secret, and returns the receipt.
fn rotate(world: &World, route: &Route, more: &[&str]) -> Result<Value> {
    let mut arguments = vec!["rotate", ROBOT, "--yes", "-o", "json"];
    arguments.extend(more);
    let said = process::output(world.robot(route, &arguments))?;
    world.check("rotate", world.namespaces())?;
    serde_json::from_slice(&said).context("the receipt is no JSON")
}
