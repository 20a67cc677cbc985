//! `delete`: takes a robot out of pull secrets.

use super::removal::{RemovalPlan, plan_removal, registries_of};
use super::view::{ClusterView, Found};
use crate::Failure;
use crate::cluster::{Cluster, DryRun, Seen};
use crate::names::{RegistryHost, RobotName};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::signals::Ending;
use futures::future::{join, join_all};
use std::collections::BTreeSet;

/// What is asked for.
pub struct RemovalRequest<'a> {
    pub robot: &'a RobotName,
    /// Only at this registry.
    pub registry: Option<&'a RegistryHost>,
    /// Also where pods use the secret, where it is immutable, and where another tool writes it.
    pub force: bool,
}

/// What is removed, in which cluster.
pub struct PlannedRemovals<'a> {
    plans: Vec<(&'a Cluster, Vec<RemovalPlan>)>,
    /// Namespaces where it cannot be told who uses the secrets: they are left alone.
    pub failures: Vec<Outcome>,
}

/// Plans the removal in every cluster that was seen.
///
/// # Errors
/// Robots of this name are at several registries, and none was chosen.
pub async fn plan_removals<'a>(
    seen: &'a Seen<ClusterView<'a>>,
    request: &RemovalRequest<'_>,
) -> Result<PlannedRemovals<'a>, Failure> {
    check_registry(seen, request)?;
    let planned = seen
        .reached
        .iter()
        .map(async |view| plan(view, request).await);
    let mut removals = PlannedRemovals {
        plans: Vec::new(),
        failures: Vec::new(),
    };
    for (cluster, plans, failures) in join_all(planned).await {
        removals.plans.push((cluster, plans));
        removals.failures.extend(failures);
    }
    Ok(removals)
}

async fn plan<'a>(
    view: &'a ClusterView<'_>,
    request: &RemovalRequest<'_>,
) -> (&'a Cluster, Vec<RemovalPlan>, Vec<Outcome>) {
    let secrets = &view.observed.secrets;
    let is_held = !registries_of(secrets, request.robot).is_empty();
    let (accounts, pods) = match is_held {
        false => (Found::nothing(), Found::nothing()),
        true => {
            join(view.accounts(), async {
                match request.force {
                    true => Found::nothing(),
                    false => view.pods().await,
                }
            })
            .await
        }
    };
    let plans = plan_removal(
        secrets,
        &accounts.items,
        &pods.items,
        request.robot,
        request.registry,
        request.force,
    );
    let failures: Vec<Outcome> = accounts.failures.into_iter().chain(pods.failures).collect();
    let is_blind = |plan: &RemovalPlan| {
        let mut failures = failures.iter();
        failures.any(|failure| {
            let blind = &failure.place.namespace;
            blind.is_empty() || blind == plan.namespace()
        })
    };
    let plans: Vec<RemovalPlan> = plans.into_iter().filter(|plan| !is_blind(plan)).collect();
    (view.scoped.cluster, plans, failures)
}

/// A robot's name at two hosts is two robots: which one is meant has to be said.
fn check_registry(
    seen: &Seen<ClusterView<'_>>,
    request: &RemovalRequest<'_>,
) -> Result<(), Failure> {
    let views = seen.reached.iter();
    let registries: BTreeSet<RegistryHost> = views
        .flat_map(|view| registries_of(&view.observed.secrets, request.robot))
        .collect();
    if request.registry.is_some() || registries.len() < 2 {
        return Ok(());
    }
    let registries: Vec<String> = registries.into_iter().map(String::from).collect();
    Err(Failure::usage(format!(
        "there is a robot `{}` at {}",
        request.robot,
        registries.join(" and at ")
    ))
    .next(format!("choose one: --registry {}", registries[0])))
}

impl PlannedRemovals<'_> {
    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.plans.iter().all(|(_, plans)| plans.is_empty())
    }

    /// `staging/quay-pull-secret, …`, for a question.
    pub fn targets(&self) -> String {
        let plans = self.plans.iter().flat_map(|(_, plans)| plans);
        let targets: Vec<String> = plans.map(RemovalPlan::target).collect();
        match targets.len() {
            0..=5 => targets.join(", "),
            count => format!("{} and {} more", targets[..4].join(", "), count - 4),
        }
    }

    /// Carries the plans out, as far as the dry run says, clusters and secrets side by side.
    pub async fn apply(self, dry_run: DryRun, progress: &dyn Progress) -> Vec<Outcome> {
        let total = self.plans.iter().map(|(_, plans)| plans.len()).sum();
        progress.begin("removing", total);
        let ending = Ending::default();
        let done = self.plans.into_iter().map(async |(cluster, plans)| {
            let removed = cluster.window().run(plans, async |plan: RemovalPlan| {
                let outcome = match dry_run.is_client() {
                    true => plan.outcome(cluster.context()),
                    false if ending.is_asked_for() => plan.outcome(cluster.context()).skipped(),
                    false => plan.apply(cluster, dry_run.write()).await,
                };
                progress.advance();
                outcome
            });
            removed.await
        });
        let done = ending.watch(join_all(done)).await;
        progress.end();
        done.into_iter().flatten().collect()
    }
}
