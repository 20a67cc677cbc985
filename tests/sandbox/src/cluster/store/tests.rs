use serde_json::{Value, json};

use super::{Change, HISTORY, Store};

fn object(name: &str) -> Value {
    json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"namespace": "ns", "name": name, "resourceVersion": "0"}})
}

#[test]
fn a_write_needs_the_version_that_is_stored() {
    let secrets = Store::new().of("", "secrets");
    let first = secrets.put(("ns", "a"), None, object("a")).ok().unwrap();
    assert!(secrets.put(("ns", "a"), None, object("a")).is_err());
    let second = secrets
        .put(("ns", "a"), Some(first.version), object("a"))
        .ok()
        .unwrap();
    assert!(
        secrets
            .put(("ns", "a"), Some(first.version), object("a"))
            .is_err()
    );
    assert!(secrets.remove(("ns", "a"), first.version).is_err());
    assert!(secrets.remove(("ns", "a"), second.version).is_ok());
}

#[test]
fn versions_grow_through_all_collections() {
    let store = Store::new();
    let one = store
        .of("", "secrets")
        .put(("ns", "a"), None, object("a"))
        .ok()
        .unwrap();
    let other = store
        .of("", "pods")
        .put(("ns", "a"), None, object("a"))
        .ok()
        .unwrap();
    assert_eq!(other.version, one.version + 1);
    assert_eq!(
        other.value["metadata"]["resourceVersion"],
        other.version.to_string()
    );
    assert_eq!(store.of("", "secrets").list(None).1, other.version);
}

#[test]
fn lists_are_in_the_order_of_namespace_slash_name() {
    let secrets = Store::new().of("", "secrets");
    for (namespace, name) in [("b", "x"), ("a", "y"), ("a-b", "z"), ("a", "x")] {
        let mut value = object(name);
        value["metadata"]["namespace"] = namespace.into();
        assert!(secrets.put((namespace, name), None, value).is_ok());
    }
    let names = |namespace| -> Vec<String> {
        let (objects, _) = secrets.list(namespace);
        objects
            .iter()
            .map(|object| format!("{}/{}", object.namespace(), object.name()))
            .collect()
    };
    assert_eq!(names(None), ["a-b/z", "a/x", "a/y", "b/x"]);
    assert_eq!(names(Some("a")), ["a/x", "a/y"]);
}

#[test]
fn an_item_of_a_list_is_the_object_without_its_kind() {
    let secrets = Store::new().of("", "secrets");
    let stored = secrets.put(("ns", "a"), None, object("a")).ok().unwrap();
    let item = format!("{{{}", String::from_utf8_lossy(stored.fields_json()));
    let item: Value = serde_json::from_str(&item).unwrap();
    assert_eq!(item, json!({"metadata": stored.value["metadata"]}));
}

#[test]
fn changes_are_remembered_until_too_many_follow() {
    let secrets = Store::new().of("", "secrets");
    let (_, start) = secrets.list(None);
    let mut seen = None;
    for _ in 0..HISTORY {
        seen = secrets
            .put(("ns", "a"), seen, object("a"))
            .ok()
            .map(|object| object.version);
    }
    let (events, reached) = secrets.since(start).ok().unwrap();
    assert_eq!(events.len(), HISTORY);
    assert!(events[0].change == Change::Added && events[1].change == Change::Modified);
    assert_eq!(Some(reached), seen);
    assert!(secrets.remove(("ns", "a"), reached).is_ok());
    assert!(secrets.since(start).is_err());
    assert_eq!(secrets.since(reached).ok().unwrap().0.len(), 1);
}
