//! Requests for objects: which verb on which resource, and in what form the answer is.

use std::cell::RefCell;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::{Api, Call, typed};
use crate::cluster::delete::{DeleteOptions, Deleted};
use crate::cluster::in_seconds;
use crate::cluster::kinds::Kind;
use crate::cluster::negotiate::{self, Form};
use crate::cluster::read::{self, Page};
use crate::cluster::request::{Params, Target, WriteOptions};
use crate::cluster::selectors::Selector;
use crate::cluster::status::{FieldError, Outcome, Status, json_response};
use crate::cluster::store::{Object, text};
use crate::cluster::write::{PatchType, Write};
use crate::cluster::{reviews, watch};

impl Api {
    /// Answers a request for a resource that is served.
    pub(super) fn resource(
        &self,
        kind: &Arc<Kind>,
        target: &Target,
        call: &Call,
    ) -> Outcome<Response<Body>> {
        if !target.subresource.is_empty() && !kind.has(&target.subresource) {
            return Err(Status::unknown_path());
        }
        if kind.is_review() {
            return match call.method {
                Method::POST => {
                    let document = negotiate::document(&call.headers, &call.body, &kind.kind)?;
                    let review =
                        reviews::answer(self, kind, &target.namespace, &call.user, document)?;
                    Ok(json_response(StatusCode::CREATED, &review))
                }
                _ => Err(Status::method_not_allowed()),
            };
        }
        let is_list = target.name.is_empty();
        // A subresource's own document is never a list.
        match (call.method.as_str(), is_list) {
            ("GET" | "HEAD", true) => self.list(kind, target, call),
            ("GET" | "HEAD", false) => self.get(kind, target, call),
            ("POST", false) if target.subresource == "token" => self.token(kind, target, call),
            ("POST", true) if !(kind.namespaced && target.namespace.is_empty()) => {
                self.create(kind, target, call)
            }
            ("PUT", false) => self.update(kind, target, call),
            ("PATCH", false) => self.patch(kind, target, call),
            ("DELETE", false) if target.subresource.is_empty() => self.delete(kind, target, call),
            ("DELETE", true) if kind.verbs().contains(&"deletecollection") => {
                self.delete_collection(kind, target, call)
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    fn selector(kind: &Kind, params: &Params) -> Outcome<Selector> {
        Selector::parse(
            kind,
            params.get("labelSelector"),
            params.get("fieldSelector"),
        )
    }

    fn list(&self, kind: &Arc<Kind>, target: &Target, call: &Call) -> Outcome<Response<Body>> {
        let selector = Self::selector(kind, &call.params)?;
        let collection = self.store.collection(kind);
        let namespace = (!target.namespace.is_empty()).then(|| target.namespace.clone());
        if call.params.flag("watch") {
            let form = negotiate::form(&call.headers, false)?;
            return watch::start(kind, collection, namespace, selector, form, &call.params);
        }
        let form = negotiate::form(&call.headers, true)?;
        let page = read::list(&collection, namespace.as_deref(), &selector, &call.params)?;
        Ok(typed("application/json", page.render(kind, form).into()))
    }

    fn get(&self, kind: &Kind, target: &Target, call: &Call) -> Outcome<Response<Body>> {
        let form = negotiate::form(&call.headers, false)?;
        let namespace = if kind.namespaced {
            target.namespace.as_str()
        } else {
            ""
        };
        match self.store.collection(kind).get(namespace, &target.name) {
            None => Err(Status::not_found(kind, &target.name)),
            Some(object) => Ok(typed("application/json", read::render(kind, &object, form))),
        }
    }

    fn write<'a>(
        &'a self,
        kind: &'a Kind,
        target: &'a Target,
        call: &'a Call,
        options: &str,
    ) -> Outcome<Write<'a>> {
        let agent = call
            .headers
            .get(header::USER_AGENT)
            .and_then(|agent| agent.to_str().ok());
        Ok(Write {
            api: self,
            kind,
            target,
            user: &call.user,
            options: WriteOptions::parse(&call.params, agent.unwrap_or_default(), options)?,
            warnings: RefCell::default(),
        })
    }

    fn create(&self, kind: &Kind, target: &Target, call: &Call) -> Outcome<Response<Body>> {
        let form = negotiate::form(&call.headers, false)?;
        let write = self.write(kind, target, call, "CreateOptions")?;
        let object = write.create(negotiate::document(&call.headers, &call.body, &kind.kind)?)?;
        Ok(written(kind, StatusCode::CREATED, &object, form, &write))
    }

    fn update(&self, kind: &Kind, target: &Target, call: &Call) -> Outcome<Response<Body>> {
        let form = negotiate::form(&call.headers, false)?;
        let write = self.write(kind, target, call, "UpdateOptions")?;
        let object = write.update(negotiate::document(&call.headers, &call.body, &kind.kind)?)?;
        Ok(written(kind, StatusCode::OK, &object, form, &write))
    }

    fn patch(&self, kind: &Kind, target: &Target, call: &Call) -> Outcome<Response<Body>> {
        let form = negotiate::form(&call.headers, false)?;
        let patch_type = patch_type(kind, negotiate::content_type(&call.headers))?;
        let write = self.write(kind, target, call, "PatchOptions")?;
        check_patch_options(patch_type, call, &write)?;
        let patch = match patch_type {
            PatchType::Apply => negotiate::yaml(&call.body)?,
            _ => serde_json::from_slice(&call.body)
                .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?,
        };
        let (object, created) = write.patch(patch_type, &patch)?;
        let code = if created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok(written(kind, code, &object, form, &write))
    }

    fn delete(&self, kind: &Kind, target: &Target, call: &Call) -> Outcome<Response<Body>> {
        let write = self.write(kind, target, call, "DeleteOptions")?;
        match write.delete(&delete_options(call)?)? {
            Deleted::Object(object) => Ok(typed("application/json", object.body.clone())),
            Deleted::Status(status) => Ok(json_response(StatusCode::OK, &status)),
        }
    }

    fn delete_collection(
        &self,
        kind: &Kind,
        target: &Target,
        call: &Call,
    ) -> Outcome<Response<Body>> {
        let selector = Self::selector(kind, &call.params)?;
        let write = self.write(kind, target, call, "DeleteOptions")?;
        let (objects, version) = write.delete_collection(&selector, &delete_options(call)?);
        let page = Page::of(objects, version);
        Ok(typed(
            "application/json",
            page.render(kind, Form::Whole).into(),
        ))
    }

    /// A token for a service account.
    fn token(&self, kind: &Kind, target: &Target, call: &Call) -> Outcome<Response<Body>> {
        let Some(account) = self
            .store
            .collection(kind)
            .get(&target.namespace, &target.name)
        else {
            return Err(Status::not_found(kind, &target.name));
        };
        let mut request = negotiate::document(&call.headers, &call.body, &kind.kind)?;
        let uid = text(&account.value, "/metadata/uid");
        let token = self
            .users
            .service_account_token(&target.namespace, &target.name, uid);
        let seconds = request
            .pointer("/spec/expirationSeconds")
            .and_then(Value::as_i64)
            .unwrap_or(3600);
        if let Some(fields) = request.as_object_mut() {
            fields.insert(
                "status".into(),
                json!({"token": token, "expirationTimestamp": in_seconds(seconds)}),
            );
        }
        Ok(json_response(StatusCode::CREATED, &request))
    }
}

fn patch_type(kind: &Kind, content_type: &str) -> Outcome<PatchType> {
    const ALL: &[(&str, PatchType)] = &[
        ("application/json-patch+json", PatchType::Json),
        ("application/merge-patch+json", PatchType::Merge),
        (
            "application/strategic-merge-patch+json",
            PatchType::Strategic,
        ),
        ("application/apply-patch+yaml", PatchType::Apply),
    ];
    let known = |patch: PatchType| !(kind.custom && patch == PatchType::Strategic);
    match ALL.iter().find(|(name, _)| *name == content_type) {
        Some((_, patch)) if known(*patch) => Ok(*patch),
        Some(_) => {
            let names = ALL
                .iter()
                .filter(|(_, patch)| known(*patch))
                .map(|(name, _)| *name);
            Err(Status::unsupported_media_type(&names.collect::<Vec<_>>()))
        }
        None => Err(Status::unknown_media_type()),
    }
}

fn check_patch_options(patch_type: PatchType, call: &Call, write: &Write<'_>) -> Outcome<()> {
    let mut errors = Vec::new();
    if patch_type == PatchType::Apply {
        if call.params.get("fieldManager").is_empty() {
            errors.push(FieldError::required(
                "fieldManager",
                "is required for apply patch",
            ));
        }
    } else if write.options.force.is_some() {
        errors.push(FieldError::forbidden(
            "force",
            "may not be specified for non-apply patch",
        ));
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &errors))
}

fn delete_options(call: &Call) -> Outcome<DeleteOptions> {
    if call.body.is_empty() {
        return DeleteOptions::parse(Value::Null);
    }
    DeleteOptions::parse(negotiate::document(
        &call.headers,
        &call.body,
        "DeleteOptions",
    )?)
}

fn written(
    kind: &Kind,
    code: StatusCode,
    object: &Arc<Object>,
    form: Form,
    write: &Write<'_>,
) -> Response<Body> {
    let mut response = typed("application/json", read::render(kind, object, form));
    *response.status_mut() = code;
    for warning in write.warnings.borrow().iter() {
        let text = format!("299 - {warning:?}");
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}
