//! Looks at pods and at what they pull with: nothing but GETs and LISTs, with the user's rights.

use super::pods::{failing, of_target};
use crate::Failure;
use crate::cluster::{
    Cluster, InContext, NamespaceArgs, NamespaceSelection, Resource, Scoped, Seen, collection,
    list_all, path_of,
};
use crate::judge::{
    Case, FoundSecret, GlobalSeen, NodeSeen, SecretSeen, Subject, Unread, secrets_of_nodes,
};
use crate::kubelet::asked_for;
use crate::outcome::Outcome;
use crate::place::Place;
use crate::workload::Target;
use k8s_openapi::api::core::v1::{Node, Secret, ServiceAccount};
use kube::core::params::ListParams;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is asked for.
pub struct Request<'a> {
    /// The object; without one every pod in scope that cannot pull now.
    pub target: Option<&'a Target>,
    /// The images of a service account.
    pub images: &'a [String],
    /// Where.
    pub scope: &'a NamespaceArgs,
}

/// What was seen, and what could not be looked at.
pub struct Observed {
    /// The pods.
    pub cases: Vec<Case>,
    /// Clusters and namespaces that could not be looked at.
    pub failures: Vec<Outcome>,
}

/// Looks at everything that is asked for, all clusters side by side.
///
/// # Errors
/// A mistake of the command line.
pub async fn observe(clusters: &Seen<Cluster>, request: &Request<'_>) -> Result<Observed, Failure> {
    let scoped = clusters.scoped(request.scope).await?;
    let seen = scoped
        .in_each(async |scoped| look(scoped, request).await)
        .await?;
    let mut failures = seen.failures();
    let mut cases = Vec::new();
    for found in seen.reached {
        cases.extend(found.cases);
        failures.extend(found.failures);
    }
    Ok(Observed { cases, failures })
}

async fn look(scoped: Scoped<'_>, request: &Request<'_>) -> Result<Observed, Failure> {
    let (found, unlisted) = match request.target {
        None => {
            let (subjects, unlisted) = failing(&scoped).await?;
            let subjects = subjects.into_iter().map(|subject| (subject, Vec::new()));
            (subjects.collect(), unlisted)
        }
        Some(target) => of_namespaces(&scoped, target, request.images).await?,
    };
    let failed = |(namespace, failure): (String, Failure)| {
        Outcome::failed(Place::namespace(scoped.context(), &namespace), &failure)
    };
    let cases = with_surroundings(scoped.cluster, found).await;
    let failures = unlisted.into_iter().map(failed).collect();
    Ok(Observed { cases, failures })
}

type FoundSubjects = Vec<(Subject, Vec<Unread>)>;

/// The target in each namespace in scope.
async fn of_namespaces(
    scoped: &Scoped<'_>,
    target: &Target,
    images: &[String],
) -> Result<(FoundSubjects, Vec<(String, Failure)>), Failure> {
    let NamespaceSelection::Named(names) = &scoped.selection else {
        return Err(
            Failure::usage("an object needs exactly one namespace").next(
                "pass -n NAMESPACE, or -A without an object for every pod that cannot pull now",
            ),
        );
    };
    let (mut subjects, mut failures) = (Vec::new(), Vec::new());
    for namespace in names {
        match of_target(scoped.cluster, namespace, target, images).await {
            Ok(found) => {
                let each = found.subjects.into_iter();
                subjects.extend(each.map(|subject| (subject, found.unread.clone())));
            }
            Err(failure) => failures.push((namespace.clone(), failure)),
        }
    }
    match failures.pop() {
        Some((_, failure)) if names.len() == 1 => Err(failure),
        last => {
            failures.extend(last);
            Ok((subjects, failures))
        }
    }
}

/// Reads what the pods pull with, each object once.
async fn with_surroundings(cluster: &Cluster, found: FoundSubjects) -> Vec<Case> {
    let accounts: BTreeSet<(String, String)> = found
        .iter()
        .map(|(subject, _)| (subject.namespace.clone(), subject.account.clone()))
        .collect();
    let accounts: BTreeMap<_, _> = each(cluster, accounts, account).await;
    let nodes: BTreeSet<String> = found
        .iter()
        .filter_map(|(subject, _)| subject.pod.as_ref()?.node.clone())
        .collect();
    let nodes = each(cluster, nodes, async |cluster, name| {
        node(cluster, name).await
    })
    .await;
    let account_of = |subject: &Subject| {
        let key = (subject.namespace.clone(), subject.account.clone());
        accounts.get(&key).and_then(|read| read.as_ref().ok())
    };
    let named: BTreeSet<(String, String)> = found
        .iter()
        .flat_map(|(subject, _)| {
            let account = account_of(subject).map(Vec::as_slice).unwrap_or_default();
            let names = asked_for(&subject.listed).chain(asked_for(account));
            names.map(|name| (subject.namespace.clone(), name.to_owned()))
        })
        .collect();
    let secrets = each(cluster, named, secret).await;
    let global = Arc::new(match found.is_empty() {
        true => GlobalSeen::Unseen,
        false => secrets_of_nodes(cluster).await,
    });
    let cases = found.into_iter().map(|(subject, mut unread)| {
        let account = account_of(&subject).cloned();
        let key = (subject.namespace.clone(), subject.account.clone());
        if let Some(Err(reason)) = accounts.get(&key) {
            unread.push(unread_of(&format!("serviceaccount/{}", key.1), reason));
        }
        let node = subject.pod.as_ref().and_then(|pod| pod.node.clone());
        let node = node.and_then(|name| nodes.get(&name).cloned());
        if let Some(Err(reason)) = &node {
            let name = subject.pod.as_ref().and_then(|pod| pod.node.clone());
            unread.push(unread_of(
                &format!("node/{}", name.unwrap_or_default()),
                reason,
            ));
        }
        let own = secrets
            .iter()
            .filter(|((namespace, _), _)| *namespace == subject.namespace);
        Case {
            context: cluster.context().to_owned(),
            now: cluster.now(),
            secrets: own
                .map(|((_, name), seen)| (name.clone(), seen.clone()))
                .collect(),
            node: node.map(Result::unwrap_or_default),
            account,
            global: global.clone(),
            unread,
            subject,
        }
    });
    cases.collect()
}

fn unread_of(object: &str, reason: &str) -> Unread {
    Unread {
        verb: "get",
        object: object.to_owned(),
        reason: reason.to_owned(),
    }
}

/// One read for each of these, side by side.
async fn each<K: Ord + Clone, T>(
    cluster: &Cluster,
    keys: BTreeSet<K>,
    read: impl AsyncFn(&Cluster, &K) -> T,
) -> BTreeMap<K, T> {
    let results = cluster
        .window()
        .run(keys.iter(), async |key| read(cluster, key).await);
    let results = results.await;
    keys.into_iter().zip(results).collect()
}

/// The pull secrets that the account hands out now; none where there is no such account.
async fn account(
    cluster: &Cluster,
    (namespace, name): &(String, String),
) -> Result<Vec<String>, String> {
    let path = path_of::<ServiceAccount>(namespace, name);
    let read = cluster.get::<ServiceAccount>(&path).await;
    let account = read.map_err(|error| error.to_string())?;
    let references = account.image_pull_secrets.unwrap_or_default();
    Ok(references
        .into_iter()
        .map(|reference| reference.name)
        .collect())
}

async fn node(cluster: &Cluster, name: &str) -> Result<NodeSeen, String> {
    let path = Resource::of::<Node>().named(name);
    let read = cluster.get::<Node>(&path).await;
    let status = read
        .map_err(|error| error.to_string())?
        .status
        .unwrap_or_default();
    let images = status.images.into_iter().flatten();
    let info = status.node_info;
    Ok(NodeSeen {
        kubelet: info.as_ref().map(|info| info.kubelet_version.clone()),
        runtime: info.map(|info| info.container_runtime_version),
        images: images
            .flat_map(|image| image.names.unwrap_or_default())
            .collect(),
    })
}

async fn secret(cluster: &Cluster, (namespace, name): &(String, String)) -> SecretSeen {
    let path = path_of::<Secret>(namespace, name);
    let error = match cluster.get::<Secret>(&path).await {
        Ok(secret) => return SecretSeen::Found(FoundSecret::from(secret)),
        Err(error) if error.is_not_found() => return SecretSeen::Missing,
        Err(error) => error,
    };
    // Who may list has what it takes as well.
    if error.is_forbidden() {
        let params = ListParams::default().fields(&format!("metadata.name={name}"));
        let collection = collection::<Secret>(namespace);
        if let Ok(listed) = list_all::<Secret>(cluster, &collection, &params).await {
            let first = listed.into_iter().next();
            return first.map_or(SecretSeen::Missing, |secret| {
                SecretSeen::Found(FoundSecret::from(secret))
            });
        }
    }
    SecretSeen::Unreadable(error.to_string())
}
