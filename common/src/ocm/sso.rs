//! From an offline token or a service account to an access token.

use super::error::{OcmError, said};
use crate::web::{Auth, Body, Call, Largest, Repeat, Transport};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

/// The client that issues the offline tokens of console.redhat.com.
const CLIENT: &str = "cloud-services";

/// What somebody signs in with.
#[derive(Debug, Clone)]
pub(super) enum Grant {
    /// A refresh token that does not expire with its session.
    Offline(SecretString),
    /// A service account's id and secret.
    ServiceAccount(String, SecretString),
}

/// What the sign-on service gives for it.
#[derive(Deserialize)]
pub(super) struct Tokens {
    #[serde(rename = "access_token", deserialize_with = "crate::web::body::secret")]
    pub access: SecretString,
}

/// Exchanges the grant for an access token.
pub(super) async fn exchange(
    transport: &Transport,
    token_url: &str,
    grant: &Grant,
) -> Result<SecretString, OcmError> {
    let url = Url::parse(token_url).map_err(|error| {
        OcmError::Unavailable(format!("{token_url} is not an address: {error}"))
    })?;
    let client;
    let (fields, auth) = match grant {
        Grant::Offline(token) => {
            client = issuing_client(token).unwrap_or_else(|| CLIENT.to_owned());
            let fields = vec![
                ("grant_type", "refresh_token"),
                ("client_id", client.as_str()),
                ("refresh_token", token.expose_secret()),
            ];
            (fields, Auth::None)
        }
        Grant::ServiceAccount(id, secret) => {
            let fields = vec![
                ("grant_type", "client_credentials"),
                ("client_id", id.as_str()),
                ("scope", "openid"),
            ];
            (fields, Auth::Basic(id, secret))
        }
    };
    let call = Call {
        method: Method::POST,
        url,
        auth,
        body: Some(Body::Form(form(&fields))),
        accept: None,
        repeat: Repeat::Safe,
        largest: Largest::Token,
    };
    let answer = transport.send(&call).await?;
    match answer.status {
        200 => serde_json::from_slice::<Tokens>(&answer.body)
            .map(|tokens| tokens.access)
            // The parser's message may quote a token.
            .map_err(|_| OcmError::Unexpected {
                status: 200,
                text: "the sign-on service returned no access token".to_owned(),
            }),
        400 | 401 => Err(OcmError::BadLogin(said(&answer))),
        status => Err(OcmError::Unexpected {
            status,
            text: said(&answer),
        }),
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    // Only the query of this address is used.
    let mut url = match Url::parse("form:") {
        Ok(url) => url,
        Err(_) => return String::new(),
    };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// A refresh token is only good for the client that issued it, which it names where it is
/// a JWT; a token from `ocm login` comes from another one than a token from the console.
fn issuing_client(token: &SecretString) -> Option<String> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("azp")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded_as_browsers_do() {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "a b+c/d=&é"),
        ];
        assert_eq!(
            form(&fields),
            "grant_type=refresh_token&refresh_token=a+b%2Bc%2Fd%3D%26%C3%A9"
        );
    }

    #[test]
    fn a_refresh_token_names_the_client_it_is_good_for() {
        let client = |token: &str| issuing_client(&SecretString::from(token));
        // printf '{"azp":"ocm-cli","typ":"Offline"}' | base64
        let token = "eyJhbGciOiJIUzUxMiJ9.eyJhenAiOiJvY20tY2xpIiwidHlwIjoiT2ZmbGluZSJ9.c2ln";
        assert_eq!(client(token).as_deref(), Some("ocm-cli"));
        assert_eq!(client("opaque"), None);
        assert_eq!(client("a.!!.c"), None);
    }
}
