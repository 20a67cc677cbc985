//! What a rendered MachineConfig brings to the nodes as their pull secret.

use super::observed::Current;
use crate::Failure;
use crate::cluster::{Cluster, Resource};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

const CONFIGS: Resource = Resource::v1("machineconfiguration.openshift.io", "machineconfigs");
/// Where the kubelet reads it.
const FILE: &str = "/var/lib/kubelet/config.json";

/// Whether rendered configs bring a certain content; each is asked for once, since it never
/// changes and is large.
#[derive(Default)]
pub struct Rendered {
    known: HashMap<String, Holds>,
    /// Why configs of a context cannot be looked into, once that is known.
    pub(super) blind: HashMap<String, Failure>,
}

/// What a rendered config brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// What the secret holds now.
    Current,
    /// Something else.
    Older,
    /// It cannot be seen.
    Unknown,
}

impl Holds {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Older => "older",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Deserialize)]
struct MachineConfig {
    spec: Option<Spec>,
}

#[derive(Deserialize)]
struct Spec {
    config: Option<Value>,
}

impl Rendered {
    /// Whether the rendered config `name` brings the secret's content.
    pub(super) async fn holds(&mut self, cluster: &Cluster, name: &str, secret: &Current) -> Holds {
        let version = &secret.secret.resource_version;
        let key = format!("{}/{name}/{version}", cluster.context());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let holds = match cluster.get::<MachineConfig>(&CONFIGS.named(name)).await {
            Ok(config) => compare(config, secret.content()),
            Err(error) if error.is_forbidden() => {
                let action = format!("get machineconfigs/{name}");
                let context = cluster.context();
                let failure = error.into_failure(context, &action);
                self.blind.insert(context.to_owned(), failure);
                Holds::Unknown
            }
            // It may be rendered in a moment, or be there in a moment.
            Err(_) => return Holds::Unknown,
        };
        self.known.insert(key, holds);
        holds
    }
}

fn compare(config: MachineConfig, content: &[u8]) -> Holds {
    let config = config.spec.and_then(|spec| spec.config);
    let Some(found) = config.as_ref().and_then(file) else {
        return Holds::Unknown;
    };
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    match (parse(&found), parse(content)) {
        (Some(found), Some(wanted)) if found == wanted => Holds::Current,
        (None, None) if found == content => Holds::Current,
        _ => Holds::Older,
    }
}

/// The file's content in an Ignition config.
fn file(config: &Value) -> Option<Vec<u8>> {
    let files = config.pointer("/storage/files")?.as_array()?;
    let file = files.iter().find(|file| file["path"] == FILE)?;
    let contents = &file["contents"];
    if !contents["compression"]
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        return None;
    }
    decode(contents["source"].as_str()?)
}

/// The bytes of a `data:` URL.
fn decode(url: &str) -> Option<Vec<u8>> {
    let (kind, data) = url.strip_prefix("data:")?.split_once(',')?;
    let plain = percent_decoded(data)?;
    match kind.ends_with(";base64") {
        true => STANDARD.decode(plain).ok(),
        false => Some(plain),
    }
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(source: &str) -> MachineConfig {
        let config = json!({"spec": {"config": {"storage": {"files": [
            {"path": "/etc/other", "contents": {"source": "data:,x"}},
            {"path": FILE, "contents": {"compression": "", "source": source}},
        ]}}}});
        serde_json::from_value(config).unwrap()
    }

    #[test]
    fn the_kubelets_file_is_found_however_it_is_encoded() {
        let content = br#"{"auths":{"a":{"auth":"YTpi"}}}"#;
        // printf '{"auths":{"a":{"auth":"YTpi"}}}' | base64
        for (source, holds) in [
            (
                "data:,%7B%22auths%22%3A%7B%22a%22:%7B%22auth%22:%22YTpi%22%7D%7D%7D%0A",
                Holds::Current,
            ),
            (
                "data:text/plain;charset=utf-8;base64,eyJhdXRocyI6eyJhIjp7ImF1dGgiOiJZVHBpIn19fQ==",
                Holds::Current,
            ),
            ("data:,%7B%22auths%22%3A%7B%7D%7D", Holds::Older),
            ("https://elsewhere/x", Holds::Unknown),
            ("data:,%7", Holds::Unknown),
        ] {
            assert_eq!(compare(config(source), content), holds, "{source}");
        }
        let empty = MachineConfig { spec: None };
        assert_eq!(compare(empty, content), Holds::Unknown);
    }
}
