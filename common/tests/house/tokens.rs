//! A Rust source as words and signs, with their lines; comments are left out.

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// An identifier or keyword.
    Word(String),
    /// `::`.
    PathSep,
    /// The inside of a string literal.
    Text(String),
    /// Any other sign.
    Sign(char),
}

/// The tokens with the lines they begin in, counted from 1.
pub fn tokens(source: &str) -> Vec<(Token, usize)> {
    let mut reader = Reader {
        rest: source,
        line: 1,
    };
    let mut tokens = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        if let Some(token) = reader.next() {
            tokens.push((token, line));
        }
    }
    tokens
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Option<Token> {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.take(rest.find('\n').unwrap_or(rest.len()));
            return None;
        }
        if rest.starts_with("/*") {
            self.take(rest.find("*/").map_or(rest.len(), |end| end + 2));
            return None;
        }
        if let Some(text) = self.text() {
            return Some(Token::Text(text));
        }
        let first = rest.chars().next()?;
        if first == '\'' {
            self.character_or_lifetime();
            return None;
        }
        if first.is_alphanumeric() || first == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let word = self.take(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
            return Some(Token::Word(word.to_owned()));
        }
        if rest.starts_with("::") {
            self.take(2);
            return Some(Token::PathSep);
        }
        self.take(first.len_utf8());
        (!first.is_whitespace()).then_some(Token::Sign(first))
    }

    /// A string literal of any kind: `"…"`, `b"…"`, `r#"…"#`.
    fn text(&mut self) -> Option<String> {
        let prefix = self.rest.trim_start_matches(['b', 'c']);
        let raw = prefix.strip_prefix('r');
        let hashes = raw.map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
        let opened = raw.unwrap_or(prefix)[hashes..].strip_prefix('"')?;
        let begin = self.rest.len() - opened.len();
        let end = match raw {
            Some(_) => opened.find(&format!("\"{}", "#".repeat(hashes)))?,
            None => end_of_escaped(opened)?,
        };
        self.take(begin);
        let inner = self.take(end).to_owned();
        self.take(1 + hashes);
        Some(inner)
    }

    fn character_or_lifetime(&mut self) {
        let inner = &self.rest[1..];
        let literal = match inner.strip_prefix('\\') {
            Some(escaped) => escaped[1..].find('\'').map(|end| end + 4),
            None => inner
                .chars()
                .next()
                .filter(|c| inner[c.len_utf8()..].starts_with('\''))
                .map(|c| c.len_utf8() + 2),
        };
        self.take(literal.unwrap_or(1));
    }
}

/// Where the quote is that ends a text with escapes.
fn end_of_escaped(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices()
        .find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        })
        .map(|(at, _)| at)
}
