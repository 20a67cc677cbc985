//! One cluster, and the namespaces meant in it.

use super::connection::Cluster;
use super::error::CallError;
use super::list::{ONE_BY_ONE, list_all};
use super::resource;
use super::selection::NamespaceSelection;
use crate::Failure;
use globset::GlobSet;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::params::ListParams;
use std::collections::BTreeSet;

/// One cluster, and the namespaces meant in it.
#[derive(Clone)]
pub struct Scoped<'a> {
    pub cluster: &'a Cluster,
    pub selection: NamespaceSelection,
    /// Those of `--exclude-namespace`.
    pub excluded: GlobSet,
}

impl Scoped<'_> {
    /// Whether the namespace is meant.
    pub fn covers(&self, namespace: &str) -> bool {
        self.selection.covers(namespace, &self.excluded)
    }

    /// Those of `candidates`, all of which are named, that do not exist. Where the user may not
    /// ask, a namespace counts as existing: the write will tell.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn missing(&self, candidates: BTreeSet<String>) -> Result<BTreeSet<String>, Failure> {
        if candidates.len() > ONE_BY_ONE
            && let Ok(existing) = self.existing().await
        {
            return Ok(&candidates - &existing);
        }
        let cluster = self.cluster;
        let checks = cluster.window().run(candidates, async |name| {
            match cluster.get::<Namespace>(&resource::namespace(&name)).await {
                Err(error) if error.is_not_found() => Ok(Some(name)),
                Ok(_) => Ok(None),
                Err(error) if error.is_forbidden() => Ok(None),
                Err(error) => {
                    let action = format!("read namespace `{name}`");
                    Err(error.into_failure(cluster.context(), &action))
                }
            }
        });
        let missing: Result<Vec<Option<String>>, Failure> = checks.await.into_iter().collect();
        Ok(missing?.into_iter().flatten().collect())
    }

    /// The namespaces that exist and are not ending.
    pub async fn existing(&self) -> Result<BTreeSet<String>, CallError> {
        let params = ListParams::default();
        let namespaces =
            list_all::<Namespace>(self.cluster, &resource::namespaces(), &params).await?;
        Ok(namespaces
            .into_iter()
            .filter(|namespace| namespace.metadata.deletion_timestamp.is_none())
            .filter_map(|namespace| namespace.metadata.name)
            .collect())
    }
}
