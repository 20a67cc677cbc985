//! What every test begins with: a cluster behind a proxy of its own, a Quay, somebody
//! signed in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_tests::Plugin;
use serde_json::Value;

pub use quay_tests::{ROBOT, World};

/// The shared cluster behind a new proxy, a Quay, the environment signed in.
pub fn world() -> World {
    World::new(Plugin::PullSecret, "faults")
        .signed_in("org:admin repo:admin user:admin")
        .behind_proxy()
}

/// The text of [`World::mixed`] without the robot.
pub fn without_robot() -> &'static str {
    r#"{"credHelpers":{"gcr.io":"gcloud"},"auths":{"docker.io":{"auth":"YTpi","email":"me@example.com","x":[1.5,null]},"registry.redhat.io":{}},"psFormat":"table"}"#
}

/// The text in a secret's field.
pub fn decoded(field: &Value) -> String {
    let bytes = STANDARD.decode(field.as_str().unwrap_or_default());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// The names of objects.
pub fn names(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .map(|object| object["metadata"]["name"].as_str().unwrap_or_default())
        .collect()
}

/// The pull secrets that a service account or pod specification names.
pub fn references(holder: &Value) -> Vec<&str> {
    let list = holder["imagePullSecrets"].as_array();
    list.into_iter()
        .flatten()
        .map(|reference| reference["name"].as_str().unwrap_or_default())
        .collect()
}

/// The line of the report that is about this object.
pub fn line_of<'a>(stdout: &'a str, name: &str) -> &'a str {
    let is_about = |line: &&str| line.split_whitespace().any(|word| word == name);
    let line = stdout.lines().find(is_about);
    line.unwrap_or_else(|| panic!("no line about {name} in:\n{stdout}"))
}
