//! What the server tells about itself and its resources.

use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::kinds::{Kind, Kinds, join};
use super::negotiate::alternatives;

/// `/version`.
pub(super) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.4",
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "2026-06-09T00:00:00Z",
        "goVersion": "go1.26.4",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// Whether the client takes all resources in one document; the media type if so.
fn aggregated(headers: &HeaderMap) -> Option<&'static str> {
    let wanted = alternatives(headers).into_iter().find_map(|alternative| {
        let known = alternative.group == "apidiscovery.k8s.io"
            && alternative.kind == "APIGroupDiscoveryList";
        match (known, alternative.version) {
            (true, "v2") => Some(Some(
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            )),
            (false, _) if alternative.kind.is_empty() => Some(None),
            _ => None,
        }
    });
    wanted.flatten()
}

/// `/api` and `/apis`: the document and its media type.
pub(super) fn roots(
    kinds: &Kinds,
    core: bool,
    headers: &HeaderMap,
    address: &str,
) -> (Value, &'static str) {
    if let Some(media_type) = aggregated(headers) {
        return (all_resources(kinds, core), media_type);
    }
    let document = if core {
        json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
        })
    } else {
        let groups: Vec<Value> = kinds
            .groups()
            .into_iter()
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, versions)| group(&name, &versions))
            .collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    };
    (document, "application/json")
}

fn group(name: &str, versions: &[String]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": join(name, version), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// `/apis/{group}`; `None` where there is no such group.
pub(super) fn one_group(kinds: &Kinds, name: &str) -> Option<Value> {
    let groups = kinds.groups();
    let mut document = group(name, groups.get(name)?);
    let fields = document.as_object_mut()?;
    fields.insert("kind".into(), "APIGroup".into());
    fields.insert("apiVersion".into(), "v1".into());
    Some(document)
}

/// The resources of a version; `None` where there is no such version.
pub(super) fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let mut list = Vec::new();
    for kind in kinds.in_version(group, version)? {
        let mut entry = json!({
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": kind.verbs(),
        });
        insert_names(&mut entry, &kind);
        list.push(entry);
        for subresource in &kind.subresources {
            let (group, version, of) = subresource_kind(&kind, subresource);
            let mut entry = json!({
                "name": format!("{}/{subresource}", kind.plural),
                "singularName": "",
                "namespaced": kind.namespaced,
                "kind": of,
                "verbs": Kind::subresource_verbs(subresource),
            });
            if !group.is_empty()
                && let Some(fields) = entry.as_object_mut()
            {
                fields.insert("group".into(), group.into());
                fields.insert("version".into(), version.into());
            }
            list.push(entry);
        }
    }
    Some(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": join(group, version),
        "resources": list,
    }))
}

/// Group, version and kind of what a subresource takes, where it is not the resource's own.
fn subresource_kind<'a>(
    kind: &'a Kind,
    subresource: &str,
) -> (&'static str, &'static str, &'a str) {
    if subresource == "token" {
        ("authentication.k8s.io", "v1", "TokenRequest")
    } else {
        ("", "", &kind.kind)
    }
}

fn insert_names(entry: &mut Value, kind: &Kind) {
    let Some(fields) = entry.as_object_mut() else {
        return;
    };
    for (key, names) in [
        ("shortNames", &kind.short_names),
        ("categories", &kind.categories),
    ] {
        if !names.is_empty() {
            fields.insert(key.into(), names.clone().into());
        }
    }
}

fn all_resources(kinds: &Kinds, core: bool) -> Value {
    let mut items = Vec::new();
    for (name, versions) in kinds.groups() {
        if name.is_empty() != core {
            continue;
        }
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| {
                let kinds = kinds.in_version(&name, version).unwrap_or_default();
                let resources: Vec<Value> =
                    kinds.iter().map(|kind| aggregated_resource(kind)).collect();
                json!({"version": version, "resources": resources, "freshness": "Current"})
            })
            .collect();
        let metadata = if core {
            json!({"creationTimestamp": null})
        } else {
            json!({"name": name, "creationTimestamp": null})
        };
        items.push(json!({"metadata": metadata, "versions": versions}));
    }
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn aggregated_resource(kind: &Kind) -> Value {
    let response_kind = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut entry = Map::new();
    entry.insert("resource".into(), kind.plural.clone().into());
    entry.insert(
        "responseKind".into(),
        response_kind(&kind.group, &kind.version, &kind.kind),
    );
    entry.insert(
        "scope".into(),
        if kind.namespaced {
            "Namespaced"
        } else {
            "Cluster"
        }
        .into(),
    );
    entry.insert("singularResource".into(), kind.singular.clone().into());
    entry.insert("verbs".into(), kind.verbs().into());
    let mut entry = Value::Object(entry);
    insert_names(&mut entry, kind);
    let subresources: Vec<Value> = kind
        .subresources
        .iter()
        .map(|name| {
            let (group, version, of) = subresource_kind(kind, name);
            let (group, version) = if group.is_empty() {
                (kind.group.as_str(), kind.version.as_str())
            } else {
                (group, version)
            };
            json!({
                "subresource": name,
                "responseKind": response_kind(group, version, of),
                "verbs": Kind::subresource_verbs(name),
            })
        })
        .collect();
    if !subresources.is_empty()
        && let Some(fields) = entry.as_object_mut()
    {
        fields.insert("subresources".into(), subresources.into());
    }
    entry
}
