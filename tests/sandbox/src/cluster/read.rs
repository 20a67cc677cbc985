//! Getting and listing, in the form the client asks for.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::negotiate::Form;
use super::request::Params;
use super::selectors::Selector;
use super::status::{Outcome, Status};
use super::store::{Collection, Object, text};
use super::table;

/// One page of a list.
pub(super) struct Page {
    objects: Vec<Arc<Object>>,
    version: u64,
    /// Where the next page begins.
    next: Option<String>,
    /// How many objects follow, where that is known.
    remaining: Option<usize>,
}

/// Lists what a request selects.
///
/// # Errors
/// 400 for parameters that make no sense, 410 for a page asked for too late.
pub(super) fn list(
    collection: &Collection,
    namespace: Option<&str>,
    selector: &Selector,
    params: &Params,
) -> Outcome<Page> {
    let limit: usize = match params.get("limit") {
        "" => 0,
        limit => limit.parse().map_err(|_| {
            Status::bad_request(format!(
                "strconv.ParseInt: parsing {limit:?}: invalid syntax"
            ))
        })?,
    };
    let (mut objects, version, from) = match params.get("continue") {
        "" => {
            let (objects, version) = collection.list(namespace);
            (Arc::new(objects), version, None)
        }
        token => {
            let (version, from) = read_token(token)?;
            let Some(objects) = collection.snapshot(version) else {
                return Err(Status::expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
                ));
            };
            (objects, version, Some(from))
        }
    };
    if !selector.is_everything() {
        objects = Arc::new(
            objects
                .iter()
                .filter(|object| selector.matches(object))
                .cloned()
                .collect(),
        );
    }
    let start = match &from {
        None => 0,
        Some(from) => objects.partition_point(|object| place(object) <= *from),
    };
    let end = if limit == 0 {
        objects.len()
    } else {
        objects.len().min(start + limit)
    };
    let page: Vec<Arc<Object>> = objects.get(start..end).unwrap_or_default().to_vec();
    let left = objects.len() - end;
    let next = page
        .last()
        .filter(|_| left > 0)
        .map(|last| token(version, &place(last)));
    if next.is_some() && from.is_none() {
        // Without the selector: the next request brings its own.
        collection.keep_snapshot(version, objects.to_vec());
    }
    if params.has("resourceVersion") {
        check_version(params, version)?;
    }
    Ok(Page {
        objects: page,
        version,
        remaining: (next.is_some() && selector.is_everything()).then_some(left),
        next,
    })
}

/// A list at a version the cluster has not reached.
fn check_version(params: &Params, version: u64) -> Outcome<()> {
    let wanted = params.get("resourceVersion");
    let number: u64 = if wanted.is_empty() {
        0
    } else {
        wanted.parse().map_err(|_| {
            Status::bad_request(format!("invalid resource version: resourceVersion: Invalid value: {wanted:?}: strconv.ParseUint: parsing {wanted:?}: invalid syntax"))
        })?
    };
    if number > version {
        return Err(Status::new(
            504,
            "Timeout",
            format!("Timeout: Too large resource version: {number}, current: {version}"),
        ));
    }
    Ok(())
}

fn place(object: &Object) -> String {
    format!("{}/{}", object.namespace(), object.name())
}

fn token(version: u64, start: &str) -> String {
    let token = json!({"v": "meta.k8s.io/v1", "rv": version, "start": format!("{start}\0")});
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn read_token(token: &str) -> Outcome<(u64, String)> {
    let read = || -> Option<(u64, String)> {
        let token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let start = token
            .get("start")?
            .as_str()?
            .trim_end_matches('\0')
            .to_owned();
        Some((token.get("rv")?.as_u64()?, start))
    };
    read().ok_or_else(|| Status::bad_request("invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value"))
}

impl Page {
    /// A page of everything there is.
    pub(super) fn of(objects: Vec<Arc<Object>>, version: u64) -> Self {
        Self {
            objects,
            version,
            next: None,
            remaining: None,
        }
    }

    /// The list as JSON.
    pub(super) fn render(&self, kind: &Kind, form: Form) -> Vec<u8> {
        let mut metadata = json!({"resourceVersion": self.version.to_string()});
        if let Some(fields) = metadata.as_object_mut() {
            if let Some(next) = &self.next {
                fields.insert("continue".into(), next.clone().into());
            }
            if let Some(remaining) = self.remaining {
                fields.insert("remainingItemCount".into(), remaining.into());
            }
        }
        match form {
            Form::Table => line(&table::render(kind, &self.objects, &metadata)),
            Form::Metadata => {
                let items: Vec<Value> = self.objects.iter().map(|object| partial(object)).collect();
                line(&json!({
                    "kind": "PartialObjectMetadataList",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata,
                    "items": items,
                }))
            }
            Form::Whole => self.whole(kind, &metadata),
        }
    }

    /// Every object was turned into JSON when it was written; here it is only copied.
    fn whole(&self, kind: &Kind, metadata: &Value) -> Vec<u8> {
        let mut head = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            head,
            "{{\"kind\":{:?},\"apiVersion\":{:?},\"metadata\":{metadata},\"items\":[",
            kind.list_kind,
            kind.api_version()
        );
        let total: usize = self.objects.iter().map(|object| object.body.len()).sum();
        let mut body = Vec::with_capacity(head.len() + total + 2);
        body.extend_from_slice(head.as_bytes());
        for (index, object) in self.objects.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            if kind.custom {
                body.extend_from_slice(object.json());
            } else {
                // Items of built-in kinds come without their kind.
                body.push(b'{');
                body.extend_from_slice(object.fields_json());
            }
        }
        body.extend_from_slice(b"]}\n");
        body
    }
}

/// One object in the form the client asks for, and a newline.
pub(super) fn render(kind: &Kind, object: &Arc<Object>, form: Form) -> bytes::Bytes {
    match form {
        Form::Whole => object.body.clone(),
        Form::Metadata => line(&partial(object)).into(),
        Form::Table => {
            let metadata =
                json!({"resourceVersion": text(&object.value, "/metadata/resourceVersion")});
            line(&table::render(
                kind,
                std::slice::from_ref(object),
                &metadata,
            ))
            .into()
        }
    }
}

/// A document as answers end: with a newline.
fn line(document: &Value) -> Vec<u8> {
    format!("{document}\n").into_bytes()
}

/// An object's metadata alone.
pub(super) fn partial(object: &Object) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.value.get("metadata"),
    })
}
