//! One entry below `auths`, read as the kubelet reads it.

use super::credential::Credential;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;
use serde_json::{Map, Value};

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
pub(super) fn read(entry: &Value) -> Result<Credential, EntryError> {
    let entry = entry.as_object().ok_or(EntryError::NotText)?;
    let auth = text(entry, "auth")?.unwrap_or_default();
    let username = text(entry, "username")?.unwrap_or_default();
    let password = text(entry, "password")?.unwrap_or_default();
    if !auth.is_empty() {
        return decode(auth);
    }
    if username.is_empty() && password.is_empty() {
        return Err(EntryError::Empty);
    }
    Ok(Credential::new(username, SecretString::from(password)))
}

/// Whether the entry holds `credential` and no trace of another one.
pub(super) fn holds(entry: &Value, credential: &Credential) -> bool {
    let Some(fields) = entry.as_object() else {
        return false;
    };
    let plain = |name: &str, expected: &str| {
        fields
            .get(name)
            .is_none_or(|value| value.as_str() == Some(expected))
    };
    read(entry).is_ok_and(|current| current == *credential)
        && plain("username", &credential.username)
        && plain(
            "password",
            secrecy::ExposeSecret::expose_secret(&credential.password),
        )
}

/// Puts `credential` into the entry: `auth` always, `username` and `password` where
/// they are already; every other field stays.
pub(super) fn write(entry: &mut Value, credential: &Credential) {
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    if let Some(fields) = entry.as_object_mut() {
        let password = secrecy::ExposeSecret::expose_secret(&credential.password);
        for (name, value) in [
            ("username", credential.username.as_str()),
            ("password", password),
        ] {
            if let Some(field) = fields.get_mut(name) {
                *field = Value::from(value);
            }
        }
        fields.insert("auth".to_owned(), Value::from(credential.auth()));
    }
}

fn text<'a>(entry: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, EntryError> {
    match entry.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(EntryError::NotText),
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
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn pair(entry: Value) -> Result<(String, String), EntryError> {
        read(&entry).map(|found| (found.username, found.password.expose_secret().to_owned()))
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
        assert!(holds(&json!({"auth": "dTpwdw=="}), &credential));
        assert!(!holds(
            &json!({"auth": "dTpwdw==", "password": "old"}),
            &credential
        ));
    }
}
