//! `verify --pull` that is killed, interrupted, lacks rights or loses answers: no test pod
//! is left for long.

use crate::pullsecret::kubelet::{image, ready};
use crate::pullsecret::world::{World, grant_limited, world};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::{Kubelet, Plugin, test_pods};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The arguments for `sh` to run the plugin under an id it wrote to that file.
fn telling_its_id(world: &World, arguments: &[&str]) -> (Vec<String>, PathBuf) {
    let id = world.context.path("process-id");
    let file = id.to_string_lossy();
    let binary = Plugin::PullSecret.path().to_string_lossy();
    let script = ["-c", r#"echo $$ >"$0" && exec "$@""#, &*file, &*binary];
    let all = script.iter().chain(arguments);
    (all.map(|&text| text.to_owned()).collect(), id)
}

/// The next request of this verb for such a path.
fn once(method: &str, path: &str, action: FaultAction) -> Fault {
    Fault::once(method.parse().expect("a method"), path, action)
}

/// Ctrl-C.
fn interrupt(id: &Path) {
    let id = std::fs::read_to_string(id).expect("the process tells its id");
    let mut kill = std::process::Command::new("kill");
    let sent = kill.args(["-INT", id.trim()]).status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn what_a_killed_run_leaves_the_next_one_removes() {
    let world = world();
    let namespace = ready(&world, "killed");
    let image = image(&world);
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    let run = world.context.command(arguments).spawn();
    let left = Kubelet::takes_the_pod(world.cluster, &namespace).pod;
    run.kill().expect(-1);
    let pods = test_pods(world.cluster, &namespace);
    assert_eq!(pods, std::slice::from_ref(&left));
    let again = world.run([&arguments[..], &["--pull-timeout", "1s"]].concat());
    let name = left.trim_start_matches("pod/");
    again
        .expect(1)
        .says(&format!("deleted the test pod {name}"));
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn a_pod_that_another_machine_may_be_waiting_for_stays() {
    let world = world();
    let namespace = ready(&world, "elsewhere");
    world.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "theirs", "namespace": namespace, "labels": {
            "app.kubernetes.io/managed-by": "kubectl-quay",
            "kubectl-quay/pull-test": "true",
            "kubectl-quay/run": "000000000000-1",
        }},
        "spec": {
            "activeDeadlineSeconds": 90,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "pull-test", "image": "x", "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            }}],
        },
    }));
    let image = image(&world);
    let arguments = ["verify", "-n", &namespace, "--pull", &image];
    world
        .run([&arguments[..], &["--pull-timeout", "1s"]].concat())
        .expect(1);
    assert_eq!(test_pods(world.cluster, &namespace), ["pod/theirs"]);
}

#[test]
fn an_interrupted_run_deletes_its_pod_before_it_ends() {
    let world = world();
    let namespace = ready(&world, "interrupted");
    let image = image(&world);
    let (arguments, id) = telling_its_id(&world, &["verify", "-n", &namespace, "--pull", &image]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = world.context.program("sh", &arguments).spawn();
    Kubelet::takes_the_pod(world.cluster, &namespace);
    interrupt(&id);
    run.wait().expect(1).prints("interrupted");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn the_rights_that_are_missing_are_named_and_nothing_is_started() {
    let mut world = world();
    let namespace = ready(&world, "no-rights");
    world.cluster.join_limited(&mut world.context);
    grant_limited(&world, &namespace, "get,list", "secrets");
    grant_limited(&world, &namespace, "create,get", "pods");
    let output = world.run(["verify", "-n", &namespace, "--pull", &image(&world)]);
    output
        .expect(1)
        .prints("you have no right to list, delete pods there")
        .prints(&format!("-n {namespace} auth can-i --list"));
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn without_the_right_to_read_events_the_status_is_enough() {
    let mut world = world();
    let namespace = ready(&world, "no-events");
    world.cluster.join_limited(&mut world.context);
    grant_limited(&world, &namespace, "get,list", "secrets");
    grant_limited(&world, &namespace, "list", "serviceaccounts");
    grant_limited(&world, &namespace, "create,get,list,delete", "pods");
    let arguments = ["verify", "-n", &namespace, "--pull", &image(&world)];
    let run = world.context.command(arguments).spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    let root = "container has runAsNonRoot and image will run as root";
    let waiting = json!({"waiting": {"reason": "CreateContainerConfigError", "message": root}});
    kubelet.container(&waiting, "");
    run.wait().expect(0).prints("pulled");
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn an_interrupt_while_the_pod_is_being_created_leaves_none() {
    let mut world = world();
    let namespace = ready(&world, "creating");
    let faulty = world.cluster.behind_proxy();
    faulty.join(&mut world.context);
    let (hold, image) = (Hold::default(), image(&world));
    let pods = format!("/namespaces/{namespace}/pods");
    let held = FaultAction::HoldBefore(hold.clone());
    faulty.faults().add(once("POST", &pods, held));
    let (arguments, id) = telling_its_id(&world, &["verify", "-n", &namespace, "--pull", &image]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut run = world.context.program("sh", &arguments).spawn();
    assert!(run.reaches(&hold, 1));
    interrupt(&id);
    hold.release();
    run.wait().expect(1).prints("interrupted");
    assert_eq!(
        faulty
            .log()
            .count(|request| request.method == "DELETE" && request.path.contains(&pods)),
        1
    );
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn answers_that_are_lost_leave_no_pod() {
    let mut world = world();
    let namespace = ready(&world, "lost");
    let faulty = world.cluster.behind_proxy();
    faulty.join(&mut world.context);
    let pods = format!("/namespaces/{namespace}/pods");
    for method in ["POST", "DELETE"] {
        let fault = once(method, &pods, FaultAction::AnswerLost);
        faulty.faults().add(fault);
    }
    let image = image(&world);
    let run = world
        .context
        .command(format!("verify -n {namespace} --pull {image}"))
        .spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    kubelet.event("Pulled", "Successfully pulled image in 1.2s");
    run.wait().expect(0).prints("pulled");
    assert_eq!(faulty.faults().hits(), 2);
    assert!(test_pods(world.cluster, &namespace).is_empty());
}

#[test]
fn a_pod_that_cannot_be_deleted_is_named_with_what_was_found_out() {
    let mut world = world();
    let namespace = ready(&world, "stays");
    let faulty = world.cluster.behind_proxy();
    faulty.join(&mut world.context);
    let pods = format!("/namespaces/{namespace}/pods");
    let refusal = FaultAction::Status {
        code: 403,
        content_type: "application/json".to_owned(),
        body: r#"{"kind":"Status","reason":"Forbidden","message":"a webhook denied it"}"#
            .to_owned(),
        headers: Vec::new(),
    };
    faulty.faults().add(once("DELETE", &pods, refusal));
    let image = image(&world);
    let run = world
        .context
        .command(format!("verify -n {namespace} --pull {image}"))
        .spawn();
    let kubelet = Kubelet::takes_the_pod(world.cluster, &namespace);
    kubelet.event("Pulled", "Successfully pulled image in 1.2s");
    let output = run.wait().expect(1).prints("a webhook denied it");
    let name = kubelet.pod.trim_start_matches("pod/");
    let output = output.prints("(pulled, in ");
    output.prints(&format!("-n {namespace} delete pod {name}"));
}
