use serde_json::json;

use super::{Type, conform, decode_protobuf, empty, read_only};

#[test]
fn fields_are_put_in_order_and_unknown_ones_are_named() {
    let given = json!({"type": "Opaque", "metadata": {"uid": "u", "name": "s", "foo": 1}, "bar": 2, "kind": "Secret"});
    let conformed = conform(given, &Type::of_kind("Secret")).unwrap();
    assert_eq!(
        conformed.value.to_string(),
        r#"{"kind":"Secret","metadata":{"name":"s","uid":"u"},"type":"Opaque"}"#
    );
    assert_eq!(conformed.unknown, ["metadata.foo", "bar"]);

    let pod = json!({"spec": {"containers": [{"name": "a", "foo": 1}]}});
    assert_eq!(
        conform(pod, &Type::of_kind("Pod")).unwrap().unknown,
        ["spec.containers[0].foo"]
    );
}

#[test]
fn values_of_the_wrong_type_are_refused_in_go_s_words() {
    let refused = |value| conform(value, &Type::of_kind("Secret")).err().unwrap();
    assert_eq!(
        refused(json!({"stringData": {"a": 5}})),
        "json: cannot unmarshal number into Go struct field Secret.stringData of type string"
    );
    assert_eq!(
        refused(json!({"data": {"a": "%%%%"}})),
        "illegal base64 data at input byte 0"
    );
    let broken = conform(
        json!({"data": {"a": "TVE9\nPQ=="}}),
        &Type::of_kind("Secret"),
    );
    assert_eq!(broken.unwrap().value["data"]["a"], "TVE9PQ==");
}

#[test]
fn what_is_always_written_is_filled_in_unless_only_what_was_said_counts() {
    let role = json!({"kind": "Role"});
    let ty = Type::of_kind("Role");
    assert_eq!(
        conform(role.clone(), &ty).unwrap().value,
        json!({"kind": "Role", "metadata": {}, "rules": null})
    );
    assert_eq!(read_only(role, &ty).unwrap().value, json!({"kind": "Role"}));
    assert_eq!(
        empty(&Type::of_kind("Deployment"))["spec"]["strategy"],
        json!({})
    );
}

#[test]
fn protobuf_is_read_by_the_numbers() {
    // v1 Secret, metadata.name "s", data {"k": "v"}, type "Opaque".
    let object = b"\x0a\x03\x0a\x01s\x12\x06\x0a\x01k\x12\x01v\x1a\x06Opaque";
    let mut body = b"k8s\0\x0a\x0c\x0a\x02v1\x12\x06Secret\x12".to_vec();
    body.push(u8::try_from(object.len()).unwrap());
    body.extend_from_slice(object);
    assert_eq!(
        decode_protobuf(&body),
        Ok(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "data": {"k": "dg=="}, "type": "Opaque",
        }))
    );
    assert!(decode_protobuf(b"{}").is_err());
    assert!(decode_protobuf(&body[..body.len() - 1]).is_err());
}
