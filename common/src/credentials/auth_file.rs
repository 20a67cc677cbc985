//! An auth file as container tools read it.

use crate::names::{RegistryHost, RobotName};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// `{"auths":{"HOST":{"auth":"…"}}}` for one robot, as podman, skopeo and docker read it.
pub fn auth_json(registry: &RegistryHost, robot: &RobotName, token: &SecretString) -> SecretString {
    let auth = STANDARD.encode(format!("{robot}:{}", token.expose_secret()));
    let document = serde_json::json!({"auths": {registry.as_str(): {"auth": auth}}});
    SecretString::from(format!("{document:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_one_entry_for_the_registrys_host() {
        let registry = "quay.example.com:8443".parse().unwrap();
        let robot = "myorg+deploy".parse().unwrap();
        let file = auth_json(&registry, &robot, &SecretString::from("T0KEN"));
        // printf '%s' myorg+deploy:T0KEN | base64
        let expected = serde_json::json!({"auths": {"quay.example.com:8443": {
            "auth": "bXlvcmcrZGVwbG95OlQwS0VO"}}});
        let read: serde_json::Value = serde_json::from_str(file.expose_secret()).unwrap();
        assert_eq!(read, expected);
    }
}
