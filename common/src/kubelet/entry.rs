//! One entry below `auths`, read as the kubelet reads it.

use super::json::{self, Members};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::value::RawValue;

/// Go's encodings accept any trailing bits.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const PADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    LENIENT.with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    LENIENT.with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// What the kubelet shows a registry; empty where an entry holds nothing.
#[derive(Debug, Clone)]
pub struct Login {
    /// The account; any bytes.
    pub username: Vec<u8>,
    /// Its password or token; any bytes.
    pub password: SecretSlice<u8>,
    /// What no registry is shown, and what the kubelet tells credentials apart by
    /// (`KubeletEnsureSecretPulledImages`).
    pub email: String,
}

/// Why an entry cannot be read. One such entry makes the kubelet refuse the pod's
/// whole list of pull secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The entry is not a JSON object, or one of its fields is not text.
    #[error("it is not an object of text fields")]
    NotText,
    /// `auth` is not base64.
    #[error("its `auth` is not base64")]
    NotBase64,
    /// `auth` decodes to something without a colon.
    #[error("its `auth` is not base64 of `username:password`")]
    NotUserAndPassword,
}

impl Login {
    /// Reads an entry. `auth` overrides `username` and `password`; `null` and `{}` are a
    /// login with empty names; unknown fields count for nothing.
    ///
    /// # Errors
    /// Whatever makes the kubelet refuse the pod.
    pub(crate) fn read(entry: &RawValue) -> Result<Self, EntryFault> {
        if json::is_null(entry) {
            return Ok(Self::new(b"", b"", String::new()));
        }
        let entry = Members::of(entry).ok_or(EntryFault::NotText)?;
        let auth = field(&entry, "auth")?;
        let username = field(&entry, "username")?;
        let password = field(&entry, "password")?;
        let email = field(&entry, "email")?;
        if auth.is_empty() {
            return Ok(Self::new(username.as_bytes(), password.as_bytes(), email));
        }
        Self::of_auth(&auth, email)
    }

    /// What a field `auth` that is not empty says.
    ///
    /// # Errors
    /// Whatever makes the kubelet refuse the pod.
    pub(crate) fn of_auth(auth: &str, email: String) -> Result<Self, EntryFault> {
        let decoded = decode(auth)?;
        let colon = decoded.iter().position(|byte| *byte == b':');
        let colon = colon.ok_or(EntryFault::NotUserAndPassword)?;
        Ok(Self::new(&decoded[..colon], &decoded[colon + 1..], email))
    }

    fn new(username: &[u8], password: &[u8], email: String) -> Self {
        Self {
            username: username.to_owned(),
            password: SecretSlice::from(password.to_owned()),
            email,
        }
    }

    /// Whether there is neither a name nor a password: what docker leaves where a helper
    /// keeps the credential. The kubelet shows the registry the empty names.
    pub fn is_empty(&self) -> bool {
        self.username.is_empty() && self.password.expose_secret().is_empty()
    }
}

/// One field's text: the last that is none, and empty where there is none.
fn field(entry: &Members, name: &str) -> Result<String, EntryFault> {
    entry.values(name).try_fold(String::new(), |_, value| {
        json::text(value).ok_or(EntryFault::NotText)
    })
}

fn decode(auth: &str) -> Result<Vec<u8>, EntryFault> {
    let engine = match auth.trim().ends_with('=') {
        true => &PADDED,
        false => &UNPADDED,
    };
    // Go's decoder skips line breaks.
    let compact: String = auth.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    engine.decode(compact).map_err(|_| EntryFault::NotBase64)
}
