//! What every test begins with: a cluster, a Quay, somebody signed in.

use quay_tests::{Output, Plugin};
use serde_json::Value;

pub use quay_tests::{ROBOT, World};

/// What the API token of these tests may do.
pub const SCOPES: &str = "org:admin repo:admin user:admin";

/// The shared cluster, a Quay of the test's own, the environment signed in.
pub fn world() -> World {
    without_login().signed_in(SCOPES)
}

/// The same without an API token.
pub fn without_login() -> World {
    World::new(Plugin::PullSecret, "pullsecret")
}

/// Lets the user `limited` do this in a namespace.
pub fn grant_limited(world: &World, namespace: &str, verbs: &str, resource: &str) {
    let role = format!("{resource}-role");
    let create = format!("-n {namespace} create");
    world.cluster.kubectl(format!(
        "{create} role {role} --verb={verbs} --resource={resource}"
    ));
    world.cluster.kubectl(format!(
        "{create} rolebinding {role} --role={role} --user=limited"
    ));
}

/// The plugin's JSON result for one object.
#[track_caller]
pub fn item(output: &Output, namespace: &str, name: &str) -> Value {
    let named = |item: &Value| item["name"] == name || item["secret"] == name;
    let mut items = output.items().into_iter();
    let found = items.find(|item| item["namespace"] == namespace && named(item));
    found.unwrap_or_else(|| panic!("no {namespace}/{name} in {}", output.stdout))
}
