//! What a registry token says it is good for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The claims of a registry token that matter to whoever pulls.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    /// Who the token speaks for.
    pub subject: Option<String>,
    /// The repositories it may pull; `None` where the token says nothing of rights.
    pub pullable: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    sub: Option<String>,
    // An exchanged federation token has an object here.
    #[serde(default)]
    access: Value,
    #[serde(default)]
    exp: Option<i64>,
}

#[derive(Deserialize)]
struct Access {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    actions: Vec<String>,
}

impl Claims {
    /// Reads the payload of a JWT. The signature is the registry's own to check: nothing
    /// is decided here but what to tell the user.
    pub fn read(token: &str) -> Option<Self> {
        let payload = payload(token)?;
        let tells = !payload.access.is_null();
        let access: Vec<Access> = serde_json::from_value(payload.access).unwrap_or_default();
        let may_pull = |entry: &Access| {
            entry.kind == "repository" && entry.actions.iter().any(|a| a == "pull" || a == "*")
        };
        let pullable = access.into_iter().filter(may_pull);
        let pullable = pullable.map(|entry| entry.name).collect();
        Some(Self {
            subject: payload.sub,
            pullable: tells.then_some(pullable),
        })
    }
}

/// When the token expires.
pub(super) fn expires(token: &str) -> Option<Timestamp> {
    Timestamp::from_second(payload(token)?.exp?).ok()
}

fn payload(token: &str) -> Option<Payload> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload.to_string()))
    }

    #[test]
    fn only_granted_pulls_count() {
        let token = token(serde_json::json!({"sub": "myorg+deploy", "access": [
            {"type": "repository", "name": "myorg/my-app", "actions": ["pull"]},
            {"type": "repository", "name": "myorg/none", "actions": []},
            {"type": "repository", "name": "myorg/both", "actions": ["push", "pull"]},
            {"type": "registry", "name": "catalog", "actions": ["pull"]}]}));
        let claims = Claims::read(&token).unwrap();
        assert_eq!(claims.subject.as_deref(), Some("myorg+deploy"));
        assert_eq!(claims.pullable.unwrap(), ["myorg/my-app", "myorg/both"]);
    }

    #[test]
    fn an_empty_object_grants_nothing_and_no_object_says_nothing() {
        let claims = Claims::read(&token(serde_json::json!({"sub": "a", "access": {}})));
        assert_eq!(claims.unwrap().pullable, Some(Vec::new()));
        let silent = Claims::read(&token(serde_json::json!({"sub": "a"}))).unwrap();
        assert_eq!(silent.pullable, None);
    }

    #[test]
    fn what_is_no_jwt_is_not_read() {
        for text in ["", "abc", "a.b", "a.!!.c"] {
            assert_eq!(Claims::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_mangled_token_grants_no_pull_that_it_does_not_name() {
        let payload =
            r#"{"sub":"a+b","access":[{"type":"repository","name":"a/c","actions":["pull"]}]}"#;
        crate::mangled::each(&[payload], |payload| {
            let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
            let claims = Claims::read(&token);
            for name in claims
                .and_then(|claims| claims.pullable)
                .unwrap_or_default()
            {
                let quoted = serde_json::to_string(&name).unwrap();
                let named = payload.contains(&quoted) || payload.contains('\\');
                assert!(named && payload.contains('p'), "{payload:?}");
            }
        });
        crate::mangled::each(&[&token(serde_json::json!({"access": []}))], |token| {
            Claims::read(token);
        });
    }
}
