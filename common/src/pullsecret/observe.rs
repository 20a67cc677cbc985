//! What the clusters hold now: pull secrets by type, service accounts with their references.

use super::secret::PullSecret;
use super::service_account::ServiceAccountRefs;
use crate::Failure;
use crate::cluster::{CallError, Cluster, NamespaceSelection, list_all};
use crate::dockerconfig::Format;
use futures::future::try_join;
use globset::GlobSet;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Up to this many namespaces are listed one by one; one LIST of the whole cluster
/// is cheaper than more of them.
const ONE_BY_ONE: usize = 8;

/// The pull secrets of one cluster's namespaces, ordered by namespace and name.
#[derive(Debug)]
pub struct Observed {
    /// Every secret of the two pull secret types in scope.
    pub secrets: Vec<PullSecret>,
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
        async move { list::<Secret>(cluster, selection, "secrets", &params).await }
    };
    let (current, legacy) = try_join(of(Format::DockerConfigJson), of(Format::DockerCfg)).await?;
    let mut secrets: Vec<PullSecret> = current
        .into_iter()
        .chain(legacy)
        .filter_map(PullSecret::read)
        .filter(|secret| in_scope(&secret.namespace, selection, excluded))
        .collect();
    secrets.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(Observed { secrets })
}

/// Lists the service accounts in scope, ordered by namespace and name.
pub async fn observe_service_accounts(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    excluded: &GlobSet,
) -> Result<Vec<ServiceAccountRefs>, Failure> {
    let accounts = list::<ServiceAccount>(
        cluster,
        selection,
        "serviceaccounts",
        &ListParams::default(),
    )
    .await?;
    let mut accounts: Vec<ServiceAccountRefs> = accounts
        .into_iter()
        .filter_map(ServiceAccountRefs::read)
        .filter(|account| in_scope(&account.namespace, selection, excluded))
        .collect();
    accounts.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(accounts)
}

/// Lists a core resource in the selected namespaces, with as few requests as the user's rights allow.
pub(super) async fn list<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    resource: &str,
    params: &ListParams,
) -> Result<Vec<T>, Failure> {
    let everywhere = format!("/api/v1/{resource}");
    match selection {
        NamespaceSelection::All => list_all(cluster, &everywhere, params)
            .await
            .map_err(|error| cluster_wide_failure(error, cluster, resource)),
        NamespaceSelection::Named(names) if names.len() <= ONE_BY_ONE => {
            list_each(cluster, names, resource, params).await
        }
        NamespaceSelection::Named(names) => match list_all(cluster, &everywhere, params).await {
            Err(error) if error.is_forbidden() => list_each(cluster, names, resource, params).await,
            other => other.map_err(|error| cluster_wide_failure(error, cluster, resource)),
        },
    }
}

async fn list_each<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    resource: &str,
    params: &ListParams,
) -> Result<Vec<T>, Failure> {
    let lists = cluster
        .window()
        .run(namespaces, async |namespace| {
            list_all(
                cluster,
                &format!("/api/v1/namespaces/{namespace}/{resource}"),
                params,
            )
            .await
            .map_err(|error: CallError| {
                error.into_failure(
                    cluster.context(),
                    &format!("list {resource} in namespace `{namespace}`"),
                )
            })
        })
        .await;
    let lists: Result<Vec<Vec<T>>, Failure> = lists.into_iter().collect();
    Ok(lists?.into_iter().flatten().collect())
}

fn cluster_wide_failure(error: CallError, cluster: &Cluster, resource: &str) -> Failure {
    let forbidden = error.is_forbidden();
    let failure = error.into_failure(
        cluster.context(),
        &format!("list {resource} in all namespaces"),
    );
    if forbidden {
        return failure.next(format!(
            "ask for the right to list {resource} cluster-wide, or name the namespaces: -n NAMESPACE"
        ));
    }
    failure
}

fn in_scope(namespace: &str, selection: &NamespaceSelection, excluded: &GlobSet) -> bool {
    let selected = match selection {
        NamespaceSelection::All => true,
        NamespaceSelection::Named(names) => names.contains(namespace),
    };
    selected && !excluded.is_match(namespace)
}
