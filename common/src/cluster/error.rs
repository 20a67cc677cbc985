//! Why a request to an API server did not succeed.

use crate::Failure;
use crate::hint::{self, Hint};
use crate::web::TlsProblem;
use std::time::Duration;

/// A request's failure, as far as callers have to tell them apart.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The API server answered with a `Status` (or with something else, whose
    /// start is then the message).
    #[error("{message}")]
    Api {
        /// HTTP status.
        code: u16,
        /// `Status.reason`, such as `NotFound`; empty when there was none.
        reason: String,
        /// `Status.message`.
        message: String,
    },
    /// No answer within `--request-timeout`.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection could not be made or broke.
    #[error("{0}")]
    Transport(String),
    /// The server's certificate is not trusted.
    #[error("no trusted connection: {problem}")]
    Untrusted {
        /// Why.
        problem: TlsProblem,
        /// The server, `host:port`.
        server: String,
    },
    /// What went wrong on the way through a proxy.
    #[error("{error}, through the proxy {proxy}")]
    ThroughProxy {
        /// What went wrong.
        error: Box<CallError>,
        /// The proxy's address, without a password.
        proxy: String,
    },
    /// The object changed, which an earlier try of ours may have done: its answer was lost.
    #[error("{0}")]
    AfterLostAnswer(Box<CallError>),
    /// We do not do it, for this reason.
    #[error("{0}")]
    Refused(String),
    /// A list that goes on and on.
    #[error("the list has no end: the server sends one page again, or too many pages")]
    Endless,
    /// The answer is not what the API promises.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
}

/// What keeps an object from being stored, besides a missing right. The words are the
/// kube-apiserver's (1.36).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The namespace is being deleted.
    Terminating,
    /// A ResourceQuota of the namespace is used up.
    Quota,
    /// The object would be larger than a Secret may be.
    TooLarge,
    /// A ValidatingAdmissionPolicy of this name.
    Policy(String),
    /// An admission webhook of this name.
    Webhook(String),
}

impl Denial {
    fn read(message: &str) -> Option<Self> {
        let named = |before: &str, quote: char| {
            let (_, rest) = message.split_once(before)?;
            let (name, _) = rest.split_once(quote)?;
            Some(name.to_owned())
        };
        if let Some(name) = named("admission webhook \"", '"') {
            return Some(Self::Webhook(name));
        }
        if let Some(name) = named("ValidatingAdmissionPolicy '", '\'') {
            return Some(Self::Policy(name));
        }
        let says = |text: &str| message.contains(text);
        if says("because it is being terminated") {
            return Some(Self::Terminating);
        }
        if says("exceeded quota: ") {
            return Some(Self::Quota);
        }
        (says("may not be more than 1048576 bytes") || says("Request entity too large"))
            .then_some(Self::TooLarge)
    }
}

impl CallError {
    fn code(&self) -> Option<u16> {
        match self {
            Self::Api { code, .. } => Some(*code),
            Self::AfterLostAnswer(error) => error.code(),
            _ => None,
        }
    }

    /// The object, or its namespace, is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// The object changed since it was read, or already exists.
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// The user has no right to do this.
    pub fn is_forbidden(&self) -> bool {
        self.code() == Some(403) && self.denial().is_none()
    }

    /// What else than a missing right keeps the object from being stored, if the server says so.
    pub fn denial(&self) -> Option<Denial> {
        match self {
            Self::Api { message, .. } => Denial::read(message),
            Self::AfterLostAnswer(error) => error.denial(),
            _ => None,
        }
    }

    /// The server is there but does not take the request now.
    pub(super) fn is_overload(&self) -> bool {
        matches!(self.code(), Some(429 | 500..=599))
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.code(), Some(429 | 500 | 502 | 503 | 504))
            || match self {
                Self::Transport(_) => true,
                Self::ThroughProxy { error, .. } => error.is_transient(),
                _ => false,
            }
    }

    /// Names the proxy on the way, where it may have to do with it.
    pub(super) fn through(self, proxy: Option<&str>) -> Self {
        let on_the_way = matches!(
            self,
            Self::Timeout(_) | Self::Transport(_) | Self::Untrusted { .. }
        );
        match proxy.filter(|_| on_the_way) {
            None => self,
            Some(proxy) => Self::ThroughProxy {
                error: Box::new(self),
                proxy: proxy.to_owned(),
            },
        }
    }

    /// Whether the server could not be talked to.
    fn is_unreachable(&self) -> bool {
        match self {
            Self::Timeout(_)
            | Self::Transport(_)
            | Self::Untrusted { .. }
            | Self::Api { code: 500.., .. } => true,
            Self::ThroughProxy { error, .. } => error.is_unreachable(),
            _ => false,
        }
    }

    /// What to do about a write of the secret that failed, where the error tells.
    pub fn remedy(&self, namespace: &str, secret: &str) -> Option<Hint> {
        let hint = match self.denial()? {
            Denial::Terminating => hint::kubectl("get namespace").arg(namespace).say(&format!(
                " shows that the namespace is being deleted; leave it out with --exclude-namespace {namespace}"
            )),
            Denial::Quota => hint::kubectl_in(namespace, "describe resourcequota").into(),
            Denial::TooLarge => Hint::from("remove entries that are not needed, because a Secret can hold at most 1 MiB: ")
                .run(hint::edit_secret(namespace, secret)),
            Denial::Policy(policy) => Hint::from("look at the policy, and ask its owner for a change: ").run(
                hint::kubectl("get validatingadmissionpolicy")
                    .arg(policy)
                    .words("-o yaml"),
            ),
            Denial::Webhook(webhook) => Hint::from(format!(
                "ask the owner of the admission webhook {webhook} for a change; to find the webhook: "
            ))
            .run(hint::kubectl(
                "get validatingwebhookconfigurations,mutatingwebhookconfigurations -o wide",
            )),
        };
        Some(hint)
    }

    /// The failure of `action` (such as "list secrets in namespace `x`") in `context`.
    pub fn into_failure(self, context: &str, action: &str) -> Failure {
        if let Self::AfterLostAnswer(error) = self {
            return error.into_failure(context, action);
        }
        let message = format!("cannot {action} (context {context}): {self}");
        let failure = match self.is_unreachable() {
            true => Failure::unreachable(message),
            false => Failure::new(message),
        };
        let cause = match &self {
            // A proxy that looks into connections shows a certificate of its own.
            Self::ThroughProxy { error, .. } if matches!(**error, Self::Untrusted { .. }) => error,
            other => other,
        };
        match cause {
            Self::Api { code: 401, .. } => failure.next(
                Hint::from("sign in to the cluster again, then check with: ")
                    .run(hint::kubectl("auth whoami").at(context)),
            ),
            Self::Api { code: 403, .. } => failure.next(
                Hint::from("ask for that right, then check with: ")
                    .run(hint::kubectl("auth can-i --list").at(context)),
            ),
            Self::Timeout(_) | Self::Transport(_) => failure.next(
                Hint::from("check that the API server answers: ")
                    .run(hint::kubectl("version").at(context)),
            ),
            Self::Untrusted { problem, server } => {
                failure.next(problem.remedy(server, "--certificate-authority"))
            }
            Self::ThroughProxy { .. } => failure.next(
                Hint::from(
                    "check the proxy in the kubeconfig or HTTPS_PROXY, or add the host to NO_PROXY, \
                     then try: ",
                )
                .run(hint::kubectl("version").at(context)),
            ),
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_an_object_from_being_stored_is_told_from_a_missing_right() {
        let of = |code, message: &str| CallError::Api {
            code,
            reason: "Forbidden".to_owned(),
            message: message.to_owned(),
        };
        let ending = "secrets \"a\" is forbidden: unable to create new content in namespace shop \
            because it is being terminated";
        let quota = "secrets \"a\" is forbidden: exceeded quota: few, requested: count/secrets=1, \
            used: count/secrets=1, limited: count/secrets=1";
        let large = "Secret \"a\" is invalid: data: Too long: may not be more than 1048576 bytes";
        let policy = "secrets \"a\" is forbidden: ValidatingAdmissionPolicy 'no-pulls' with binding \
            'everywhere' denied request: no";
        let webhook = "admission webhook \"guard.example.com\" denied the request: no";
        for (code, message, denial) in [
            (403, ending, Denial::Terminating),
            (403, quota, Denial::Quota),
            (422, large, Denial::TooLarge),
            (422, policy, Denial::Policy("no-pulls".to_owned())),
            (
                403,
                webhook,
                Denial::Webhook("guard.example.com".to_owned()),
            ),
        ] {
            let error = of(code, message);
            assert_eq!(error.denial(), Some(denial));
            assert!(!error.is_forbidden() && error.remedy("shop", "a").is_some());
        }
        let right = of(
            403,
            "secrets is forbidden: User \"u\" cannot list resource \"secrets\"",
        );
        assert!(right.is_forbidden() && right.denial().is_none());
    }
}
