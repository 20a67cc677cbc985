//! The API token in a Secret of a cluster.

use super::token;
use crate::Failure;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use secrecy::SecretString;

const KEY: &str = "token";

/// Reads the API token from the key `token` of the Secret `NAMESPACE/NAME`.
pub async fn token_from_secret(client: Client, reference: &str) -> Result<SecretString, Failure> {
    let (namespace, name) = split(reference)?;
    let secrets: Api<Secret> = Api::namespaced(client, namespace);
    let secret = secrets.get(name).await.map_err(|error| {
        let reason = match error {
            kube::Error::Api(status) => status.message,
            other => other.to_string(),
        };
        Failure::new(format!(
            "cannot read the API token from the Secret {reference}: {reason}"
        ))
        .next(format!(
            "kubectl auth can-i get secret/{name} --namespace {namespace}"
        ))
    })?;
    let value = secret
        .data
        .and_then(|mut data| data.remove(KEY))
        .ok_or_else(|| {
            Failure::new(format!("the Secret {reference} has no key `{KEY}`"))
                .next(format!("put the API token under the key `{KEY}`"))
        })?;
    let source = format!("the Secret {reference}");
    let text = String::from_utf8(value.0).map_err(|_| {
        Failure::new(format!(
            "{source} does not hold an API token: it is not text"
        ))
    })?;
    token::checked(&text, "API token", &source)
}

fn split(reference: &str) -> Result<(&str, &str), Failure> {
    match reference.split_once('/') {
        Some((namespace, name))
            if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
        {
            Ok((namespace, name))
        }
        _ => Err(Failure::usage(format!(
            "`{reference}` does not name a Secret; write --auth-secret NAMESPACE/NAME"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_with_its_namespace() {
        assert_eq!(split("quay/token").unwrap(), ("quay", "token"));
        for bad in ["token", "/token", "quay/", "a/b/c"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
