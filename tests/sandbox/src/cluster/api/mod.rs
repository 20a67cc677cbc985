//! One request from its arrival to its answer.

mod about;
mod objects;

use std::sync::Arc;
use std::sync::mpsc::Sender;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};

use super::authn::{self, User, Users};
use super::kinds::{Kind, Kinds};
use super::rbac::{self, Attempt};
use super::request::{Params, Target};
use super::selectors::Selector;
use super::status::{Outcome, Status};
use super::store::{Object, Store, text};
use super::{bootstrap, definitions};

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
    pub(super) fn new(controller: Sender<String>, uid: Option<String>) -> Arc<Self> {
        let api = Self {
            store: Store::new(),
            kinds: Kinds::new(),
            users: Users::default(),
            controller,
        };
        if let Some(namespace) = api.kinds.find("", "v1", "namespaces") {
            bootstrap::fill(&api.store, &namespace, uid.as_deref());
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
