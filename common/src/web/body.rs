//! Reading the bodies of answers.

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::error::ApiError;

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Parses the body of a success of Quay's.
pub(crate) fn parse<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, ApiError> {
    parse_with(status, body, "; check that this is Quay")
}

/// The same of a registry, which need not be a Quay.
pub(crate) fn parse_of_registry<T: DeserializeOwned>(
    status: u16,
    body: &[u8],
) -> Result<T, ApiError> {
    parse_with(status, body, "")
}

/// The parser's own message is dropped: it may quote the value it did not expect.
fn parse_with<T: DeserializeOwned>(status: u16, body: &[u8], advice: &str) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::Unexpected {
        status,
        text: match body.starts_with(&GZIP) {
            true => {
                format!("the body is compressed, and nothing compressed was asked for{advice}")
            }
            false => format!(
                "the body is not the expected JSON (line {}, column {}){advice}",
                error.line(),
                error.column()
            ),
        },
    })
}

/// Reads a string straight into a secret.
pub(crate) fn secret<'de, D: Deserializer<'de>>(source: D) -> Result<SecretString, D::Error> {
    String::deserialize(source).map(SecretString::from)
}

/// Reads a time as Quay writes it: `Sun, 22 Nov 2026 10:02:08 -0000`, or null.
pub(crate) fn time<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<jiff::Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(source)?;
    Ok(text.as_deref().and_then(parse_time))
}

fn parse_time(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
        .or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quays_times_are_read_in_both_forms() {
        let mail = parse_time("Sun, 22 Nov 2026 10:02:08 -0000").unwrap();
        assert_eq!(mail.to_string(), "2026-11-22T10:02:08Z");
        assert!(parse_time("2036-11-21T22:00:18.988819Z").is_some());
        assert_eq!(parse_time("yesterday"), None);
    }

    #[test]
    fn a_parse_error_never_quotes_the_body() {
        #[derive(Debug, Deserialize)]
        struct Number {
            #[expect(dead_code, reason = "only its type matters")]
            token: u8,
        }
        let error = parse::<Number>(200, br#"{"token": "S3CRET"}"#).unwrap_err();
        assert!(!error.to_string().contains("S3CRET"), "{error}");
    }
}
