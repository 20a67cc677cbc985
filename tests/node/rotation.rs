//! Rotations while pods keep coming that pull their image every time.

use crate::node::world::{ROBOT, SECRET, World};
use quay_tests::{Running, eventually};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a failed pull's event begins.
const FAILED: &str = "Failed to pull image";
/// And that of one that did not.
const PULLED: &str = "Successfully pulled image";

/// So many pods wait for their image at a time.
const WAITING: usize = 6;

/// Starts pods as fast as the node takes them until told to stop, and tells how many.
fn burst(world: &World, stop: &AtomicBool) -> usize {
    world.node.enter();
    let image = world.image("my-app:v1");
    let mut started = 0;
    while !stop.load(Ordering::Relaxed) {
        let pods = world.pods();
        let (done, waiting): (Vec<&Value>, Vec<&Value>) = pods.iter().partition(|pod| is_done(pod));
        let names = done
            .iter()
            .filter_map(|pod| pod["metadata"]["name"].as_str());
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            let delete = ["-n", &world.namespace, "delete", "pods", "--wait=false"];
            world.node.cluster.kubectl([&delete[..], &names].concat());
        }
        if waiting.len() < WAITING {
            let pod = world.pod_with(&format!("p{started}"), &image, "Always", &[SECRET]);
            world.node.cluster.create(&pod);
            started += 1;
        }
    }
    started
}

/// Whether a pod's image was pulled, or could not be.
fn is_done(pod: &Value) -> bool {
    let state = &pod["status"]["containerStatuses"][0]["state"];
    let reason = state["waiting"]["reason"].as_str();
    let waits = state["waiting"].is_object() || state.is_null();
    !waits || !matches!(reason, None | Some("ContainerCreating" | "PodInitializing"))
}

/// Runs a rotation while pods keep coming, from the first that was pulled on, and then what
/// `afterwards` looks at; tells how many came.
fn during_a_burst<'a>(
    world: &'a World,
    rotate: impl FnOnce() -> Running<'a>,
    meanwhile: impl FnOnce(&mut Running<'a>),
    afterwards: impl FnOnce(&World),
) -> usize {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pods = scope.spawn(|| burst(world, &stop));
        // Ends the burst however this ends.
        let stopper = Stopper(&stop);
        eventually("pods are pulled", || {
            world.pods_with("Pulled", PULLED).len() > 2
        });
        let mut run = rotate();
        meanwhile(&mut run);
        run.wait().expect(0);
        afterwards(world);
        drop(stopper);
        pods.join().expect("pods can be created")
    })
}

struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_pull_fails_while_a_bridge_carries_a_rotation() {
    let Some(world) = World::new("bridge") else {
        return;
    };
    let old = world.token();
    let rotate = || {
        let robot = [
            "rotate",
            ROBOT,
            "--yes",
            "-n",
            &world.namespace,
            "--scope-is-complete",
        ];
        // A pod takes some seconds from reading its secret to the pull on a busy machine.
        let waits = ["--grace", "10s"];
        world.context.command([&robot[..], &waits].concat()).spawn()
    };
    let pods = during_a_burst(
        &world,
        rotate,
        |_| {},
        |world| {
            let before = world.pods_with("Pulled", PULLED).len();
            eventually("pods are pulled afterwards", || {
                world.pods_with("Pulled", PULLED).len() > before + 2
            });
        },
    );
    assert_ne!(world.token(), old);
    let failed = world.pods_with("Failed", FAILED);
    assert!(failed.is_empty(), "of {pods} pods these failed: {failed:?}");
    println!("{pods} pods pulled while a bridge carried a rotation, and none failed");
    let current = world
        .node
        .cluster
        .password(&world.namespace, SECRET, world.quay.registry());
    assert_eq!(current, world.token());
}

#[test]
fn pulls_fail_while_a_rotation_in_place_is_held_up_so_that_a_burst_shows_them() {
    let Some(world) = World::new("in-place") else {
        return;
    };
    let rotate = || {
        let robot = [
            "rotate",
            ROBOT,
            "--yes",
            "-n",
            &world.namespace,
            "--scope-is-complete",
        ];
        world
            .context
            .command([&robot[..], &["--in-place"]].concat())
            .spawn()
    };
    let hold = world.hold_first_write();
    let held_up = |run: &mut Running<'_>| {
        // One that ended before it wrote tells why below.
        if run.reaches(&hold, 1) {
            eventually("a pull fails", || {
                !world.pods_with("Failed", FAILED).is_empty()
            });
            hold.release();
        }
    };
    let pods = during_a_burst(&world, rotate, held_up, |_| {});
    let failed = world.pods_with("Failed", FAILED).len();
    assert_ne!(failed, 0, "the rotation was not held up");
    println!("{pods} pods pulled while a rotation in place was held up, and {failed} failed");
}
