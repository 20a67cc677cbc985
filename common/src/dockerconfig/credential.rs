//! A user name and a password.

use crate::fingerprint::Fingerprint;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// What a registry is shown: a user name (for robots `org+name`) and its password.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The account.
    pub username: String,
    /// Its password or token.
    pub password: SecretString,
}

impl Credential {
    /// A credential of `username`.
    pub fn new(username: impl Into<String>, password: SecretString) -> Self {
        Self {
            username: username.into(),
            password,
        }
    }

    /// What may be shown of the password.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.password)
    }

    /// The `auth` field: base64 of `username:password` (RFC 7617 without the scheme).
    pub(super) fn auth(&self) -> String {
        STANDARD.encode(format!(
            "{}:{}",
            self.username,
            self.password.expose_secret()
        ))
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.username == other.username
            && self.password.expose_secret() == other.password.expose_secret()
    }
}

impl Eq for Credential {}
