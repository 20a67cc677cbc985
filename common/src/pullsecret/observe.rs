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
use std::collections::{BTreeMap, BTreeSet};

/// Up to this many namespaces are listed one by one; one LIST of the whole cluster
/// is cheaper than more of them.
const ONE_BY_ONE: usize = 8;

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
    let (current, legacy) = try_join(of(Format::DockerConfigJson), of(Format::DockerCfg)).await?;
    let unreadable = current
        .failures
        .into_iter()
        .chain(legacy.failures)
        .collect();
    let mut secrets: Vec<PullSecret> = current
        .items
        .into_iter()
        .chain(legacy.items)
        .filter_map(PullSecret::read)
        .filter(|secret| in_scope(&secret.namespace, selection, excluded))
        .collect();
    secrets.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(Observed {
        secrets,
        unreadable,
    })
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

/// What could be listed, and the namespaces that could not.
struct Listed<T> {
    items: Vec<T>,
    failures: Vec<(String, Failure)>,
}

/// Lists a core resource in the selected namespaces, with as few requests as the user's
/// rights allow.
///
/// # Errors
/// If any namespace cannot be listed.
pub(super) async fn list<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    resource: &str,
    params: &ListParams,
) -> Result<Vec<T>, Failure> {
    let listed = list_readable(cluster, selection, resource, params).await?;
    match listed.failures.into_iter().next() {
        Some((_, failure)) => Err(failure),
        None => Ok(listed.items),
    }
}

/// The same, where a namespace that cannot be listed does not hide the others; an error
/// only if none can.
async fn list_readable<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    resource: &str,
    params: &ListParams,
) -> Result<Listed<T>, Failure> {
    let everywhere = format!("/api/v1/{resource}");
    let whole = |items| Listed {
        items,
        failures: Vec::new(),
    };
    match selection {
        NamespaceSelection::All => list_all(cluster, &everywhere, params)
            .await
            .map(whole)
            .map_err(|error| cluster_wide_failure(error, cluster, resource)),
        NamespaceSelection::Named(names) if names.len() <= ONE_BY_ONE => {
            list_each(cluster, names, resource, params).await
        }
        NamespaceSelection::Named(names) => match list_all(cluster, &everywhere, params).await {
            Err(error) if error.is_forbidden() => list_each(cluster, names, resource, params).await,
            other => other
                .map(whole)
                .map_err(|error| cluster_wide_failure(error, cluster, resource)),
        },
    }
}

async fn list_each<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    resource: &str,
    params: &ListParams,
) -> Result<Listed<T>, Failure> {
    let lists = cluster
        .window()
        .run(namespaces, async |namespace| {
            let path = format!("/api/v1/namespaces/{namespace}/{resource}");
            let action = format!("list {resource} in namespace `{namespace}`");
            list_all(cluster, &path, params)
                .await
                .map_err(|error: CallError| error.into_failure(cluster.context(), &action))
        })
        .await;
    let mut listed = Listed {
        items: Vec::new(),
        failures: Vec::new(),
    };
    for (namespace, list) in namespaces.iter().zip(lists) {
        match list {
            Ok(items) => listed.items.extend(items),
            Err(failure) => listed.failures.push((namespace.clone(), failure)),
        }
    }
    if listed.failures.len() == namespaces.len()
        && let Some((_, failure)) = listed.failures.pop()
    {
        return Err(failure);
    }
    Ok(listed)
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
