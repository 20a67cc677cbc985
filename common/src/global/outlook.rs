//! What a write will set in motion, told before it is sent.

use super::absent::unread_mirrors;
use super::contents::some_of;
use super::fault::faults_with;
use super::hosted::{Hosted, NO_SYNCER, no_node};
use super::notice::Notice;
use super::observed::Observed;
use super::plan::{Intent, Plan, Request, Write};
use super::pools::{PoolState, Pools};
use super::topology::Topology;
use crate::cli::hint_text;
use crate::cluster::Cluster;
use crate::hint::{self, Hint};

/// What there is to know before this plan is carried out, as far as it can be seen.
pub(super) async fn outlook(
    cluster: &Cluster,
    observed: &Observed,
    request: &Request,
    plan: &Plan,
) -> Vec<Notice> {
    let mut notices = stays_broken(cluster, observed, request, plan);
    notices.extend(unknown_guard(cluster, observed, request));
    match observed.topology {
        Topology::HostedControlPlane => notices.extend(hosted(cluster, observed, plan).await),
        topology => {
            notices.extend((topology == Topology::Unknown).then(|| unknown(cluster, observed)));
            notices.extend(standalone(cluster, observed).await);
        }
    }
    notices
}

/// What is broken afterwards, where nobody is promised anything else.
fn stays_broken(
    cluster: &Cluster,
    observed: &Observed,
    request: &Request,
    plan: &Plan,
) -> Vec<Notice> {
    let written = plan.document().into_iter();
    let written = written.filter(|_| !request.intent.gives_credentials());
    let faults = written.flat_map(|document| faults_with(observed, document));
    let context = cluster.context();
    let warnings = faults.map(|fault| {
        Notice::Warning(format!(
            "{} (context {context}) stays broken at `{}`: {}\n  next: {}",
            fault.secret,
            fault.key,
            fault.reason,
            hint_text(&fault.next.at(context))
        ))
    });
    warnings.collect()
}

/// Whether the nodes may pull release images with what is removed, if that cannot be told.
fn unknown_guard(cluster: &Cluster, observed: &Observed, request: &Request) -> Option<Notice> {
    let is_removal = matches!(request.intent, Intent::Remove(_));
    let unread = unread_mirrors(&observed.release, cluster.context());
    unread.filter(|_| is_removal).map(Notice::Warning)
}

/// Where it is not known that the Machine Config Operator reads the secret.
fn unknown(cluster: &Cluster, observed: &Observed) -> Notice {
    let context = cluster.context();
    let ask = Hint::from("ask for the right to get infrastructures, then check with: ")
        .run(hint::kubectl("auth can-i get infrastructures.config.openshift.io").at(context));
    Notice::Warning(format!(
        "you are not allowed to read infrastructures/cluster (context {context}), so it is unknown \
         whether the control plane is hosted; a hosted control plane undoes every change of {}\n  \
         next: {}",
        observed.name,
        hint_text(&ask)
    ))
}

async fn standalone(cluster: &Cluster, observed: &Observed) -> Vec<Notice> {
    let context = cluster.context();
    let mut notices = Vec::new();
    let release = &observed.release;
    if let Some(version) = release.version().filter(|_| release.reboots_nodes()) {
        notices.push(Notice::Warning(format!(
            "OpenShift {version} (context {context}) drains and reboots every node for this \
             change; 4.7.4 and later do not"
        )));
    }
    match Pools::observe(cluster).await {
        Ok(Some(pools)) => {
            let blocked = pools.pools.iter();
            for pool in blocked.filter(|pool| pool.state.gets_nothing_new()) {
                let because = match (pool.state, pool.trouble.as_str()) {
                    (PoolState::Degraded, trouble) if !trouble.is_empty() => {
                        format!(" ({trouble})")
                    }
                    _ => String::new(),
                };
                notices.push(Notice::Warning(format!(
                    "machine config pool `{}` (context {context}) is {}: its nodes do not get the \
                     secret as long as it is{because}",
                    pool.name, pool.state
                )));
            }
        }
        Ok(None) => notices.push(Notice::Warning(format!(
            "context {context} has no MachineConfigPools, so no Machine Config Operator brings \
             {} to its nodes",
            observed.name
        ))),
        Err(failure) => notices.push(Notice::Note(format!(
            "cannot follow the roll-out: {failure}"
        ))),
    }
    notices
}

async fn hosted(cluster: &Cluster, observed: &Observed, plan: &Plan) -> Vec<Notice> {
    let context = cluster.context();
    let name = observed.name;
    let hosted = Hosted::observe(cluster).await;
    let mut notices = vec![Notice::Note(format!(
        "context {context} has a hosted control plane, which writes its pull secret from outside \
         the cluster; so this command writes {name}, which adds entries to it"
    ))];
    if let Write::Deletion = plan.write {
        notices.push(Notice::Note(format!(
            "no entry is left in {name} (context {context}), so it is deleted: the control plane \
             refuses a secret without entries, and the nodes would keep the old credentials"
        )));
    }
    notices.extend(reach(context, &hosted));
    if hosted.nodes_with_syncer() != Some(0) {
        notices.push(Notice::Note(format!(
            "the kubelet of every node with the syncer restarts for this change (context \
             {context}); imports of image streams do not use the new credentials"
        )));
    }
    notices.extend(other_writers(context, observed));
    notices
}

/// Which nodes get what is written.
fn reach(context: &str, hosted: &Hosted) -> Option<Notice> {
    let without = hosted.without_syncer();
    match (&hosted.syncer, hosted.nodes_with_syncer()) {
        (Err(failure), _) => Some(Notice::Warning(format!(
            "it is unknown which nodes get the secret: {failure}"
        ))),
        (Ok(None), _) => Some(Notice::Warning(format!("{NO_SYNCER} (context {context})"))),
        (Ok(Some(_)), Some(0)) => Some(Notice::Warning(format!(
            "{} (context {context})",
            no_node()
        ))),
        (Ok(Some(_)), _) if !without.is_empty() => Some(Notice::Warning(format!(
            "these nodes of context {context} do not get the secret, because no syncer runs \
             there: {}",
            some_of(&without)
        ))),
        (Ok(Some(_)), _) => None,
    }
}

/// Who else writes the same secret, such as the job of ROSA that keeps ECR's tokens in it.
fn other_writers(context: &str, observed: &Observed) -> Option<Notice> {
    let current = observed.current.as_ref()?;
    let writers = current.writers.iter();
    let others = writers.filter(|(name, _)| !name.starts_with(OURS.0) && name != OURS.1);
    let others: Vec<String> = others
        .map(|(name, time)| match time {
            Some(time) => format!("{name} (last at {time:.0})"),
            None => name.clone(),
        })
        .collect();
    (!others.is_empty()).then(|| {
        Notice::Note(format!(
            "{} (context {context}) is also written by {}",
            observed.name,
            some_of(&others)
        ))
    })
}

/// The names that these plugins write under: what those of kubectl begin with, and oc's.
const OURS: (&str, &str) = ("kubectl-quay", "oc-quay-global");
