//! Completion never asks, never complains, and never waits.

use crate::completion::asking::{install, offered};
use crate::completion::robot::{BINARY, PLUGIN, SCOPES, start};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{SessionBus, TestContext, TestKeyring, TestQuay};
use serde_json::json;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROBOT: [&str; 3] = ["quay-robot", "describe", ""];

#[test]
fn without_login_and_cluster_nothing_is_offered_and_nothing_said() {
    let mut context = TestContext::new(BINARY);
    install(&mut context, BINARY, PLUGIN);
    let robots = offered(&context, &ROBOT);
    assert_eq!((robots.choices.len(), robots.directive.as_str()), (0, ":4"));
}

#[test]
fn on_a_terminal_nobody_is_asked_for_a_token() {
    let mut context = TestContext::new(BINARY);
    let folder = install(&mut context, BINARY, PLUGIN);
    let _quay = TestQuay::start(&mut context);
    let completer = folder.join("kubectl_complete-quay_robot");
    let words = ["list", "--token-stdin", ""];
    let run = context.program(&completer, words);
    // All the terminal shows, stderr included.
    assert_eq!(run.on_terminal().run().expect(0).stdout, ":4\r\n");
}

#[test]
fn a_server_that_does_not_answer_is_given_up_at_once() {
    let (mut context, quay) = start(SCOPES);
    context.unset("QUAY_COMPLETION_TIMEOUT");
    quay.quay.server().faults().add(Fault {
        method: None,
        path_contains: String::new(),
        skip: 0,
        times: usize::MAX,
        action: FaultAction::Stall,
    });
    let began = Instant::now();
    let robots = offered(&context, &["quay-robot", "describe", "myorg+"]);
    let took = began.elapsed();
    assert_ne!(
        quay.quay.server().faults().hits(),
        0,
        "Quay was not even asked"
    );
    assert!(robots.choices.is_empty());
    // kubectl's own start is in it, and this machine may be busy; a request's limit is 60 s.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_cluster_that_does_not_answer_hides_no_robot_of_quay() {
    let (mut context, quay) = start("org:admin repo:admin user:read");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "x", "users": [],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": ""}}],
    });
    let path = context.file("kubeconfig", &config.to_string());
    context.set("KUBECONFIG", &path.to_string_lossy());
    let completer = context.path("bin/kubectl_complete-quay_robot");
    let completer = completer.to_string_lossy().into_owned();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let cluster = silent.accept();
            let log = quay.quay.server().log();
            // The cluster hangs up once Quay was asked for robots; without that, after the run.
            let deadline = Instant::now() + Duration::from_secs(40);
            while log.count(|request| request.path.contains("/robots")) == 0
                && Instant::now() < deadline
            {
                std::thread::yield_now();
            }
            drop((cluster, silent));
        });
        let robots = context.program(&completer, ["describe", ""]).run();
        assert_eq!(robots.expect(0).stdout, "myorg+deploy\n:4\n");
    });
}

#[test]
fn a_credential_plugin_of_the_kubeconfig_gets_no_terminal() {
    let (mut context, _quay) = start(SCOPES);
    let script = "#!/bin/sh\necho please sign in >&2\nread answer\necho $answer > asked\nexit 1\n";
    let plugin = context.file("sign-in", script);
    let executable = Command::new("chmod").arg("+x").arg(&plugin).status();
    assert!(executable.unwrap().success());
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": plugin.to_string_lossy(),
        "interactiveMode": "IfAvailable",
    });
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"exec": exec}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    });
    let path = context.file("kubeconfig", &config.to_string());
    context.set("KUBECONFIG", &path.to_string_lossy());
    // Not through kubectl, which may run the credential plugin for itself.
    let completer = context.path("bin/kubectl_complete-quay_robot");
    let completer = completer.to_string_lossy().into_owned();
    let run = context.program(&completer, ["describe", ""]);
    let run = run.stdin("typed ahead\n").run().expect(0);
    assert_eq!(run.stderr, "");
    let asked = std::fs::read_to_string(context.path("asked")).unwrap();
    assert_eq!(
        asked.trim(),
        "",
        "the plugin read what was typed for the shell"
    );
}

#[test]
fn an_open_keyring_serves_and_a_locked_one_is_not_asked_to_open() {
    let mut context = TestContext::new(BINARY);
    install(&mut context, BINARY, PLUGIN);
    let quay = TestQuay::start(&mut context);
    let bus = SessionBus::start(&mut context);
    let keyring = TestKeyring::unlocked(&context, &bus);
    let token = quay.token(&mut context, SCOPES);
    let login = context.command("login --token-stdin").stdin(&token);
    login.run().expect(0);
    context.unset("QUAY_URL");
    let words = ["quay-robot", "describe", "myorg+"];
    assert_eq!(offered(&context, &words).choices, ["myorg+deploy"]);
    drop(keyring);

    let _keyring = TestKeyring::locked(&context, &bus);
    let log = context.path("bus.log");
    let mut monitor = Command::new("dbus-monitor")
        .args([
            "--address",
            &context.environment()["DBUS_SESSION_BUS_ADDRESS"],
        ])
        .stdout(std::fs::File::create(&log).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let seen = || std::fs::read_to_string(&log).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while seen().is_empty() {
        assert!(Instant::now() < deadline, "dbus-monitor does not start");
    }
    let robots = offered(&context, &words);
    while !seen().contains("member=SearchItems") {
        assert!(Instant::now() < deadline, "the keyring was not looked into");
    }
    monitor.kill().unwrap();
    monitor.wait().unwrap();
    assert!(robots.choices.is_empty());
    for opening in ["member=Unlock", "member=Prompt"] {
        assert!(!seen().contains(opening), "{opening}:\n{}", seen());
    }
}
