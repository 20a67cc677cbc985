//! What one cluster holds of what commands look at: the one door to it.

use super::current_tokens::CurrentTokens;
use super::observe::{self, Observed};
use super::plan::{Consent, NamespacePlan, PlacedCredential, plan_namespace, plan_secret};
use super::secret::PullSecret;
use super::service_account::ServiceAccountRefs;
use super::trust::Trust;
use crate::Failure;
use crate::cluster::{
    Cluster, InContext, NamespaceArgs, NamespaceSelection, Readable, Scoped, Seen, Site,
};
use crate::hint;
use crate::kubelet::Format;
use crate::outcome::{Outcome, Verb};
use crate::place::Place;
use crate::workload::{PodUse, running_pods_as_listed};
use futures::future::join;
use std::collections::{BTreeMap, BTreeSet};

/// Namespaces a credential is never handed to by `--create-missing`.
const SYSTEM_NAMESPACES: [&str; 2] = ["kube-", "openshift-"];

/// One cluster in scope, and what it holds.
pub struct ClusterView<'a> {
    /// The cluster, and which of its namespaces.
    pub scoped: Scoped<'a>,
    /// Its pull secrets.
    pub observed: Observed,
    /// Named namespaces that do not exist.
    pub missing: BTreeSet<String>,
    /// Its namespaces by identity, where [`observe_each_located`] looked.
    pub sites: BTreeMap<String, Site>,
    /// The types of what is no pull secret and has the name of one, by namespace, once
    /// [`ClusterView::other_types`] was kept.
    pub other_types: BTreeMap<String, String>,
}

/// Things of several namespaces, and what could not be looked at.
#[derive(Debug)]
pub struct Found<T> {
    /// What was found.
    pub items: Vec<T>,
    /// The namespaces, or the whole cluster, that could not be listed.
    pub failures: Vec<Outcome>,
}

impl<T> Found<T> {
    /// Nothing was looked for.
    pub(super) fn nothing() -> Self {
        Self {
            items: Vec::new(),
            failures: Vec::new(),
        }
    }
}

/// Observes every cluster, side by side.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be observed is one of the failed.
pub async fn observe_each<'a>(
    clusters: &'a Seen<Cluster>,
    scope: &NamespaceArgs,
) -> Result<Seen<ClusterView<'a>>, Failure> {
    let scoped = clusters.scoped(scope).await?;
    scoped
        .in_each(async |scoped| ClusterView::observe(scoped).await)
        .await
}

/// The same, and which namespace each secret is in, by identity.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be observed is one of the failed.
pub async fn observe_each_located<'a>(
    clusters: &'a Seen<Cluster>,
    scope: &NamespaceArgs,
) -> Result<Seen<ClusterView<'a>>, Failure> {
    let scoped = clusters.scoped(scope).await?;
    let look = async |scoped: Scoped<'a>| {
        let (view, sites) = join(ClusterView::observe(scoped.clone()), scoped.sites()).await;
        let mut view = view?;
        view.locate(sites);
        Ok(view)
    };
    scoped.in_each(look).await
}

/// What could not be looked at: whole clusters, and namespaces that cannot be listed.
pub fn unseen(seen: &Seen<ClusterView<'_>>) -> Vec<Outcome> {
    let namespaces = seen.reached.iter().flat_map(ClusterView::unreadable);
    seen.failures().into_iter().chain(namespaces).collect()
}

/// The same, for commands that work on what is there: a named namespace that does not exist
/// could not be looked at either.
pub fn unseen_or_missing(seen: &Seen<ClusterView<'_>>) -> Vec<Outcome> {
    let missing = seen.reached.iter().flat_map(|view| {
        let missing = view.missing.iter();
        missing.map(|name| view.missing_namespace(name, false))
    });
    let mut failures = unseen(seen);
    failures.extend(missing);
    failures
}

/// Every pull secret that was seen.
pub fn secrets<'v>(seen: &'v Seen<ClusterView<'_>>) -> Vec<&'v PullSecret> {
    let views = seen.reached.iter();
    views.flat_map(|view| &view.observed.secrets).collect()
}

impl<'a> ClusterView<'a> {
    async fn observe(scoped: Scoped<'a>) -> Result<Self, Failure> {
        let observed =
            observe::observe(scoped.cluster, &scoped.selection, &scoped.excluded).await?;
        let doubtful = doubtful(&scoped, &observed);
        Ok(Self {
            missing: scoped.missing(doubtful).await?,
            scoped,
            observed,
            sites: BTreeMap::new(),
            other_types: BTreeMap::new(),
        })
    }
}

/// Named namespaces of which nothing shows yet that they exist.
fn doubtful(scoped: &Scoped<'_>, observed: &Observed) -> BTreeSet<String> {
    let NamespaceSelection::Named(names) = &scoped.selection else {
        return BTreeSet::new();
    };
    let is_known = |name: &&String| {
        let mut secrets = observed.secrets.iter();
        observed.unreadable.contains_key(*name) || secrets.any(|secret| secret.namespace == **name)
    };
    names
        .iter()
        .filter(|name| !is_known(name))
        .cloned()
        .collect()
}

impl ClusterView<'_> {
    /// The context's name.
    pub fn context(&self) -> &str {
        self.scoped.cluster.context()
    }

    /// The failed targets of namespaces that could not be listed.
    fn unreadable(&self) -> Vec<Outcome> {
        let failed = |(namespace, failure): (&String, &Failure)| {
            Outcome::failed(Place::namespace(self.context(), namespace), failure)
        };
        self.observed.unreadable.iter().map(failed).collect()
    }

    /// The named namespaces whose secrets are known; `None` if all are meant.
    pub fn namespaces(&self) -> Option<BTreeSet<String>> {
        let NamespaceSelection::Named(names) = &self.scoped.selection else {
            return None;
        };
        let is_readable = |name: &&String| {
            !self.missing.contains(*name) && !self.observed.unreadable.contains_key(*name)
        };
        Some(names.iter().filter(is_readable).cloned().collect())
    }

    /// The service accounts of the namespaces that could be read. A namespace where they cannot
    /// be listed hides no other.
    pub async fn accounts(&self) -> Found<ServiceAccountRefs> {
        let selection = match self.namespaces() {
            Some(names) => NamespaceSelection::Named(names),
            None => NamespaceSelection::All,
        };
        let Scoped {
            cluster, excluded, ..
        } = &self.scoped;
        let listed = observe::service_accounts(cluster, &selection, excluded).await;
        self.found(listed)
    }

    /// The pods that have not ended, in the namespaces with a pull secret.
    pub async fn pods(&self) -> Found<PodUse> {
        let secrets = self.observed.secrets.iter();
        let namespaces: BTreeSet<String> = secrets.map(|secret| secret.namespace.clone()).collect();
        if namespaces.is_empty() {
            return Found::nothing();
        }
        let listed = running_pods_as_listed(self.scoped.cluster, namespaces).await;
        self.found(listed)
    }

    fn found<T>(&self, listed: Result<Readable<T>, Failure>) -> Found<T> {
        let context = self.context();
        match listed {
            Ok(listed) => Found {
                items: listed.items,
                failures: listed
                    .unreadable
                    .iter()
                    .map(|(name, failure)| {
                        Outcome::failed(Place::namespace(context, name), failure)
                    })
                    .collect(),
            },
            Err(failure) => Found {
                items: Vec::new(),
                failures: vec![Outcome::failed(Place::context(context), &failure)],
            },
        }
    }

    /// Says of every secret which namespace it is in, by identity.
    fn locate(&mut self, sites: BTreeMap<String, Site>) {
        for secret in &mut self.observed.secrets {
            secret.site = sites.get(&secret.namespace).cloned();
        }
        self.sites = sites;
    }

    /// What stands under the name where no pull secret does, and is of another type: one LIST, or
    /// one for each of a few namespaces. Where they cannot be listed there is none: a write is
    /// told by the server what is in its way.
    pub async fn other_types(&self, name: &str) -> BTreeMap<String, String> {
        let without = self.namespaces().map(|mut names| {
            let named = self.observed.secrets.iter();
            let named = named.filter(|secret| secret.name == name);
            for secret in named {
                names.remove(&secret.namespace);
            }
            names
        });
        let selection = match without {
            Some(names) if names.is_empty() => return BTreeMap::new(),
            Some(names) => NamespaceSelection::Named(names),
            None => NamespaceSelection::All,
        };
        let listed = observe::types_of(self.scoped.cluster, &selection, name).await;
        let listed = listed.map(|listed| listed.items).unwrap_or_default();
        let others = listed.into_iter().filter(|(namespace, secret_type)| {
            Format::of_type(secret_type).is_none() && self.scoped.covers(namespace)
        });
        others.collect()
    }

    /// Plans the repair of every credential in scope; one plan for each secret, so that
    /// they are written side by side.
    pub fn plan_repair(
        &self,
        wanted: &CurrentTokens,
        trust: &Trust,
        consent: Consent,
    ) -> Vec<NamespacePlan> {
        self.observed
            .secrets
            .iter()
            .filter_map(|secret| plan_secret(secret, wanted, trust, consent))
            .map(NamespacePlan::from)
            .collect()
    }

    /// Plans the robot's credential into every one of `namespaces`.
    pub fn plan_placement(
        &self,
        namespaces: &BTreeSet<String>,
        placed: &PlacedCredential,
        wanted: &CurrentTokens,
        trust: &Trust,
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
                let plan = plan_namespace(namespace, secrets, placed, wanted, trust, consent);
                match self.other_types.get(namespace) {
                    Some(secret_type) => plan.with_name_taken(secret_type),
                    None => plan,
                }
            })
            .collect()
    }

    /// The namespaces that `--create-missing` reaches: all in scope that exist, are not
    /// ending, and are not the system's.
    ///
    /// # Errors
    /// The namespaces cannot be listed.
    pub async fn tenant_namespaces(&self) -> Result<BTreeSet<String>, Failure> {
        let namespaces = self.scoped.existing().await;
        let namespaces =
            namespaces.map_err(|error| error.into_failure(self.context(), "list namespaces"))?;
        let is_tenant = |name: &String| {
            let mut system = SYSTEM_NAMESPACES.iter();
            !system.any(|prefix| name.starts_with(prefix)) && !self.scoped.excluded.is_match(name)
        };
        Ok(namespaces.into_iter().filter(is_tenant).collect())
    }

    /// The failed target of a namespace that does not exist.
    pub fn missing_namespace(&self, namespace: &str, can_create: bool) -> Outcome {
        let missing = Outcome::new(Place::namespace(self.context(), namespace), Verb::Failed)
            .message("the namespace does not exist");
        match can_create {
            true => missing.next("pass --create-namespace to create it"),
            false => missing.next(hint::kubectl("get namespaces")),
        }
    }
}

impl InContext for ClusterView<'_> {
    fn context(&self) -> &str {
        self.scoped.cluster.context()
    }
}
