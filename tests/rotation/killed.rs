//! SIGKILL at every mutating request, to Quay and to the cluster, before its delivery and
//! after its effect with the answer withheld; then the same command again.

use crate::rotation::resumed::RENEW;
use crate::rotation::world::World;
use quay_sandbox::http::{FaultAction, Faults};
use quay_tests::{MOMENTS, Moment, Running, killed_at, text_of};
use serde_json::Value;

/// Who is written to.
#[derive(Clone, Copy, Debug)]
enum Server {
    Quay,
    Cluster,
}

impl Server {
    fn faults(self, world: &World) -> &Faults {
        match self {
            Self::Quay => world.quay.quay.server().faults(),
            Self::Cluster => world.faulty.faults(),
        }
    }
}

fn start<'a>(world: &'a World, arguments: &[String]) -> Running<'a> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    world.context.command(&arguments).spawn()
}

/// Kills the run at one of its mutating requests; `false` if it ended well without.
fn kill(
    world: &World,
    arguments: &[String],
    server: Server,
    request: usize,
    moment: Moment,
) -> bool {
    killed_at(server.faults(world), request, moment, || {
        start(world, arguments)
    })
}

/// Kills a rotation at each of so many mutating requests to one server. `holds` is checked
/// at the moment of each kill.
fn at_every_request(
    world: &World,
    more: &[&str],
    server: Server,
    requests: usize,
    holds: impl Fn(&World),
) {
    let arguments = world.arguments(more);
    let uids = uids(world);
    for (moment, action) in MOMENTS {
        for request in 0..requests {
            println!("{server:?}: killed {moment} of request {request}");
            let before = world.token();
            let killed = kill(world, &arguments, server, request, action);
            assert!(killed, "there are only {request} mutating requests");
            holds(world);
            world.rotate(more).expect(0);
            world.is_at_rest();
            assert_ne!(world.token(), before, "nothing was rotated");
            assert_eq!(self::uids(world), uids);
        }
        println!("{server:?}: not killed, as there is no request {requests}");
        assert!(
            !kill(world, &arguments, server, requests, action),
            "there are more than {requests} mutating requests"
        );
        world.is_at_rest();
    }
}

fn uids(world: &World) -> Vec<Value> {
    let secrets = world.list(&world.namespace, "secrets");
    let uid = |secret: &Value| secret["metadata"]["uid"].clone();
    secrets.iter().map(uid).collect()
}

/// The run's marker; create, two roles, a team, a default permission, regenerate, delete; the marker
/// taken down.
const BRIDGE_WRITES_TO_QUAY: usize = 9;

/// The run's marker, regenerate, the marker taken down.
const IN_PLACE_WRITES_TO_QUAY: usize = 3;

#[test]
fn a_bridge_rotation_killed_at_any_write_to_quay_never_leaves_a_dead_token() {
    let world = World::new(2);
    at_every_request(
        &world,
        &[],
        Server::Quay,
        BRIDGE_WRITES_TO_QUAY,
        World::every_secret_works,
    );
}

#[test]
fn a_bridge_rotation_killed_at_any_write_to_the_cluster_never_leaves_a_dead_token() {
    let world = World::new(3);
    at_every_request(
        &world,
        &[],
        Server::Cluster,
        2 * 3,
        World::every_secret_works,
    );
}

/// In place a secret may hold the dead token for a while, but nothing else is lost.
fn nothing_else_is_lost(world: &World) {
    for secret in world.list(&world.namespace, "secrets") {
        let text = text_of(&secret);
        assert!(
            text.contains(r#""psFormat":"table""#) && text.contains("YTpi"),
            "{text}"
        );
    }
}

#[test]
fn an_in_place_rotation_killed_at_any_write_is_finished_by_the_next_run() {
    let world = World::new(4);
    let more = ["--in-place"];
    at_every_request(
        &world,
        &more,
        Server::Quay,
        IN_PLACE_WRITES_TO_QUAY,
        nothing_else_is_lost,
    );
    at_every_request(&world, &more, Server::Cluster, 4, nothing_else_is_lost);
}

#[test]
fn an_aborted_rotation_that_is_killed_is_aborted_by_the_next_run() {
    let world = World::new(2);
    let token = world.token();
    for (moment, action) in MOMENTS {
        // The marker is put up, and that of the run before taken down; two secrets are written back;
        // then the bridge is deleted.
        for (server, request) in [
            (Server::Quay, 0),
            (Server::Quay, 1),
            (Server::Cluster, 0),
            (Server::Cluster, 1),
            (Server::Quay, 2),
        ] {
            println!("{server:?}: killed {moment} of request {request} of --abort");
            let began = kill(
                &world,
                &world.arguments(""),
                Server::Quay,
                RENEW,
                FaultAction::HoldBefore,
            );
            assert!(began, "the rotation stops before it regenerates");
            world.every_secret_works();
            let abort = world.arguments(["--abort"]);
            assert!(kill(&world, &abort, server, request, action));
            world.every_secret_works();
            world.rotate("--abort").expect(0);
            world.is_at_rest();
            assert_eq!(world.token(), token);
        }
    }
}
