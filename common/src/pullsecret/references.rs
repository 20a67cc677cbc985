//! `attach` and `detach`: the references to a secret in every namespace in scope.

use super::reference::{Attachment, ReferenceEdit, ReferenceOwner};
use super::report::Outcomes;
use super::view::{ClusterView, Found, observe_each, unseen_or_missing};
use crate::Failure;
use crate::cluster::{Cluster, DryRun, NamespaceArgs, Seen};
use crate::hint;
use crate::outcome::{Outcome, Verb};
use crate::place::Place;
use crate::progress::Progress;
use futures::future::join_all;
use std::collections::BTreeSet;

/// What is asked for.
pub struct ReferenceRequest<'a> {
    /// Which way.
    pub edit: ReferenceEdit,
    /// The secret's name.
    pub secret: &'a str,
    /// Service accounts by name.
    pub service_accounts: &'a [String],
    /// Every service account of each namespace.
    pub all_service_accounts: bool,
    /// Workloads, written `KIND/NAME`.
    pub workloads: &'a [String],
    /// Which namespaces.
    pub scope: &'a NamespaceArgs,
    /// How far the walk goes.
    pub dry_run: DryRun,
}

/// One reference that is to change.
struct Target {
    place: Place,
    owner: ReferenceOwner,
}

/// The whole walk, clusters and targets side by side.
///
/// # Errors
/// Mistakes of the command line.
pub async fn edit_references(
    request: &ReferenceRequest<'_>,
    clusters: &Seen<Cluster>,
    progress: &dyn Progress,
) -> Result<Outcomes, Failure> {
    let seen = observe_each(clusters, request.scope).await?;
    let mut outcomes = Outcomes::of(request.dry_run);
    outcomes.items = unseen_or_missing(&seen);
    let planned = seen
        .reached
        .iter()
        .map(async |view| (view, plan(request, view).await));
    let mut work = Vec::new();
    for (view, planned) in join_all(planned).await {
        let (targets, failures) = planned?;
        outcomes.items.extend(failures);
        work.push((view.scoped.cluster, targets));
    }
    let total = work.iter().map(|(_, targets)| targets.len()).sum();
    progress.begin("changing references", total);
    let done = work.into_iter().map(async |(cluster, targets)| {
        let changes = cluster.window().run(targets, async |target: Target| {
            let outcome = change(request, cluster, target).await;
            progress.advance();
            outcome
        });
        changes.await
    });
    outcomes
        .items
        .extend(join_all(done).await.into_iter().flatten());
    progress.end();
    Ok(outcomes)
}

/// Every reference that is meant in one cluster, and what cannot be worked on.
async fn plan(
    request: &ReferenceRequest<'_>,
    view: &ClusterView<'_>,
) -> Result<(Vec<Target>, Vec<Outcome>), Failure> {
    let accounts = match request.all_service_accounts {
        true => view.accounts().await,
        false => Found::nothing(),
    };
    let mut failures = accounts.failures;
    let with_secret: BTreeSet<String> = view
        .observed
        .secrets
        .iter()
        .filter(|secret| secret.name == request.secret)
        .map(|secret| secret.namespace.clone())
        .collect();
    let mut targets = Vec::new();
    for namespace in view.namespaces().unwrap_or_else(|| with_secret.clone()) {
        let place = Place::secret(view.context(), &namespace, request.secret);
        if request.edit == ReferenceEdit::Attach && !with_secret.contains(&namespace) {
            failures.push(no_such_secret(place));
            continue;
        }
        let all = accounts.items.iter();
        let all = all.filter(|account| account.namespace == namespace);
        let named = request.service_accounts.iter();
        let names = named.chain(all.map(|account| &account.name));
        let owners = names.map(|name| Ok(ReferenceOwner::service_account(&namespace, name)));
        let workloads = request.workloads.iter();
        let workloads = workloads.map(|name| ReferenceOwner::workload(&namespace, name));
        for owner in owners.chain(workloads) {
            targets.push(Target {
                place: place.clone(),
                owner: owner?,
            });
        }
    }
    Ok((targets, failures))
}

async fn change(request: &ReferenceRequest<'_>, cluster: &Cluster, target: Target) -> Outcome {
    let Target { place, owner } = target;
    let mode = match request.dry_run.is_client() {
        true => None,
        false => Some(request.dry_run.write()),
    };
    let changed = owner
        .edit(cluster, request.edit, request.secret, mode)
        .await;
    let namespace = place.namespace.clone();
    let mut outcome = match (changed, request.edit) {
        (Ok(Attachment::Unchanged), _) => Outcome::new(place, Verb::Unchanged),
        (Ok(Attachment::Changed), ReferenceEdit::Attach) => Outcome::new(place, Verb::Attached),
        (Ok(Attachment::Changed), ReferenceEdit::Detach) => Outcome::new(place, Verb::Detached),
        (Err(error), _) => Outcome::new(place, Verb::Failed)
            .message(error.to_string())
            .next(hint::get(&namespace, &owner.label)),
    };
    outcome.references.push(owner.label);
    outcome
}

fn no_such_secret(place: Place) -> Outcome {
    let look = hint::get(&place.namespace, "secret").arg(&place.name);
    Outcome::new(place, Verb::Failed)
        .message("there is no pull secret of that name, so pods could not use it")
        .next(look)
}
