//! docs/pull-secrets.md.

use crate::pages::page::Page;
use crate::pages::stage::{REGISTRY, ROBOT, SECRET, Stage, pod};
use jiff::{SignedDuration, Timestamp};
use quay_tests::{Kubelet, auth, pull_secret};
use serde_json::json;

const DEPLOY: &str = "myorg+deploy";

pub fn play(page: &mut Page) {
    let mut stage = self::stage();
    page.block("kubectl quay-pullsecret sync -n staging -n production")
        .rest(&stage);
    outdated(page, &mut stage);
    page.block("kubectl quay-pullsecret sync -n staging --robot")
        .rest(&stage);
    check(page);
    explain(page);
    real_pod(page);
    attach(page);
}

/// Namespaces `staging` and `production`, and a robot that may pull two repositories.
fn stage() -> Stage {
    let mut stage = Stage::new("prod").logged_in("org:admin repo:admin");
    stage.robot(ROBOT, &["backend-api", "my-app"]);
    stage.namespace("staging");
    stage.namespace("production");
    stage
}

/// Argo CD has the third secret of a robot whose token somebody regenerated.
fn outdated(page: &mut Page, stage: &mut Stage) {
    stage.namespace("dev");
    let mut owned = stage.secret("dev", "argo-pull", ROBOT, &stage.token(ROBOT));
    owned["metadata"]["annotations"] =
        json!({"argocd.argoproj.io/tracking-id": "dev:/Secret:dev/argo-pull"});
    stage.cluster.create(&owned);
    stage.types("kubectl quay-pullsecret verify -A --allow-unknown");
    stage.quay.regenerate(&mut stage.context, ROBOT);
    stage.types("kubectl quay-pullsecret sync -n staging");
    page.block("kubectl quay-pullsecret sync -A")
        .next(stage)
        .ends_with(1)
        .holds();
}

/// Five namespaces, in four of which something is wrong.
fn check(page: &mut Page) {
    let mut stage = Stage::new("prod").logged_in("org:admin repo:admin");
    stage.robot("myorg+ci", &[]);
    stage.robot(DEPLOY, &["my-app"]);
    for namespace in ["ci", "old", "shop", "staging", "web"] {
        stage.namespace(namespace);
    }
    stage.current_secret("ci", "pull", "myorg+ci");
    opaque(&stage);
    stage.current_secret("shop", "pull", DEPLOY);
    stage.deployment("shop", "shop", "backend-api:v1", "pull", 3);
    stage.deployment("shop", "cart", "my-app:v1", "pull", 2);
    stage.stale_secret("staging", "pull", DEPLOY);
    stage.pod("web", "front", "my-app:v1", &["gone"]);
    page.block("kubectl quay-pullsecret verify -A")
        .next(&stage)
        .ends_with(1)
        .holds();
}

/// A secret of the wrong type, which the service account `default` names.
fn opaque(stage: &Stage) {
    stage.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "pull", "namespace": "old"},
        "stringData": {".dockerconfigjson": r#"{"auths":{}}"#},
    }));
    let account = r#"{"imagePullSecrets":[{"name":"pull"}]}"#;
    let patch = ["-n", "old", "patch", "serviceaccount", "default", "-p"];
    stage.cluster.kubectl([&patch[..], &[account]].concat());
}

/// A pod whose secret has a key without a port, and what its kubelet said about it.
fn explain(page: &mut Page) {
    let mut stage = Stage::new("prod").logged_in("org:admin repo:admin");
    stage.robot(DEPLOY, &["my-app"]);
    stage.namespace("shop");
    let entry = json!({"auth": auth(DEPLOY, &stage.token(DEPLOY))});
    let secret = pull_secret("shop", "pull", &json!({"quay.example.com": entry}));
    stage.cluster.create(&secret);
    node(&stage);
    let mut pod = pod("shop", "shop-1", "my-app:v1", &["pull"]);
    pod["spec"]["nodeName"] = "node-1".into();
    stage.cluster.create(&pod);
    fails_to_pull(&stage);
    page.block("kubectl quay-pullsecret explain pod/shop-1")
        .next(&stage)
        .ends_with(1)
        .holds();
}

fn node(stage: &Stage) {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
    stage.cluster.create(&node);
    let info = json!({"status": {"nodeInfo": {
        "kubeletVersion": "v1.36.4", "containerRuntimeVersion": "containerd://2.4.2",
        "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "",
        "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64",
    }}});
    stage.patch_status("", "node/node-1", &info);
}

/// What a kubelet says of the pod's image, in its status and in an event.
fn fails_to_pull(stage: &Stage) {
    let image = format!("{REGISTRY}/myorg/my-app:v1");
    let message = format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": \
         unexpected status from HEAD request to https://{REGISTRY}/v2/myorg/my-app/manifests/v1: \
         401 Unauthorized"
    );
    let state = json!({"waiting": {"reason": "ErrImagePull", "message": message}});
    let container = json!({
        "name": "c", "image": image, "imageID": "", "ready": false, "restartCount": 0,
        "state": state,
    });
    let status = json!({"status": {"containerStatuses": [container]}});
    stage.patch_status("shop", "pod/shop-1", &status);
    let pod = stage.cluster.get("shop", "pod/shop-1");
    let at = format!("{:.0}", Timestamp::now() - SignedDuration::from_secs(14));
    stage.cluster.create(&json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning",
        "metadata": {"generateName": "shop-1-", "namespace": "shop"},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "shop-1",
            "uid": pod["metadata"]["uid"], "fieldPath": "spec.containers{c}",
        },
        "reason": "Failed", "message": format!("Failed to pull image \"{image}\": {message}"),
        "source": {"component": "kubelet"}, "firstTimestamp": at, "lastTimestamp": at,
    }));
}

fn real_pod(page: &mut Page) {
    let stage = stage();
    stage.types("kubectl quay-pullsecret sync -n production --robot myorg+k8s_prod_puller");
    stage.deployment("production", "web", "my-app:v1", SECRET, 2);
    stage.deployment("production", "api", "backend-api:v1", SECRET, 2);
    let mut block = page.block("kubectl quay-pullsecret verify -n production --pull");
    block.next(&stage).meanwhile(|| {
        let kubelet = Kubelet::sees_the_pod(&stage.cluster, "production");
        // The small cluster knows no bindings.
        let node = r#"{"spec":{"nodeName":"worker-1"}}"#;
        let patch = ["-n", "production", "patch", &kubelet.pod, "--type=merge"];
        stage.cluster.kubectl([&patch[..], &["-p", node]].concat());
        kubelet.event("Pulled", "Successfully pulled image in 1.2s");
    });
}

fn attach(page: &mut Page) {
    let stage = stage();
    stage.types("kubectl quay-pullsecret sync -n staging --robot myorg+k8s_prod_puller");
    stage
        .cluster
        .kubectl("-n staging create serviceaccount builder");
    stage.deployment("staging", "shop", "my-app:v1", SECRET, 0);
    let mut block = page.block(&format!("kubectl quay-pullsecret attach {SECRET}"));
    for _ in ["attach", "attach to all", "attach to a workload", "detach"] {
        block.next(&stage).holds();
    }
    block.next(&stage).answered("y\n").holds();
}
