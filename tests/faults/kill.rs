//! Killing a run at each of its mutating requests, and running it again.

use crate::faults::world::World;
use quay_tests::{MOMENTS, Moment, Run, Running, killed_at};
use std::borrow::Borrow;

/// What a command is held to.
pub trait Promise<W: Borrow<World> = World> {
    /// Makes work for the command; returns its arguments.
    fn prepare(&mut self, world: &mut W) -> Vec<String>;

    /// Holds at every moment.
    fn nothing_is_lost(&self, world: &W);

    /// Holds after a run that ended well.
    fn is_kept(&self, world: &W);

    /// What the report of a run that was asked to end says something about.
    fn targets(&self) -> Vec<String> {
        Vec::new()
    }

    /// The command, about to run.
    fn command<'a>(&self, world: &'a W, arguments: &[String]) -> Run<'a> {
        world.borrow().context.command(arguments)
    }

    /// Runs the command to its end after it was stopped at whatever moment.
    fn finish(&self, world: &W, arguments: &[String]) {
        self.command(world, arguments).run().expect(0);
    }
}

/// Kills the command before the delivery of each of its `requests` mutating requests, and
/// in other rounds after its effect with the answer withheld; runs it again every time.
pub fn at_every_request(world: &mut World, promise: &mut dyn Promise, requests: usize) {
    for (moment, action) in MOMENTS {
        for request in 0..requests {
            println!("killed {moment} of request {request}");
            let arguments = promise.prepare(world);
            let killed = kill(world, &arguments, request, action);
            assert!(killed, "there are only {request} mutating requests");
            promise.nothing_is_lost(world);
            run(world, &arguments).wait().expect(0);
            promise.is_kept(world);
        }
        println!("not killed, as there is no request {requests}");
        let arguments = promise.prepare(world);
        let killed = kill(world, &arguments, requests, action);
        assert!(!killed, "there are more than {requests} mutating requests");
        promise.is_kept(world);
    }
}

fn kill(world: &World, arguments: &[String], request: usize, moment: Moment) -> bool {
    killed_at(world.faulty.faults(), request, moment, || {
        run(world, arguments)
    })
}

fn run<'a>(world: &'a World, arguments: &[String]) -> Running<'a> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    world.context.command(&arguments).spawn()
}
