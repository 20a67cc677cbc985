//! The `WWW-Authenticate` header of `/v2/`.

/// How a registry wants to be told who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// With a token, which it hands out.
    Bearer {
        /// The token endpoint's URL.
        realm: String,
        /// What the token is for, as its `service` parameter.
        service: String,
    },
    /// With the password itself, in each request.
    Basic,
}

impl Challenge {
    /// Reads `Bearer realm="https://HOST/v2/auth",service="HOST"` or `Basic realm="x"`.
    pub fn parse(header: &str) -> Option<Self> {
        let header = header.trim();
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let value = |name: &str| {
            parameters(rest)
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
        };
        Some(Self::Bearer {
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
        let challenge = Challenge::Bearer {
            realm: "http://localhost:8080/v2/auth".to_owned(),
            service: "localhost:8080".to_owned(),
        };
        assert_eq!(Challenge::parse(header), Some(challenge));
    }

    #[test]
    fn a_comma_in_quotes_ends_nothing() {
        let header = r#"Bearer scope="repository:a/b:pull,push", realm="https://h/t""#;
        let challenge = Challenge::Bearer {
            realm: "https://h/t".to_owned(),
            service: String::new(),
        };
        assert_eq!(Challenge::parse(header), Some(challenge));
        assert_eq!(Challenge::parse("Bearer"), None);
        assert_eq!(Challenge::parse("Negotiate"), None);
    }

    #[test]
    fn basic_is_read_however_it_is_written() {
        for header in [
            r#"Basic realm="Registry Realm""#,
            r#"BASIC realm="Sonatype Nexus Repository Manager""#,
            "Basic",
        ] {
            assert_eq!(Challenge::parse(header), Some(Challenge::Basic), "{header}");
        }
    }

    #[test]
    fn a_mangled_challenge_names_nothing_that_is_not_in_it() {
        let samples = [r#"Bearer realm="https://quay.io/v2/auth",service="quay.io""#];
        crate::mangled::each(&samples, |header| {
            if let Some(Challenge::Bearer { realm, service }) = Challenge::parse(header) {
                assert!(header.contains(&realm), "{header:?}");
                assert!(header.contains(&service), "{header:?}");
            }
        });
    }
}
