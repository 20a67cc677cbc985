//! One request from its arrival to its answer.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};

use super::authn::{self, User, Users};
use super::delete::{DeleteOptions, Deleted};
use super::kinds::{Kind, Kinds};
use super::negotiate::{self, Form};
use super::rbac::{self, Attempt};
use super::read::{self, Page};
use super::request::{Params, Target, WriteOptions};
use super::selectors::Selector;
use super::status::{Outcome, Status, json_response};
use super::store::{Object, Store, text};
use super::write::{PatchType, Write};
use super::{bootstrap, definitions, discovery, openapi, reviews, watch};

/// The largest body that is read.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// The cluster behind the server.
pub(super) struct Api {
    pub(super) store: Store,
    pub(super) kinds: Kinds,
    pub(super) users: Users,
    controller: Sender<String>,
}

/// The parts of a request that are left when its body is read.
struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    params: Params,
    user: User,
    body: Bytes,
}

impl Api {
    pub(super) fn new(controller: Sender<String>) -> Arc<Self> {
        let api = Self {
            store: Store::new(),
            kinds: Kinds::new(),
            users: Users::default(),
            controller,
        };
        if let Some(namespace) = api.kinds.find("", "v1", "namespaces") {
            bootstrap::fill(&api.store, &namespace);
        }
        for name in bootstrap::NAMESPACES {
            api.notice(name);
        }
        Arc::new(api)
    }

    /// Has the controller look at a namespace.
    fn notice(&self, namespace: &str) {
        // It is gone only when the cluster is.
        drop(self.controller.send(namespace.to_owned()));
    }

    /// Answers a request.
    pub(super) async fn serve(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        self.answer(request)
            .await
            .unwrap_or_else(|status| status.response())
    }

    async fn answer(&self, request: Request<Body>) -> Outcome<Response<Body>> {
        let (parts, body) = request.into_parts();
        let params = Params::parse(&parts.uri);
        let path = parts.uri.path().to_owned();
        let user = self.acting_user(&parts.headers)?;
        let target = Target::parse(&path);
        let attempt = match &target {
            Some(target) => {
                let mut attempt = self.attempt(target.verb(&parts.method, &params), target);
                if attempt.name.is_empty() {
                    Selector::name_in(params.get("fieldSelector")).clone_into(&mut attempt.name);
                }
                attempt
            }
            None => Attempt {
                verb: parts.method.as_str().to_lowercase(),
                path: path.clone(),
                ..Attempt::default()
            },
        };
        self.require(&user, &attempt)?;
        let body = Limited::new(body, BODY_LIMIT)
            .collect()
            .await
            .map_err(|_| Status::too_large(&format!("limit is {BODY_LIMIT}")))?;
        let call = Call {
            method: parts.method,
            path,
            headers: parts.headers,
            params,
            user,
            body: body.to_bytes(),
        };
        match target {
            None => self.about(&call),
            Some(target) => match self
                .kinds
                .find(&target.group, &target.version, &target.plural)
            {
                None => Ok(no_such_page()),
                Some(kind) => self.resource(&kind, &target, &call),
            },
        }
    }

    /// Who the request comes from, or whom it may act as.
    fn acting_user(&self, headers: &HeaderMap) -> Outcome<User> {
        let sender = self.users.sender(headers)?;
        let Some(wanted) = authn::impersonated(headers)? else {
            return Ok(sender);
        };
        for (resource, namespace, name) in wanted.needs {
            let attempt = Attempt {
                verb: "impersonate".into(),
                resource: resource.into(),
                namespace,
                name,
                ..Attempt::default()
            };
            self.require(&sender, &attempt)?;
        }
        Ok(wanted.user)
    }

    /// What doing this to that takes.
    pub(super) fn attempt(&self, verb: &str, target: &Target) -> Attempt {
        Attempt {
            verb: verb.to_owned(),
            group: target.group.clone(),
            resource: target.plural.clone(),
            subresource: target.subresource.clone(),
            name: target.name.clone(),
            namespace: target.namespace.clone(),
            path: String::new(),
        }
    }

    /// Refuses what a user may not do.
    ///
    /// # Errors
    /// 403, in the API server's words.
    pub(super) fn require(&self, user: &User, attempt: &Attempt) -> Outcome<()> {
        let decision = rbac::decide(&self.store, user, attempt);
        if decision.allowed {
            return Ok(());
        }
        Err(rbac::refusal(user, attempt, &decision.reason))
    }

    /// Paths that are not about objects.
    fn about(&self, call: &Call) -> Outcome<Response<Body>> {
        let path = call.path.trim_end_matches('/');
        let document = match path
            .trim_start_matches('/')
            .split('/')
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["healthz" | "readyz" | "livez"] => return Ok(plain(StatusCode::OK, "ok")),
            ["version"] => Some(discovery::version()),
            [root @ ("api" | "apis")] => {
                let host = call
                    .headers
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok());
                let address = host.unwrap_or("127.0.0.1");
                let (document, media_type) =
                    discovery::roots(&self.kinds, *root == "api", &call.headers, address);
                return Ok(typed(media_type, document.to_string().into()));
            }
            ["api", version] => discovery::resources(&self.kinds, "", version),
            ["apis", group] => discovery::one_group(&self.kinds, group),
            ["apis", group, version] => discovery::resources(&self.kinds, group, version),
            ["openapi", "v2"] => {
                return Ok(typed(openapi::V2_TYPE, Bytes::from_static(openapi::V2)));
            }
            ["openapi", "v3"] => Some(openapi::index(&self.kinds)),
            ["openapi", "v3", rest @ ..] => openapi::group_version(&self.kinds, &rest.join("/")),
            _ => None,
        };
        Ok(document.map_or_else(no_such_page, |document| {
            json_response(StatusCode::OK, &document)
        }))
    }

    fn resource(&self, kind: &Arc<Kind>, target: &Target, call: &Call) -> Outcome<Response<Body>> {
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
                json!({"token": token, "expirationTimestamp": super::in_seconds(seconds)}),
            );
        }
        Ok(json_response(StatusCode::CREATED, &request))
    }

    /// What follows from an object that was stored.
    pub(super) fn written(&self, kind: &Kind, object: &Object) {
        if kind.is_core("namespaces") {
            self.notice(object.name());
        } else if kind.is("apiextensions.k8s.io", "customresourcedefinitions") {
            definitions::serve(&self.kinds, &object.value);
        }
    }

    /// What follows from an object that was removed.
    pub(super) fn removed(&self, kind: &Kind, object: &Object) {
        if kind.is("apiextensions.k8s.io", "customresourcedefinitions") {
            definitions::withdraw(&self.kinds, &object.value);
            let group = text(&object.value, "/spec/group");
            let collection = self
                .store
                .of(group, text(&object.value, "/spec/names/plural"));
            for orphan in collection.list(None).0 {
                drop(collection.remove((orphan.namespace(), orphan.name()), orphan.version));
            }
        } else if kind.namespaced {
            self.notice(object.namespace());
        }
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
    use super::status::FieldError;
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

fn typed(media_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn plain(code: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = typed(
        "text/plain; charset=utf-8",
        Bytes::from_static(text.as_bytes()),
    );
    *response.status_mut() = code;
    response
}

fn no_such_page() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "404 page not found\n")
}
