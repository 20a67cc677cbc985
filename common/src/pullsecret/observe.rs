//! What the clusters hold now: pull secrets by type, service accounts with their references.

use super::secret::PullSecret;
use super::service_account::ServiceAccountRefs;
use crate::Failure;
use crate::cluster::{CallError, Cluster, NamespaceSelection, Readable, Resource, list_in};
use crate::kubelet::Format;
use futures::future::try_join;
use globset::GlobSet;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::params::ListParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const CORE: &str = "/api/v1";

/// The pull secrets of one cluster's namespaces, ordered by namespace and name.
#[derive(Debug)]
pub struct Observed {
    /// Every secret of the two pull secret types in scope.
    pub secrets: Vec<PullSecret>,
    /// Namespaces whose secrets could not be listed, while others could.
    pub unreadable: BTreeMap<String, Failure>,
}

/// Lists the pull secrets in scope: two LISTs, one for each type, never all secrets.
///
/// # Errors
/// Names the right that is missing, and that `-n` needs less.
pub async fn observe(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    excluded: &GlobSet,
) -> Result<Observed, Failure> {
    let of = |format: Format| {
        let params = ListParams::default().fields(&format!("type={}", format.secret_type()));
        async move { list_readable::<Secret>(cluster, selection, "secrets", &params).await }
    };
    let lists = try_join(of(Format::DockerConfigJson), of(Format::DockerCfg));
    let (current, legacy) = lists.await?;
    let unreadable = current.unreadable.into_iter().chain(legacy.unreadable);
    let unreadable = unreadable.collect();
    let mut secrets: Vec<PullSecret> = current
        .items
        .into_iter()
        .chain(legacy.items)
        .filter_map(PullSecret::read)
        .filter(|secret| selection.covers(&secret.namespace, excluded))
        .collect();
    secrets.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(Observed {
        secrets,
        unreadable,
    })
}

/// A secret whose content is not looked at.
#[derive(Clone, Deserialize)]
struct Typed {
    metadata: ObjectMeta,
    #[serde(rename = "type", default)]
    secret_type: String,
}

/// The secrets of this name, of whatever type: namespace and type.
///
/// # Errors
/// They cannot be listed anywhere.
pub async fn types_of(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    name: &str,
) -> Result<Readable<(String, String)>, Failure> {
    let params = ListParams::default().fields(&format!("metadata.name={name}"));
    let listed = list_readable::<Typed>(cluster, selection, "secrets", &params).await?;
    let items = listed.items.into_iter();
    let items = items.filter_map(|secret| Some((secret.metadata.namespace?, secret.secret_type)));
    Ok(Readable {
        items: items.collect(),
        unreadable: listed.unreadable,
    })
}

/// Lists the service accounts in scope, ordered by namespace and name; and the namespaces where
/// they cannot be listed.
///
/// # Errors
/// They cannot be listed anywhere.
pub async fn service_accounts(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    excluded: &GlobSet,
) -> Result<Readable<ServiceAccountRefs>, Failure> {
    let params = ListParams::default();
    let Readable {
        items: accounts,
        unreadable: failures,
    } = list_readable::<ServiceAccount>(cluster, selection, "serviceaccounts", &params).await?;
    let mut accounts: Vec<ServiceAccountRefs> = accounts
        .into_iter()
        .filter_map(ServiceAccountRefs::read)
        .filter(|account| selection.covers(&account.namespace, excluded))
        .collect();
    accounts.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(Readable {
        items: accounts,
        unreadable: failures,
    })
}

/// Lists a core resource in the selected namespaces, with as few requests as the user's
/// rights allow.
///
/// # Errors
/// If any namespace cannot be listed.
pub(super) async fn list<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    resource: &'static str,
    params: &ListParams,
) -> Result<Vec<T>, Failure> {
    let listed = list_readable(cluster, selection, resource, params).await?;
    match listed.unreadable.into_iter().next() {
        Some((_, failure)) => Err(failure),
        None => Ok(listed.items),
    }
}

/// The same, where a namespace that cannot be listed does not hide the others; an error
/// only if none can.
async fn list_readable<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    plural: &'static str,
    params: &ListParams,
) -> Result<Readable<T>, Failure> {
    let resource = Resource { api: CORE, plural };
    let listed = list_in(cluster, selection, resource, params)
        .await
        .map_err(|error| cluster_wide_failure(error, cluster, plural))?;
    let failures = listed.failures.into_iter().map(|(namespace, error)| {
        let action = format!("list {plural} in namespace `{namespace}`");
        (namespace, error.into_failure(cluster.context(), &action))
    });
    let mut failures: Vec<(String, Failure)> = failures.collect();
    if let NamespaceSelection::Named(names) = selection
        && failures.len() == names.len()
        && let Some((_, failure)) = failures.pop()
    {
        return Err(failure);
    }
    Ok(Readable {
        items: listed.items,
        unreadable: failures,
    })
}

fn cluster_wide_failure(error: CallError, cluster: &Cluster, resource: &str) -> Failure {
    let forbidden = error.is_forbidden();
    let failure = error.into_failure(
        cluster.context(),
        &format!("list {resource} in all namespaces"),
    );
    if forbidden {
        return failure.next(format!(
            "ask for the right to list {resource} cluster-wide, or pass -n NAMESPACE"
        ));
    }
    failure
}
