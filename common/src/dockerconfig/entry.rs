//! One entry below `auths`, read as the kubelet reads it.

use super::credential::Credential;
use super::raw::{RawObject, raw};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
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

/// Why an entry cannot be read. One such entry makes the kubelet refuse the pod's
/// whole list of pull secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The entry is not a JSON object, or one of its fields is not text.
    #[error("it is not an object of text fields")]
    NotText,
    /// `auth` is not base64.
    #[error("its `auth` is not base64")]
    NotBase64,
    /// `auth` decodes to something without a colon.
    #[error("its `auth` is not base64 of `username:password`")]
    NotUserAndPassword,
    /// Neither `auth` nor `username` and `password`.
    #[error("it holds no credential")]
    Empty,
}

/// The credential of one entry. `auth` overrides `username` and `password`.
pub(super) fn read(entry: &RawValue) -> Result<Credential, EntryError> {
    let entry = RawObject::of(entry).ok_or(EntryError::NotText)?;
    let auth = text(&entry, "auth")?.unwrap_or_default();
    let username = text(&entry, "username")?.unwrap_or_default();
    let password = text(&entry, "password")?.unwrap_or_default();
    if !auth.is_empty() {
        return decode(&auth);
    }
    if username.is_empty() && password.is_empty() {
        return Err(EntryError::Empty);
    }
    Ok(Credential::new(username, SecretString::from(password)))
}

/// Whether the entry holds `credential` and no trace of another one.
pub(super) fn holds(entry: &RawValue, credential: &Credential) -> bool {
    let Some(fields) = RawObject::of(entry) else {
        return false;
    };
    let plain = |name: &str, expected: &str| {
        text(&fields, name).is_ok_and(|value| value.is_none_or(|value| value == expected))
    };
    read(entry).is_ok_and(|current| current == *credential)
        && plain("username", &credential.username)
        && plain("password", credential.password.expose_secret())
}

/// The entry with `credential` in it: `auth` always, `username` and `password` where they
/// are already; every other field stays to the letter.
pub(super) fn written(entry: Option<&RawValue>, credential: &Credential) -> Box<RawValue> {
    let mut fields = entry.and_then(RawObject::of).unwrap_or_default();
    let password = credential.password.expose_secret();
    for (name, value) in [
        ("username", credential.username.as_str()),
        ("password", password),
    ] {
        if fields.get(name).is_some() {
            fields.set(name, &raw(&value));
        }
    }
    fields.set("auth", &raw(&credential.auth()));
    raw(&fields)
}

/// The entry's `email`, where it has one.
pub(super) fn email(entry: &RawValue) -> Option<String> {
    let fields = RawObject::of(entry)?;
    text(&fields, "email")
        .ok()?
        .filter(|email| !email.is_empty())
}

fn text(entry: &RawObject, name: &str) -> Result<Option<String>, EntryError> {
    match entry.get(name) {
        None => Ok(None),
        Some(value) => serde_json::from_str(value.get()).map_err(|_| EntryError::NotText),
    }
}

fn decode(auth: &str) -> Result<Credential, EntryError> {
    let engine = if auth.trim().ends_with('=') {
        &PADDED
    } else {
        &UNPADDED
    };
    // Go's decoder skips line breaks.
    let compact: String = auth.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = engine.decode(compact).map_err(|_| EntryError::NotBase64)?;
    let decoded = String::from_utf8(bytes).map_err(|_| EntryError::NotUserAndPassword)?;
    let (username, password) = decoded
        .split_once(':')
        .ok_or(EntryError::NotUserAndPassword)?;
    Ok(Credential::new(username, SecretString::from(password)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pair(entry: Value) -> Result<(String, String), EntryError> {
        read(&raw(&entry)).map(|found| (found.username, found.password.expose_secret().to_owned()))
    }

    #[test]
    fn entries_are_read_as_the_kubelet_reads_them() {
        let of = |user: &str, password: &str| Ok((user.to_owned(), password.to_owned()));
        // printf 'u:p' | base64 → dTpw; 'u:pw' → dTpwdw==
        assert_eq!(pair(json!({"auth": "dTpw"})), of("u", "p"));
        assert_eq!(pair(json!({"auth": "dTpwdw=="})), of("u", "pw"));
        assert_eq!(pair(json!({"auth": "dTpwdw"})), of("u", "pw"));
        assert_eq!(pair(json!({"auth": "dTpw\ndw=="})), of("u", "pw"));
        assert_eq!(
            pair(json!({"auth": "dTpw", "username": "x", "password": "y"})),
            of("u", "p")
        );
        assert_eq!(
            pair(json!({"auth": "", "username": "x", "password": "y"})),
            of("x", "y")
        );
        // 'u:p:q' → dTpwOnE=
        assert_eq!(pair(json!({"auth": "dTpwOnE="})), of("u", "p:q"));
    }

    #[test]
    fn what_the_kubelet_refuses_is_refused() {
        assert_eq!(pair(json!({"auth": "!!"})), Err(EntryError::NotBase64));
        assert_eq!(pair(json!({"auth": "dTpwdw="})), Err(EntryError::NotBase64));
        assert_eq!(
            pair(json!({"auth": "dXA="})),
            Err(EntryError::NotUserAndPassword)
        );
        assert_eq!(pair(json!({"auth": 5})), Err(EntryError::NotText));
        assert_eq!(pair(json!("dTpw")), Err(EntryError::NotText));
        assert_eq!(pair(json!({"email": "a@b"})), Err(EntryError::Empty));
    }

    #[test]
    fn a_left_over_plain_password_is_not_the_new_credential() {
        let credential = Credential::new("u", SecretString::from("pw"));
        assert!(holds(&raw(&json!({"auth": "dTpwdw=="})), &credential));
        let left_over = raw(&json!({"auth": "dTpwdw==", "password": "old"}));
        assert!(!holds(&left_over, &credential));
    }
}
