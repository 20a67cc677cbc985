//! Who may do what, read from the RBAC objects on every request.

use std::sync::Arc;

use serde_json::Value;

use super::authn::{MASTERS, User};
use super::status::Status;
use super::store::{Object, Store, text};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Something somebody wants to do.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempt {
    pub(super) verb: String,
    pub(super) group: String,
    pub(super) resource: String,
    pub(super) subresource: String,
    pub(super) name: String,
    /// "" for the cluster scope.
    pub(super) namespace: String,
    /// The path, where it is not a resource that is asked for.
    pub(super) path: String,
}

/// What RBAC says.
pub(super) struct Decision {
    pub(super) allowed: bool,
    /// Why, in the words of the API server; may be empty.
    pub(super) reason: String,
}

/// Whether a user may do it.
pub(super) fn decide(store: &Store, user: &User, attempt: &Attempt) -> Decision {
    if user.is_in(MASTERS) {
        return Decision {
            allowed: true,
            reason: String::new(),
        };
    }
    let mut missing = Vec::new();
    for granted in grants(store, user, &attempt.namespace) {
        match granted.role {
            None => missing.push(granted.role_missing()),
            Some(ref role) if rules(role).iter().any(|rule| covers(rule, attempt)) => {
                return Decision {
                    allowed: true,
                    reason: granted.reason(),
                };
            }
            Some(_) => {}
        }
    }
    let reason = match missing.as_slice() {
        [] => String::new(),
        [one] => format!("RBAC: {one}"),
        more => format!("RBAC: [{}]", more.join(", ")),
    };
    Decision {
        allowed: false,
        reason,
    }
}

/// The answer to somebody who may not.
pub(super) fn refusal(user: &User, attempt: &Attempt, reason: &str) -> Status {
    let who = &user.name;
    let mut why = if attempt.resource.is_empty() {
        format!(
            "User {who:?} cannot {} path {:?}",
            attempt.verb, attempt.path
        )
    } else {
        let resource = match attempt.subresource.as_str() {
            "" => attempt.resource.clone(),
            subresource => format!("{}/{subresource}", attempt.resource),
        };
        let scope = match attempt.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {namespace:?}"),
        };
        format!(
            "User {who:?} cannot {} resource {resource:?} in API group {:?} {scope}",
            attempt.verb, attempt.group
        )
    };
    if !reason.is_empty() {
        why = format!("{why}: {reason}");
    }
    Status::forbidden(&attempt.group, &attempt.resource, &attempt.name, &why)
}

/// A binding that names the user, and the role it gives.
struct Grant {
    binding: Arc<Object>,
    role: Option<Arc<Object>>,
}

impl Grant {
    fn role_missing(&self) -> String {
        let kind = text(&self.binding.value, "/roleRef/kind").to_lowercase();
        let name = text(&self.binding.value, "/roleRef/name");
        format!("{kind}.{GROUP} {name:?} not found")
    }

    fn reason(&self) -> String {
        let binding = &self.binding.value;
        let name = match text(binding, "/metadata/namespace") {
            "" => self.binding.name().to_owned(),
            namespace => format!("{}/{namespace}", self.binding.name()),
        };
        let subject = binding.pointer("/subjects/0").unwrap_or(&Value::Null);
        format!(
            "RBAC: allowed by {} {name:?} of {} {:?} to {} {:?}",
            text(binding, "/kind"),
            text(binding, "/roleRef/kind"),
            text(binding, "/roleRef/name"),
            text(subject, "/kind"),
            text(subject, "/name"),
        )
    }
}

/// The rules that apply to a user in a namespace, those for the whole cluster included.
pub(super) fn rules_for(store: &Store, user: &User, namespace: &str) -> Vec<Value> {
    if user.is_in(MASTERS) {
        return vec![
            serde_json::json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}),
            serde_json::json!({"verbs": ["*"], "nonResourceURLs": ["*"]}),
        ];
    }
    let grants = grants(store, user, namespace);
    let roles = grants.iter().filter_map(|grant| grant.role.as_ref());
    roles.flat_map(|role| rules(role).to_vec()).collect()
}

fn grants(store: &Store, user: &User, namespace: &str) -> Vec<Grant> {
    let cluster_roles = store.of(GROUP, "clusterroles");
    let mut bindings = store.of(GROUP, "clusterrolebindings").list(None).0;
    if !namespace.is_empty() {
        bindings.extend(store.of(GROUP, "rolebindings").list(Some(namespace)).0);
    }
    bindings.retain(|binding| names(binding, user));
    bindings
        .into_iter()
        .map(|binding| {
            let name = text(&binding.value, "/roleRef/name");
            let role = match text(&binding.value, "/roleRef/kind") {
                "ClusterRole" => cluster_roles.get("", name),
                _ => store.of(GROUP, "roles").get(binding.namespace(), name),
            };
            Grant { binding, role }
        })
        .collect()
}

fn names(binding: &Object, user: &User) -> bool {
    let subjects = binding.value.get("subjects").and_then(Value::as_array);
    subjects.into_iter().flatten().any(|subject| {
        let name = text(subject, "/name");
        match text(subject, "/kind") {
            "User" => name == user.name,
            "Group" => user.is_in(name),
            "ServiceAccount" => {
                let namespace = match text(subject, "/namespace") {
                    "" => binding.namespace(),
                    namespace => namespace,
                };
                user.name == format!("system:serviceaccount:{namespace}:{name}")
            }
            _ => false,
        }
    })
}

fn rules(role: &Object) -> &[Value] {
    role.value
        .get("rules")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn covers(rule: &Value, attempt: &Attempt) -> bool {
    let has = |field: &str, wanted: &str| {
        let values = rule
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        values
            .filter_map(Value::as_str)
            .any(|value| value == "*" || value == wanted)
    };
    if !has("verbs", &attempt.verb) {
        return false;
    }
    if attempt.resource.is_empty() {
        let paths = rule
            .get("nonResourceURLs")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        return paths
            .filter_map(Value::as_str)
            .any(|path| match path.strip_suffix('*') {
                Some(start) => attempt.path.starts_with(start),
                None => path == attempt.path,
            });
    }
    let resource = if attempt.subresource.is_empty() {
        has("resources", &attempt.resource)
    } else {
        has(
            "resources",
            &format!("{}/{}", attempt.resource, attempt.subresource),
        ) || has("resources", &format!("*/{}", attempt.subresource))
    };
    let named = rule
        .get("resourceNames")
        .and_then(Value::as_array)
        .is_none_or(|names| {
            names.is_empty()
                || names
                    .iter()
                    .any(|name| name.as_str() == Some(&attempt.name))
        });
    has("apiGroups", &attempt.group) && resource && named
}

#[cfg(test)]
mod tests;
