//! The blast radius: what a rotation will touch, and what depends on it. Only reads.

use super::members::Member;
use super::observe::Observed;
use super::plan::{Plan, Refusal, Target};
use super::request::{Options, Task};
use super::stage::Stage;
use crate::cli::{Report, Table, span};
use crate::cluster::{Cluster, NamespaceSelection};
use crate::fingerprint::Fingerprint;
use crate::ledger::Strategy;
use crate::names::{RegistryHost, RobotName};
use crate::pullsecret::{ServiceAccountRefs, service_accounts};
use crate::receipt::{Consumer, LeftBehind};
use crate::workload::{PodUse, running_pods};
use futures::future::{join, join_all};
use globset::GlobSet;
use serde::Serialize;
use std::collections::BTreeSet;

/// What a rotation will do, and to whom.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    pub registry: RegistryHost,
    pub robot: RobotName,
    /// The fingerprint of its token now.
    pub fingerprint: Fingerprint,
    /// How the token is replaced.
    pub strategy: Strategy,
    /// What will be done, in order.
    pub steps: Vec<String>,
    /// The scopes the API token needs.
    pub scopes: Vec<&'static str>,
    /// The rights the user needs in each cluster.
    pub rights: Vec<&'static str>,
    /// Every secret that is written, and what depends on it.
    pub secrets: Vec<SecretUse>,
    /// Secrets that keep a credential that dies.
    pub left_behind: Vec<LeftBehind>,
    /// Credentials that name the robot, cannot pull now, and are left so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<Target>,
    /// What keeps the rotation from beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// What the API servers say of each secret's first write, where they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried_writes: Option<Vec<TriedWrite>>,
    /// Who pulled with the robot lately; `None` if Quay does not tell.
    pub consumers: Option<Vec<Consumer>>,
    /// What could not be found out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// One credential, and what depends on it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretUse {
    #[serde(flatten)]
    pub target: Target,
    /// Service accounts that hand the secret to their pods.
    pub service_accounts: Vec<String>,
    /// What runs with it: `deployment/shop`.
    pub workloads: BTreeSet<String>,
    /// The images that are pulled with it.
    pub images: BTreeSet<String>,
    /// What needs care: copies of the secret that do not follow at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<String>,
}

/// A write that an API server checked without storing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriedWrite {
    /// The cluster, by the name of its context.
    pub context: String,
    pub namespace: String,
    pub secret: String,
    /// Whose credential it would hold.
    pub account: String,
    /// Whether it would be stored; if not, one of the refusals says why.
    pub taken: bool,
}

/// The service accounts and pods of one cluster, and what could not be listed.
struct Users {
    accounts: Vec<ServiceAccountRefs>,
    pods: Vec<PodUse>,
    unknown: Vec<String>,
}

impl Preview {
    /// Looks up who uses the secrets of a plan.
    pub async fn of(
        task: &Task<'_>,
        observed: &Observed,
        members: &[Member<'_>],
        plan: &Plan,
    ) -> Self {
        let users = join_all(
            members
                .iter()
                .map(|member| users(member.scoped.cluster, plan)),
        )
        .await;
        let mut secrets = Vec::new();
        let mut unknown = Vec::new();
        for (member, users) in members.iter().zip(&users) {
            let context = member.scoped.cluster.context();
            let targets = plan
                .targets
                .iter()
                .filter(|target| target.context == context);
            secrets.extend(targets.map(|target| SecretUse::of(target, users)));
            unknown.extend(users.unknown.iter().cloned());
        }
        let consumers = match &observed.consumers {
            Ok(consumers) => Some(consumers.clone()),
            Err(reason) => {
                unknown.push(format!("who else pulls with the robot: {reason}"));
                None
            }
        };
        let own = observed.by == task.robot.namespace();
        Self {
            registry: task.session.endpoint.registry.clone(),
            robot: task.robot.clone(),
            fingerprint: observed.fingerprint(),
            strategy: task.options.strategy,
            steps: steps(task, observed, &plan.stage),
            scopes: match (task.options.strategy, own) {
                (Strategy::Bridge, false) => vec!["org:admin", "repo:admin"],
                (Strategy::Bridge, true) => vec!["user:admin", "repo:admin"],
                (Strategy::InPlace, false) => vec!["org:admin"],
                (Strategy::InPlace, true) => vec!["user:admin"],
            },
            rights: rights(&task.options),
            secrets,
            left_behind: plan.left_behind.clone(),
            unproven: plan.unproven.clone(),
            refusals: plan.refusals.clone(),
            tried_writes: None,
            consumers,
            unknown,
        }
    }

    /// What needs care, secret by secret.
    pub fn cautions(&self) -> Vec<String> {
        let place = |used: &SecretUse| {
            let Target {
                context,
                namespace,
                secret,
                ..
            } = &used.target;
            format!("{secret} in {context}/{namespace}")
        };
        self.secrets
            .iter()
            .flat_map(|used| {
                let cautions = used.cautions.iter();
                cautions.map(move |caution| format!("{}: {caution}", place(used)))
            })
            .collect()
    }
}

fn rights(options: &Options) -> Vec<&'static str> {
    let mut rights = vec!["list and patch secrets"];
    if options.global {
        rights.push("create and delete secrets in openshift-config, for backups");
        rights.push("list machineconfigpools, get machineconfigs and infrastructures");
    }
    if options.restart {
        rights.push("list pods, replicasets and jobs");
        rights.push("get and patch deployments, statefulsets and daemonsets");
    }
    if options.pull {
        rights.push("create, get, list and delete pods in one namespace");
    }
    rights
}

async fn users(cluster: &Cluster, plan: &Plan) -> Users {
    let context = cluster.context();
    let namespaces: BTreeSet<String> = plan
        .targets
        .iter()
        .filter(|target| target.context == context)
        .map(|target| target.namespace.clone())
        .collect();
    if namespaces.is_empty() {
        return Users {
            accounts: Vec::new(),
            pods: Vec::new(),
            unknown: Vec::new(),
        };
    }
    let selection = NamespaceSelection::Named(namespaces.clone());
    let nothing = GlobSet::empty();
    let (accounts, pods) = join(
        service_accounts(cluster, &selection, &nothing),
        running_pods(cluster, namespaces),
    )
    .await;
    let mut unknown = Vec::new();
    let mut or_empty = |what: &str, failure: Option<crate::Failure>| {
        unknown.extend(failure.map(|failure| format!("{what} of {context}: {failure}")));
    };
    or_empty("service accounts", accounts.as_ref().err().cloned());
    for (_, failure) in accounts.iter().flat_map(|listed| &listed.unreadable) {
        or_empty("service accounts", Some(failure.clone()));
    }
    or_empty("workloads and images", pods.as_ref().err().cloned());
    Users {
        accounts: accounts.map(|listed| listed.items).unwrap_or_default(),
        pods: pods.unwrap_or_default(),
        unknown,
    }
}

impl SecretUse {
    fn of(target: &Target, users: &Users) -> Self {
        let is_here = |namespace: &str| namespace == target.namespace;
        let here = || users.pods.iter().filter(|pod| is_here(&pod.namespace));
        let pulling = || here().filter(|pod| pod.pull_secrets.contains(&target.secret));
        let matching = |image: &&crate::kubelet::ImageReference| {
            crate::kubelet::matches_image(&target.key, image)
        };
        let named = |pods: &dyn Fn(&PodUse) -> bool| -> Vec<String> {
            let pods = here().filter(|pod| pods(pod));
            let names: BTreeSet<String> = pods.map(workload).collect();
            names.into_iter().collect()
        };
        let mut cautions = Vec::new();
        let frozen = named(&|pod| pod.frozen.contains(&target.secret));
        if !frozen.is_empty() {
            cautions.push(format!(
                "used through an environment variable or subPath by {}: that copy changes only \
                 when the pods restart",
                frozen.join(", ")
            ));
        }
        let mounted = named(&|pod| {
            pod.mounted.contains(&target.secret) && !pod.frozen.contains(&target.secret)
        });
        if !mounted.is_empty() {
            cautions.push(format!(
                "mounted by {}: that copy changes within about a minute",
                mounted.join(", ")
            ));
        }
        Self {
            target: target.clone(),
            service_accounts: users
                .accounts
                .iter()
                .filter(|account| account.references(&target.namespace, &target.secret))
                .map(|account| account.name.clone())
                .collect(),
            workloads: pulling().map(workload).collect(),
            images: pulling()
                .flat_map(|pod| pod.images.iter().filter(matching))
                .map(ToString::to_string)
                .collect(),
            cautions,
        }
    }
}

fn workload(pod: &PodUse) -> String {
    match &pod.owner {
        Some(owner) => owner.to_string(),
        None => format!("pod/{}", pod.name),
    }
}

fn steps(task: &Task<'_>, observed: &Observed, stage: &Stage) -> Vec<String> {
    let (robot, bridge) = (&task.robot, &observed.subject.bridge);
    let (grace, timeout) = (span(task.options.grace), span(task.options.settle_timeout));
    let settle = |account| {
        format!("wait until nobody has pulled as {account} for {grace}, at most {timeout} longer")
    };
    if task.options.strategy == Strategy::InPlace {
        let rehearse = "let the API servers check every write without storing it".to_owned();
        let renew = format!(
            "regenerate the token of {robot}, and write it into every secret at \
                             once"
        );
        return match stage {
            Stage::Distributing => vec![format!(
                "write the token that an earlier run regenerated for {robot} into every secret"
            )],
            _ if observed.clusters.is_empty() => vec![format!("regenerate the token of {robot}")],
            _ => vec![
                rehearse,
                renew,
                "check every secret and the token".to_owned(),
            ],
        };
    }
    let forth = [
        format!("write {bridge} into every secret"),
        settle(robot),
        format!("regenerate the token of {robot}, which no secret holds at that point"),
    ];
    let which = if task.options.abort { "old" } else { "new" };
    let back = [
        format!("write {robot} with its {which} token into every secret"),
        settle(bridge),
        format!("delete {bridge}, and check everything"),
    ];
    let begin = format!(
        "create {bridge} and grant it the rights of {robot} ({})",
        observed.rights.len()
    );
    match stage {
        Stage::NotBegun => [&[begin][..], &forth, &back].concat(),
        Stage::Crossing(_) if task.options.abort => back.to_vec(),
        Stage::Crossing(_) => [&forth[..], &back].concat(),
        Stage::Returning(_) => back.to_vec(),
        Stage::Removed | Stage::Distributing | Stage::Undone => {
            vec!["check what an earlier run did".to_owned()]
        }
    }
}

impl Report for Preview {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.secrets, wide)
            .context(|used| &used.target.context)
            .col("NAMESPACE", |used| &used.target.namespace)
            .col("SECRET", |used| &used.target.secret)
            .col("KEY", |used| &used.target.key)
            .col("ACCOUNT", |used| &used.target.account)
            .col("FINGERPRINT", |used| &used.target.fingerprint)
            .col("SERVICE ACCOUNTS", |used| used.service_accounts.join(","))
            .col("WORKLOADS", |used| {
                used.workloads.iter().cloned().collect::<Vec<_>>().join(",")
            })
            .table()
    }

    fn names(&self) -> Vec<String> {
        let name = |used: &SecretUse| format!("secret/{}", used.target.secret);
        self.secrets.iter().map(name).collect()
    }
}
