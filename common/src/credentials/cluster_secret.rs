//! The API token in a Secret of a cluster.

use super::token;
use crate::Failure;
use crate::cluster::{Cluster, path_of, split_reference};
use k8s_openapi::api::core::v1::Secret;
use secrecy::SecretString;

const KEY: &str = "token";

/// Reads the API token from the key `token` of the Secret `NAMESPACE/NAME`.
pub async fn token_from_secret(
    cluster: &Cluster,
    reference: &str,
) -> Result<SecretString, Failure> {
    let (namespace, name) = split(reference)?;
    let path = path_of::<Secret>(namespace, name);
    let secret: Secret = cluster.get(&path).await.map_err(|error| {
        let action = format!("read the API token from the Secret {reference}");
        error.into_failure(cluster.context(), &action)
    })?;
    let value = secret
        .data
        .and_then(|mut data| data.remove(KEY))
        .ok_or_else(|| {
            Failure::new(format!("the Secret {reference} has no key `{KEY}`"))
                .next(format!("store the API token in the Secret's key `{KEY}`"))
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
    split_reference(reference).ok_or_else(|| {
        Failure::usage(format!(
            "`{reference}` does not name a Secret; write --auth-secret NAMESPACE/NAME"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_with_its_namespace() {
        assert_eq!(split("quay/token").unwrap(), ("quay", "token"));
        for bad in ["token", "/token", "quay/", "a/b/c", "a/..", "a/b?c"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
