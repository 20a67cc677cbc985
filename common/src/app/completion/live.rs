//! Choices from what is out there: Quay, clusters, the kubeconfig, earlier logins.
//!
//! Nobody waits for them longer than the patience, and nothing that fails is told.

use super::kind::Kind;
use super::situation::Situation;
use crate::cluster;
use crate::cluster::{Cluster, NamespaceSelection, Resource, collection, list_all, namespaces};
use crate::credentials::{Session, Settings, unattended_session};
use crate::dockerconfig::Document;
use crate::global::{self, Topology};
use crate::names::RobotName;
use crate::pullsecret::{PullSecret, observe};
use crate::quay::RunMarker;
use crate::workload::TargetKind;
use futures::future::{join, join_all};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::params::ListParams;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// Pod templates that `--workload` takes.
const WORKLOADS: [TargetKind; 4] = [
    TargetKind::Deployment,
    TargetKind::StatefulSet,
    TargetKind::DaemonSet,
    TargetKind::CronJob,
];

/// What `explain` takes besides those, and pods.
const OTHERS: [TargetKind; 3] = [
    TargetKind::ReplicaSet,
    TargetKind::Job,
    TargetKind::ServiceAccount,
];

/// What can be found within the patience, of what begins with `typed`, in order.
pub(super) fn choices(
    kind: Kind,
    typed: &str,
    situation: &Situation,
    patience: Duration,
) -> BTreeSet<String> {
    let until = Instant::now() + patience;
    let (found, results) = channel();
    let looking = Looking {
        typed: typed.to_owned(),
        situation: situation.clone(),
        found,
    };
    // A thread of its own: name look-ups and credential plugins block, and are left behind.
    let started = std::thread::Builder::new().spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(looking.look(kind));
        }
    });
    let mut choices = BTreeSet::new();
    if started.is_err() {
        return choices;
    }
    while let Ok(some) = results.recv_timeout(until.saturating_duration_since(Instant::now())) {
        choices.extend(some);
    }
    choices.retain(|choice: &String| choice.starts_with(typed));
    choices
}

/// One search, whose results are sent as they come.
struct Looking {
    typed: String,
    situation: Situation,
    found: Sender<Vec<String>>,
}

/// Any object, as far as its name.
#[derive(Clone, Deserialize)]
struct Named {
    metadata: ObjectMeta,
}

impl Looking {
    async fn look(&self, kind: Kind) {
        match kind {
            Kind::Robot => self.robots().await,
            Kind::Organization => self.organizations().await,
            Kind::Repository => self.repositories().await,
            Kind::Registry => self.registries(),
            Kind::Context => self.contexts(),
            Kind::Namespace => self.namespaces().await,
            Kind::Secret => self.secrets().await,
            Kind::SecretAnywhere => self.secrets_anywhere().await,
            Kind::ServiceAccount => self.named("", TargetKind::ServiceAccount).await,
            Kind::Workload => self.workloads().await,
            Kind::Pulling => self.pulling().await,
            Kind::Entry => self.entries().await,
            Kind::Backup => self.backups().await,
            Kind::File => {}
        }
    }

    fn send(&self, choices: Vec<String>) {
        // Nobody listens once the patience is over.
        let _ = self.found.send(choices);
    }

    fn contexts(&self) {
        let names = cluster::context_names(&self.situation.cluster).unwrap_or_default();
        // What stands before the last comma is kept: it may be names, or the name's beginning.
        if let Some((before, _)) = self.typed.rsplit_once(',') {
            self.send(
                names
                    .iter()
                    .map(|name| format!("{before},{name}"))
                    .collect(),
            );
        }
        self.send(names);
    }

    fn registries(&self) {
        let registries = Settings::load().unwrap_or_default().registries;
        self.send(registries.into_keys().map(String::from).collect());
    }

    /// Robots of the organization that is typed, or else of all that are known: the user's,
    /// and those whose robots are in the pull secrets here.
    async fn robots(&self) {
        if let Some((organization, _)) = self.typed.split_once('+') {
            let session = self.session().await;
            let organizations = [organization.to_owned()];
            return self.send_robots_of(session.as_ref(), &organizations).await;
        }
        let session = self.session().await;
        let own = async {
            let own = match &session {
                Some(session) => own_namespaces(session).await,
                None => Vec::new(),
            };
            self.send_robots_of(session.as_ref(), &own).await;
            own
        };
        let in_use = async {
            let robots = self.robots_in_use().await;
            self.send(robots.iter().map(ToString::to_string).collect());
            robots
        };
        // Side by side: a cluster that does not answer hides no robot of Quay's.
        let (own, in_use) = join(own, in_use).await;
        let organizations: BTreeSet<&str> = in_use.iter().map(RobotName::namespace).collect();
        let others: Vec<String> = organizations
            .into_iter()
            .map(str::to_owned)
            .filter(|name| !own.contains(name))
            .collect();
        self.send_robots_of(session.as_ref(), &others).await;
    }

    async fn send_robots_of(&self, session: Option<&Session>, namespaces: &[String]) {
        let Some(session) = session else { return };
        let lists = session.quay.robots_of_each(namespaces, false).await;
        let robots = lists.into_iter().filter_map(|(_, list)| list.ok());
        let robots = robots.flatten().filter(|robot| !RunMarker::is_one(robot));
        self.send(robots.map(|robot| robot.name).collect());
    }

    async fn organizations(&self) {
        if let Some(session) = self.session().await {
            self.send(own_namespaces(&session).await);
        }
    }

    /// The repositories of the organization whose robot is named on the line.
    async fn repositories(&self) {
        let robot = self.situation.robot.as_deref().unwrap_or_default();
        let Ok(robot) = robot.parse::<RobotName>() else {
            return;
        };
        if let Some(session) = self.session().await {
            let names = session.quay.repositories(robot.namespace()).await;
            self.send(names.unwrap_or_default());
        }
    }

    async fn namespaces(&self) {
        let lists = self.clusters().await;
        let lists = lists.iter().map(namespaces_of);
        self.send(join_all(lists).await.concat());
    }

    /// Names of pull secrets.
    async fn secrets(&self) {
        let secrets = self.pull_secrets().await.into_iter();
        self.send(secrets.map(|secret| secret.name).collect());
    }

    /// A namespace first, then any secret in it.
    async fn secrets_anywhere(&self) {
        let Some((namespace, _)) = self.typed.split_once('/') else {
            let lists = self.clusters().await;
            let namespaces = join_all(lists.iter().map(namespaces_of)).await.concat();
            let namespaces = namespaces.iter().map(|name| format!("{name}/"));
            return self.send(namespaces.collect());
        };
        for cluster in self.clusters().await {
            let path = collection::<Secret>(namespace);
            let names = names(&cluster, &path).await.unwrap_or_default();
            let names = names.iter().map(|name| format!("{namespace}/{name}"));
            self.send(names.collect());
        }
    }

    async fn workloads(&self) {
        self.each_named(&WORKLOADS).await;
    }

    /// Whatever pulls images; a bare name is a pod's.
    async fn pulling(&self) {
        let pods = async {
            let prefix = match self.typed.starts_with("pod/") {
                true => "pod/",
                false => "",
            };
            self.named(prefix, TargetKind::Pod).await;
        };
        join(pods, join(self.workloads(), self.each_named(&OTHERS))).await;
    }

    async fn each_named(&self, kinds: &[TargetKind]) {
        let lists = kinds.iter().map(|kind| async {
            self.named(&format!("{}/", kind.singular()), *kind).await;
        });
        join_all(lists).await;
    }

    /// The names of a kind's objects in the namespaces in scope.
    async fn named(&self, prefix: &str, kind: TargetKind) {
        let resource = kind.resource();
        for cluster in self.clusters().await {
            let paths = match self.situation.scope.resolve(&cluster).await {
                Ok(NamespaceSelection::All) => vec![resource.everywhere()],
                Ok(NamespaceSelection::Named(namespaces)) => namespaces
                    .iter()
                    .map(|namespace| resource.within(namespace))
                    .collect(),
                Err(_) => continue,
            };
            for path in paths {
                let names = names(&cluster, &path).await.unwrap_or_default();
                let names = names.iter().map(|name| format!("{prefix}{name}"));
                self.send(names.collect());
            }
        }
    }

    /// The keys of the global pull secrets.
    async fn entries(&self) {
        for cluster in self.clusters().await {
            if let Ok(observed) = global::observe(&cluster).await {
                let entries = observed.document().into_iter().flat_map(Document::entries);
                self.send(entries.map(|(key, _)| key.to_owned()).collect());
            }
        }
    }

    /// The backups of the global pull secrets.
    async fn backups(&self) {
        for cluster in self.clusters().await {
            if let Ok(name) = global::topology(&cluster).await.map(Topology::secret)
                && let Ok(kept) = global::backups(&cluster, name.namespace, name.name).await
            {
                self.send(kept.into_iter().map(|backup| backup.name).collect());
            }
        }
    }

    async fn robots_in_use(&self) -> BTreeSet<RobotName> {
        let secrets = self.pull_secrets().await;
        let documents = secrets
            .iter()
            .filter_map(|secret| secret.document.as_ref().ok());
        documents
            .flat_map(|document| document.entries())
            .filter_map(|(_, entry)| entry.ok()?.username.parse().ok())
            .collect()
    }

    async fn pull_secrets(&self) -> Vec<PullSecret> {
        let mut secrets = Vec::new();
        for cluster in self.clusters().await {
            let scope = &self.situation.scope;
            if let Ok(selection) = scope.resolve(&cluster).await
                && let Ok(excluded) = scope.excluded()
                && let Ok(observed) = observe(&cluster, &selection, &excluded).await
            {
                secrets.extend(observed.secrets);
            }
        }
        secrets
    }

    async fn clusters(&self) -> Vec<Cluster> {
        cluster::connect_silently(&self.situation.cluster, "kubectl-quay")
            .await
            .map(|clusters| clusters.reached)
            .unwrap_or_default()
    }

    async fn session(&self) -> Option<Session> {
        unattended_session(&self.situation.quay, &self.situation.cluster).await
    }
}

/// The user's own namespace and organizations; a token may be good for one and not for the other.
async fn own_namespaces(session: &Session) -> Vec<String> {
    let (user, whose) = join(session.quay.current_user(), session.quay.whose()).await;
    let mut names: Vec<String> = whose.into_iter().collect();
    if let Ok(Some(user)) = user {
        names.extend(user.organizations.into_iter().map(|org| org.name));
    }
    names
}

/// The namespaces; on OpenShift those the user may see, where all of them may not be listed.
async fn namespaces_of(cluster: &Cluster) -> Vec<String> {
    if let Some(names) = names(cluster, &namespaces()).await {
        return names;
    }
    let projects = Resource::v1("project.openshift.io", "projects");
    names(cluster, &projects.everywhere())
        .await
        .unwrap_or_default()
}

async fn names(cluster: &Cluster, path: &str) -> Option<Vec<String>> {
    let objects: Vec<Named> = list_all(cluster, path, &ListParams::default()).await.ok()?;
    let names = objects
        .into_iter()
        .filter_map(|object| object.metadata.name);
    Some(names.collect())
}
