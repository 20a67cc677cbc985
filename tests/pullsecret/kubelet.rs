//! Where `verify --pull` is tried.

use crate::pullsecret::world::World;

/// A namespace that admits only pods that need no rights, with a good secret.
pub fn ready(world: &World, hint: &str) -> String {
    let namespace = world.cluster.namespace(hint);
    let restricted = "pod-security.kubernetes.io/enforce=restricted";
    world
        .cluster
        .kubectl(format!("label namespace {namespace} {restricted}"));
    world.current_secret(&namespace, "a");
    namespace
}

pub fn image(world: &World) -> String {
    format!("{}/myorg/my-app:v1", world.registry())
}
