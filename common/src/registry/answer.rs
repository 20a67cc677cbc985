//! What a registry's answers say.

use crate::web::{Answer, ApiError, body, error_text, first_line};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

/// A token, under one of two names or both: which name is whose idea differs.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default, deserialize_with = "some_secret")]
    token: Option<SecretString>,
    #[serde(default, deserialize_with = "some_secret")]
    access_token: Option<SecretString>,
}

fn some_secret<'de, D: Deserializer<'de>>(source: D) -> Result<Option<SecretString>, D::Error> {
    let text = Option::<String>::deserialize(source)?;
    Ok(text.filter(|text| !text.is_empty()).map(SecretString::from))
}

/// The token of an answer.
pub(super) fn read_token(answer: &Answer) -> Result<SecretString, ApiError> {
    if answer.status != 200 {
        return Err(unexpected(answer));
    }
    let read: TokenAnswer = body::parse_of_registry(answer.status, &answer.body)?;
    read.token
        .or(read.access_token)
        .ok_or_else(|| ApiError::Unexpected {
            status: answer.status,
            text: "the registry's answer holds no token".to_owned(),
        })
}

/// The registry's words: `{"errors":[{"message": …}]}`.
pub(super) fn reason(answer: &Answer) -> String {
    serde_json::from_slice::<serde_json::Value>(&answer.body)
        .ok()
        .and_then(|body| {
            Some(first_line(
                body.pointer("/errors/0/message")?.as_str()?.as_bytes(),
            ))
        })
        .unwrap_or_else(|| "no reason given".to_owned())
}

pub(super) fn unexpected(answer: &Answer) -> ApiError {
    ApiError::Unexpected {
        status: answer.status,
        text: error_text(&answer.body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn token(body: &str) -> Result<String, ApiError> {
        let answer = Answer {
            status: 200,
            challenge: None,
            body: body.as_bytes().to_vec(),
            after_loss: false,
        };
        read_token(&answer).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn a_token_is_read_under_either_name_or_both() {
        for body in [
            r#"{"token":"t"}"#,
            r#"{"access_token":"t","expires_in":300}"#,
            r#"{"token":"t","access_token":"t"}"#,
            r#"{"token":"","access_token":"t"}"#,
        ] {
            assert_eq!(token(body).unwrap(), "t", "{body}");
        }
        for body in ["{}", "<html>", r#"{"token":["S3CRET"]}"#] {
            let error = token(body).unwrap_err();
            assert!(!error.to_string().contains("S3CRET"), "{error}");
        }
    }
}
