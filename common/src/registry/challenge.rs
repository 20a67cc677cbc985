//! The `WWW-Authenticate` header of `/v2/`.

/// Where a registry hands out tokens, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The token endpoint's URL.
    pub realm: String,
    /// What the token is for, as its `service` parameter.
    pub service: String,
}

impl Challenge {
    /// Reads `Bearer realm="https://HOST/v2/auth",service="HOST"`.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let value = |name: &str| {
            parameters(rest)
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
        };
        Some(Self {
            realm: value("realm")?,
            service: value("service").unwrap_or_default(),
        })
    }
}

/// The `key="value"` pairs; a comma inside quotes does not end one.
fn parameters(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut quoted = false;
    let pieces = text.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    pieces.filter_map(|piece| {
        let (key, value) = piece.split_once('=')?;
        Some((key.trim(), value.trim().trim_matches('"')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quays_recorded_challenge_is_read() {
        let header = r#"Bearer realm="http://localhost:8080/v2/auth",service="localhost:8080""#;
        let challenge = Challenge::parse(header).unwrap();
        assert_eq!(challenge.realm, "http://localhost:8080/v2/auth");
        assert_eq!(challenge.service, "localhost:8080");
    }

    #[test]
    fn a_comma_in_quotes_ends_nothing_and_basic_is_no_challenge_of_ours() {
        let header = r#"Bearer scope="repository:a/b:pull,push", realm="https://h/t""#;
        assert_eq!(Challenge::parse(header).unwrap().realm, "https://h/t");
        assert_eq!(Challenge::parse(r#"Basic realm="x""#), None);
        assert_eq!(Challenge::parse("Bearer"), None);
    }

    #[test]
    fn a_mangled_challenge_names_nothing_that_is_not_in_it() {
        let samples = [r#"Bearer realm="https://quay.io/v2/auth",service="quay.io""#];
        crate::mangled::each(&samples, |header| {
            if let Some(challenge) = Challenge::parse(header) {
                assert!(header.contains(&challenge.realm), "{header:?}");
                assert!(header.contains(&challenge.service), "{header:?}");
            }
        });
    }
}
