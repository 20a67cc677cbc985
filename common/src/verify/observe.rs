//! Looks at what pulls in one cluster: pods, service accounts, and the secrets they name.

use crate::Failure;
use crate::cluster::{Cluster, NamespaceSelection};
use crate::judge::{Case, FoundSecret, GlobalSeen, SecretSeen, Subject, secrets_of_nodes};
use crate::kubelet::{ImageReference, asked_for, matches_image};
use crate::outcome::Outcome;
use crate::place::Place;
use crate::pullsecret::{ClusterView, PullSecret, ServiceAccountRefs, types_of};
use crate::workload::whole_pods;
use futures::future::join;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What pulls in one cluster.
pub(super) struct Pulling<'v> {
    pub(super) view: &'v ClusterView<'v>,
    /// The pods that have not ended, those alike once.
    pub(super) cases: Vec<PodCase>,
    pub(super) accounts: Vec<ServiceAccountRefs>,
    /// The secrets that are named, by pods or accounts: by namespace and name.
    pub(super) named: BTreeMap<(String, String), SecretSeen>,
    /// Images of OpenShift's internal registry, which nobody else reaches.
    pub(super) internal_images: usize,
    /// What could not be looked at.
    pub(super) failures: Vec<Outcome>,
}

/// Pods of one workload that pull the same images with the same secrets.
pub(super) struct PodCase {
    pub(super) case: Case,
    /// `deployment/shop`; `pod/shop-1` where nothing is behind it.
    pub(super) object: String,
    pub(super) pods: usize,
}

/// Looks at one cluster.
pub(super) async fn look<'v>(view: &'v ClusterView<'v>) -> Pulling<'v> {
    let cluster = view.scoped.cluster;
    let selection = match view.namespaces() {
        Some(names) => NamespaceSelection::Named(names),
        None => NamespaceSelection::All,
    };
    let (pods, accounts) = join(whole_pods(cluster, &selection), view.accounts()).await;
    let mut failures = accounts.failures;
    let pods = match pods {
        Ok(pods) => {
            let unread = pods.unreadable.iter();
            failures.extend(unread.map(|(namespace, failure)| {
                Outcome::failed(Place::namespace(view.context(), namespace), failure)
            }));
            pods.items
        }
        Err(failure) => {
            failures.push(Outcome::failed(Place::context(view.context()), &failure));
            Vec::new()
        }
    };
    let subjects = pods.into_iter().map(|pod| Subject::of_pod(pod, &[]));
    let subjects = subjects.filter(|subject| view.scoped.covers(&subject.namespace));
    let mut groups = alike(subjects);
    let internal_images = leave_out_internal(&mut groups, &view.observed.secrets);
    let accounts = accounts.items;
    let named = named(view, &groups, &accounts).await;
    let global = Arc::new(match groups.is_empty() {
        true => GlobalSeen::Unseen,
        false => secrets_of_nodes(cluster).await,
    });
    let cases = groups.into_iter().map(|(subject, pods)| PodCase {
        object: object(&subject),
        pods,
        case: case(view, subject, &accounts, &named, &global),
    });
    Pulling {
        cases: cases.collect(),
        view,
        accounts,
        named,
        internal_images,
        failures,
    }
}

fn object(subject: &Subject) -> String {
    let pod = subject.pod.as_ref();
    let controller = pod.and_then(|pod| pod.controller.clone());
    controller.unwrap_or_else(|| subject.object.clone())
}

/// Of pods of one workload that are alike one stands for all: one that cannot pull, if any.
fn alike(subjects: impl Iterator<Item = Subject>) -> Vec<(Subject, usize)> {
    let mut groups: BTreeMap<_, (Subject, usize)> = BTreeMap::new();
    for subject in subjects {
        let key = (
            subject.namespace.clone(),
            object(&subject),
            subject.likeness(),
        );
        match groups.get_mut(&key) {
            None => {
                groups.insert(key, (subject, 1));
            }
            Some((kept, pods)) => {
                *pods += 1;
                if subject.cannot_pull() && !kept.cannot_pull() {
                    *kept = subject;
                }
            }
        }
    }
    groups.into_values().collect()
}

/// Takes out the images of OpenShift's internal registry: those that its generated secrets have
/// a key for. Returns how many there were.
fn leave_out_internal(groups: &mut [(Subject, usize)], secrets: &[PullSecret]) -> usize {
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for secret in secrets.iter().filter(|secret| secret.is_generated()) {
        let entries = secret.document.iter().flat_map(|content| content.entries());
        let known = keys.entry(&secret.namespace).or_default();
        known.extend(entries.map(|(key, _)| key));
    }
    let mut left_out = 0;
    for (subject, _) in groups.iter_mut() {
        let Some(keys) = keys.get(subject.namespace.as_str()) else {
            continue;
        };
        let before = subject.containers.len();
        subject.containers.retain(|container| {
            let image = container.image.parse::<ImageReference>();
            !image.is_ok_and(|image| keys.iter().any(|key| matches_image(key, &image)))
        });
        left_out += before - subject.containers.len();
    }
    left_out
}

fn case(
    view: &ClusterView<'_>,
    subject: Subject,
    accounts: &[ServiceAccountRefs],
    named: &BTreeMap<(String, String), SecretSeen>,
    global: &Arc<GlobalSeen>,
) -> Case {
    let mut own = accounts.iter();
    let account = own
        .find(|account| account.namespace == subject.namespace && account.name == subject.account)
        .map(|account| account.pull_secrets.clone());
    let names = asked_for(&subject.listed).chain(asked_for(account.as_deref().unwrap_or_default()));
    let secrets = names.filter_map(|name| {
        let seen = named.get(&(subject.namespace.clone(), name.to_owned()))?;
        Some((name.to_owned(), seen.clone()))
    });
    Case {
        context: view.context().to_owned(),
        now: view.scoped.cluster.now(),
        secrets: secrets.collect(),
        node: None,
        account,
        global: global.clone(),
        unread: Vec::new(),
        subject,
    }
}

/// The secrets that pods and accounts name. Those that are no pull secrets are looked up by name,
/// with a LIST for each name.
async fn named(
    view: &ClusterView<'_>,
    groups: &[(Subject, usize)],
    accounts: &[ServiceAccountRefs],
) -> BTreeMap<(String, String), SecretSeen> {
    let pods = groups.iter().map(|(subject, _)| subject);
    let pods = pods.map(|subject| (&subject.namespace, &subject.listed));
    let accounts = accounts
        .iter()
        .map(|account| (&account.namespace, &account.pull_secrets));
    let names = pods.chain(accounts).flat_map(|(namespace, names)| {
        let names = asked_for(names);
        names.map(|name| (namespace.clone(), name.to_owned()))
    });
    let names: BTreeSet<(String, String)> = names.collect();
    let mut found: BTreeMap<(String, String), SecretSeen> = BTreeMap::new();
    for secret in &view.observed.secrets {
        let key = (secret.namespace.clone(), secret.name.clone());
        if names.contains(&key) {
            found.insert(key, SecretSeen::Found(content(secret)));
        }
    }
    let mut others: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (namespace, name) in names {
        if !found.contains_key(&(namespace.clone(), name.clone())) {
            others.entry(name).or_default().insert(namespace);
        }
    }
    let cluster = view.scoped.cluster;
    let looked_up = cluster.window().run(&others, async |(name, namespaces)| {
        look_up(cluster, name, namespaces).await
    });
    for ((name, namespaces), seen) in others.iter().zip(looked_up.await) {
        for namespace in namespaces {
            let seen = seen(namespace);
            found.insert((namespace.clone(), name.clone()), seen);
        }
    }
    found
}

fn content(secret: &PullSecret) -> FoundSecret {
    let mut data = [None, None];
    data[secret.format as usize] = secret.content();
    FoundSecret {
        secret_type: secret.format.secret_type().to_owned(),
        data,
    }
}

/// What stands under the name, in each of the namespaces.
async fn look_up(
    cluster: &Cluster,
    name: &str,
    namespaces: &BTreeSet<String>,
) -> impl Fn(&str) -> SecretSeen + use<> {
    let selection = NamespaceSelection::Named(namespaces.clone());
    let (types, unreadable, all) = match types_of(cluster, &selection, name).await {
        Ok(listed) => (listed.items, listed.unreadable, None),
        Err(failure) => (Vec::new(), Vec::new(), Some(failure)),
    };
    let types: BTreeMap<String, String> = types.into_iter().collect();
    let unreadable: BTreeMap<String, Failure> = unreadable.into_iter().collect();
    move |namespace| match (
        types.get(namespace),
        all.as_ref().or(unreadable.get(namespace)),
    ) {
        (_, Some(failure)) => SecretSeen::Unreadable(failure.message().to_owned()),
        (Some(secret_type), None) => SecretSeen::Found(FoundSecret {
            secret_type: secret_type.clone(),
            data: [None, None],
        }),
        (None, None) => SecretSeen::Missing,
    }
}
