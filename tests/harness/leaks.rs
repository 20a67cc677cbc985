//! Finding tokens where they must not be, in whichever coat.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};

/// The tokens in play, in every form they may show up in.
#[derive(Debug, Default, Clone)]
pub struct Leaks {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone)]
struct Token {
    plain: String,
    needles: Vec<Vec<u8>>,
}

impl Leaks {
    /// Watches for `token`: in clear, in base64, and in base64 of base64, wherever it
    /// stands in what was encoded (as in `user:token`, or the `auth` of a pull secret).
    pub fn watch(&mut self, token: &str) {
        let once = encodings(token.as_bytes());
        let twice: Vec<Vec<u8>> = once.iter().flat_map(|form| encodings(form)).collect();
        let mut needles = vec![token.as_bytes().to_vec()];
        needles.extend(once);
        needles.extend(twice);
        self.tokens.push(Token {
            plain: token.to_owned(),
            needles,
        });
    }

    /// Stops watching for `token`.
    pub fn allow(&mut self, token: &str) {
        self.tokens.retain(|watched| watched.plain != token);
    }

    /// Which of the tokens `bytes` hold; tells the number of the form, not the token.
    pub fn find(&self, bytes: &[u8]) -> Option<String> {
        for (number, token) in self.tokens.iter().enumerate() {
            for (form, needle) in token.needles.iter().enumerate() {
                if holds(bytes, needle) {
                    return Some(format!("token {number} in form {form}"));
                }
            }
        }
        None
    }

    /// Which file below `folder` holds a token.
    pub fn find_below(&self, folder: &Path) -> Option<(PathBuf, String)> {
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            let found = match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.find_below(&path),
                Ok(kind) if kind.is_file() => {
                    let bytes = std::fs::read(&path).unwrap_or_default();
                    self.find(&bytes).map(|form| (path, form))
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// `bytes` in base64 at each of the three offsets it can have in a longer text, without
/// the characters at the ends that depend on what stands beside it.
fn encodings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for offset in 0..3 {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(bytes);
        let encoded = STANDARD.encode(&shifted);
        let first = (offset * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        let plain = encoded[first..last].to_owned();
        forms.push(plain.replace('+', "-").replace('/', "_").into_bytes());
        forms.push(plain.into_bytes());
    }
    forms.dedup();
    forms
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "NKTZTS2TGPW04WU3NMFPS3Z1OAHWIBC4G5S20J8EKNHXBX1KPPPKJWYOALRBLWKL";

    #[test]
    fn a_token_is_found_in_every_coat_and_at_every_offset() {
        let mut leaks = Leaks::default();
        leaks.watch(TOKEN);
        for user in ["a+b", "ab+c", "abc+d", "myorg+deploy"] {
            let pair = format!("{user}:{TOKEN}");
            let once = STANDARD.encode(&pair);
            let secret = format!(r#"{{"auths":{{"{user}":{{"auth":"{once}"}}}}}}"#);
            let twice = STANDARD.encode(&secret);
            for text in [&pair, &once, &secret, &twice] {
                assert!(leaks.find(text.as_bytes()).is_some(), "{text}");
            }
        }
        assert_eq!(leaks.find(b"nothing here"), None);
    }

    #[test]
    fn an_allowed_token_is_not_looked_for() {
        let mut leaks = Leaks::default();
        leaks.watch(TOKEN);
        leaks.allow(TOKEN);
        assert_eq!(leaks.find(TOKEN.as_bytes()), None);
    }
}
