//! What a request asks for, read from its method, path and query.

use axum::extract::Query;
use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::status::{FieldError, Outcome, Status};

/// A request for a resource, before it is known whether it exists.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) subresource: String,
}

impl Target {
    /// `None` where the path is not one of a resource.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let decoded: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            // A namespace is in itself: rights on it can be granted there.
            ["namespaces", name] | ["namespaces", name, "status" | "finalize"] => (*name, rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return None,
        };
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    }

    /// The verb rights are granted for.
    pub(super) fn verb(&self, method: &Method, params: &Params) -> &'static str {
        match (method.as_str(), self.name.is_empty()) {
            ("GET" | "HEAD", true) if params.flag("watch") => "watch",
            ("GET" | "HEAD", true) => "list",
            ("GET" | "HEAD", false) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "deletecollection",
            ("DELETE", false) => "delete",
            _ => "",
        }
    }
}

/// The query.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(uri: &Uri) -> Self {
        Query::try_from_uri(uri).map_or_else(|_| Self::default(), |Query(pairs)| Self(pairs))
    }

    /// The first value of a parameter; "" where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Absent, `false` and `0` mean no; anything else means yes.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.has(name) && !matches!(self.get(name), "false" | "0")
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let matching = self.0.iter().filter(move |(key, _)| key == name);
        matching.map(|(_, value)| value.as_str())
    }
}

/// What happens to fields the type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// How a write is to be carried out.
#[derive(Clone, Debug)]
pub(super) struct WriteOptions {
    pub(super) dry_run: bool,
    pub(super) validation: FieldValidation,
    pub(super) manager: String,
    pub(super) force: Option<bool>,
}

impl WriteOptions {
    /// Reads the options; `options_kind` names them in errors, `CreateOptions` for instance.
    ///
    /// # Errors
    /// 422 for a value the API server does not know.
    pub(super) fn parse(params: &Params, agent: &str, options_kind: &str) -> Outcome<Self> {
        let mut errors = Vec::new();
        let dry_run: Vec<&str> = params.all("dryRun").collect();
        if dry_run.iter().any(|value| *value != "All") {
            errors.push(FieldError::not_supported(
                "dryRun",
                &format!("{dry_run:?}"),
                &["All"],
            ));
        }
        let validation = match params.get("fieldValidation") {
            "Ignore" => FieldValidation::Ignore,
            "" | "Warn" => FieldValidation::Warn,
            "Strict" => FieldValidation::Strict,
            other => {
                let known = ["", "Ignore", "Strict", "Warn"];
                errors.push(FieldError::not_supported(
                    "fieldValidation",
                    &format!("{other:?}"),
                    &known,
                ));
                FieldValidation::Ignore
            }
        };
        if !errors.is_empty() {
            return Err(Status::invalid("meta.k8s.io", options_kind, "", &errors));
        }
        let manager = match params.get("fieldManager") {
            "" => agent.split('/').next().unwrap_or_default(),
            manager => manager,
        };
        Ok(Self {
            dry_run: params.has("dryRun"),
            validation,
            manager: manager.to_owned(),
            force: params.has("force").then(|| params.flag("force")),
        })
    }
}
