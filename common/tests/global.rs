//! What a rotation that includes the global pull secret builds on.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use quay_common::cluster;
use quay_common::cluster::{Cluster, ClusterArgs, WriteMode};
use quay_common::global::{Pools, Topology, back_up, backups, topology};
use quay_common::pullsecret::PullSecret;
use quay_sandbox::cluster::{Cluster as Sandbox, ClusterOptions};
use quay_sandbox::openshift;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

const SECRETS: &str = "/api/v1/namespaces/openshift-config/secrets";

/// A small cluster, and a connection to it.
struct World {
    _sandbox: Sandbox,
    kubeconfig: PathBuf,
    cluster: Cluster,
}

impl World {
    async fn new(name: &str) -> Self {
        let sandbox = Sandbox::start(ClusterOptions::default()).expect("a small cluster");
        let file = format!("global-{name}-{}", std::process::id());
        let kubeconfig = std::env::temp_dir().join(file);
        std::fs::write(&kubeconfig, sandbox.kubeconfig("admin")).expect("a kubeconfig");
        let args = ClusterArgs {
            kubeconfig: Some(kubeconfig.clone()),
            request_timeout: Duration::from_secs(30),
            ..ClusterArgs::default()
        };
        let clusters = cluster::connect_silently(&args, "test").await;
        let cluster = clusters.expect("a connection").reached.remove(0);
        Self {
            _sandbox: sandbox,
            kubeconfig,
            cluster,
        }
    }

    async fn create(&self, path: &str, object: &Value) {
        let created: Result<Value, _> = self.cluster.create(path, object, WriteMode::Persist).await;
        created.expect("it is created");
    }

    /// The global pull secret with this content.
    async fn secret(&self, content: &Value) -> PullSecret {
        let path = format!("{SECRETS}/pull-secret");
        let patch = json!({"stringData": {".dockerconfigjson": content.to_string()}});
        let secret = self
            .cluster
            .merge_patch(&path, &patch, WriteMode::Persist)
            .await;
        PullSecret::read(secret.expect("it is patched")).expect("a pull secret")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

async fn openshift_world(name: &str) -> World {
    let world = World::new(name).await;
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for definition in openshift::definitions() {
        world.create(definitions, &definition).await;
    }
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openshift-config"}});
    world.create("/api/v1/namespaces", &namespace).await;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull-secret"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": "{\"auths\":{}}"},
    });
    world.create(SECRETS, &secret).await;
    world
}

#[tokio::test]
async fn a_cluster_without_a_global_pull_secret_is_not_openshift() {
    let world = World::new("plain").await;
    let found = topology(&world.cluster).await.expect("a topology");
    assert_eq!(found, Topology::NotOpenShift);
    let pools = Pools::observe(&world.cluster).await.expect("an answer");
    assert_eq!(pools, None);
}

#[tokio::test]
async fn without_the_infrastructure_object_the_secret_decides() {
    let world = openshift_world("standalone").await;
    let found = topology(&world.cluster).await.expect("a topology");
    assert_eq!(found, Topology::Standalone);
    let pools = Pools::observe(&world.cluster).await.expect("an answer");
    assert!(pools.expect("the API is there").pools.is_empty());
}

#[tokio::test]
async fn equal_content_is_backed_up_once_and_five_contents_are_kept() {
    let world = openshift_world("backups").await;
    let cluster = &world.cluster;
    let entry =
        |number: usize| json!({"auths": {format!("r{number}.example.com"): {"auth": "YTpi"}}});
    let first = world.secret(&entry(0)).await;
    let dry = back_up(cluster, &first, WriteMode::DryRun).await;
    dry.expect("a dry run stores nothing and succeeds");
    let name = back_up(cluster, &first, WriteMode::Persist)
        .await
        .expect("a backup");
    let again = back_up(cluster, &first, WriteMode::Persist)
        .await
        .expect("a backup");
    assert_eq!(name, again);
    for number in 1..8 {
        let next = world.secret(&entry(number)).await;
        back_up(cluster, &next, WriteMode::Persist)
            .await
            .expect("a backup");
    }
    let kept = backups(cluster, "openshift-config", "pull-secret").await;
    let kept = kept.expect("backups");
    let keys: Vec<String> = kept
        .iter()
        .flat_map(|backup| {
            let document = backup.document().expect("it can be read");
            let keys: Vec<String> = document.entries().map(|(key, _)| key.to_owned()).collect();
            keys
        })
        .collect();
    let expected: Vec<String> = (3..8).rev().map(|n| format!("r{n}.example.com")).collect();
    assert_eq!(keys, expected, "the newest first");
}
