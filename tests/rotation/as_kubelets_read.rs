//! Secrets that only a kubelet's way of reading makes sense of are rotated like any other.

use crate::rotation::world::{ROBOT, World};
use quay_tests::{auth, pull_secret_of};

/// Contents with the registry's name and the robot's `auth`.
fn contents(registry: &str, auth: &str) -> Vec<(&'static str, Vec<u8>)> {
    let entry = format!(r#"{{"auth":"{auth}"}}"#);
    let mut latin = format!(r#"{{"auths":{{"{registry}":{entry},"x":{{"email":"M"#).into_bytes();
    latin.extend_from_slice(b"\xfcller\"}}}");
    vec![
        (
            "capitals",
            format!(r#"{{"Auths":{{"{registry}":{{"AUTH":"{auth}"}}}}}}"#).into_bytes(),
        ),
        ("latin", latin),
        (
            "twice",
            format!(
                r#"{{"auths":{{"docker.io":{{"auth":"YTpi"}}}},"auths":{{"{registry}":{entry}}}}}"#
            )
            .into_bytes(),
        ),
        (
            "glob",
            format!(r#"{{"auths":{{"*{}":{entry}}}}}"#, &registry[1..]).into_bytes(),
        ),
        (
            "headers",
            format!(r#"{{"auths":{{"{registry}":{entry}}},"HttpHeaders":5}}"#).into_bytes(),
        ),
    ]
}

#[test]
fn every_secret_that_a_kubelet_reads_gets_the_new_token_and_keeps_every_byte() {
    for strategy in [&[][..], &["--in-place"]] {
        let world = World::new(0);
        for (name, content) in contents(world.registry(), &auth(ROBOT, &world.token())) {
            world
                .cluster
                .create(&pull_secret_of(&world.namespace, name, content));
        }
        world.rotate(strategy).expect(0).says("in 5 places");
        for (name, content) in contents(world.registry(), &auth(ROBOT, &world.token())) {
            assert_eq!(
                world.cluster.bytes(&world.namespace, name),
                content,
                "{name}"
            );
        }
    }
}

#[test]
fn a_token_in_what_nobody_can_classify_stops_a_rotation_and_a_name_does_not() {
    let world = World::new(1);
    let (registry, token) = (world.registry(), world.token());
    let pair = auth(ROBOT, &token);
    let hidden = [
        ("list", format!(r#"{{"auths":["{token}"]}}"#)),
        (
            "broken",
            format!(r#"{{"auths":{{"{registry}":{{"auth":"!","x":"{pair}"}}}}}}"#),
        ),
        ("beside", format!(r#"{{"auths":{{}},"x":["{pair}"]}}"#)),
    ];
    let named = [("named", format!(r#"{{"auths":["{ROBOT}","{registry}"]}}"#))];
    for (name, content) in hidden.iter().chain(&named) {
        world
            .cluster
            .create(&pull_secret_of(&world.namespace, name, content));
    }
    let mut leave = Vec::new();
    for strategy in [&[][..], &["--in-place"]] {
        let output = world.rotate(strategy).expect(1);
        assert_eq!(world.token(), token, "nothing was changed");
        let mut output = output.says("cannot be updated");
        for (name, _) in &hidden {
            let flag = format!("--leave-behind={}/{name}", world.namespace);
            output = output.says(&flag);
            leave.push(flag);
        }
        assert!(!output.stderr.contains("/named"), "{}", output.stderr);
    }
    let leave: Vec<&str> = leave.iter().take(3).map(String::as_str).collect();
    world.rotate(&leave).expect(0).says("in 1 place");
    for (name, content) in &hidden {
        assert_eq!(
            world.cluster.bytes(&world.namespace, name),
            content.as_bytes()
        );
    }
}
