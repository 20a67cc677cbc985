//! What the liars say.

use crate::hostile::world::World;
use quay_sandbox::http::{Fault, FaultAction, Faults};
use quay_tests::{answer, claim};
use serde_json::json;

/// One way to lie, of the registry and of the API server at once.
pub struct Lie {
    /// What they do, in words.
    pub told: &'static str,
    pub tell: fn(&World),
}

/// Nobody's answer is larger.
const TOO_LARGE: usize = 17 << 20;

pub const LIES: [Lie; 6] = [
    Lie {
        told: "call themselves the honest Quay, and want credentials sent to its token service",
        tell: |world| {
            pretend(world, world.honest.registry(), &world.honest.quay.url());
        },
    },
    Lie {
        told: "call themselves a well-known registry, and want credentials sent to loopback",
        tell: |world| pretend(world, "registry.redhat.io", &world.elsewhere_plain()),
    },
    Lie {
        told: "call themselves another host, and want credentials sent there",
        tell: |world| pretend(world, &world.elsewhere_host(), &world.elsewhere()),
    },
    Lie {
        told: "redirect every request",
        tell: |world| {
            let to = format!("{}/stolen", world.elsewhere());
            everywhere(world, &FaultAction::Redirect(to));
        },
    },
    Lie {
        told: "give answers of another shape",
        tell: |world| {
            let body = json!({"token": ["x"], "items": {"a": 1}, "metadata": [], "robots": 7,
                "name": {}, "kind": 3, "config": [], "auths": "x", "access_token": {}});
            everywhere(world, &answer(200, &body.to_string(), &[]));
        },
    },
    Lie {
        told: "give answers that are too large",
        tell: |world| {
            let body = json!({"items": [], "robots": [], "token": "x".repeat(TOO_LARGE)});
            everywhere(world, &answer(200, &body.to_string(), &[]));
        },
    },
];

/// What they say until they lie.
pub fn tell_the_truth(world: &World) {
    pretend(world, &world.liar_registry(), &world.liar_url());
}

/// The liars' own rules, cleared.
fn liars(world: &World) -> [&Faults; 2] {
    let liars = [world.liar.quay.server().faults(), world.api.faults()];
    for faults in liars {
        faults.clear();
    }
    liars
}

/// The registry calls itself `name`, and wants credentials sent to `realm`; the API server only
/// lures.
fn pretend(world: &World, name: &str, realm: &str) {
    let [registry, _] = liars(world);
    claim(registry, name, realm);
}

/// Both answer everything like this.
fn everywhere(world: &World, action: &FaultAction) {
    for faults in liars(world) {
        faults.add(Fault {
            method: None,
            path_contains: String::new(),
            skip: 0,
            times: usize::MAX,
            action: action.clone(),
        });
    }
}
