//! What a rendered MachineConfig brings to the nodes as their pull secret.

use super::contents::{Difference, auths};
use super::observed::Current;
use super::pools::Pool;
use crate::Failure;
use crate::cluster::{CallError, Cluster, Resource};
use crate::hint::{self, Hint};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

const CONFIGS: Resource = Resource::v1("machineconfiguration.openshift.io", "machineconfigs");
/// Where the kubelet reads it.
const FILE: &str = "/var/lib/kubelet/config.json";
/// What the MachineConfigs begin with that the Machine Config Operator makes of its templates;
/// one of each pool brings the secret.
const TEMPLATE: &str = "00-";

/// What rendered configs bring; each is asked for once, since it never changes and is large.
#[derive(Default)]
pub struct Rendered {
    known: HashMap<String, Brought>,
    /// Why configs of a context cannot be looked into, once that is known.
    pub(super) blind: HashMap<String, Failure>,
}

/// What one rendered config brings to the nodes, of what the secret holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Brought {
    /// Every entry.
    Current {
        /// Keys of entries that are not the secret's.
        also: Vec<String>,
        /// The MachineConfig that writes the file in the secret's place.
        by: Option<String>,
    },
    /// Something else: the roll-out of what the secret holds now has not begun.
    Older,
    /// What this MachineConfig holds, whatever is in the secret.
    Replaced {
        /// Its name.
        by: String,
    },
    /// There is no secret to compare it with.
    NoSecret,
    /// There is no right to look into it.
    Forbidden,
    /// It has no pull secret that can be read.
    Unreadable,
    /// It could not be read now.
    Unseen,
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

impl Brought {
    pub(super) fn holds(&self) -> Holds {
        match self {
            Self::Current { .. } => Holds::Current,
            Self::Older | Self::Replaced { .. } => Holds::Older,
            Self::NoSecret | Self::Forbidden | Self::Unreadable | Self::Unseen => Holds::Unknown,
        }
    }
}

impl Rendered {
    /// What the rendered config that the pool wants brings of the secret's content.
    pub(super) async fn look(
        &mut self,
        cluster: &Cluster,
        pool: &Pool,
        secret: &Current,
    ) -> Brought {
        let name = &pool.wanted_config;
        let version = &secret.secret.resource_version;
        let key = format!("{}/{name}/{version}", cluster.context());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let brought = match cluster.get::<MachineConfig>(&CONFIGS.named(name)).await {
            Ok(config) => match config.file() {
                None => Brought::Unreadable,
                Some(found) => match compare(&found, secret.content()) {
                    Ok(also) => Brought::Current { also, by: None },
                    Err(difference) => match replaced(cluster, pool, &found, difference).await {
                        Some(brought) => brought,
                        None => return Brought::Unseen,
                    },
                },
            },
            Err(error) if error.is_forbidden() => {
                self.note_forbidden(cluster, error, pool);
                Brought::Forbidden
            }
            // It may be rendered in a moment, or be there in a moment.
            Err(_) => return Brought::Unseen,
        };
        self.known.insert(key, brought.clone());
        brought
    }

    fn note_forbidden(&mut self, cluster: &Cluster, error: CallError, pool: &Pool) {
        let context = cluster.context();
        let action = format!("get machineconfigs/{}", pool.wanted_config);
        let right = format!("auth can-i get {}.{}", CONFIGS.plural(), CONFIGS.group());
        let failure = error.into_failure(context, &action).next(
            Hint::from("ask for the right to get machineconfigs, then check with: ")
                .run(hint::kubectl(&right).at(context)),
        );
        self.blind.insert(context.to_owned(), failure);
    }
}

/// The keys that the file holds beyond the secret's entries, if that is all: the Machine Config
/// Operator adds those of its own registry.
///
/// # Errors
/// How else they differ; `None` if that cannot be told by entries.
fn compare(found: &[u8], secret: &[u8]) -> Result<Vec<String>, Option<Difference>> {
    let (Some(wanted), Some(found_auths)) = (auths(secret), auths(found)) else {
        return match found.trim_ascii() == secret.trim_ascii() {
            true => Ok(Vec::new()),
            false => Err(None),
        };
    };
    let difference = Difference::between(&wanted, &found_auths);
    let is_known = difference.beyond.iter().all(|key| is_internal(key));
    match difference.behind.is_empty() && is_known {
        true => Ok(difference.beyond),
        false => Err(Some(difference)),
    }
}

/// Keys of the registry that the Machine Config Operator runs for release images.
fn is_internal(key: &str) -> bool {
    key.strip_suffix(":22625")
        .is_some_and(|host| host == "localhost" || host.starts_with("api-int."))
}

/// Why a file differs from the secret: somebody's own MachineConfig writes it, or the secret
/// changed since it was rendered. `None` if that could not be seen now.
async fn replaced(
    cluster: &Cluster,
    pool: &Pool,
    found: &[u8],
    difference: Option<Difference>,
) -> Option<Brought> {
    let theirs = pool.sources.iter();
    let theirs = theirs.filter(|name| !name.starts_with(TEMPLATE));
    for name in theirs {
        let source = match cluster.get::<MachineConfig>(&CONFIGS.named(name)).await {
            Ok(source) => source,
            // Another config was rendered without it since.
            Err(error) if error.is_not_found() => continue,
            Err(_) => return None,
        };
        if source.file().is_some_and(|file| file == found) {
            let by = name.clone();
            return Some(match difference {
                Some(difference) if difference.behind.is_empty() => Brought::Current {
                    also: difference.beyond,
                    by: Some(by),
                },
                _ => Brought::Replaced { by },
            });
        }
    }
    Some(Brought::Older)
}

impl MachineConfig {
    /// The kubelet's file in it.
    fn file(&self) -> Option<Vec<u8>> {
        file(self.spec.as_ref()?.config.as_ref()?)
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
        // printf '{"auths":{"a":{"auth":"YTpi"}}}' | base64
        for (source, content) in [
            (
                "data:,%7B%22auths%22%3A%7B%22a%22:%7B%22auth%22:%22YTpi%22%7D%7D%7D%0A",
                Some("{\"auths\":{\"a\":{\"auth\":\"YTpi\"}}}\n"),
            ),
            (
                "data:text/plain;charset=utf-8;base64,eyJhdXRocyI6eyJhIjp7ImF1dGgiOiJZVHBpIn19fQ==",
                Some("{\"auths\":{\"a\":{\"auth\":\"YTpi\"}}}"),
            ),
            ("https://elsewhere/x", None),
            ("data:,%7", None),
        ] {
            let found = config(source).file();
            assert_eq!(found.as_deref(), content.map(str::as_bytes), "{source}");
        }
        assert_eq!(MachineConfig { spec: None }.file(), None);
    }

    #[test]
    fn a_file_is_current_if_it_holds_every_entry_and_only_the_operators_own_beside_them() {
        let secret = br#"{"auths":{"a":{"auth":"YTpi","email":""}},"x":1}"#;
        let entry = r#"{ "email": "", "auth": "YTpi" }"#;
        let holds = |more: &str| {
            let text = format!(r#"{{"auths": {{"a": {entry}{more}}}}}"#);
            compare(text.as_bytes(), secret)
        };
        assert_eq!(holds(""), Ok(Vec::new()));
        let own = r#","localhost:22625":{},"api-int.c.example.com:22625":{}"#;
        assert_eq!(
            holds(own),
            Ok(vec![
                "api-int.c.example.com:22625".to_owned(),
                "localhost:22625".to_owned()
            ])
        );
        // What was removed from the secret lingers.
        let lingers = holds(r#","b":{}"#).unwrap_err().unwrap();
        assert_eq!(lingers.beyond, ["b"]);
        let older = compare(br#"{"auths":{"a":{"auth":"YTpj"}}}"#, secret);
        assert_eq!(older.unwrap_err().unwrap().behind, ["a"]);
        assert_eq!(compare(b"garbled\n", b"garbled"), Ok(Vec::new()));
        assert_eq!(compare(b"garbled", secret), Err(None));
    }
}
