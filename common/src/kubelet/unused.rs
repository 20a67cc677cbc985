//! Secrets that a pod names and the kubelet gets nothing from.

use super::content::Content;
use super::format::Format;
use super::keyring::Secret;
use serde::Serialize;
use std::fmt;

/// Why a secret adds nothing to what is tried. The kubelet says no word about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unused {
    /// It is of neither type of pull secrets.
    OtherType,
    /// Nothing stands under the data key of its type.
    NoContent,
    /// There is no entry in it.
    NoEntries,
    /// The content of a config.json under `.dockercfg`: its keys are then `auths` and the like.
    ConfigJsonInDockercfg,
}

/// What docker writes beside `auths` and a kubelet can read as entries.
const CONFIG_JSON: [&str; 6] = [
    "auths",
    "httpheaders",
    "credhelpers",
    "plugins",
    "aliases",
    "proxies",
];

impl Secret<'_> {
    /// Why the kubelet gets nothing from the secret; `None` where it has entries, or content
    /// that makes the kubelet refuse the pod.
    pub fn unused(&self) -> Option<Unused> {
        if Format::of_type(self.secret_type).is_none() {
            return Some(Unused::OtherType);
        }
        let Some((format, content)) = self.content() else {
            return Some(Unused::NoContent);
        };
        Content::parse(format, content).ok()?.unused()
    }
}

impl Content {
    /// Why the kubelet gets nothing from it; `None` where it has entries.
    pub(crate) fn unused(&self) -> Option<Unused> {
        let keys = self.entries().map(|entry| entry.key.to_ascii_lowercase());
        let keys: Vec<String> = keys.collect();
        let config_json = || {
            let mut keys = keys.iter();
            keys.all(|key| CONFIG_JSON.contains(&key.as_str()))
        };
        match self.format {
            _ if keys.is_empty() => Some(Unused::NoEntries),
            Format::DockerCfg if keys.iter().any(|key| key == "auths") && config_json() => {
                Some(Unused::ConfigJsonInDockercfg)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherType => {
                "has a type that no kubelet accepts for a pull secret, unlike \
                 kubernetes.io/dockerconfigjson"
            }
            Self::NoContent => "is empty",
            Self::NoEntries => "has no entries",
            Self::ConfigJsonInDockercfg => {
                "holds a config.json under `.dockercfg`, where a kubelet reads `auths` as a registry's name"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_adds_nothing_says_why() {
        let of = |secret_type, content: &'static str| {
            let data = [Some(content.as_bytes()), Some(content.as_bytes())];
            Secret { secret_type, data }.unused()
        };
        let (json, legacy) = ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg");
        let good = r#"{"auths":{"quay.io":{"auth":"dTpw"}}}"#;
        assert_eq!(of("Opaque", good), Some(Unused::OtherType));
        assert_eq!(of(json, ""), Some(Unused::NoContent));
        assert_eq!(of(json, r#"{"auths":{}}"#), Some(Unused::NoEntries));
        for config in [good, r#"{"HttpHeaders":{"a":"b"},"Auths":{"quay.io":{}}}"#] {
            assert_eq!(of(legacy, config), Some(Unused::ConfigJsonInDockercfg));
        }
        assert_eq!(of(legacy, r#"{"auths":{},"quay.io":{}}"#), None);
        assert_eq!(of(json, good), None);
        assert_eq!(of(legacy, r#"{"quay.io":{"auth":"dTpw"}}"#), None);
        // What cannot be read is worse than unused.
        assert_eq!(of(json, "{"), None);
    }
}
