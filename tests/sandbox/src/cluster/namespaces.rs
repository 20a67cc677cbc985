//! The life of a namespace, and the controller that follows it on a thread of its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{io, thread};

use serde_json::{Value, json};

use super::api::Api;
use super::authn::uid;
use super::kinds::Kind;
use super::status::{Outcome, Status};
use super::store::{Object, text};

/// Namespaces that cannot be deleted.
const PERMANENT: &[&str] = &["default", "kube-public", "kube-system"];

/// How long the controller takes to notice a change.
const NOTICE: Duration = Duration::from_millis(3);

/// Whether something may be created in a namespace.
///
/// # Errors
/// 404 where there is no such namespace, 403 where it is being deleted.
pub(super) fn admit(api: &Api, kind: &Kind, namespace: &str, name: &str) -> Outcome<()> {
    let Some(found) = api.store.of("", "namespaces").get("", namespace) else {
        return Err(Status::no_namespace(namespace));
    };
    if found.value.pointer("/metadata/deletionTimestamp").is_some() {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        return Err(
            Status::forbidden(&kind.group, &kind.plural, name, &why).with_causes(vec![json!({
                "reason": "NamespaceTerminating",
                "message": format!("namespace {namespace} is being terminated"),
                "field": "metadata.namespace",
            })]),
        );
    }
    Ok(())
}

/// Whether a namespace may be deleted.
///
/// # Errors
/// 403 for those the cluster cannot be without.
pub(super) fn admit_deletion(name: &str) -> Outcome<()> {
    if PERMANENT.contains(&name) {
        return Err(Status::forbidden(
            "",
            "namespaces",
            name,
            "this namespace may not be deleted",
        ));
    }
    Ok(())
}

/// Starts the controller; send it the name of a namespace when something in it changes.
///
/// # Errors
/// When the thread cannot be started.
pub(super) fn control(
    name: &str,
    start: impl FnOnce(Sender<String>) -> Arc<Api>,
) -> io::Result<Arc<Api>> {
    let (sender, receiver) = channel();
    let api = start(sender);
    let watched = Arc::downgrade(&api);
    thread::Builder::new()
        .name(format!("{name}-namespaces"))
        .spawn(move || follow(&watched, &receiver))?;
    Ok(api)
}

fn follow(api: &Weak<Api>, changed: &Receiver<String>) {
    let mut due: Vec<String> = Vec::new();
    loop {
        let next = if due.is_empty() {
            changed.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            changed.recv_timeout(NOTICE)
        };
        match next {
            Ok(name) => {
                if !due.contains(&name) {
                    due.push(name);
                }
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(api) = api.upgrade() else { return };
        due.retain(|name| !settle(&api, name));
    }
}

/// Brings a namespace a step closer to what it should be; `true` when it is there.
fn settle(api: &Api, name: &str) -> bool {
    let namespaces = api.store.of("", "namespaces");
    let Some(namespace) = namespaces.get("", name) else {
        return true;
    };
    if namespace
        .value
        .pointer("/metadata/deletionTimestamp")
        .is_none()
    {
        ensure_account(api, name);
        return true;
    }
    if !emptied(api, name) {
        // What is left waits for its finalizers: ask again when they are gone.
        return true;
    }
    let mut value = namespace.value.clone();
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        spec.shift_remove("finalizers");
    }
    let waits = value
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());
    if waits {
        let unchanged = value == namespace.value;
        return unchanged
            || namespaces
                .put(("", name), Some(namespace.version), value)
                .is_ok();
    }
    namespaces.remove(("", name), namespace.version).is_ok()
}

/// Creates the ServiceAccount every namespace has, if it is not there.
fn ensure_account(api: &Api, namespace: &str) {
    let accounts = api.store.of("", "serviceaccounts");
    if accounts.get(namespace, "default").is_some() {
        return;
    }
    let account = json!({
        "kind": "ServiceAccount",
        "apiVersion": "v1",
        "metadata": {
            "name": "default",
            "namespace": namespace,
            "uid": uid(),
            "resourceVersion": "",
            "creationTimestamp": super::now(),
        },
    });
    // Somebody else may have created it meanwhile, which is as good.
    drop(accounts.put((namespace, "default"), None, account));
}

/// Deletes what is in a namespace; `true` when nothing is left.
fn emptied(api: &Api, namespace: &str) -> bool {
    let mut empty = true;
    for (_, collection) in api.store.all() {
        for object in collection.list(Some(namespace)).0 {
            let gone = delete(&object, |value| match value {
                None => collection
                    .remove((namespace, object.name()), object.version)
                    .is_ok(),
                Some(value) => {
                    drop(collection.put((namespace, object.name()), Some(object.version), value));
                    false
                }
            });
            empty &= gone;
        }
    }
    empty
}

/// Removes an object, or marks it where finalizers hold it.
fn delete(object: &Object, store: impl FnOnce(Option<Value>) -> bool) -> bool {
    if !held(&object.value) {
        return store(None);
    }
    if object
        .value
        .pointer("/metadata/deletionTimestamp")
        .is_some()
    {
        return false;
    }
    store(Some(marked(&object.value)))
}

/// Whether finalizers hold an object.
pub(super) fn held(object: &Value) -> bool {
    let some = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    some("/metadata/finalizers")
        || (text(object, "/kind") == "Namespace" && some("/spec/finalizers"))
}

/// The object with the mark that it is being deleted.
pub(super) fn marked(object: &Value) -> Value {
    let mut value = object.clone();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("deletionTimestamp".into(), super::now().into());
        if text(object, "/kind") != "Namespace" {
            metadata.insert("deletionGracePeriodSeconds".into(), 0.into());
        }
    }
    if text(object, "/kind") == "Namespace"
        && let Some(status) = value.get_mut("status").and_then(Value::as_object_mut)
    {
        status.insert("phase".into(), "Terminating".into());
    }
    value
}
