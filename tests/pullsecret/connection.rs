//! Ways to an API server: kubectl's own flags and credential plugins.

use crate::pullsecret::world::{World, world};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// The administrator's kubeconfig as JSON, and the token in it.
fn kubeconfig(world: &World) -> (serde_json::Value, String) {
    let text = world.cluster.kubectl("config view --raw -o json");
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
    let mut world = world();
    let (_, token) = kubeconfig(&world);
    world.context.watch(&token);
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token},
    });
    let path = with_exec_plugin(&world, &credential.to_string(), 0);
    let namespace = world.cluster.namespace("exec");
    world.stale_secret(&namespace, "a");
    world
        .run(format!("sync -n {namespace} --kubeconfig {path} -vvv"))
        .expect(0)
        .prints("updated");
}

#[test]
fn a_credential_plugin_that_fails_is_named_and_its_output_is_not_shown() {
    let mut world = world();
    let secret = "tokenTokenTokenTokenTokenTokenTokenToken1";
    world.context.watch(secret);
    for code in [0, 3] {
        let path = with_exec_plugin(&world, secret, code);
        let output = world
            .run(format!("list --kubeconfig {path} -vvv"))
            .expect(1);
        assert!(
            output.stderr.contains("credential plugin `") && output.stderr.contains("exec-plugin`"),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn a_credential_plugin_that_fails_is_told_by_name_code_and_first_line() {
    let mut world = world();
    let secret = "tokenTokenTokenTokenTokenTokenTokenToken2";
    world.context.watch(secret);
    let output =
        format!("{secret}\nEND\necho 'session expired' >&2; echo 'at main.go' >&2\ncat <<'END'");
    let path = with_exec_plugin(&world, &output, 3);
    let output = world.run(format!("list --kubeconfig {path}")).expect(1);
    let line = "exec-plugin` failed (exit status: 3): session expired";
    assert!(output.stderr.contains(line), "{}", output.stderr);
    assert!(!output.stderr.contains("main.go"), "{}", output.stderr);
}

#[test]
fn a_credential_plugin_that_is_missing_is_named_with_its_install_hint() {
    let world = world();
    let (mut config, _) = kubeconfig(&world);
    config["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "corp-login",
        "installHint": "ask IT, or: brew install corp-login",
        "interactiveMode": "IfAvailable",
    }});
    let path = world.context.file("missing.config", &config.to_string());
    let run = ["list", "--kubeconfig", &path.to_string_lossy()];
    let output = world.run(run).expect(1);
    let told = "the credential plugin `corp-login` is not installed\n  \
        next: ask IT, or: brew install corp-login\n";
    assert!(output.stderr.contains(told), "{}", output.stderr);
}

#[test]
fn an_empty_current_context_leaves_the_choice_to_the_next_file() {
    let mut world = world();
    let namespace = world.cluster.namespace("merged");
    world.stale_secret(&namespace, "a");
    let (mut config, _) = kubeconfig(&world);
    let file = |name: &str, content: &serde_json::Value| {
        let path = world.context.file(name, &content.to_string());
        path.to_string_lossy().into_owned()
    };
    let empty = file("empty", &json!({"kind": "Config", "current-context": ""}));
    config["contexts"][0]["context"]["namespace"] = json!("");
    let full = file("full", &config);
    world
        .context
        .set("KUBECONFIG", &format!("{empty}:/nonexistent:{full}"));
    let expected = kubectl_context(&world);
    let output = world.run(format!("sync -n {namespace} -o json")).expect(0);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(report["items"][0]["context"], expected);
    // An empty namespace is none: `default` is meant.
    world.run("list").expect(0);
}

/// The context that kubectl takes in the same place.
fn kubectl_context(world: &World) -> String {
    let words = ["config", "current-context"];
    let shown = world.context.program("kubectl", words).run().expect(0);
    shown.stdout.trim().to_owned()
}

#[test]
fn a_context_with_a_comma_in_its_name_can_be_chosen() {
    let world = world();
    let namespace = world.cluster.namespace("comma");
    world.stale_secret(&namespace, "a");
    let (mut config, _) = kubeconfig(&world);
    config["contexts"][0]["name"] = json!("eu,prod");
    let path = world.context.file("comma.config", &config.to_string());
    let path = path.to_string_lossy();
    let sync = |context| {
        world.run(format!(
            "sync -n {namespace} --kubeconfig {path} --context {context}"
        ))
    };
    sync("eu,prod").expect(0).prints("updated");
    let output = sync("eu,dev").expect(2);
    let told = "context `eu` is not in the kubeconfig";
    assert!(output.stderr.contains(told), "{}", output.stderr);
}

#[test]
fn an_api_server_with_an_unknown_certificate_is_refused_and_its_authority_can_be_named() {
    let world = world();
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
        .run(format!("list --kubeconfig {path}"))
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
        .run(format!(
            "list --kubeconfig {path} --certificate-authority {pem}"
        ))
        .expect(0);
    world
        .run(format!(
            "list --kubeconfig {path} --insecure-skip-tls-verify"
        ))
        .expect(0);
}
