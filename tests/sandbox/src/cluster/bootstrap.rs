//! What a new cluster holds.

use serde_json::{Value, json};

use super::authn::uid;
use super::kinds::Kind;
use super::rules;
use super::store::{Store, text};

/// Namespaces every cluster has.
pub(super) const NAMESPACES: &[&str] =
    &["default", "kube-node-lease", "kube-public", "kube-system"];

const RBAC: &str = "rbac.authorization.k8s.io";

/// Stores the namespaces, kube-system with the `system` UID where one is given, and the roles that
/// come with RBAC.
pub(super) fn fill(store: &Store, namespace: &Kind, system: Option<&str>) {
    for name in NAMESPACES {
        let mut value = json!({
            "kind": "Namespace",
            "apiVersion": "v1",
            "metadata": {"name": name},
        });
        rules::default(namespace, &mut value);
        rules::prepare_create(namespace, &mut value);
        if let Some(uid) = system.filter(|_| *name == "kube-system") {
            value["metadata"]["uid"] = uid.into();
        }
        put(store, "", "namespaces", value);
    }
    for role in roles() {
        put(store, RBAC, "clusterroles", role);
    }
    let group = |name: &str| json!({"kind": "Group", "apiGroup": RBAC, "name": name});
    let user = |name: &str| json!({"kind": "User", "apiGroup": RBAC, "name": name});
    let everybody = || vec![group("system:authenticated")];
    for (name, role, subjects) in [
        (
            "cluster-admin",
            "cluster-admin",
            vec![group("system:masters")],
        ),
        // Whom the administrator's kubeconfig belongs to: not exempt from anything.
        ("admin", "cluster-admin", vec![user("admin")]),
        ("system:basic-user", "system:basic-user", everybody()),
        ("system:discovery", "system:discovery", everybody()),
        (
            "system:public-info-viewer",
            "system:public-info-viewer",
            vec![
                group("system:authenticated"),
                group("system:unauthenticated"),
            ],
        ),
    ] {
        let binding = json!({
            "kind": "ClusterRoleBinding",
            "apiVersion": format!("{RBAC}/v1"),
            "metadata": bootstrapped(name),
            "subjects": subjects,
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        });
        put(store, RBAC, "clusterrolebindings", binding);
    }
}

fn put(store: &Store, group: &str, plural: &str, mut value: Value) {
    let name = text(&value, "/metadata/name").to_owned();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.entry("uid").or_insert_with(|| uid().into());
        metadata.insert("resourceVersion".into(), "".into());
        metadata.insert("creationTimestamp".into(), super::now().into());
    }
    // A new store holds nothing that could be in the way.
    drop(store.of(group, plural).put(("", &name), None, value));
}

fn bootstrapped(name: &str) -> Value {
    json!({
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    })
}

fn roles() -> Vec<Value> {
    const READ: &[&str] = &["get", "list", "watch"];
    const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
    const ALL: &[&str] = &[
        "get",
        "list",
        "watch",
        "create",
        "delete",
        "deletecollection",
        "patch",
        "update",
    ];
    const CORE: &[&str] = &[
        "configmaps",
        "endpoints",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "services",
    ];
    const APPS: &[&str] = &["daemonsets", "deployments", "replicasets", "statefulsets"];
    const JOBS: &[&str] = &["cronjobs", "jobs"];
    const URLS: &[&str] = &["/healthz", "/livez", "/readyz", "/version", "/version/"];
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"verbs": verbs, "apiGroups": groups, "resources": resources});
    let viewer = || {
        vec![
            rule(&[""], CORE, READ),
            rule(
                &[""],
                &[
                    "serviceaccounts",
                    "namespaces",
                    "events",
                    "limitranges",
                    "resourcequotas",
                    "pods/status",
                    "pods/log",
                ],
                READ,
            ),
            rule(&["apps"], APPS, READ),
            rule(&["batch"], JOBS, READ),
        ]
    };
    let editor = || {
        let mut rules = viewer();
        rules.push(rule(&[""], &["secrets"], READ));
        rules.push(rule(&[""], &["serviceaccounts"], &["impersonate"]));
        rules.push(rule(&[""], CORE, WRITE));
        rules.push(rule(
            &[""],
            &["secrets", "serviceaccounts", "events"],
            WRITE,
        ));
        rules.push(rule(&[""], &["serviceaccounts/token"], &["create"]));
        rules.push(rule(&["apps"], APPS, WRITE));
        rules.push(rule(&["batch"], JOBS, WRITE));
        rules
    };
    let mut administrator = editor();
    administrator.push(rule(
        &["authorization.k8s.io"],
        &["localsubjectaccessreviews"],
        &["create"],
    ));
    administrator.push(rule(&[RBAC], &["rolebindings", "roles"], ALL));
    let discovery: Vec<&str> = [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/openapi",
        "/openapi/*",
    ]
    .iter()
    .chain(URLS)
    .copied()
    .collect();
    let all = vec![
        rule(&["*"], &["*"], &["*"]),
        json!({"verbs": ["*"], "nonResourceURLs": ["*"]}),
    ];
    let basic = vec![
        rule(
            &["authorization.k8s.io"],
            &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            &["create"],
        ),
        rule(
            &["authentication.k8s.io"],
            &["selfsubjectreviews"],
            &["create"],
        ),
    ];
    [
        ("cluster-admin", all),
        ("admin", administrator),
        ("edit", editor()),
        ("view", viewer()),
        ("system:basic-user", basic),
        (
            "system:discovery",
            vec![json!({"verbs": ["get"], "nonResourceURLs": discovery})],
        ),
        (
            "system:public-info-viewer",
            vec![json!({"verbs": ["get"], "nonResourceURLs": URLS})],
        ),
    ]
    .into_iter()
    .map(|(name, rules)| {
        json!({
            "kind": "ClusterRole",
            "apiVersion": format!("{RBAC}/v1"),
            "metadata": bootstrapped(name),
            "rules": rules,
        })
    })
    .collect()
}
