//! A pull secret's JSON, edited without losing anything.

use super::credential::Credential;
use super::entry::{self, EntryError};
use crate::kubelet::json::{self, Members, Raw, raw};
use crate::kubelet::{
    Auths, Content, ContentFault, Entry, Fault, Format, ImageReference, Keyring, Unused,
};
use secrecy::{ExposeSecret, SecretSlice};
use std::fmt;
use std::sync::Arc;

const AUTHS: &str = "auths";

/// The content of `.dockerconfigjson` or `.dockercfg`.
///
/// Everything that is not changed on purpose survives to the byte: other registries,
/// unknown fields, numbers, the order of keys, text that is not UTF-8. `Debug` shows no
/// content.
#[derive(Clone)]
pub struct Document {
    content: Content,
    /// The text it was read from, until somebody changes something.
    verbatim: Option<Arc<SecretSlice<u8>>>,
}

/// Why a secret's content is no credential document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The secret has no such key at all.
    #[error("it has no `{0}` key")]
    Missing(&'static str),
    /// No kubelet can read it: it pulls nothing for a pod that names the secret.
    #[error(transparent)]
    Broken(#[from] ContentFault),
}

impl Document {
    /// A document without any entry.
    pub fn empty(format: Format) -> Self {
        Self {
            content: Content {
                format,
                root: Arc::default(),
                auths: Vec::new(),
                taken_away: Vec::new(),
            },
            verbatim: None,
        }
    }

    /// Reads the content of a secret's data key.
    pub fn parse(format: Format, content: &[u8]) -> Result<Self, DocumentError> {
        Ok(Self {
            content: Content::parse(format, content)?,
            verbatim: None,
        })
    }

    /// The same; as long as nobody changes anything, also the spaces and line breaks around the
    /// entries stay as they are.
    pub fn parse_verbatim(format: Format, content: &[u8]) -> Result<Self, DocumentError> {
        Ok(Self {
            verbatim: Some(Arc::new(SecretSlice::from(content.to_vec()))),
            ..Self::parse(format, content)?
        })
    }

    /// Which of the two shapes it has.
    pub fn format(&self) -> Format {
        self.content.format
    }

    /// The JSON text. It is UTF-8 where all that was read is.
    pub fn to_json(&self) -> SecretSlice<u8> {
        match &self.verbatim {
            Some(verbatim) => SecretSlice::clone(verbatim),
            None => self.without_spaces(),
        }
    }

    fn without_spaces(&self) -> SecretSlice<u8> {
        let Content {
            format,
            root,
            auths,
            ..
        } = &self.content;
        let members = |auths: &Auths| {
            let entries = auths.entries.iter();
            let members = entries.map(|entry| (entry.name.clone(), entry.value.clone()));
            Members(members.collect()).to_raw()
        };
        if *format == Format::DockerCfg {
            let entries = auths
                .first()
                .map_or_else(|| Members::default().to_raw(), members);
            return SecretSlice::from(json::bytes(&entries));
        }
        let mut root = Members::clone(root);
        for auths in auths {
            match root.0.get_mut(auths.at) {
                Some((_, value)) => *value = members(auths),
                None => root.0.push((raw(&AUTHS), members(auths))),
            }
        }
        if !root.0.iter().any(|(name, _)| json::names(name, AUTHS)) {
            root.0.push((raw(&AUTHS), Members::default().to_raw()));
        }
        SecretSlice::from(json::bytes(&root.to_raw()))
    }

    /// Every entry that counts: its key, and its credential or why there is none. Of several
    /// of one key the last counts.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Result<Credential, EntryError>)> {
        let entries = self.content.entries();
        entries.map(|entry| (entry.key.as_str(), entry::credential(&entry.login)))
    }

    /// How often a key is there.
    pub fn times(&self, key: &str) -> usize {
        self.of(key).count()
    }

    /// What makes a kubelet refuse every pod that names the secret.
    pub fn fault(&self) -> Option<Fault> {
        self.content.fault()
    }

    /// Why a kubelet gets nothing from it, where it is not refused.
    pub fn unused(&self) -> Option<Unused> {
        self.content.unused()
    }

    /// The accounts that a kubelet tries for the image with this secret alone, in its order;
    /// none where it refuses the secret.
    pub fn accounts_for(&self, image: &ImageReference) -> Vec<String> {
        let keyring = Keyring::of_one(&self.content).unwrap_or_default();
        let attempts = keyring.lookup(image).into_iter();
        attempts
            .map(|attempt| String::from_utf8_lossy(&attempt.login.username).into_owned())
            .collect()
    }

    /// Whether the entry `key` holds exactly this credential and no trace of another.
    pub fn holds(&self, key: &str, credential: &Credential) -> bool {
        let mut entries = self.of(key).peekable();
        entries.peek().is_some() && entries.all(|entry| entry::holds(entry, credential))
    }

    /// Writes the credential into the entry `key`, which is added at the end if missing.
    pub fn set(&mut self, key: &str, credential: &Credential) {
        self.put(key, |old| entry::written(old, credential));
    }

    /// Removes the entry `key`; the others keep their order.
    pub fn remove(&mut self, key: &str) -> bool {
        let there = self.get(key).is_some();
        self.verbatim = None;
        for auths in &mut self.content.auths {
            auths.entries.retain(|entry| entry.key != key);
        }
        there
    }

    /// Makes the entry `key` what it is in `other`, to the letter; also gone, where it is not there.
    pub fn copy(&mut self, key: &str, other: &Self) {
        match other.get(key) {
            Some(entry) => self.put(key, |_| entry.value.clone()),
            None => {
                self.remove(key);
            }
        }
    }

    /// Whether the entry `key` is the same in both, to the letter; also missing in both.
    pub fn agrees(&self, key: &str, other: &Self) -> bool {
        let text = |document: &Self| document.get(key).map(|entry| entry.value.get().to_owned());
        text(self) == text(other)
    }

    /// The `email` of the entry `key`.
    pub fn email(&self, key: &str) -> Option<String> {
        entry::email(&self.get(key)?.value)
    }

    /// Whether the entry `key` has an `email`, and the same one in both.
    pub fn has_same_email(&self, key: &str, other: &Self) -> bool {
        let email = self.email(key);
        email.is_some() && email == other.email(key)
    }

    /// Whether nothing is in it: no entry, and no field we do not know.
    pub fn is_empty(&self) -> bool {
        self.content.all_entries().next().is_none()
            && self
                .content
                .root
                .0
                .iter()
                .all(|(name, _)| json::names(name, AUTHS))
    }

    /// Every entry of this key.
    fn of(&self, key: &str) -> impl Iterator<Item = &Entry> {
        self.content
            .all_entries()
            .filter(move |entry| entry.key == key)
    }

    /// The entry of this key that counts.
    fn get(&self, key: &str) -> Option<&Entry> {
        self.of(key).last()
    }

    /// Replaces every value of this key, or adds one at the end.
    fn put(&mut self, key: &str, value: impl Fn(Option<&serde_json::value::RawValue>) -> Raw) {
        self.verbatim = None;
        let entries = self
            .content
            .auths
            .iter_mut()
            .flat_map(|auths| &mut auths.entries);
        let mut found = false;
        for entry in entries.filter(|entry| entry.key == key) {
            let written = value(Some(&entry.value));
            *entry = Arc::new(Entry::new(key.to_owned(), entry.name.clone(), written));
            found = true;
        }
        if !found {
            let entry = Entry::new(key.to_owned(), raw(&key), value(None));
            self.last_auths().entries.push(Arc::new(entry));
        }
    }

    /// Where new entries go. What stands there instead of an object is `null`, which is replaced
    /// only if it takes nothing away: entries before it would count again.
    fn last_auths(&mut self) -> &mut Auths {
        let members = &self.content.root.0;
        let null = members
            .iter()
            .rposition(|(name, _)| json::names(name, AUTHS));
        let null = null.filter(|_| self.content.taken_away.is_empty());
        let at = null.unwrap_or(members.len());
        if self.content.auths.is_empty() {
            self.content.auths.push(Auths {
                at,
                entries: Vec::new(),
            });
        }
        let last = self.content.auths.len() - 1;
        &mut self.content.auths[last]
    }
}

impl Document {
    /// Whether one is a copy of the other that nobody changed, which takes no look at the text.
    fn is_copy_of(&self, other: &Self) -> bool {
        let same = |(ours, theirs): (&Auths, &Auths)| {
            let mut entries = ours.entries.iter().zip(&theirs.entries);
            ours.at == theirs.at
                && ours.entries.len() == theirs.entries.len()
                && entries.all(|(ours, theirs)| Arc::ptr_eq(ours, theirs))
        };
        let [ours, theirs] = [&self.content, &other.content];
        Arc::ptr_eq(&ours.root, &theirs.root)
            && ours.auths.len() == theirs.auths.len()
            && ours.auths.iter().zip(&theirs.auths).all(same)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        if self.format() != other.format() {
            return false;
        }
        let text = Self::without_spaces;
        self.is_copy_of(other) || text(self).expose_secret() == text(other).expose_secret()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.entries().map(|(key, _)| key).collect();
        f.debug_struct("Document")
            .field("format", &self.format())
            .field("keys", &keys)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn text(document: &Document) -> String {
        String::from_utf8(document.to_json().expose_secret().to_vec()).unwrap()
    }

    fn credential(password: &str) -> Credential {
        Credential::new("myorg+puller", SecretString::from(password))
    }

    const MIXED: &str = r#"{"credHelpers":{"z":"ecr"},"auths":{"registry.redhat.io":{"auth":"YTpi","email":"me@x","x":[1.5,null]},"quay.io/myorg":{"email":"","auth":"YTpj","username":"a","password":"c"},"b":{}},"psFormat":"x"}"#;

    #[test]
    fn other_entries_unknown_fields_and_order_survive_an_update() {
        let mut document = Document::parse(Format::DockerConfigJson, MIXED.as_bytes()).unwrap();
        document.set("quay.io/myorg", &credential("new"));
        assert_eq!(
            text(&document),
            r#"{"credHelpers":{"z":"ecr"},"auths":{"registry.redhat.io":{"auth":"YTpi","email":"me@x","x":[1.5,null]},"quay.io/myorg":{"email":"","auth":"bXlvcmcrcHVsbGVyOm5ldw==","username":"myorg+puller","password":"new"},"b":{}},"psFormat":"x"}"#
        );
    }

    #[test]
    fn what_is_not_ours_survives_to_the_letter() {
        let theirs =
            r#""x":{"n":[123456789012345678901234567890,-0,1.50,3e8],"s":"\u00e9\/ \ud800"}"#;
        let before = format!(
            r#"{{"auths":{{{theirs},"a":{{"auth":"YTpi"}},"a":{{}}}},"y":{{ "k" : 1e400 }}}}"#
        );
        let mut document = Document::parse(Format::DockerConfigJson, before.as_bytes()).unwrap();
        document.set("b", &credential("new"));
        let after = text(&document);
        let expected = before.replace(
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
            text(&document),
            r#"{"credHelpers":{"z":"ecr"},"auths":{"registry.redhat.io":{"auth":"YTpi","email":"me@x","x":[1.5,null]},"b":{"auth":"YTpk","email":"me@x","n":1.50}},"psFormat":"x"}"#
        );
    }

    #[test]
    fn the_legacy_format_keeps_its_format() {
        let mut document =
            Document::parse(Format::DockerCfg, br#"{"quay.io":{"auth":"YTpi"}}"#).unwrap();
        document.set("quay.io", &credential("n"));
        assert!(document.holds("quay.io", &credential("n")));
        assert!(text(&document).starts_with(r#"{"quay.io":{"#));
    }

    #[test]
    fn what_is_no_document_is_refused_without_quoting_it() {
        let parse =
            |text: &str| Document::parse(Format::DockerConfigJson, text.as_bytes()).unwrap_err();
        assert_eq!(
            parse(r#"{"auths":SECRET}"#).to_string(),
            "its JSON is broken at line 1, column 10"
        );
        let no_auths = DocumentError::Broken(ContentFault::NoAuths);
        assert_eq!(parse("[]"), no_auths);
        assert_eq!(parse(r#"{"auths":[]}"#), no_auths);
        assert!(
            Document::parse(Format::DockerConfigJson, b"{}")
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_go_puts_together_is_edited_where_it_stands() {
        let split = r#"{"auths":{"docker.io":{"auth":"YTpi"}},"x":1,"Auths":{"quay.io":{"Auth":"YTpi","USERNAME":"a"}}}"#;
        let mut document = Document::parse(Format::DockerConfigJson, split.as_bytes()).unwrap();
        document.set("quay.io", &credential("new"));
        assert_eq!(
            text(&document),
            r#"{"auths":{"docker.io":{"auth":"YTpi"}},"x":1,"Auths":{"quay.io":{"Auth":"bXlvcmcrcHVsbGVyOm5ldw==","USERNAME":"myorg+puller"}}}"#
        );
        assert!(document.holds("quay.io", &credential("new")));
        let mut nothing = Document::parse(
            Format::DockerConfigJson,
            br#"{"auths":{"a":{}},"auths":null}"#,
        )
        .unwrap();
        assert_eq!(nothing.entries().count(), 0);
        nothing.set("b", &credential("new"));
        assert_eq!(
            text(&nothing),
            r#"{"auths":{"a":{}},"auths":null,"auths":{"b":{"auth":"bXlvcmcrcHVsbGVyOm5ldw=="}}}"#
        );
        let again = Document::parse(Format::DockerConfigJson, nothing.to_json().expose_secret());
        let keys: Vec<String> = again
            .unwrap()
            .entries()
            .map(|(key, _)| key.into())
            .collect();
        assert_eq!(keys, ["b"], "what null took away stays away");
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let content =
            b"{\"auths\":{\"a\":{\"email\":\"M\xfcller\",\"auth\":\"YTpi\"},\"\xff\":{}}}";
        let mut document = Document::parse(Format::DockerConfigJson, content).unwrap();
        document.set("a", &Credential::new("a", SecretString::from("b")));
        assert_eq!(document.to_json().expose_secret(), content);
    }

    #[test]
    fn debug_shows_no_content() {
        let document = Document::parse(Format::DockerConfigJson, MIXED.as_bytes()).unwrap();
        assert!(!format!("{document:?}").contains("YTp"));
    }
}
