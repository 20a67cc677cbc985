//! Whether a secret holds a token, wherever and however it is written.

use super::secret::PullSecret;
use crate::dockerconfig::{Document, belongs_to};
use crate::names::RegistryHost;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

/// Whether these bytes hold the token: as it is, in base64, or in base64 once more.
fn holds(content: &[u8], token: &SecretString) -> bool {
    let token = token.expose_secret().as_bytes();
    let once = in_base64(token);
    let twice = once.iter().flat_map(|text| in_base64(text));
    contains(content, token)
        || once.iter().any(|text| contains(content, text))
        || twice.into_iter().any(|text| contains(content, &text))
}

impl PullSecret {
    /// Whether one of these tokens is in the secret where it is nobody's that can be told:
    /// anywhere but in the readable entries of registries other than `hosts`.
    pub fn hides_any<'a>(
        &self,
        mut tokens: impl Iterator<Item = &'a SecretString>,
        hosts: &[RegistryHost],
    ) -> bool {
        match &self.document {
            Ok(document) => hides_any(document, tokens, hosts),
            Err(_) => {
                let content = self.unreadable.as_ref().map(ExposeSecret::expose_secret);
                content.is_some_and(|content| tokens.any(|token| holds(content, token)))
            }
        }
    }
}

/// The same of a content that can be read.
pub(super) fn hides_any<'a>(
    document: &Document,
    mut tokens: impl Iterator<Item = &'a SecretString>,
    hosts: &[RegistryHost],
) -> bool {
    let content = rest(document, hosts).to_json();
    tokens.any(|token| holds(content.expose_secret(), token))
}

/// The document without what is known to be another registry's.
fn rest(document: &Document, hosts: &[RegistryHost]) -> Document {
    let mut rest = document.clone();
    for (key, read) in document.entries() {
        if read.is_ok() && !belongs_to(key, hosts) {
            rest.remove(key);
        }
    }
    rest
}

/// The base64 of bytes that stand somewhere in a longer text: one for each place in a group
/// of three, without the digits that the neighbours share.
fn in_base64(bytes: &[u8]) -> [Vec<u8>; 3] {
    [0, 1, 2].map(|before| {
        let padded = [&[0; 2][..before], bytes].concat();
        let text = STANDARD_NO_PAD.encode(&padded).into_bytes();
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        text[first..last].to_vec()
    })
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && memmem::find(content, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_token_is_found_however_it_is_written() {
        let token = SecretString::from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        let plain = token.expose_secret();
        for user in ["a", "ab", "abc", "myorg+deploy"] {
            let pair = format!("{user}:{plain}:more");
            let once = STANDARD.encode(&pair);
            for content in [pair, once.clone(), STANDARD.encode(format!("x{once}"))] {
                assert!(holds(content.as_bytes(), &token), "{content}");
            }
        }
        let other = STANDARD.encode(format!("a:{}", plain.to_lowercase()));
        assert!(!holds(other.as_bytes(), &token));
    }
}
