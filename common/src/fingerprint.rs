//! What may be shown of a secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The first 12 hex digits of a machine-made token's SHA-256, or nothing at all.
///
/// Only tokens with enough entropy are hashed: a robot token has 64 characters
/// `[A-Z0-9]`, an API token 40 characters `[A-Za-z0-9]`, Red Hat's registries a signed JWT. The hash of a password a
/// person chose could be guessed back, so that is only ever `(hidden)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct Fingerprint(Option<String>);

impl Fingerprint {
    /// The fingerprint of `secret`.
    pub fn of(secret: &SecretString) -> Self {
        let text = secret.expose_secret();
        if !is_machine_made(text) {
            return Self(None);
        }
        Self(Some(short_hash(text, 6)))
    }
}

/// The first so many bytes of a text's SHA-256, as hex digits.
pub(crate) fn short_hash(text: &str, bytes: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().take(bytes);
    digits.map(|byte| format!("{byte:02x}")).collect()
}

/// The same in base64url, for what many of are kept.
pub(crate) fn compact_hash(text: &str, bytes: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..bytes])
}

/// All of a token's SHA-256, in base64url: what proof compares, and people are never shown. A
/// machine's token cannot be guessed back from it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl TokenHash {
    /// The hash of `token`; `None` for a password that a person may have chosen.
    pub fn of(token: &SecretString) -> Option<Self> {
        let text = token.expose_secret();
        is_machine_made(text).then(|| Self(compact_hash(text, 32)))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A fingerprint for a table's cell; empty where there is no secret.
pub fn shown(fingerprint: Option<&Fingerprint>) -> String {
    fingerprint.map(ToString::to_string).unwrap_or_default()
}

/// Whether a password is a signed JSON Web Token: one that expires.
pub(crate) fn is_jwt(password: &SecretString) -> bool {
    is_signed_jwt(password.expose_secret())
}

fn is_machine_made(text: &str) -> bool {
    let robot = text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let api = text.len() == 40 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    robot || api || is_signed_jwt(text)
}

/// Three parts in base64url, the last of which is a signature.
fn is_signed_jwt(text: &str) -> bool {
    const SHORTEST_SIGNATURE: usize = 43;
    let parts: Vec<&str> = text.split('.').collect();
    let base64url = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    parts.len() == 3
        && text.starts_with("eyJ")
        && parts.iter().all(base64url)
        && parts[2].len() >= SHORTEST_SIGNATURE
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("(hidden)"))
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(secret: &str) -> String {
        Fingerprint::of(&SecretString::from(secret)).to_string()
    }

    #[test]
    fn machine_made_tokens_have_a_fingerprint() {
        // printf '%s' AAAA… (64) | sha256sum | cut -c1-12
        assert_eq!(fingerprint(&"A".repeat(64)), "d53eda7a637c");
        assert_eq!(fingerprint(&"a".repeat(40)).len(), 12);
        let jwt = format!("eyJhbGciOiJSUzUxMiJ9.eyJzdWIiOiJ4In0.{}", "s".repeat(43));
        assert_eq!(fingerprint(&jwt).len(), 12);
    }

    #[test]
    fn a_password_a_person_chose_is_never_hashed() {
        assert!(TokenHash::of(&SecretString::from("hunter2")).is_none());
        assert_eq!(fingerprint("hunter2"), "(hidden)");
        assert_eq!(fingerprint("eyJ.my.password"), "(hidden)");
        assert_eq!(fingerprint(&"a".repeat(64)), "(hidden)");
    }
}
