//! `attach` and `detach`: the references to a secret in every namespace in scope.

use super::reference::{Attachment, ReferenceEdit, ReferenceOwner};
use super::report::Outcomes;
use super::secret::PullSecret;
use super::unusable::{Unusable, no_use};
use super::view::{ClusterView, Found, observe_each, unseen_or_missing};
use crate::Failure;
use crate::cluster::{Cluster, DryRun, NamespaceArgs, Seen};
use crate::hint;
use crate::outcome::{Outcome, Verb};
use crate::place::Place;
use crate::progress::Progress;
use crate::signals::Ending;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

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
    pub scope: &'a NamespaceArgs,
    /// How far the walk goes.
    pub dry_run: DryRun,
}

/// One reference that is to change.
struct Target {
    place: Place,
    owner: ReferenceOwner,
    /// What attaching has to say of the secret.
    secret: Fitness,
}

/// What pods make of the secret that they are to name.
#[derive(Clone)]
enum Fitness {
    /// They pull with it; what else it holds is of no use.
    Fit(Option<String>),
    /// It makes the kubelet refuse every pod that names it.
    Breaks(Unusable),
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
    let ending = Ending::default();
    let done = work.into_iter().map(async |(cluster, targets)| {
        let changes = cluster.window().run(targets, async |target: Target| {
            let outcome = match ending.is_asked_for() {
                true => Outcome::new(target.place, Verb::Unchanged).skipped(),
                false => change(request, cluster, target).await,
            };
            progress.advance();
            outcome
        });
        changes.await
    });
    let done = ending.watch(join_all(done)).await;
    outcomes.items.extend(done.into_iter().flatten());
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
    let named = Named::of(request, view).await;
    let mut targets = Vec::new();
    for namespace in view.namespaces().unwrap_or_else(|| named.namespaces()) {
        let place = Place::secret(view.context(), &namespace, request.secret);
        let secret = match request.edit {
            ReferenceEdit::Attach => named.fitness(&namespace, &place),
            ReferenceEdit::Detach => Ok(Fitness::Fit(None)),
        };
        let secret = match secret {
            Ok(secret) => secret,
            Err(failed) => {
                failures.push(*failed);
                continue;
            }
        };
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
                secret: secret.clone(),
            });
        }
    }
    Ok((targets, failures))
}

async fn change(request: &ReferenceRequest<'_>, cluster: &Cluster, target: Target) -> Outcome {
    let Target {
        place,
        owner,
        secret,
    } = target;
    let mode = match (request.dry_run.is_client(), &secret) {
        (true, _) | (_, Fitness::Breaks(_)) => None,
        (false, Fitness::Fit(_)) => Some(request.dry_run.write()),
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
    match secret {
        Fitness::Breaks(why) if !outcome.result.is_failure() => refused(outcome, &why),
        Fitness::Fit(Some(no_use)) if !outcome.result.is_failure() => outcome.message(no_use),
        _ => outcome,
    }
}

/// Nobody is handed what would keep their pods from pulling; who has it already is told.
fn refused(mut outcome: Outcome, why: &Unusable) -> Outcome {
    if outcome.result.is_change() {
        outcome.result = Verb::Refused;
    }
    let remedy = why.remedy(&outcome.place.namespace, &outcome.place.name);
    outcome.message(why.to_string()).next(remedy)
}

/// What stands under the name, by namespace.
struct Named<'a> {
    secrets: BTreeMap<&'a str, &'a PullSecret>,
    other_types: BTreeMap<String, String>,
}

impl<'a> Named<'a> {
    async fn of(request: &ReferenceRequest<'_>, view: &'a ClusterView<'_>) -> Self {
        let secrets = view.observed.secrets.iter();
        let secrets = secrets.filter(|secret| secret.name == request.secret);
        Self {
            secrets: secrets
                .map(|secret| (secret.namespace.as_str(), secret))
                .collect(),
            other_types: match request.edit {
                ReferenceEdit::Attach => view.other_types(request.secret).await,
                ReferenceEdit::Detach => BTreeMap::new(),
            },
        }
    }

    fn namespaces(&self) -> BTreeSet<String> {
        let secrets = self.secrets.keys().map(|namespace| (*namespace).to_owned());
        secrets.chain(self.other_types.keys().cloned()).collect()
    }

    /// What pods make of it in this namespace, or why nobody is handed it.
    fn fitness(&self, namespace: &str, place: &Place) -> Result<Fitness, Box<Outcome>> {
        let unusable = match (self.secrets.get(namespace), self.other_types.get(namespace)) {
            (Some(secret), _) => match Unusable::of(secret) {
                None => return Ok(Fitness::Fit(no_use(secret))),
                Some(why) if why.breaks_pods() => return Ok(Fitness::Breaks(why)),
                Some(why) => why,
            },
            (None, Some(found)) => Unusable::OtherType(found.clone()),
            (None, None) => return Err(Box::new(no_such_secret(place.clone()))),
        };
        let remedy = unusable.remedy(namespace, &place.name);
        let failed = Outcome::new(place.clone(), Verb::Failed);
        Err(Box::new(failed.message(unusable.to_string()).next(remedy)))
    }
}

fn no_such_secret(place: Place) -> Outcome {
    let look = hint::get(&place.namespace, "secret").arg(&place.name);
    Outcome::new(place, Verb::Failed)
        .message("no pull secret has that name, so pods could not use it")
        .next(look)
}
