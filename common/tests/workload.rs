//! Workloads behind pods, and restarting them, on the sandbox's cluster.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its world has failed"
)]

use quay_common::cluster::{Cluster, ClusterArgs, WriteMode, connect_silently};
use quay_common::workload::{Restarted, Workload, WorkloadKind, restart, running_pods};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

struct World {
    cluster: quay_sandbox::cluster::Cluster,
    admin: Cluster,
}

impl World {
    async fn start() -> Self {
        let cluster = quay_sandbox::cluster::Cluster::start(Default::default()).unwrap();
        let admin = join(&cluster, "admin").await;
        Self { cluster, admin }
    }

    async fn create(&self, path: &str, object: Value) {
        let created = self
            .admin
            .create::<Value>(path, &object, WriteMode::Persist)
            .await;
        created.unwrap();
    }

    /// A pod that this object of this kind controls.
    async fn pod(&self, namespace: &str, name: &str, (api, kind, owner): (&str, &str, &str)) {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "ownerReferences": [controller(api, kind, owner)]},
            "spec": {"containers": [{"name": "a", "image": "quay.io/a/b"}]},
        });
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        self.create(&path, object).await;
    }

    /// An object between a pod and its workload.
    async fn between(&self, plural: &str, owner: Option<Value>) {
        let (api, kind) = match plural {
            "jobs" => ("batch/v1", "Job"),
            _ => ("apps/v1", "ReplicaSet"),
        };
        let owned = owner.is_some();
        let name = if owned { "owned" } else { "alone" };
        let mut object = json!({
            "apiVersion": api, "kind": kind,
            "metadata": {"name": name, "ownerReferences": owner.into_iter().collect::<Vec<_>>()},
            "spec": {"template": template("a")},
        });
        if kind == "ReplicaSet" {
            object["spec"]["selector"] = json!({"matchLabels": {"app": "a"}});
        } else {
            object["spec"]["template"]["spec"]["restartPolicy"] = "Never".into();
        }
        self.create(&format!("/apis/{api}/namespaces/default/{plural}"), object)
            .await;
    }

    /// Creates a workload and returns how to name it and where it is.
    async fn workload(&self, kind: WorkloadKind, name: &str, spec: Value) -> (Workload, String) {
        let mut object = json!({
            "apiVersion": "apps/v1", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name)},
        });
        for (field, value) in spec.as_object().unwrap() {
            object["spec"][field] = value.clone();
        }
        let collection = format!("/apis/apps/v1/namespaces/default/{kind}s");
        self.create(&collection, object).await;
        let workload = Workload {
            namespace: "default".to_owned(),
            kind,
            name: name.to_owned(),
        };
        (workload, format!("{collection}/{name}"))
    }

    async fn restarted_at(&self, path: &str) -> Option<String> {
        let object: Value = self.admin.get(path).await.unwrap();
        let at = &object["spec"]["template"]["metadata"]["annotations"][RESTARTED_AT];
        at.as_str().map(str::to_owned)
    }
}

async fn join(cluster: &quay_sandbox::cluster::Cluster, user: &str) -> Cluster {
    let name = format!(
        "workload-{}-{}",
        std::process::id(),
        cluster.server().port()
    );
    let path = std::env::temp_dir().join(format!("{name}-{user}.yaml"));
    std::fs::write(&path, cluster.kubeconfig(user)).unwrap();
    let args = ClusterArgs {
        kubeconfig: Some(path.clone()),
        request_timeout: Duration::from_secs(30),
        ..ClusterArgs::default()
    };
    let connected = connect_silently(&args, "test")
        .await
        .unwrap()
        .reached
        .remove(0);
    std::fs::remove_file(path).unwrap();
    connected
}

fn controller(api: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api, "kind": kind, "name": name, "uid": "u", "controller": true})
}

fn template(app: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [{"name": "a", "image": "quay.io/a/b"}]},
    })
}

/// Each pod's name and its owner's.
async fn owners(cluster: &Cluster, namespaces: &[&str]) -> BTreeMap<String, String> {
    let namespaces: BTreeSet<String> = namespaces.iter().map(|&name| name.to_owned()).collect();
    let pods = running_pods(cluster, namespaces).await.unwrap();
    let named = pods.into_iter().map(|pod| {
        let owner = pod.owner.map(|owner| owner.to_string());
        (pod.name, owner.unwrap_or_default())
    });
    named.collect()
}

#[tokio::test]
async fn the_workload_behind_a_pod_is_found_as_far_as_rights_reach() {
    let world = World::start().await;
    world
        .between(
            "replicasets",
            Some(controller("apps/v1", "Deployment", "shop")),
        )
        .await;
    world.between("replicasets", None).await;
    world
        .between("jobs", Some(controller("batch/v1", "CronJob", "nightly")))
        .await;
    for (pod, owner) in [
        ("a", ("apps/v1", "ReplicaSet", "owned")),
        ("b", ("apps/v1", "ReplicaSet", "alone")),
        ("c", ("batch/v1", "Job", "owned")),
        ("d", ("apps/v1", "DaemonSet", "agent")),
    ] {
        world.pod("default", pod, owner).await;
    }
    let found = owners(&world.admin, &["default"]).await;
    let expected = [
        ("a", "deployment/shop"),
        ("b", "replicaset/alone"),
        ("c", "cronjob/nightly"),
        ("d", "daemonset/agent"),
    ];
    let expected = expected.map(|(pod, owner)| (pod.to_owned(), owner.to_owned()));
    assert_eq!(found, BTreeMap::from(expected));

    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]);
    let role = json!({"metadata": {"name": "pods"}, "rules": rules});
    world.create(&format!("{rbac}/roles"), role).await;
    let binding = json!({
        "metadata": {"name": "pods"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pods"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "limited"}],
    });
    world.create(&format!("{rbac}/rolebindings"), binding).await;
    let limited = join(&world.cluster, "limited").await;
    let found = owners(&limited, &["default"]).await;
    assert_eq!(found["a"], "replicaset/owned");
    assert_eq!(found["c"], "job/owned");
}

#[tokio::test]
async fn many_namespaces_are_listed_at_once_and_no_other_is_in_the_answer() {
    let world = World::start().await;
    let names: Vec<String> = (0..10).map(|number| format!("many-{number}")).collect();
    for name in &names {
        world
            .create("/api/v1/namespaces", json!({"metadata": {"name": name}}))
            .await;
        let account = json!({"metadata": {"name": "default"}});
        let accounts = format!("/api/v1/namespaces/{name}/serviceaccounts");
        // The controller may have been faster.
        let _ = world
            .admin
            .create::<Value>(&accounts, &account, WriteMode::Persist)
            .await;
        let owner = ("apps/v1", "StatefulSet", "db");
        world.pod(name, &format!("in-{name}"), owner).await;
    }
    let before = world.cluster.server().log().all().len();
    let wanted: Vec<&str> = names.iter().skip(1).map(String::as_str).collect();
    let found = owners(&world.admin, &wanted).await;
    assert_eq!(world.cluster.server().log().all().len() - before, 1);
    assert_eq!(found.len(), 9);
    assert!(!found.contains_key("in-many-0"));
}

#[tokio::test]
async fn a_restart_is_kubectls_and_happens_only_where_it_can() {
    let world = World::start().await;
    let at = "2026-11-25T10:00:00Z";
    let on_delete = json!({"updateStrategy": {"type": "OnDelete"}});
    for (kind, name, spec, expected) in [
        (WorkloadKind::Deployment, "a", json!({}), Restarted::Rolling),
        (
            WorkloadKind::StatefulSet,
            "b",
            json!({}),
            Restarted::Rolling,
        ),
        (WorkloadKind::DaemonSet, "c", on_delete, Restarted::OnDelete),
        (
            WorkloadKind::Deployment,
            "d",
            json!({"paused": true}),
            Restarted::Paused,
        ),
    ] {
        let (workload, path) = world.workload(kind, name, spec).await;
        let moment = at.parse().unwrap();
        let tried = restart(&world.admin, &workload, moment, WriteMode::DryRun).await;
        assert_eq!(tried.unwrap(), expected, "{workload}");
        assert_eq!(world.restarted_at(&path).await, None, "{workload}");
        let done = restart(&world.admin, &workload, moment, WriteMode::Persist).await;
        assert_eq!(done.unwrap(), expected, "{workload}");
        let written = (expected != Restarted::Paused).then(|| at.to_owned());
        assert_eq!(world.restarted_at(&path).await, written, "{workload}");
    }
    let job = Workload {
        namespace: "default".to_owned(),
        kind: WorkloadKind::Job,
        name: "nightly".to_owned(),
    };
    let done = restart(&world.admin, &job, at.parse().unwrap(), WriteMode::Persist).await;
    assert_eq!(done.unwrap(), Restarted::NotRestartable);
}
