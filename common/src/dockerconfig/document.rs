//! A pull secret's JSON, edited without losing anything.

use super::credential::Credential;
use super::entry;
use super::entry::EntryError;
use super::format::Format;
use super::raw::{RawObject, raw};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use std::fmt;

const AUTHS: &str = "auths";

/// The content of `.dockerconfigjson` or `.dockercfg`.
///
/// Everything that is not changed on purpose survives to the letter: other registries,
/// unknown fields, numbers, the order of keys. `Debug` shows no content.
#[derive(Clone)]
pub struct Document {
    format: Format,
    /// Everything but the entries; `auths` keeps its place.
    root: RawObject,
    auths: RawObject,
}

/// Why a secret's content is no credential document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The secret has no such key at all.
    #[error("it has no `{0}` key")]
    Missing(&'static str),
    /// Not JSON; the place is told, the text around it may be a secret.
    #[error("its JSON is broken at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, but not the shape of a credential document.
    #[error("its JSON is no object with `auths`")]
    NotADocument,
}

impl Document {
    /// A document without any entry.
    pub fn empty(format: Format) -> Self {
        Self {
            format,
            root: RawObject::default(),
            auths: RawObject::default(),
        }
    }

    /// Reads the content of a secret's data key.
    pub fn parse(format: Format, content: &[u8]) -> Result<Self, DocumentError> {
        let root: &RawValue =
            serde_json::from_slice(content).map_err(|error| DocumentError::NotJson {
                line: error.line(),
                column: error.column(),
            })?;
        let root = RawObject::of(root).ok_or(DocumentError::NotADocument)?;
        if format == Format::DockerCfg {
            return Ok(Self {
                format,
                root: RawObject::default(),
                auths: root,
            });
        }
        let auths = match root.get(AUTHS) {
            None => RawObject::default(),
            Some(value) if value.get() == "null" => RawObject::default(),
            Some(value) => RawObject::of(value).ok_or(DocumentError::NotADocument)?,
        };
        Ok(Self {
            format,
            root,
            auths,
        })
    }

    /// Which of the two shapes it has.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The JSON text.
    pub fn to_json(&self) -> SecretString {
        let auths = raw(&self.auths);
        if self.format == Format::DockerCfg {
            return SecretString::from(auths.get());
        }
        let mut root = self.root.clone();
        root.set(AUTHS, &auths);
        SecretString::from(raw(&root).get())
    }

    /// Every entry: its key, and its credential or why it cannot be read.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Result<Credential, EntryError>)> {
        self.auths
            .0
            .iter()
            .map(|(key, value)| (key.as_str(), entry::read(value)))
    }

    /// Whether the entry `key` holds exactly this credential and no trace of another.
    pub fn holds(&self, key: &str, credential: &Credential) -> bool {
        let mut entries = self
            .auths
            .0
            .iter()
            .filter(|(name, _)| name == key)
            .peekable();
        entries.peek().is_some() && entries.all(|(_, value)| entry::holds(value, credential))
    }

    /// Writes the credential into the entry `key`, which is added at the end if missing.
    pub fn set(&mut self, key: &str, credential: &Credential) {
        let value = entry::written(self.auths.get(key), credential);
        self.auths.set(key, &value);
    }

    /// Removes the entry `key`; the others keep their order.
    pub fn remove(&mut self, key: &str) -> bool {
        self.auths.remove(key)
    }

    /// Makes the entry `key` what it is in `other`, to the letter; also gone, where it is not there.
    pub fn copy(&mut self, key: &str, other: &Self) {
        match other.auths.get(key) {
            Some(value) => self.auths.set(key, value),
            None => {
                self.auths.remove(key);
            }
        }
    }

    /// Whether the entry `key` is the same in both, to the letter; also missing in both.
    pub fn agrees(&self, key: &str, other: &Self) -> bool {
        let text = |document: &Self| document.auths.get(key).map(|value| value.get().to_owned());
        text(self) == text(other)
    }

    /// The `email` of the entry `key`.
    pub fn email(&self, key: &str) -> Option<String> {
        entry::email(self.auths.get(key)?)
    }

    /// Whether nothing is in it: no entry, and no field we do not know.
    pub fn is_empty(&self) -> bool {
        self.auths.0.is_empty() && self.root.0.iter().all(|(key, _)| key == AUTHS)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.format == other.format
            && self.to_json().expose_secret() == other.to_json().expose_secret()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.entries().map(|(key, _)| key).collect();
        f.debug_struct("Document")
            .field("format", &self.format)
            .field("keys", &keys)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(password: &str) -> Credential {
        Credential::new("myorg+puller", SecretString::from(password))
    }

    const MIXED: &str = r#"{"credHelpers":{"z":"ecr"},"auths":{"registry.redhat.io":{"auth":"YTpi","email":"me@x","x":[1.5,null]},"quay.io/myorg":{"email":"","auth":"YTpj","username":"a","password":"c"},"b":{}},"psFormat":"x"}"#;

    #[test]
    fn other_entries_unknown_fields_and_order_survive_an_update() {
        let mut document = Document::parse(Format::DockerConfigJson, MIXED.as_bytes()).unwrap();
        document.set("quay.io/myorg", &credential("new"));
        assert_eq!(
            document.to_json().expose_secret(),
            r#"{"credHelpers":{"z":"ecr"},"auths":{"registry.redhat.io":{"auth":"YTpi","email":"me@x","x":[1.5,null]},"quay.io/myorg":{"email":"","auth":"bXlvcmcrcHVsbGVyOm5ldw==","username":"myorg+puller","password":"new"},"b":{}},"psFormat":"x"}"#
        );
    }

    #[test]
    fn what_is_not_ours_survives_to_the_letter() {
        let theirs =
            r#""x":{"n":[123456789012345678901234567890,-0,1.50,3e8],"s":"\u00e9\/ \ud800"}"#;
        let text = format!(
            r#"{{"auths":{{{theirs},"a":{{"auth":"YTpi"}},"a":{{}}}},"y":{{ "k" : 1e400 }}}}"#
        );
        let mut document = Document::parse(Format::DockerConfigJson, text.as_bytes()).unwrap();
        document.set("b", &credential("new"));
        let after = document.to_json().expose_secret().to_owned();
        let expected = text.replace(
            r#""a":{}}"#,
            r#""a":{},"b":{"auth":"bXlvcmcrcHVsbGVyOm5ldw=="}}"#,
        );
        assert_eq!(after, expected);
    }

    #[test]
    fn a_missing_entry_is_added_at_the_end_and_a_removed_one_leaves_the_rest() {
        let mut document = Document::parse(Format::DockerConfigJson, MIXED.as_bytes()).unwrap();
        document.set("new.example.com", &credential("x"));
        assert!(document.remove("quay.io/myorg"));
        assert!(!document.remove("quay.io/myorg"));
        let keys: Vec<&str> = document.entries().map(|(key, _)| key).collect();
        assert_eq!(keys, ["registry.redhat.io", "b", "new.example.com"]);
    }

    #[test]
    fn a_copied_entry_is_the_same_to_the_letter_and_the_rest_stays() {
        let parse =
            |text: &str| Document::parse(Format::DockerConfigJson, text.as_bytes()).unwrap();
        let other = parse(r#"{"auths":{"b":{"auth":"YTpk","email":"me@x","n":1.50}}}"#);
        let mut document = parse(MIXED);
        assert!(!document.agrees("b", &other) && document.agrees("nowhere", &other));
        document.copy("b", &other);
        document.copy("quay.io/myorg", &other);
        assert!(document.agrees("b", &other) && document.agrees("quay.io/myorg", &other));
        assert_eq!(document.email("b").as_deref(), Some("me@x"));
        assert_eq!(
            document.to_json().expose_secret(),
            r#"{"credHelpers":{"z":"ecr"},"auths":{"registry.redhat.io":{"auth":"YTpi","email":"me@x","x":[1.5,null]},"b":{"auth":"YTpk","email":"me@x","n":1.50}},"psFormat":"x"}"#
        );
    }

    #[test]
    fn the_legacy_format_keeps_its_format() {
        let mut document =
            Document::parse(Format::DockerCfg, br#"{"quay.io":{"auth":"YTpi"}}"#).unwrap();
        document.set("quay.io", &credential("n"));
        assert!(document.holds("quay.io", &credential("n")));
        assert!(
            document
                .to_json()
                .expose_secret()
                .starts_with(r#"{"quay.io":{"#)
        );
    }

    #[test]
    fn what_is_no_document_is_refused_without_quoting_it() {
        let parse =
            |text: &str| Document::parse(Format::DockerConfigJson, text.as_bytes()).unwrap_err();
        assert_eq!(
            parse(r#"{"auths":SECRET}"#).to_string(),
            "its JSON is broken at line 1, column 10"
        );
        assert_eq!(parse("[]"), DocumentError::NotADocument);
        assert_eq!(parse(r#"{"auths":[]}"#), DocumentError::NotADocument);
        assert!(
            Document::parse(Format::DockerConfigJson, b"{}")
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn debug_shows_no_content() {
        let document = Document::parse(Format::DockerConfigJson, MIXED.as_bytes()).unwrap();
        assert!(!format!("{document:?}").contains("YTp"));
    }
}
