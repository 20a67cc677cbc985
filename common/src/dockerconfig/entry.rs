//! One entry below `auths`: read, and written to the letter.

use super::credential::Credential;
use crate::kubelet::json::{self, Members, Raw, raw};
use crate::kubelet::{Entry, EntryFault, Login};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;

/// Why an entry holds no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// No kubelet can read it: it pulls nothing for a pod that names the secret.
    #[error(transparent)]
    Broken(#[from] EntryFault),
    /// Neither `auth` nor `username` and `password`: what docker leaves where a credential
    /// helper keeps the password.
    #[error("the entry holds no credential")]
    Empty,
}

/// The credential of what the kubelet reads in one entry. A byte that is not UTF-8 is read as
/// U+FFFD here: no token of a machine has one, so such a credential is never a current one.
pub(super) fn credential(login: &Result<Login, EntryFault>) -> Result<Credential, EntryError> {
    let login = login.as_ref().map_err(|fault| *fault)?;
    if login.is_empty() {
        return Err(EntryError::Empty);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let password = SecretString::from(text(login.password.expose_secret()));
    Ok(Credential::new(text(&login.username), password))
}

/// Whether the entry holds `credential` and no trace of another one.
pub(super) fn holds(entry: &Entry, credential: &Credential) -> bool {
    if !is(&entry.login, credential) {
        return false;
    }
    let Some(fields) = Members::of(&entry.value) else {
        return false;
    };
    let plain = |name: &str, expected: &str| {
        let mut values = fields.values(name);
        values.all(|value| json::text(value).is_some_and(|value| value == expected))
    };
    plain("username", &credential.username)
        && plain("password", credential.password.expose_secret())
        && plain_auth(&fields, credential)
}

/// Whether no `auth` that another one replaces holds another credential.
fn plain_auth(fields: &Members, credential: &Credential) -> bool {
    fields.values("auth").all(|value| {
        json::text(value).is_some_and(|auth| {
            auth.is_empty() || is(&Login::of_auth(&auth, String::new()), credential)
        })
    })
}

/// Whether the kubelet reads this credential there.
fn is(login: &Result<Login, EntryFault>, credential: &Credential) -> bool {
    self::credential(login).is_ok_and(|found| found == *credential)
}

/// The entry with `credential` in it: `auth` always, `username` and `password` where they
/// are already, however they are spelled. An `email` that is no text goes: a kubelet would
/// refuse the whole secret for it. Every other field stays to the letter.
pub(super) fn written(entry: Option<&RawValue>, credential: &Credential) -> Raw {
    let mut fields = entry.and_then(Members::of).unwrap_or_default();
    fields.0.retain(|(name, value)| {
        !json::names(name, "email") || json::is_null(value) || json::text(value).is_some()
    });
    let auth = raw(&credential.auth());
    let mut found = false;
    for (name, value) in &mut fields.0 {
        if json::names(name, "username") {
            *value = raw(&credential.username);
        } else if json::names(name, "password") {
            *value = raw(&credential.password.expose_secret());
        } else if json::names(name, "auth") {
            *value = auth.clone();
            found = true;
        }
    }
    if !found {
        fields.0.push((raw(&"auth"), auth));
    }
    fields.to_raw()
}

/// The entry's `email`, where it has one.
pub(super) fn email(entry: &RawValue) -> Option<String> {
    let fields = Members::of(entry)?;
    let email = fields.values("email").last().and_then(json::text)?;
    (!email.is_empty()).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pair(entry: Value) -> Result<(String, String), EntryError> {
        let found = credential(&Login::read(&raw(&entry)));
        found.map(|found| (found.username, found.password.expose_secret().to_owned()))
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
        let broken = |fault| Err(EntryError::Broken(fault));
        assert_eq!(pair(json!({"auth": "!!"})), broken(EntryFault::NotBase64));
        assert_eq!(
            pair(json!({"auth": "dTpwdw="})),
            broken(EntryFault::NotBase64)
        );
        assert_eq!(
            pair(json!({"auth": "dXA="})),
            broken(EntryFault::NotUserAndPassword)
        );
        assert_eq!(pair(json!({"auth": 5})), broken(EntryFault::NotText));
        assert_eq!(pair(json!("dTpw")), broken(EntryFault::NotText));
        assert_eq!(pair(json!({"email": "a@b"})), Err(EntryError::Empty));
    }

    #[test]
    fn what_is_written_over_a_broken_entry_can_be_read() {
        let credential = Credential::new("u", SecretString::from("pw"));
        let broken = json!({"Email": 5, "auth": "!", "username": [], "x": 5});
        let entry = written(Some(&raw(&broken)), &credential);
        assert_eq!(self::credential(&Login::read(&entry)), Ok(credential));
        assert_eq!(entry.get(), r#"{"auth":"dTpwdw==","username":"u","x":5}"#);
    }

    #[test]
    fn a_left_over_plain_password_is_not_the_new_credential() {
        let credential = Credential::new("u", SecretString::from("pw"));
        let entry = |value: Value| Entry::new("quay.io".to_owned(), raw(&"quay.io"), raw(&value));
        assert!(holds(&entry(json!({"auth": "dTpwdw=="})), &credential));
        let left_over = json!({"auth": "dTpwdw==", "password": "old"});
        assert!(!holds(&entry(left_over), &credential));
        // 'u:old' → dTpvbGQ=; Go takes the last of the two.
        let twice = r#"{"auth":"dTpvbGQ=","Auth":"dTpwdw=="}"#;
        let twice = json::parse(twice.as_bytes()).unwrap();
        let twice = Entry::new("quay.io".to_owned(), raw(&"quay.io"), twice);
        assert!(!holds(&twice, &credential));
    }
}
