//! Every path in a file that leads to something of its own crate.

use super::tokens::{Token, tokens};
use std::collections::BTreeMap;

/// One such path, from the crate's root.
pub struct Mention {
    pub path: Vec<String>,
    pub line: usize,
    /// It stands in a `pub use`, which only shows what another file has.
    pub is_offer: bool,
    /// It begins with a name, which may be that of a module below or of anything else.
    pub by_name: bool,
}

/// Reads one file, which is `module`: its mentions, and what its `pub use` offers.
///
/// Paths count wherever they stand: in `use`, in types and expressions, in macros, in the texts
/// of attributes such as `#[serde(with = "crate::…")]`.
pub fn read(text: &str, module: &[String]) -> (Vec<Mention>, BTreeMap<String, Vec<String>>) {
    let mut reader = Reader {
        tokens: tokens(text),
        at: 0,
        inside: vec![(0, module.to_vec())],
        depth: 0,
        mentions: Vec::new(),
        offers: BTreeMap::new(),
    };
    reader.run();
    (reader.mentions, reader.offers)
}

struct Reader {
    tokens: Vec<(Token, usize)>,
    at: usize,
    /// The modules around, with the depth of braces at which each began; the file's own first.
    inside: Vec<(usize, Vec<String>)>,
    depth: usize,
    mentions: Vec<Mention>,
    offers: BTreeMap<String, Vec<String>>,
}

impl Reader {
    fn run(&mut self) {
        while let Some((token, line)) = self.tokens.get(self.at).cloned() {
            match token {
                Token::Sign('#') if self.is_test_attribute() => self.skip_item(),
                Token::Word(word) if word == "use" && !self.is_generic_bound() => self.import(),
                Token::Word(word) if word == "mod" => self.enter(),
                Token::Word(_) if self.token(1) == Some(&Token::PathSep) => self.path(line),
                Token::Text(text) if text.starts_with("crate::") || text.starts_with("super::") => {
                    let parts: Vec<String> = text.split("::").map(str::to_owned).collect();
                    self.mention(&parts, line, false);
                    self.at += 1;
                }
                Token::Sign('{') => {
                    self.depth += 1;
                    self.at += 1;
                }
                Token::Sign('}') => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.inside.len() > 1
                        && self.inside.last().map(|last| last.0) == Some(self.depth)
                    {
                        self.inside.pop();
                    }
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.token(ahead) == Some(&Token::Sign(sign))
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        match self.token(ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// `#[cfg(test)]`.
    fn is_test_attribute(&self) -> bool {
        self.is_sign(1, '[') && self.word(2) == Some("cfg") && self.word(4) == Some("test")
    }

    /// `impl Trait + use<'a>` imports nothing.
    fn is_generic_bound(&self) -> bool {
        self.is_sign(1, '<')
    }

    /// Skips an attribute with the item it stands on: to the end of its block or statement.
    fn skip_item(&mut self) {
        let mut depth = 0;
        while let Some((token, _)) = self.tokens.get(self.at) {
            self.at += 1;
            match token {
                Token::Sign('{' | '[' | '(') => depth += 1,
                Token::Sign('}') if depth == 1 => return,
                Token::Sign('}' | ']' | ')') => depth -= 1,
                Token::Sign(';' | ',') if depth == 0 => return,
                _ => {}
            }
        }
    }

    /// `mod name {` leads into a module of its own; `mod name;` is another file.
    fn enter(&mut self) {
        if let Some(name) = self.word(1).map(str::to_owned)
            && self.is_sign(2, '{')
        {
            let module = self.module().iter().cloned().chain([name]).collect();
            self.inside.push((self.depth, module));
        }
        self.at += 1;
    }

    fn module(&self) -> &[String] {
        self.inside.last().map_or(&[], |(_, module)| module)
    }

    /// `use a::b::{c, d as e};`
    fn import(&mut self) {
        let line = self.tokens[self.at].1;
        let before = self.at.checked_sub(1).map(|before| &self.tokens[before].0);
        let is_offer = matches!(before, Some(Token::Sign(')')))
            || matches!(before, Some(Token::Word(word)) if word == "pub");
        self.at += 1;
        for (path, name) in self.tree(&[]) {
            self.mention(&path, line, is_offer);
            if is_offer && self.inside.len() == 1 {
                let offered = self.absolute(&path).unwrap_or_else(|| self.below(&path));
                self.offers.insert(name, offered);
            }
        }
    }

    /// The paths of one branch of a `use`, each with the name it is known by.
    fn tree(&mut self, before: &[String]) -> Vec<(Vec<String>, String)> {
        let mut path = before.to_vec();
        loop {
            if self.is_sign(0, '{') {
                self.at += 1;
                let mut leaves = Vec::new();
                while !self.is_sign(0, '}') {
                    leaves.extend(self.tree(&path));
                    if self.is_sign(0, ',') {
                        self.at += 1;
                    }
                }
                self.at += 1;
                return leaves;
            }
            if self.is_sign(0, '*') {
                self.at += 1;
                return vec![(path, "*".to_owned())];
            }
            let Some(word) = self.word(0).map(str::to_owned) else {
                return Vec::new();
            };
            self.at += 1;
            if word != "self" || path.is_empty() {
                path.push(word.clone());
            }
            if self.token(0) == Some(&Token::PathSep) {
                self.at += 1;
                continue;
            }
            let mut name = path.last().cloned().unwrap_or(word);
            if self.word(0) == Some("as") {
                name = self.word(1).unwrap_or_default().to_owned();
                self.at += 2;
            }
            return vec![(path, name)];
        }
    }

    /// A path outside of `use`.
    fn path(&mut self, line: usize) {
        let mut parts = Vec::new();
        while let Some(word) = self.word(0).map(str::to_owned) {
            parts.push(word);
            self.at += 1;
            if self.token(0) != Some(&Token::PathSep) || self.word(1).is_none() {
                break;
            }
            self.at += 1;
        }
        // `pub(in crate::room)` imports nothing.
        let first = self.at.checked_sub(2 * parts.len());
        let before = first.map(|before| &self.tokens[before].0);
        if parts.len() > 1 && before != Some(&Token::Word("in".to_owned())) {
            self.mention(&parts, line, false);
        }
    }

    fn mention(&mut self, path: &[String], line: usize, is_offer: bool) {
        let absolute = self.absolute(path);
        let by_name = absolute.is_none();
        self.mentions.push(Mention {
            path: absolute.unwrap_or_else(|| self.below(path)),
            line,
            is_offer,
            by_name,
        });
    }

    /// The path, if it begins with the name of a module below.
    fn below(&self, path: &[String]) -> Vec<String> {
        [self.module(), path].concat()
    }

    /// The path from the root; `None` if it begins with a name.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = self.module().to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            _ => return None,
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }
}
