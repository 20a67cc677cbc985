//! Which namespace of which cluster: by identity, not by a name that anybody can give again.

use super::list::{ONE_BY_ONE, list_all};
use super::resource;
use super::scoped::Scoped;
use super::selection::NamespaceSelection;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::params::ListParams;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A namespace by its own UID and that of its cluster's kube-system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The cluster; empty where the user may not read kube-system.
    pub cluster: Arc<str>,
    /// The namespace. A new one of the same name has another UID.
    pub namespace: Arc<str>,
}

impl Scoped<'_> {
    /// The namespaces in scope by name, as far as the user may read them.
    pub async fn sites(&self) -> BTreeMap<String, Site> {
        let namespaces = self.namespaces().await;
        let mut all = namespaces.iter().map(|namespace| &namespace.metadata);
        let system = all.find(|metadata| metadata.name.as_deref() == Some("kube-system"));
        let identity = match system {
            Some(system) => system.uid.clone(),
            None => self.cluster.identity().await,
        };
        let cluster: Arc<str> = identity.unwrap_or_default().into();
        let site = |namespace: Namespace| {
            let metadata = namespace.metadata;
            let site = Site {
                cluster: Arc::clone(&cluster),
                namespace: metadata.uid?.into(),
            };
            Some((metadata.name?, site))
        };
        namespaces.into_iter().filter_map(site).collect()
    }

    async fn namespaces(&self) -> Vec<Namespace> {
        let whole = async || {
            let params = ListParams::default();
            list_all::<Namespace>(self.cluster, &resource::namespaces(), &params).await
        };
        let names: &BTreeSet<String> = match &self.selection {
            NamespaceSelection::All => return whole().await.unwrap_or_default(),
            NamespaceSelection::Named(names) => names,
        };
        if names.len() > ONE_BY_ONE
            && let Ok(all) = whole().await
        {
            return all;
        }
        let found = self.cluster.window().run(names, async |name| {
            let path = resource::namespace(name);
            self.cluster.get::<Namespace>(&path).await.ok()
        });
        found.await.into_iter().flatten().collect()
    }
}
