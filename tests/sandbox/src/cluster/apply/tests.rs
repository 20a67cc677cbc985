use serde_json::{Value, json};

use super::{Ownership, applied, updated};
use crate::cluster::schema::{Type, empty};

fn who(manager: &str) -> Ownership {
    Ownership {
        manager: manager.into(),
        api_version: "v1".into(),
        subresource: String::new(),
        ignored: None,
        now: "2026-01-01T00:00:00Z".into(),
    }
}

fn secret(data: Value) -> Value {
    json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "data": data})
}

fn created(manager: &str, mut object: Value, ty: &Type) -> Value {
    updated(&empty(ty), &mut object, ty, &who(manager));
    object["metadata"]["uid"] = "u".into();
    object
}

#[test]
fn fields_that_are_not_applied_any_more_go_unless_others_own_them() {
    let ty = Type::of_kind("Secret");
    let first = secret(json!({"a": "MQ==", "b": "MQ=="}));
    let object = applied(&empty(&ty), &first, &ty, &who("one"), false).unwrap();
    let second = secret(json!({"b": "MQ=="}));
    let object = applied(&object, &second, &ty, &who("two"), false).unwrap();
    let object = applied(&object, &secret(json!({})), &ty, &who("one"), false).unwrap();
    assert_eq!(object["data"], json!({"b": "MQ=="}));
}

#[test]
fn a_value_somebody_else_owns_is_a_conflict_until_forced() {
    let ty = Type::of_kind("Secret");
    let object = created("kubectl-create", secret(json!({"a": "MQ=="})), &ty);
    let config = secret(json!({"a": "Mg=="}));
    let status = applied(&object, &config, &ty, &who("mine"), false).unwrap_err();
    assert_eq!(status.code, 409);
    assert_eq!(
        status.message,
        "Apply failed with 1 conflict: conflict with \"kubectl-create\" using v1 at 2026-01-01T00:00:00Z: .data.a"
    );
    let object = applied(&object, &config, &ty, &who("mine"), true).unwrap();
    assert_eq!(object["data"]["a"], "Mg==");
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(entries[0]["fieldsV1"], json!({"f:data": {"f:a": {}}}));
    assert_eq!(entries[1]["fieldsV1"], json!({"f:data": {}}));
}

#[test]
fn applying_the_same_value_makes_two_owners() {
    let ty = Type::of_kind("Secret");
    let object = created("kubectl-create", secret(json!({"a": "MQ=="})), &ty);
    let object = applied(
        &object,
        &secret(json!({"a": "MQ=="})),
        &ty,
        &who("mine"),
        false,
    )
    .unwrap();
    assert_eq!(
        object["metadata"]["managedFields"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn ownership_nobody_recorded_is_recorded_when_somebody_applies() {
    let ty = Type::of_kind("ServiceAccount");
    let mut object = json!({
        "kind": "ServiceAccount", "apiVersion": "v1",
        "metadata": {"name": "default", "uid": "u"},
        "imagePullSecrets": [{"name": "a"}],
    });
    let before = object.clone();
    object["imagePullSecrets"] = json!([{"name": "b"}]);
    updated(&before, &mut object, &ty, &who("kubectl-patch"));
    assert_eq!(object["metadata"].get("managedFields"), None);

    let mut config = object.clone();
    config["imagePullSecrets"] = json!([{"name": "c"}]);
    let status = applied(&object, &config, &ty, &who("mine"), false).unwrap_err();
    assert_eq!(
        status.message,
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .imagePullSecrets"
    );
}

#[test]
fn what_nothing_is_known_about_is_merged_by_key_and_keeps_its_name() {
    let ty = Type::of_kind("CustomResource");
    let config = |spec: Value| json!({"kind": "X", "apiVersion": "v1", "metadata": {"name": "x"}, "spec": spec});
    let object = created(
        "kubectl",
        config(json!({"a": [1, 2], "b": {"c": "d"}})),
        &ty,
    );
    let object = applied(
        &object,
        &config(json!({"b": {"z": "z"}})),
        &ty,
        &who("q"),
        false,
    )
    .unwrap();
    // As kubectl leaves it when it hands its own fields over.
    let mut object = object;
    object["metadata"]["annotations"] = json!({"k": "v"});
    object["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"] =
        json!({"f:annotations": {".": {}, "f:k": {}}});
    let object = applied(
        &object,
        &config(json!({"b": {"y": "y"}})),
        &ty,
        &who("q"),
        false,
    )
    .unwrap();
    assert_eq!(object["metadata"]["name"], "x");
    assert_eq!(
        object["spec"],
        json!({"a": [1, 2], "b": {"c": "d", "y": "y"}})
    );
}
