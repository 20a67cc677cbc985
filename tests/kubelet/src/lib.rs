//! Questions about pull secrets, and `quay_common::kubelet`'s answers, as lines of JSON.
//!
//! `tests/controlplane` answers the same lines with the kubelet's own code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quay_common::kubelet::{Attempt, ImageReference, Keyring, Refused, Secret};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a pod brings to the pull of its image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The pod's secrets that exist, in the order of its `imagePullSecrets`.
    pub secrets: Vec<PullSecret>,
    /// The image as the pod names it.
    pub image: String,
}

/// A secret as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSecret {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its type.
    #[serde(default, rename = "type")]
    pub secret_type: String,
    /// Its data, each value in base64.
    #[serde(default)]
    pub data: BTreeMap<String, Bytes>,
}

/// What the kubelet tries, in this order, or why it does not even try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The credentials; without any the registry is asked once as nobody.
    pub credentials: Vec<Credential>,
    /// Why the image is not asked for.
    pub error: Option<String>,
}

/// One credential that is tried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// The secret it is from.
    pub secret: String,
    /// The account, where it is text.
    pub username: String,
    /// The account to the byte.
    pub username_bytes: Bytes,
    /// The password, where it is text.
    pub password: String,
    /// The password to the byte.
    pub password_bytes: Bytes,
    /// What no registry is shown.
    pub email: String,
}

/// Bytes, in JSON as base64.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bytes(pub Vec<u8>);

impl Question {
    /// The answer of this project's kubelet.
    pub fn answer(&self) -> Answer {
        match self.attempts(|attempts| {
            attempts
                .iter()
                .map(|attempt| self.credential(attempt))
                .collect()
        }) {
            Ok(credentials) => Answer {
                credentials,
                error: None,
            },
            Err(error) => Answer {
                credentials: Vec::new(),
                error: Some(error),
            },
        }
    }

    /// What `with` makes of the attempts.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub fn attempts<T>(&self, with: impl FnOnce(&[&Attempt]) -> T) -> Result<T, String> {
        let image: ImageReference = self.image.parse()?;
        let secrets: Vec<Secret<'_>> = self.secrets.iter().map(PullSecret::as_kubelets).collect();
        let keyring = Keyring::of(&secrets).map_err(|refused| self.words(&refused))?;
        Ok(with(&keyring.lookup(&image)))
    }

    /// One attempt as it is answered.
    pub fn credential(&self, attempt: &Attempt) -> Credential {
        let (username, password) = (
            &attempt.login.username,
            attempt.login.password.expose_secret(),
        );
        Credential {
            secret: self.secrets[attempt.secret].name.clone(),
            username: String::from_utf8_lossy(username).into_owned(),
            username_bytes: Bytes(username.clone()),
            password: String::from_utf8_lossy(password).into_owned(),
            password_bytes: Bytes(password.to_vec()),
            email: attempt.login.email.clone(),
        }
    }

    fn words(&self, refused: &Refused) -> String {
        let name = &self.secrets[refused.secret].name;
        format!("secret `{name}`: {}", refused.fault)
    }
}

impl PullSecret {
    fn as_kubelets(&self) -> Secret<'_> {
        let data = |key| self.data.get(key).map(|bytes| &bytes.0[..]);
        Secret {
            secret_type: &self.secret_type,
            data: [data(".dockerconfigjson"), data(".dockercfg")],
        }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}
