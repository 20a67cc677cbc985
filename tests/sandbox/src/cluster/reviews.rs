//! Questions about rights and identities, answered on the spot.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::api::Api;
use super::authn::User;
use super::kinds::Kind;
use super::rbac::{self, Attempt};
use super::schema::conform;
use super::status::{FieldError, Outcome, Status};
use super::store::text;

/// Answers a review: the document with its `status` filled in.
///
/// # Errors
/// 400 and 422 for documents that ask nothing.
pub(super) fn answer(
    api: &Api,
    kind: &Kind,
    namespace: &str,
    user: &User,
    document: Value,
) -> Outcome<Value> {
    let mut review = conform(document, &kind.ty)
        .map_err(Status::bad_request)?
        .value;
    let status = match kind.kind.as_str() {
        "SelfSubjectReview" => json!({"userInfo": user_info(user)}),
        "TokenReview" => token_review(api, text(&review, "/spec/token")),
        "SelfSubjectRulesReview" => rules_review(api, user, text(&review, "/spec/namespace")),
        "SelfSubjectAccessReview" => access_review(api, kind, user, &review)?,
        _ => {
            let user = reviewed_user(kind, &review)?;
            let asked = text(&review, "/spec/resourceAttributes/namespace");
            if kind.namespaced && asked != namespace {
                let error = FieldError::invalid(
                    "spec.resourceAttributes.namespace",
                    &format!("{asked:?}"),
                    "must match metadata.namespace",
                );
                return Err(Status::invalid(&kind.group, "", "", &[error]));
            }
            access_review(api, kind, &user, &review)?
        }
    };
    let mut answer = json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": {}});
    if let (true, Some(metadata)) = (kind.namespaced, answer.pointer_mut("/metadata")) {
        *metadata = json!({"namespace": namespace});
    }
    if let Some(fields) = answer.as_object_mut() {
        if let Some(spec) = review.get_mut("spec") {
            fields.insert("spec".into(), spec.take());
        }
        fields.insert("status".into(), status);
    }
    Ok(answer)
}

fn access_review(api: &Api, kind: &Kind, user: &User, review: &Value) -> Outcome<Value> {
    let spec = review.get("spec").unwrap_or(&Value::Null);
    let field = |part: &str, key: &str| text(spec, &format!("/{part}/{key}")).to_owned();
    let attempt = match (
        spec.get("resourceAttributes"),
        spec.get("nonResourceAttributes"),
    ) {
        (Some(_), None) => Attempt {
            verb: field("resourceAttributes", "verb"),
            group: field("resourceAttributes", "group"),
            resource: field("resourceAttributes", "resource"),
            subresource: field("resourceAttributes", "subresource"),
            name: field("resourceAttributes", "name"),
            namespace: field("resourceAttributes", "namespace"),
            path: String::new(),
        },
        (None, Some(_)) => Attempt {
            verb: field("nonResourceAttributes", "verb"),
            path: field("nonResourceAttributes", "path"),
            ..Attempt::default()
        },
        (one, _) => {
            let why = if one.is_some() {
                "cannot be specified in combination with resourceAttributes"
            } else {
                "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            };
            let error = FieldError::invalid("spec.resourceAttributes", "null", why);
            return Err(Status::invalid(&kind.group, "", "", &[error]));
        }
    };
    let decision = rbac::decide(&api.store, user, &attempt);
    let mut status = Map::new();
    status.insert("allowed".into(), decision.allowed.into());
    if !decision.reason.is_empty() {
        status.insert("reason".into(), decision.reason.into());
    }
    Ok(Value::Object(status))
}

fn reviewed_user(kind: &Kind, review: &Value) -> Outcome<User> {
    let strings = |value: Option<&Value>| -> Vec<String> {
        let list = value.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let extra = review
        .pointer("/spec/extra")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let user = User {
        name: text(review, "/spec/user").to_owned(),
        uid: text(review, "/spec/uid").to_owned(),
        groups: strings(review.pointer("/spec/groups")),
        extra: extra
            .map(|(key, values)| (key.clone(), strings(Some(values))))
            .collect::<BTreeMap<_, _>>(),
    };
    if user.name.is_empty() && user.groups.is_empty() {
        let error = FieldError::invalid(
            "spec.user",
            "\"\"",
            "at least one of user or group must be specified",
        );
        return Err(Status::invalid(&kind.group, "", "", &[error]));
    }
    Ok(user)
}

fn rules_review(api: &Api, user: &User, namespace: &str) -> Value {
    let rules = rbac::rules_for(&api.store, user, namespace);
    let (paths, resources): (Vec<Value>, Vec<Value>) = rules
        .into_iter()
        .partition(|rule| rule.get("nonResourceURLs").is_some());
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}

fn token_review(api: &Api, token: &str) -> Value {
    match api.users.of_token(token) {
        None => json!({"user": {}, "error": "[invalid bearer token]"}),
        Some(user) => json!({"authenticated": true, "user": user_info(&user)}),
    }
}

fn user_info(user: &User) -> Value {
    let mut info = json!({"username": user.name});
    if let Some(fields) = info.as_object_mut() {
        if !user.uid.is_empty() {
            fields.insert("uid".into(), user.uid.clone().into());
        }
        fields.insert("groups".into(), user.groups.clone().into());
        if !user.extra.is_empty() {
            fields.insert("extra".into(), json!(user.extra));
        }
    }
    info
}
