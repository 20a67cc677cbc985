//! The small cluster, driven by the real kubectl.

#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use quay_sandbox::cluster::{Cluster, ClusterOptions};

/// A cluster of its own for one test, and kubectl for its users.
struct Kubectl {
    cluster: Cluster,
    home: PathBuf,
}

impl Kubectl {
    /// `test` names the directory kubectl keeps its caches in.
    fn new(test: &str) -> Self {
        let cluster = Cluster::start(ClusterOptions {
            name: "small".into(),
            ..ClusterOptions::default()
        })
        .unwrap();
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&home).unwrap();
        for user in ["admin", "limited"] {
            std::fs::write(home.join(user), cluster.kubeconfig(user)).unwrap();
        }
        Self { cluster, home }
    }

    /// The same with a namespace `ns` that has its ServiceAccount.
    fn with_namespace(test: &str) -> Self {
        let kubectl = Self::new(test);
        kubectl.ok(&["create", "namespace", "ns"]);
        kubectl.ok(&["wait", "-n", "ns", "--for=create", "serviceaccount/default"]);
        kubectl
    }

    fn command(&self, user: &str, args: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command
            .args(args)
            .env("HOME", &self.home)
            .env("KUBECONFIG", self.home.join(user))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, user: &str, args: &[&str], input: &str) -> Output {
        let mut child = self.command(user, args).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    /// What kubectl prints for the administrator when it succeeds.
    fn ok(&self, args: &[&str]) -> String {
        self.ok_with(args, "")
    }

    fn ok_with(&self, args: &[&str], input: &str) -> String {
        let output = self.run("admin", args, input);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {args:?}: {stderr}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// What kubectl says on stderr when it fails.
    fn fails(&self, args: &[&str]) -> String {
        self.fails_with(args, "")
    }

    fn fails_with(&self, args: &[&str], input: &str) -> String {
        self.fails_as("admin", args, input)
    }

    fn fails_as(&self, user: &str, args: &[&str], input: &str) -> String {
        let output = self.run(user, args, input);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            !output.status.success(),
            "kubectl {args:?} succeeded: {stdout}"
        );
        String::from_utf8(output.stderr)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// One value of an object in namespace `ns`.
    fn value(&self, object: &str, path: &str) -> String {
        self.ok(&[
            "get",
            "-n",
            "ns",
            object,
            "-o",
            &format!("jsonpath={{{path}}}"),
        ])
    }
}

fn secret(name: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: ns}}\nstringData: {data}"
    )
}

#[test]
fn apply_from_the_client_changes_what_the_manifest_changes() {
    let kubectl = Kubectl::with_namespace("apply-client");
    let apply = ["apply", "-f", "-"];
    let first = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns, labels: {a: b}}\ndata: {x: MQ==, y: MQ==}";
    let second = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns, labels: {c: d}}\ndata: {x: Mg==}";
    assert_eq!(kubectl.ok_with(&apply, first), "secret/s created");
    kubectl.ok(&["label", "-n", "ns", "secret/s", "kept=yes"]);
    assert_eq!(kubectl.ok_with(&apply, second), "secret/s configured");
    assert_eq!(kubectl.value("secret/s", ".data"), r#"{"x":"Mg=="}"#);
    assert_eq!(
        kubectl.value("secret/s", ".metadata.labels"),
        r#"{"c":"d","kept":"yes"}"#
    );

    let version = kubectl.value("secret/s", ".metadata.resourceVersion");
    assert_eq!(kubectl.ok_with(&apply, second), "secret/s unchanged");
    assert_eq!(
        kubectl.value("secret/s", ".metadata.resourceVersion"),
        version
    );
}

#[test]
fn apply_on_the_server_conflicts_until_it_is_forced() {
    let kubectl = Kubectl::with_namespace("apply-server");
    let apply = ["apply", "--server-side", "--field-manager=other", "-f", "-"];
    kubectl.ok(&[
        "create",
        "secret",
        "generic",
        "s",
        "-n",
        "ns",
        "--from-literal=x=1",
    ]);
    let manifest = secret("s", "{}").replace("stringData: {}", "data: {x: Mg==}");
    let conflict = kubectl.fails_with(&apply, &manifest);
    assert!(
        conflict.contains("conflict with \"kubectl-create\" using v1 at "),
        "{conflict}"
    );
    assert!(conflict.contains(": .data.x\n"), "{conflict}");

    let forced = [&apply[..], &["--force-conflicts"]].concat();
    assert_eq!(
        kubectl.ok_with(&forced, &manifest),
        "secret/s serverside-applied"
    );
    assert_eq!(kubectl.value("secret/s", ".data.x"), "Mg==");
    let version = kubectl.value("secret/s", ".metadata.resourceVersion");
    kubectl.ok_with(&forced, &manifest);
    assert_eq!(
        kubectl.value("secret/s", ".metadata.resourceVersion"),
        version
    );
}

#[test]
fn the_three_patches_change_what_they_should() {
    let kubectl = Kubectl::with_namespace("patches");
    let patch = |object: &str, ty: &str, patch: &str| {
        kubectl.ok(&["patch", "-n", "ns", object, "--type", ty, "-p", patch])
    };
    kubectl.ok(&[
        "create",
        "secret",
        "generic",
        "s",
        "-n",
        "ns",
        "--from-literal=x=1",
    ]);
    patch("secret/s", "merge", r#"{"data":{"x":null,"y":"Mg=="}}"#);
    patch(
        "secret/s",
        "json",
        r#"[{"op":"test","path":"/data/y","value":"Mg=="},{"op":"add","path":"/data/z","value":"Mw=="}]"#,
    );
    assert_eq!(
        kubectl.value("secret/s", ".data"),
        r#"{"y":"Mg==","z":"Mw=="}"#
    );

    patch(
        "serviceaccount/default",
        "strategic",
        r#"{"imagePullSecrets":[{"name":"a"}]}"#,
    );
    patch(
        "serviceaccount/default",
        "strategic",
        r#"{"imagePullSecrets":[{"name":"b"}]}"#,
    );
    assert_eq!(
        kubectl.value("serviceaccount/default", ".imagePullSecrets"),
        r#"[{"name":"b"}]"#
    );
}

#[test]
fn a_stale_resource_version_is_a_conflict() {
    let kubectl = Kubectl::with_namespace("conflict");
    kubectl.ok(&[
        "create",
        "secret",
        "generic",
        "s",
        "-n",
        "ns",
        "--from-literal=x=1",
    ]);
    let version = kubectl.value("secret/s", ".metadata.resourceVersion");
    kubectl.ok(&["annotate", "-n", "ns", "secret/s", "a=b"]);
    let patch =
        format!(r#"{{"metadata":{{"resourceVersion":"{version}"}},"data":{{"x":"Mg=="}}}}"#);
    assert_eq!(
        kubectl.fails(&[
            "patch",
            "-n",
            "ns",
            "secret/s",
            "--type=merge",
            "-p",
            &patch
        ]),
        "Error from server (Conflict): Operation cannot be fulfilled on secrets \"s\": the object has been \
         modified; please apply your changes to the latest version and try again"
    );
}

#[test]
fn a_server_dry_run_answers_and_stores_nothing() {
    let kubectl = Kubectl::with_namespace("dry-run");
    let apply = ["apply", "--dry-run=server", "-f", "-"];
    assert_eq!(
        kubectl.ok_with(&apply, &secret("s", "{x: one}")),
        "secret/s created (server dry run)"
    );
    assert!(
        kubectl
            .fails(&["get", "-n", "ns", "secret/s"])
            .contains("\"s\" not found")
    );
    kubectl.ok_with(&["apply", "-f", "-"], &secret("s", "{x: one}"));
    kubectl.ok_with(&apply, &secret("s", "{x: two}"));
    kubectl.ok(&["delete", "-n", "ns", "secret/s", "--dry-run=server"]);
    assert_eq!(kubectl.value("secret/s", ".data.x"), "b25l");

    let unknown = secret("t", "{x: one}").replace("stringData", "stringdata");
    let refused = kubectl.fails_with(&apply, &unknown);
    assert!(
        refused.contains("strict decoding error: unknown field \"stringdata\""),
        "{refused}"
    );
}

#[test]
fn rights_are_what_roles_grant() {
    let kubectl = Kubectl::with_namespace("rights");
    let list = ["get", "secrets", "-n", "ns"];
    assert_eq!(
        kubectl.fails_as("limited", &list, ""),
        "Error from server (Forbidden): secrets is forbidden: User \"limited\" cannot list resource \"secrets\" \
         in API group \"\" in the namespace \"ns\""
    );
    assert_eq!(
        kubectl.fails_as("limited", &["get", "secrets", "-A"], ""),
        "Error from server (Forbidden): secrets is forbidden: User \"limited\" cannot list resource \"secrets\" \
         in API group \"\" at the cluster scope"
    );
    let ask = [
        "auth", "can-i", "list", "secrets", "-n", "ns", "--as", "limited",
    ];
    let answer = kubectl.run("admin", &ask, "");
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "no\n");

    kubectl.ok(&[
        "create",
        "role",
        "reader",
        "-n",
        "ns",
        "--verb=get,list",
        "--resource=secrets",
    ]);
    kubectl.ok(&[
        "create",
        "rolebinding",
        "reader",
        "-n",
        "ns",
        "--role=reader",
        "--user=limited",
    ]);
    assert_eq!(kubectl.ok(&ask), "yes");
    assert!(kubectl.run("limited", &list, "").status.success());
    kubectl.fails_as("limited", &["get", "secrets", "-A"], "");
    kubectl.fails_as(
        "limited",
        &["get", "secrets", "-n", "ns", "--as", "admin"],
        "",
    );
}

#[test]
fn secrets_keep_their_rules() {
    let kubectl = Kubectl::with_namespace("secrets");
    let create = ["create", "-f", "-"];
    let typed = |data: &str| format!("{}\ntype: kubernetes.io/dockerconfigjson\n", data);
    let manifest = |data: &str| {
        typed(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: p, namespace: ns}}\nimmutable: true\nstringData: {data}"
        ))
    };
    assert_eq!(
        kubectl.fails_with(&create, &manifest("{other: '{}'}")),
        "The Secret \"p\" is invalid: data[.dockerconfigjson]: Required value"
    );
    assert_eq!(
        kubectl.fails_with(&create, &manifest("{.dockerconfigjson: hidden}")),
        "The Secret \"p\" is invalid: data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": \
         invalid character 'h' looking for beginning of value"
    );
    kubectl.ok_with(&create, &manifest("{.dockerconfigjson: '{}'}"));
    let refused = |patch: &str| {
        kubectl.fails(&["patch", "-n", "ns", "secret/p", "--type=merge", "-p", patch])
    };
    assert!(
        refused(r#"{"data":{"x":""}}"#)
            .contains("data: Forbidden: field is immutable when `immutable` is set")
    );
    assert!(refused(r#"{"immutable":null}"#).contains("immutable: Forbidden: field is immutable"));
    assert!(
        refused(r#"{"type":"Opaque"}"#)
            .contains("type: Invalid value: \"Opaque\": field is immutable")
    );
    kubectl.ok(&["annotate", "-n", "ns", "secret/p", "a=b"]);
}

#[test]
fn kubectl_creates_things_without_a_file() {
    let kubectl = Kubectl::with_namespace("protobuf");
    let args = [
        "create",
        "secret",
        "docker-registry",
        "pull",
        "-n",
        "ns",
        "--docker-server=quay.example.com",
        "--docker-username=u",
        "--docker-password=p",
    ];
    assert_eq!(kubectl.ok(&args), "secret/pull created");
    assert_eq!(
        kubectl.value("secret/pull", ".type"),
        "kubernetes.io/dockerconfigjson"
    );
    assert_eq!(
        kubectl.fails(&args),
        "error: failed to create secret secrets \"pull\" already exists"
    );
    kubectl.ok(&[
        "create",
        "deployment",
        "web",
        "-n",
        "ns",
        "--image=quay.example.com/a/b:1",
        "--replicas=0",
    ]);
    assert_eq!(kubectl.value("deployment/web", ".spec.replicas"), "0");
    assert_eq!(
        kubectl.value("deployment/web", ".spec.template.spec.containers[0].name"),
        "b"
    );
    let named = kubectl.ok_with(
        &["create", "-o", "name", "-f", "-"],
        "apiVersion: v1\nkind: Secret\nmetadata: {generateName: gen-, namespace: ns}",
    );
    assert!(
        named.starts_with("secret/gen-") && named.len() == "secret/gen-".len() + 5,
        "{named}"
    );
}

#[test]
fn lists_are_selected_and_paged() {
    let kubectl = Kubectl::with_namespace("lists");
    for name in ["a", "b", "c", "d", "e"] {
        kubectl.ok(&[
            "create",
            "secret",
            "generic",
            name,
            "-n",
            "ns",
            "--from-literal=x=1",
        ]);
    }
    kubectl.ok(&["label", "-n", "ns", "secret/b", "secret/d", "kind=even"]);
    let names = |args: &[&str]| {
        let listed = kubectl.ok(&[&["get", "secrets", "-A", "-o", "name"], args].concat());
        listed
            .replace("secret/", "")
            .split_whitespace()
            .collect::<String>()
    };
    assert_eq!(names(&["-l", "kind=even"]), "bd");
    assert_eq!(names(&["-l", "kind notin (even)"]), "ace");
    assert_eq!(names(&["-l", "!kind"]), "ace");
    assert_eq!(
        names(&["--field-selector", "type=Opaque,metadata.name!=a"]),
        "bcde"
    );
    kubectl.cluster.server().log().clear();
    assert_eq!(names(&["--chunk-size=2"]), "abcde");
    let pages = kubectl.cluster.server().log().count(|request| {
        request.path.starts_with("/api/v1/secrets?") && request.path.contains("limit=2")
    });
    assert_eq!(pages, 3);
    let unknown = kubectl.fails(&["get", "secrets", "-A", "--field-selector", "data.x=1"]);
    assert!(
        unknown.contains("field label not supported: data.x"),
        "{unknown}"
    );
}

#[test]
fn pods_take_their_service_account_s_pull_secrets() {
    let kubectl = Kubectl::with_namespace("pods");
    kubectl.ok(&[
        "patch",
        "-n",
        "ns",
        "serviceaccount/default",
        "-p",
        r#"{"imagePullSecrets":[{"name":"a"}]}"#,
    ]);
    kubectl.ok(&["run", "one", "-n", "ns", "--image=x"]);
    let own = r#"--overrides={"spec":{"imagePullSecrets":[{"name":"own"}]}}"#;
    kubectl.ok(&["run", "two", "-n", "ns", "--image=x", own]);
    assert_eq!(
        kubectl.value("pod/one", ".spec.imagePullSecrets[*].name"),
        "a"
    );
    assert_eq!(
        kubectl.value("pod/two", ".spec.imagePullSecrets[*].name"),
        "own"
    );
    let unknown = kubectl.fails(&[
        "run",
        "three",
        "-n",
        "ns",
        "--image=x",
        r#"--overrides={"spec":{"serviceAccountName":"no"}}"#,
    ]);
    assert!(
        unknown.contains("error looking up service account ns/no: serviceaccount \"no\" not found"),
        "{unknown}"
    );

    let running = r#"{"status":{"phase":"Running"}}"#;
    kubectl.ok(&[
        "patch",
        "-n",
        "ns",
        "pod/one",
        "--subresource=status",
        "--type=merge",
        "-p",
        running,
    ]);
    let selected = kubectl.ok(&[
        "get",
        "pods",
        "-A",
        "-o",
        "name",
        "--field-selector",
        "status.phase=Running,spec.serviceAccountName=default",
    ]);
    assert_eq!(selected, "pod/one");
}

#[test]
fn a_rollout_restart_is_a_new_generation_and_a_label_is_not() {
    let kubectl = Kubectl::with_namespace("rollout");
    kubectl.ok(&["create", "deployment", "web", "-n", "ns", "--image=x"]);
    kubectl.ok(&["rollout", "restart", "deployment/web", "-n", "ns"]);
    kubectl.ok(&["label", "-n", "ns", "deployment/web", "a=b"]);
    assert_eq!(kubectl.value("deployment/web", ".metadata.generation"), "2");
    let status = r#"{"status":{"conditions":[{"type":"Available","status":"True"}]}}"#;
    kubectl.ok(&[
        "patch",
        "-n",
        "ns",
        "deployment/web",
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
    ]);
    kubectl.ok(&[
        "wait",
        "-n",
        "ns",
        "--for=condition=Available",
        "deployment/web",
        "--timeout=10s",
    ]);
}

#[test]
fn a_watch_tells_of_changes_through_its_selector() {
    let kubectl = Kubectl::with_namespace("watch");
    let args = [
        "get",
        "secrets",
        "-n",
        "ns",
        "-w",
        "--output-watch-events",
        "-l",
        "seen",
    ];
    let mut child: Child = kubectl.command("admin", &args).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    while kubectl
        .cluster
        .server()
        .log()
        .count(|request| request.path.contains("watch=true"))
        == 0
    {
        std::thread::yield_now();
    }
    kubectl.ok(&[
        "create",
        "secret",
        "generic",
        "s",
        "-n",
        "ns",
        "--from-literal=x=1",
    ]);
    kubectl.ok(&["label", "-n", "ns", "secret/s", "seen=1"]);
    kubectl.ok(&["label", "-n", "ns", "secret/s", "seen=2", "--overwrite"]);
    kubectl.ok(&["label", "-n", "ns", "secret/s", "seen-"]);
    assert!(next().starts_with("EVENT"));
    let told: Vec<String> = (0..3)
        .map(|_| next().split_whitespace().take(2).collect())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(told, ["ADDEDs", "MODIFIEDs", "DELETEDs"]);
}

#[test]
fn a_definition_makes_its_resource_servable() {
    let kubectl = Kubectl::new("definitions");
    let definition = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: infrastructures.config.openshift.io}
spec:
  group: config.openshift.io
  scope: Cluster
  names: {plural: infrastructures, kind: Infrastructure}
  versions:
  - {name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object}}}
";
    kubectl.ok_with(&["apply", "-f", "-"], definition);
    kubectl.ok(&[
        "wait",
        "--for=condition=Established",
        "crd/infrastructures.config.openshift.io",
        "--timeout=10s",
    ]);
    let object = "apiVersion: config.openshift.io/v1\nkind: Infrastructure\nmetadata: {name: cluster}\nspec: {a: {b: c}}";
    kubectl.ok_with(&["apply", "-f", "-"], object);
    kubectl.ok_with(
        &["apply", "--server-side", "-f", "-"],
        &object.replace("b: c", "b: d"),
    );
    let status = r#"{"status":{"infrastructureName":"x"}}"#;
    kubectl.ok(&[
        "patch",
        "infrastructure",
        "cluster",
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
    ]);
    let seen = kubectl.ok(&[
        "get",
        "infrastructure",
        "cluster",
        "-o",
        "jsonpath={.spec.a.b} {.status.infrastructureName} {.metadata.generation}",
    ]);
    assert_eq!(seen, "d x 2");
    kubectl.ok(&["delete", "crd", "infrastructures.config.openshift.io"]);
    kubectl.fails(&[
        "get",
        "--raw",
        "/apis/config.openshift.io/v1/infrastructures",
    ]);
}

#[test]
fn a_namespace_that_is_being_deleted_takes_nothing_new() {
    let kubectl = Kubectl::with_namespace("terminating");
    kubectl.ok_with(&["create", "-f", "-"], "apiVersion: v1\nkind: Secret\nmetadata: {name: held, namespace: ns, finalizers: [example.com/held]}");
    kubectl.ok(&["delete", "namespace", "ns", "--wait=false"]);
    assert_eq!(
        kubectl.ok(&["get", "namespace", "ns", "-o", "jsonpath={.status.phase}"]),
        "Terminating"
    );
    let refused = kubectl.fails_with(&["create", "-f", "-"], &secret("late", "{x: one}"));
    assert!(
        refused.contains(
            "unable to create new content in namespace ns because it is being terminated"
        ),
        "{refused}"
    );
    kubectl.ok(&["annotate", "-n", "ns", "secret/held", "a=b"]);
    kubectl.ok(&[
        "patch",
        "-n",
        "ns",
        "secret/held",
        "--type=merge",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ]);
    kubectl.ok(&["wait", "--for=delete", "namespace/ns", "--timeout=10s"]);
    let refused = kubectl.fails_with(&["create", "-f", "-"], &secret("late", "{x: one}"));
    assert!(refused.contains("namespaces \"ns\" not found"), "{refused}");
    kubectl.fails(&["delete", "namespace", "kube-system"]);
}

#[test]
fn a_token_nobody_has_is_refused_and_contexts_are_named_after_cluster_and_user() {
    let cluster = Cluster::start(ClusterOptions {
        name: "plain".into(),
        ..ClusterOptions::default()
    })
    .unwrap();
    assert!(
        cluster
            .kubeconfig("admin")
            .contains("current-context: plain\n")
    );
    assert!(
        cluster
            .kubeconfig("carol")
            .contains("current-context: plain-carol\n")
    );
    let output = Command::new("kubectl")
        .args(["get", "secrets", "--kubeconfig=/dev/null", "--token=nobody"])
        .args(["--insecure-skip-tls-verify", "--server", &cluster.url()])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("You must be logged in to the server"),
        "{stderr}"
    );
}
