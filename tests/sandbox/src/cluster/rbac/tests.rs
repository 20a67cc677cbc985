use serde_json::{Value, json};

use super::{Attempt, covers, decide};
use crate::cluster::authn::User;
use crate::cluster::store::Store;

fn attempt(verb: &str, resource: &str, subresource: &str, name: &str) -> Attempt {
    Attempt {
        verb: verb.into(),
        resource: resource.into(),
        subresource: subresource.into(),
        name: name.into(),
        namespace: "ns".into(),
        ..Attempt::default()
    }
}

#[test]
fn a_rule_covers_what_it_names() {
    let rule = json!({"apiGroups": [""], "resources": ["secrets", "pods/log", "*/status"], "verbs": ["get"]});
    assert!(covers(&rule, &attempt("get", "secrets", "", "x")));
    assert!(covers(&rule, &attempt("get", "pods", "log", "x")));
    assert!(covers(&rule, &attempt("get", "nodes", "status", "x")));
    assert!(!covers(&rule, &attempt("list", "secrets", "", "")));
    assert!(!covers(&rule, &attempt("get", "pods", "", "x")));
    assert!(!covers(&rule, &attempt("get", "secrets", "other", "x")));
    let other_group = Attempt {
        group: "apps".into(),
        ..attempt("get", "secrets", "", "x")
    };
    assert!(!covers(&rule, &other_group));
}

#[test]
fn a_rule_with_names_covers_only_those() {
    let rule =
        json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"], "resourceNames": ["a"]});
    assert!(covers(&rule, &attempt("get", "secrets", "", "a")));
    assert!(!covers(&rule, &attempt("get", "secrets", "", "b")));
    assert!(!covers(&rule, &attempt("list", "secrets", "", "")));
}

#[test]
fn paths_are_covered_by_their_beginning() {
    let rule = json!({"nonResourceURLs": ["/api/*", "/version"], "verbs": ["get"]});
    let path = |path: &str| Attempt {
        verb: "get".into(),
        path: path.into(),
        ..Attempt::default()
    };
    assert!(covers(&rule, &path("/api/v1")));
    assert!(covers(&rule, &path("/version")));
    assert!(!covers(&rule, &path("/version/x")));
}

#[test]
fn a_binding_grants_in_its_namespace_and_a_missing_role_is_named() {
    let store = Store::new();
    let group = "rbac.authorization.k8s.io";
    let put = |plural: &str, namespace: &str, name: &str, value: Value| {
        assert!(
            store
                .of(group, plural)
                .put((namespace, name), None, value)
                .is_ok()
        );
    };
    let binding = |role: &str| {
        json!({
            "kind": "RoleBinding", "metadata": {"name": role, "namespace": "ns"},
            "roleRef": {"kind": "Role", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "robot"}],
        })
    };
    put("rolebindings", "ns", "missing", binding("missing"));
    let user = User {
        name: "system:serviceaccount:ns:robot".into(),
        ..User::default()
    };
    let wanted = attempt("get", "secrets", "", "x");
    let refused = decide(&store, &user, &wanted);
    assert!(!refused.allowed);
    assert_eq!(
        refused.reason,
        "RBAC: role.rbac.authorization.k8s.io \"missing\" not found"
    );

    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]);
    put(
        "roles",
        "ns",
        "reader",
        json!({"kind": "Role", "metadata": {"name": "reader"}, "rules": rules}),
    );
    put("rolebindings", "ns", "reader", binding("reader"));
    assert!(decide(&store, &user, &wanted).allowed);
    let elsewhere = Attempt {
        namespace: "other".into(),
        ..wanted
    };
    assert!(!decide(&store, &user, &elsewhere).allowed);
}
