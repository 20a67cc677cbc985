//! Ways to an API server: kubectl's own flags and credential plugins.

use crate::world::World;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// The administrator's kubeconfig as JSON, and the token in it.
fn kubeconfig(world: &World) -> (serde_json::Value, String) {
    let view = ["config", "view", "--raw", "-o", "json"];
    let text = world.cluster.kubectl(&view);
    let config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let token = config["users"][0]["user"]["token"]
        .as_str()
        .expect("a token");
    (config.clone(), token.to_owned())
}

/// A kubeconfig whose user's credential comes from a program that prints `output`.
fn with_exec_plugin(world: &World, output: &str, code: i32) -> String {
    let program = world.context.file(
        "exec-plugin",
        &format!("#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {code}\n"),
    );
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, executable).expect("a program");
    let (mut config, _) = kubeconfig(world);
    config["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": program,
        "interactiveMode": "Never",
    }});
    world
        .context
        .file("exec.config", &config.to_string())
        .to_string_lossy()
        .into_owned()
}

#[test]
fn a_credential_plugin_of_the_kubeconfig_is_used() {
    let mut world = World::new();
    let (_, token) = kubeconfig(&world);
    world.context.watch(&token);
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token},
    });
    let path = with_exec_plugin(&world, &credential.to_string(), 0);
    let namespace = world.cluster.namespace("exec");
    world.stale_secret(&namespace, "a");
    world
        .run(&["sync", "-n", &namespace, "--kubeconfig", &path, "-vvv"])
        .expect(0)
        .prints("updated");
}

#[test]
fn a_credential_plugin_that_fails_is_named_and_its_output_is_not_shown() {
    let mut world = World::new();
    let secret = "tokenTokenTokenTokenTokenTokenTokenToken1";
    world.context.watch(secret);
    for code in [0, 3] {
        let path = with_exec_plugin(&world, secret, code);
        let output = world
            .run(&["list", "--kubeconfig", &path, "-vvv"])
            .expect(1);
        assert!(
            output.stderr.contains("credential plugin `") && output.stderr.contains("exec-plugin`"),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn an_api_server_with_an_unknown_certificate_is_refused_and_its_authority_can_be_named() {
    let world = World::new();
    let (mut config, _) = kubeconfig(&world);
    let authority = config["clusters"][0]["cluster"]["certificate-authority-data"].clone();
    let cluster = config["clusters"][0]["cluster"]
        .as_object_mut()
        .expect("a cluster");
    cluster.remove("certificate-authority-data");
    let path = world
        .context
        .file("no-ca.config", &config.to_string())
        .to_string_lossy()
        .into_owned();
    world
        .run(&["list", "--kubeconfig", &path])
        .expect(1)
        .says("certificate");

    use base64::Engine;
    let pem = base64::engine::general_purpose::STANDARD
        .decode(authority.as_str().unwrap_or_default())
        .expect("base64");
    let pem = world
        .context
        .file("api-ca.pem", &String::from_utf8_lossy(&pem))
        .to_string_lossy()
        .into_owned();
    world
        .run(&[
            "list",
            "--kubeconfig",
            &path,
            "--certificate-authority",
            &pem,
        ])
        .expect(0);
    world
        .run(&["list", "--kubeconfig", &path, "--insecure-skip-tls-verify"])
        .expect(0);
}

#[test]
fn a_credential_plugin_that_is_missing_is_named_with_how_to_install_it() {
    let world = World::new();
    let (mut config, _) = kubeconfig(&world);
    config["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "no-such-plugin",
        "installHint": "no-such-plugin is installed with: make it-so\n",
        "interactiveMode": "Never",
    }});
    let path = world.context.file("missing.config", &config.to_string());
    let path = path.to_string_lossy().into_owned();
    world
        .run(&["list", "--kubeconfig", &path])
        .expect(1)
        .says("credential plugin `no-such-plugin` cannot be started")
        .says("next: no-such-plugin is installed with: make it-so");
}

#[test]
fn an_empty_current_context_leaves_the_choice_to_the_next_kubeconfig() {
    let mut world = World::new();
    let empty = r#"{"apiVersion": "v1", "kind": "Config", "current-context": ""}"#;
    let first = world.context.file("empty.config", empty);
    let second = world
        .context
        .file("full.config", world.cluster.kubeconfig());
    let paths = [first, second].map(|path| path.to_string_lossy().into_owned());
    world.context.set("KUBECONFIG", &paths.join(":"));
    let namespace = world.cluster.namespace("merged");
    world.stale_secret(&namespace, "a");
    world
        .run(&["sync", "-n", &namespace])
        .expect(0)
        .prints("updated");
}

#[test]
fn a_context_with_a_comma_in_its_name_can_be_chosen() {
    let mut world = World::new();
    let (mut config, _) = kubeconfig(&world);
    config["contexts"][0]["name"] = json!("a,b");
    let path = world.context.file("comma.config", &config.to_string());
    world.context.set("KUBECONFIG", &path.to_string_lossy());
    let namespace = world.cluster.namespace("comma");
    world.stale_secret(&namespace, "a");
    world
        .run(&["sync", "-n", &namespace, "--context", "a,b"])
        .expect(0)
        .prints("updated");
}
