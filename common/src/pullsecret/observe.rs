//! What the clusters hold now: pull secrets by type, service accounts with their references.

use super::secret::PullSecret;
use super::service_account::ServiceAccountRefs;
use crate::Failure;
use crate::cluster::{Cluster, Listed, NamespaceSelection, Readable, Resource, list_in};
use crate::kubelet::Format;
use futures::future::try_join;
use globset::GlobSet;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::params::ListParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const SECRETS: Resource = Resource::of::<Secret>();

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
        async move { list::<Secret>(cluster, selection, SECRETS, &params).await }
    };
    let lists = try_join(of(Format::DockerConfigJson), of(Format::DockerCfg));
    let (current, legacy) = lists.await?;
    let (current, legacy) = (current.readable(cluster), legacy.readable(cluster));
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
    let listed = list::<Typed>(cluster, selection, SECRETS, &params).await?;
    let listed = listed.readable(cluster);
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
    let accounts = Resource::of::<ServiceAccount>();
    let listed = list::<ServiceAccount>(cluster, selection, accounts, &params).await?;
    let listed = listed.readable(cluster);
    let mut accounts: Vec<ServiceAccountRefs> = listed
        .items
        .into_iter()
        .filter_map(ServiceAccountRefs::read)
        .filter(|account| selection.covers(&account.namespace, excluded))
        .collect();
    accounts.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(Readable {
        items: accounts,
        unreadable: listed.unreadable,
    })
}

/// Lists the objects of a kind in the selected namespaces, with as few requests as the user's
/// rights allow. A namespace that cannot be listed does not hide the others.
///
/// # Errors
/// None can be listed.
pub(super) async fn list<T: Clone + DeserializeOwned>(
    cluster: &Cluster,
    selection: &NamespaceSelection,
    resource: Resource,
    params: &ListParams,
) -> Result<Listed<T>, Failure> {
    let listed = list_in(cluster, selection, resource, params).await;
    listed.map_err(|unlisted| {
        let is_forbidden = unlisted.error.is_forbidden();
        let failure = unlisted.into_failure(cluster);
        match (is_forbidden, selection) {
            (true, NamespaceSelection::All) => failure.next(format!(
                "ask for the right to list {} cluster-wide, or pass -n NAMESPACE",
                resource.plural()
            )),
            _ => failure,
        }
    })
}
