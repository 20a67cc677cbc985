//! `sync`: observe the clusters, plan every namespace.

use super::observe;
use super::observe::Observed;
use super::outcome::{Outcome, Verb};
use super::plan::plan_namespace;
use super::plan::plan_secret;
use super::plan::{Consent, Ensure, NamespacePlan};
use super::secret::PullSecret;
use super::wanted::Wanted;
use crate::Failure;
use crate::cluster::{Cluster, NamespaceSelection, Scope, list_all};
use crate::hint::{self, Hint};
use futures::future::join_all;
use globset::GlobSet;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::params::ListParams;
use std::collections::{BTreeMap, BTreeSet};

/// Namespaces a credential is never handed to by `--create-missing`.
const SYSTEM_NAMESPACES: [&str; 2] = ["kube-", "openshift-"];

/// One cluster in scope, and what it holds.
pub struct ClusterView<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Which of its namespaces.
    pub selection: NamespaceSelection,
    /// Namespaces left out.
    pub excluded: GlobSet,
    /// Its pull secrets.
    pub observed: Observed,
}

/// Observes every cluster, side by side.
///
/// # Errors
/// With a single cluster its failure; with several, each failure is an outcome of its own.
pub async fn views<'a>(
    clusters: &'a [Cluster],
    scope: &Scope,
) -> Result<(Vec<ClusterView<'a>>, Vec<Outcome>), Failure> {
    let results = join_all(clusters.iter().map(async |cluster| {
        let excluded = scope.excluded()?;
        let selection = scope.resolve(cluster).await?;
        let observed = observe::observe(cluster, &selection, &excluded).await?;
        Ok(ClusterView {
            cluster,
            selection,
            excluded,
            observed,
        })
    }))
    .await;
    let (mut views, mut failures) = (Vec::new(), Vec::new());
    for (cluster, result) in clusters.iter().zip(results) {
        match result {
            Ok(view) => {
                failures.extend(view.unreadable());
                views.push(view);
            }
            Err(failure) if clusters.len() == 1 => return Err(failure),
            Err(failure) => {
                let outcome = Outcome::new(
                    cluster.context(),
                    "",
                    "context",
                    cluster.context(),
                    Verb::Failed,
                );
                failures.push(outcome.failure(&failure));
            }
        }
    }
    Ok((views, failures))
}

/// The same for commands that work on what is there: a named namespace that does not
/// exist is a failed target.
pub async fn existing_views<'a>(
    clusters: &'a [Cluster],
    scope: &Scope,
) -> Result<(Vec<ClusterView<'a>>, Vec<Outcome>), Failure> {
    let (mut views, mut failures) = views(clusters, scope).await?;
    for view in &mut views {
        let missing = view.missing_namespaces().await?;
        failures.extend(
            missing
                .iter()
                .map(|name| view.missing_namespace(name, false)),
        );
        if let NamespaceSelection::Named(names) = &mut view.selection {
            names.retain(|name| !missing.contains(name));
        }
    }
    Ok((views, failures))
}

impl ClusterView<'_> {
    /// The failed targets of namespaces that could not be listed.
    fn unreadable(&self) -> Vec<Outcome> {
        let failed = |(namespace, failure): (&String, &Failure)| {
            let context = self.cluster.context();
            Outcome::new(context, namespace, "namespace", namespace, Verb::Failed).failure(failure)
        };
        self.observed.unreadable.iter().map(failed).collect()
    }

    /// Plans the repair of every credential in scope; one plan for each secret, so that
    /// they are written side by side.
    pub fn plan_repair(&self, wanted: &Wanted, consent: Consent) -> Vec<NamespacePlan> {
        self.observed
            .secrets
            .iter()
            .filter_map(|secret| plan_secret(secret, wanted, consent))
            .map(|plan| NamespacePlan {
                namespace: plan.namespace.clone(),
                create_namespace: false,
                secrets: vec![plan],
                attach: None,
            })
            .collect()
    }

    /// Plans the robot's credential into every one of `namespaces`.
    pub fn plan_ensure(
        &self,
        namespaces: &BTreeSet<String>,
        ensure: &Ensure,
        wanted: &Wanted,
        consent: Consent,
    ) -> Vec<NamespacePlan> {
        let mut by_namespace: BTreeMap<&str, Vec<PullSecret>> = BTreeMap::new();
        for secret in &self.observed.secrets {
            by_namespace
                .entry(&secret.namespace)
                .or_default()
                .push(secret.clone());
        }
        namespaces
            .iter()
            .map(|namespace| {
                let secrets = by_namespace
                    .get(namespace.as_str())
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                plan_namespace(namespace, secrets, ensure, wanted, consent)
            })
            .collect()
    }

    /// The namespaces that `--create-missing` reaches: all in scope that exist, are not
    /// ending, and are not the system's.
    pub async fn tenant_namespaces(&self) -> Result<BTreeSet<String>, Failure> {
        let namespaces = self
            .existing()
            .await
            .map_err(|error| error.into_failure(self.cluster.context(), "list namespaces"))?;
        Ok(namespaces
            .into_iter()
            .filter(|name| {
                !SYSTEM_NAMESPACES
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
            })
            .filter(|name| !self.excluded.is_match(name))
            .collect())
    }

    /// Those of the named namespaces that do not exist. Where the user may not ask,
    /// a namespace counts as existing: the write will tell.
    pub async fn missing_namespaces(&self) -> Result<BTreeSet<String>, Failure> {
        let NamespaceSelection::Named(names) = &self.selection else {
            return Ok(BTreeSet::new());
        };
        let with_secrets: BTreeSet<&str> = self
            .observed
            .secrets
            .iter()
            .map(|secret| secret.namespace.as_str())
            .collect();
        let doubtful: BTreeSet<&String> = names
            .iter()
            .filter(|name| !with_secrets.contains(name.as_str()))
            .filter(|name| !self.observed.unreadable.contains_key(*name))
            .collect();
        if doubtful.len() > 8
            && let Ok(existing) = self.existing().await
        {
            return Ok(doubtful
                .into_iter()
                .filter(|name| !existing.contains(*name))
                .cloned()
                .collect());
        }
        let checks = self
            .cluster
            .window()
            .run(doubtful, async |name| {
                match self
                    .cluster
                    .get::<Namespace>(&format!("/api/v1/namespaces/{name}"))
                    .await
                {
                    Err(error) if error.is_not_found() => Ok(Some(name.clone())),
                    Ok(_) => Ok(None),
                    Err(error) if error.is_forbidden() => Ok(None),
                    Err(error) => Err(error
                        .into_failure(self.cluster.context(), &format!("read namespace `{name}`"))),
                }
            })
            .await;
        let missing: Result<Vec<Option<String>>, Failure> = checks.into_iter().collect();
        Ok(missing?.into_iter().flatten().collect())
    }

    async fn existing(&self) -> Result<BTreeSet<String>, crate::cluster::CallError> {
        let namespaces =
            list_all::<Namespace>(self.cluster, "/api/v1/namespaces", &ListParams::default())
                .await?;
        Ok(namespaces
            .into_iter()
            .filter(|namespace| namespace.metadata.deletion_timestamp.is_none())
            .filter_map(|namespace| namespace.metadata.name)
            .collect())
    }

    /// The failed target of a namespace that does not exist.
    pub fn missing_namespace(&self, namespace: &str, can_create: bool) -> Outcome {
        let context = self.cluster.context();
        let next: Hint = match can_create {
            true => "pass --create-namespace to create it".into(),
            false => hint::kubectl("get namespaces").into(),
        };
        Outcome::new(context, namespace, "namespace", namespace, Verb::Failed)
            .message("namespace does not exist")
            .next(next)
    }
}
