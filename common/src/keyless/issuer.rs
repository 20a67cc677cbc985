//! A cluster as an issuer of identities: its service accounts, their tokens, and what Quay makes
//! of them.

use crate::Failure;
use crate::cluster::{
    CallError, Cluster, DISCOVERY, WriteMode, collection, list_all, path_of, split_reference,
};
use crate::hint::{self, Hint};
use crate::quay::FederatedSubject;
use crate::web::may_be_asked;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount as Account;
use kube::core::params::ListParams;
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// What Quay checks signatures with.
const ALGORITHMS: [&str; 2] = ["RS256", "RS384"];
/// How long the token of one exchange is good for, in seconds; the API server gives no less.
const SECONDS: u32 = 600;

/// `NAMESPACE/NAME` of a service account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceAccount {
    pub namespace: String,
    pub name: String,
}

impl FromStr for ServiceAccount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = split_reference(text).ok_or("write NAMESPACE/NAME")?;
        Ok(Self {
            namespace: parts.0.to_owned(),
            name: parts.1.to_owned(),
        })
    }
}

impl fmt::Display for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What a cluster says about the tokens it issues (OpenID Connect Discovery 1.0).
#[derive(Debug, Clone, Deserialize)]
pub struct Issuer {
    /// Its URL, letter by letter.
    #[serde(rename = "issuer")]
    pub url: String,
    #[serde(default, rename = "id_token_signing_alg_values_supported")]
    algorithms: Vec<String>,
}

/// Why Quay may not take an issuer's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Its keys come over https only.
    NotHttps,
    /// The address means something inside the cluster or its network alone.
    NotPublic,
    /// It signs with these.
    Algorithms(Vec<String>),
}

impl Issuer {
    /// An issuer that somebody names.
    pub fn named(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            algorithms: Vec::new(),
        }
    }

    /// The service account as Quay knows it.
    pub fn subject(&self, account: &ServiceAccount, audiences: &[String]) -> FederatedSubject {
        FederatedSubject {
            issuer: self.url.clone(),
            subject: format!(
                "system:serviceaccount:{}:{}",
                account.namespace, account.name
            ),
            audiences: audiences.to_vec(),
        }
    }

    /// Why Quay may not take its tokens.
    pub fn doubts(&self) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        let url = Url::parse(&self.url).ok();
        if url.as_ref().is_none_or(|url| url.scheme() != "https") {
            doubts.push(Doubt::NotHttps);
        }
        if !url.as_ref().and_then(Url::host_str).is_some_and(is_public) {
            doubts.push(Doubt::NotPublic);
        }
        let taken = |name: &String| ALGORITHMS.contains(&name.as_str());
        if !self.algorithms.is_empty() && !self.algorithms.iter().any(taken) {
            doubts.push(Doubt::Algorithms(self.algorithms.clone()));
        }
        doubts
    }
}

/// Whether a name or an address may mean the same to a Quay elsewhere.
fn is_public(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => {
            let is_private = match address {
                IpAddr::V4(address) => address.is_private(),
                IpAddr::V6(address) => address.is_unique_local(),
            };
            may_be_asked(address) && !is_private
        }
        Err(_) => {
            let inside = [".svc", ".local", ".internal", ".localdomain"];
            host.contains('.')
                && host != "kubernetes.default.svc"
                && !inside.iter().any(|end| host.ends_with(end))
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttps => f.write_str("Quay fetches an issuer's keys over https only"),
            Self::NotPublic => f.write_str(
                "the address means something inside the cluster or its network, so a Quay \
                 elsewhere does not reach it",
            ),
            Self::Algorithms(names) => write!(
                f,
                "it signs with {}, and Quay takes RS256 and RS384",
                names.join(", ")
            ),
        }
    }
}

impl Doubt {
    /// What removes it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotHttps | Self::NotPublic => {
                "serve the cluster's /.well-known/openid-configuration and /openid/v1/jwks at an \
                 https address that Quay reaches, and start the API server with that address as \
                 --service-account-issuer and --service-account-jwks-uri"
            }
            Self::Algorithms(_) => {
                "start the API server with an RSA key as --service-account-signing-key-file"
            }
        }
    }
}

/// What the cluster says about the tokens that it issues.
///
/// # Errors
/// Names the right that is missing.
pub async fn issuer_of(cluster: &Cluster) -> Result<Issuer, Failure> {
    cluster.get(DISCOVERY).await.map_err(|error| {
        let forbidden = error.is_forbidden();
        let failure = error.into_failure(cluster.context(), "read the cluster's issuer");
        match forbidden {
            true => failure.next(
                "ask for the ClusterRole system:service-account-issuer-discovery, or pass \
                 --issuer and --subject",
            ),
            false => failure,
        }
    })
}

/// The service accounts of a namespace.
///
/// # Errors
/// They may not be listed.
pub async fn service_accounts(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Vec<ServiceAccount>, Failure> {
    let path = collection::<Account>(namespace);
    let listed = list_all::<Account>(cluster, &path, &ListParams::default()).await;
    let listed = listed.map_err(|error| {
        let action = format!("list the service accounts of namespace `{namespace}`");
        error.into_failure(cluster.context(), &action)
    })?;
    let names = listed
        .into_iter()
        .filter_map(|account| account.metadata.name);
    Ok(names
        .map(|name| ServiceAccount {
            namespace: namespace.to_owned(),
            name,
        })
        .collect())
}

/// A token of the service account that is meant for this audience, for ten minutes.
///
/// # Errors
/// The service account does not exist, or the right is missing.
pub async fn identity_token(
    cluster: &Cluster,
    account: &ServiceAccount,
    audience: &str,
) -> Result<SecretString, Failure> {
    let path = path_of::<Account>(&account.namespace, &account.name);
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": [audience], "expirationSeconds": SECONDS},
    });
    let made: Result<TokenRequest, CallError> = cluster
        .create(&format!("{path}/token"), &request, WriteMode::Persist)
        .await;
    let made = made.map_err(|error| no_token(error, cluster, account))?;
    let status = made.status.map(|status| SecretString::from(status.token));
    status.ok_or_else(|| {
        Failure::new(format!(
            "the API server (context {}) answered without a token of service account {account}",
            cluster.context()
        ))
    })
}

fn no_token(error: CallError, cluster: &Cluster, account: &ServiceAccount) -> Failure {
    let (missing, forbidden) = (error.is_not_found(), error.is_forbidden());
    let context = cluster.context();
    let action = format!("get a token of service account {account}");
    let failure = error.into_failure(context, &action);
    let ServiceAccount { namespace, name } = account;
    if missing {
        let accounts = hint::get(namespace, "serviceaccounts").at(context);
        return failure.next(Hint::from("look which there are: ").run(accounts));
    }
    match forbidden {
        true => {
            let right = hint::can_i(context, namespace, "create", "serviceaccounts/token");
            let ask = format!(
                "ask for the right to create serviceaccounts/token for `{name}` in namespace \
                 `{namespace}`, then check with: "
            );
            failure.next(Hint::from(ask).run(right))
        }
        false => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_cluster_alone_and_other_signatures_are_doubted() {
        for url in [
            "https://kubernetes.default.svc",
            "https://kubernetes.default.svc.cluster.local",
            "https://10.0.0.1:6443",
            "https://[fd00::1]",
            "https://master",
        ] {
            assert_eq!(Issuer::named(url).doubts(), [Doubt::NotPublic], "{url}");
        }
        let plain = Issuer::named("http://oidc.example.com");
        assert_eq!(plain.doubts(), [Doubt::NotHttps]);
        let mut public = Issuer::named("https://oidc.eks.eu-west-1.amazonaws.com/id/ABC");
        assert_eq!(public.doubts(), []);
        public.algorithms = vec!["ES256".to_owned()];
        assert_eq!(
            public.doubts(),
            [Doubt::Algorithms(vec!["ES256".to_owned()])]
        );
        public.algorithms = vec!["ES256".to_owned(), "RS256".to_owned()];
        assert_eq!(public.doubts(), []);
    }

    #[test]
    fn a_service_account_is_named_with_its_namespace() {
        assert_eq!(
            "shop/app".parse::<ServiceAccount>().unwrap().to_string(),
            "shop/app"
        );
        for bad in ["app", "/app", "shop/", "a/b/c", "a/..", "a/b?c", "A/b"] {
            assert!(bad.parse::<ServiceAccount>().is_err(), "{bad}");
        }
    }
}
