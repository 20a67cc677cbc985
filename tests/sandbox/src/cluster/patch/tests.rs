use serde_json::json;

use super::json::Failure;
use super::{json_patch, merge_patch, strategic_patch};
use crate::cluster::schema::Type;

#[test]
fn merge_patch_removes_what_is_null_and_replaces_lists() {
    let mut object = json!({"a": {"b": 1, "c": 2}, "list": [1, 2]});
    merge_patch(&mut object, json!({"a": {"b": null, "d": 3}, "list": [3]}));
    assert_eq!(object, json!({"a": {"c": 2, "d": 3}, "list": [3]}));
}

#[test]
fn json_patch_tests_before_it_writes() {
    let mut object = json!({"data": {"a/b": "x"}, "list": [1]});
    let patch = json!([
        {"op": "test", "path": "/data/a~1b", "value": "x"},
        {"op": "replace", "path": "/data/a~1b", "value": "y"},
        {"op": "add", "path": "/list/-", "value": 2},
        {"op": "copy", "from": "/list/0", "path": "/first"},
        {"op": "move", "from": "/first", "path": "/one"},
    ]);
    assert_eq!(json_patch(&mut object, &patch), Ok(()));
    assert_eq!(
        object,
        json!({"data": {"a/b": "y"}, "list": [1, 2], "one": 1})
    );

    let failing = json!([{"op": "test", "path": "/one", "value": 2}]);
    assert_eq!(json_patch(&mut object, &failing), Err(Failure::Impossible));
    let missing = json!([{"op": "remove", "path": "/two"}]);
    assert_eq!(json_patch(&mut object, &missing), Err(Failure::Impossible));
}

#[test]
fn strategic_patch_merges_pull_secrets_of_a_pod_and_replaces_those_of_a_service_account() {
    let mut pod = json!({"spec": {"imagePullSecrets": [{"name": "a"}]}});
    let patch = json!({"spec": {"imagePullSecrets": [{"name": "b"}]}});
    strategic_patch(&mut pod, patch, &Type::of_kind("Pod")).unwrap();
    assert_eq!(
        pod["spec"]["imagePullSecrets"],
        json!([{"name": "b"}, {"name": "a"}])
    );

    let mut account = json!({"imagePullSecrets": [{"name": "a"}]});
    let patch = json!({"imagePullSecrets": [{"name": "b"}]});
    strategic_patch(&mut account, patch, &Type::of_kind("ServiceAccount")).unwrap();
    assert_eq!(account["imagePullSecrets"], json!([{"name": "b"}]));
}

#[test]
fn strategic_patch_follows_delete_and_order_directives() {
    let mut pod = json!({"spec": {"containers": [
        {"name": "a", "image": "1"}, {"name": "b", "image": "1"}, {"name": "c", "image": "1"},
    ]}});
    let patch = json!({"spec": {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        "containers": [{"name": "c", "image": "2"}, {"name": "b", "$patch": "delete"}],
    }});
    strategic_patch(&mut pod, patch, &Type::of_kind("Pod")).unwrap();
    assert_eq!(
        pod["spec"]["containers"],
        json!([{"name": "c", "image": "2"}, {"name": "a", "image": "1"}])
    );
}

#[test]
fn strategic_patch_replaces_an_object_when_told_so() {
    let mut deployment =
        json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}}});
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    strategic_patch(&mut deployment, patch, &Type::of_kind("Deployment")).unwrap();
    assert_eq!(deployment["spec"]["strategy"], json!({"type": "Recreate"}));
}
