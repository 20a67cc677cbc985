//! `sync`: every namespace that needs a robot's credential has its current one.

use super::apply::{Apply, SyncPlanner, apply};
use super::current_tokens::CurrentTokens;
use super::outcome::of_plans;
use super::plan::{Consent, NamespacePlan, Verdict};
use super::recreate::finish_replacements;
use super::report::Outcomes;
use super::source::{Known, Placement, Source};
use super::trust::{Adopted, Trust, Unproven, note_held};
use super::view::{ClusterView, observe_each_located, secrets, unseen};
use crate::Failure;
use crate::cluster::{Cluster, DryRun, NamespaceArgs, NamespaceSelection, Seen};
use crate::ledger::{CredentialPlace, Memory};
use crate::outcome::Outcome;
use crate::place::Place;
use crate::progress::Progress;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// Rounds of a sync that finds other tokens in the end than in the beginning.
const ROUNDS: usize = 4;

/// What is asked for.
pub struct SyncRequest<'a> {
    pub scope: &'a NamespaceArgs,
    /// The robot that every one of them shall have; `None` to repair what is there.
    pub placement: Option<Placement>,
    /// Create named namespaces that do not exist.
    pub create_namespace: bool,
    /// Create the secret in all namespaces that do not have it.
    pub create_missing: bool,
    /// What the user allowed.
    pub consent: Consent,
    /// Whether credentials whose claim nothing proves are written all the same, once they are
    /// known. Asked where neither a namespace nor a robot to place was named.
    pub adopts: &'a dyn Fn(&[Unproven]) -> Result<bool, Failure>,
    /// How far the walk goes.
    pub dry_run: DryRun,
}

/// What every cluster holds, what it should hold, and what is therefore done.
pub struct SyncPlan<'a> {
    /// What was observed.
    pub seen: Seen<ClusterView<'a>>,
    /// The plans, by the order of `seen`'s clusters.
    pub clusters: Vec<ClusterPlan>,
    /// Targets that cannot be worked on.
    pub failures: Vec<Outcome>,
    known: Known,
    trust: Trust,
}

/// One cluster's part.
pub struct ClusterPlan {
    /// The context's name.
    pub context: String,
    /// A plan for each namespace, or for each secret.
    pub namespaces: Vec<NamespacePlan>,
}

/// Observes and plans; writes nothing. Which places hold a current token is noted.
///
/// # Errors
/// Mistakes of the command line, and a source that does not answer.
pub async fn plan_sync<'a>(
    request: &SyncRequest<'_>,
    source: &Source,
    clusters: &'a Seen<Cluster>,
    memory: &mut Memory,
) -> Result<SyncPlan<'a>, Failure> {
    let mut seen = observe_each_located(clusters, request.scope).await?;
    let secrets_seen = secrets(&seen);
    let (known, tenants, other_types) = futures::join!(
        source.ask(request.placement.as_ref(), &secrets_seen),
        tenants(request, &seen),
        other_types(request, &seen),
    );
    let known = known?;
    for (view, other_types) in seen.reached.iter_mut().zip(other_types) {
        view.other_types = other_types;
    }
    note_held(&secrets(&seen), &known.wanted, memory);
    let mut failures = unseen(&seen);
    let mut targets = Vec::new();
    for (view, tenants) in seen.reached.iter().zip(tenants) {
        let tenants = tenants.unwrap_or_else(|failure| {
            let place = Place::context(view.context());
            failures.push(Outcome::failed(place, &failure));
            BTreeSet::new()
        });
        targets.push((view, tenants));
    }
    let mut trust = Trust {
        places: memory.known(),
        replacing: memory.replacing(),
        adopted: request.adopted(),
    };
    let (mut plans, mut failed) = plan_clusters(request, &targets, &known, &trust);
    let unproven = unproven(&plans, &known.wanted);
    if request.may_adopt(&unproven)? {
        trust.adopted = source.adopted(&unproven).await;
        (plans, failed) = plan_clusters(request, &targets, &known, &trust);
    }
    failures.extend(failed);
    Ok(SyncPlan {
        seen,
        clusters: plans,
        failures,
        known,
        trust,
    })
}

fn plan_clusters(
    request: &SyncRequest<'_>,
    targets: &[(&ClusterView<'_>, BTreeSet<String>)],
    known: &Known,
    trust: &Trust,
) -> (Vec<ClusterPlan>, Vec<Outcome>) {
    let mut failures = Vec::new();
    let mut plans = Vec::new();
    for (view, tenants) in targets {
        let (namespaces, failed) = plan_cluster(request, view, tenants, known, trust);
        failures.extend(failed);
        plans.push(ClusterPlan {
            context: view.context().to_owned(),
            namespaces,
        });
    }
    (plans, failures)
}

/// What plans leave alone because nothing proves its claim.
fn unproven(plans: &[ClusterPlan], wanted: &CurrentTokens) -> Vec<Unproven> {
    let mut found = Vec::new();
    for ClusterPlan {
        context,
        namespaces,
    } in plans
    {
        for secret in namespaces.iter().flat_map(|plan| &plan.secrets) {
            let entries = secret.entries.iter();
            for entry in entries {
                let (Verdict::Unproven(robot), Some(registry)) =
                    (&entry.verdict, wanted.registry_of(&entry.key))
                else {
                    continue;
                };
                let place = Place::secret(context, &secret.namespace, &secret.name);
                found.push(Unproven {
                    place: place.key(&entry.key),
                    account: entry.account.clone(),
                    robot: (registry.registry.clone(), robot.clone()),
                });
            }
        }
    }
    found
}

impl SyncRequest<'_> {
    /// A robot that is handed out anyway is written wherever it is named there.
    fn adopted(&self) -> Adopted {
        let repairs_only = self.scope.all_namespaces && !self.create_missing;
        match self.placement.is_some() && !repairs_only {
            true => Adopted::Everything,
            false => Adopted::Nothing,
        }
    }

    /// Whoever names a namespace trusts it with what may only pull.
    fn may_adopt(&self, unproven: &[Unproven]) -> Result<bool, Failure> {
        let names_namespaces =
            !self.scope.all_namespaces && self.scope.namespace_selector.is_none();
        match unproven.is_empty() {
            true => Ok(false),
            false if names_namespaces => Ok(true),
            false => (self.adopts)(unproven),
        }
    }
}

/// For `--create-missing`: the namespaces it reaches in each cluster.
async fn tenants(
    request: &SyncRequest<'_>,
    seen: &Seen<ClusterView<'_>>,
) -> Vec<Result<BTreeSet<String>, Failure>> {
    let tenants = seen.reached.iter().map(async |view| {
        let is_asked = request.create_missing && request.placement.is_some();
        match (is_asked, &view.scoped.selection) {
            (true, NamespaceSelection::All) => view.tenant_namespaces().await,
            _ => Ok(BTreeSet::new()),
        }
    });
    join_all(tenants).await
}

/// What has the name of the secret to create and is no pull secret, in each cluster. Only where
/// nothing is sent: a write is told by the server.
async fn other_types(
    request: &SyncRequest<'_>,
    seen: &Seen<ClusterView<'_>>,
) -> Vec<BTreeMap<String, String>> {
    let others = seen.reached.iter().map(async |view| {
        let repairs_only =
            view.scoped.selection == NamespaceSelection::All && !request.create_missing;
        match &request.placement {
            Some(placement) if request.dry_run.is_client() && !repairs_only => {
                view.other_types(&placement.secret_name).await
            }
            _ => BTreeMap::new(),
        }
    });
    join_all(others).await
}

/// Plans one cluster from what was observed of it. No I/O.
fn plan_cluster(
    request: &SyncRequest<'_>,
    view: &ClusterView<'_>,
    tenants: &BTreeSet<String>,
    known: &Known,
    trust: &Trust,
) -> (Vec<NamespacePlan>, Vec<Outcome>) {
    let (wanted, consent) = (&known.wanted, request.consent);
    let placed = known.placed.as_ref();
    let may_create = request.create_namespace && placed.is_some();
    let missing = view.missing.iter().filter(|_| !may_create);
    let missing = missing.map(|name| view.missing_namespace(name, placed.is_some()));
    let failures = missing.collect();
    let Some(placed) = placed else {
        return (view.plan_repair(wanted, trust, consent), failures);
    };
    let namespaces = match view.namespaces() {
        None if !request.create_missing => {
            return (view.plan_repair(wanted, trust, consent), failures);
        }
        None => tenants.clone(),
        Some(existing) if may_create => &existing | &view.missing,
        Some(existing) => existing,
    };
    let mut plans = view.plan_placement(&namespaces, placed, wanted, trust, consent);
    for plan in &mut plans {
        plan.create_namespace = may_create && view.missing.contains(&plan.namespace);
    }
    (plans, failures)
}

/// The whole walk. What a rotation replaces while it runs is written again, some rounds long.
///
/// # Errors
/// Mistakes of the command line, and a source that does not answer.
pub async fn sync(
    request: &SyncRequest<'_>,
    source: &Source,
    clusters: &Seen<Cluster>,
    memory: &mut Memory,
    progress: &dyn Progress,
) -> Result<Outcomes, Failure> {
    let mut outcomes = Outcomes::of(request.dry_run);
    let mut earlier_is_finished = !request.consent.force || request.dry_run.label().is_some();
    for _ in 0..ROUNDS {
        let plan = plan_sync(request, source, clusters, memory).await?;
        if !earlier_is_finished {
            // Only `--force` replaces immutable secrets, so only then something can be half done.
            earlier_is_finished = true;
            let finished = finish_earlier(&plan.seen).await;
            if !finished.is_empty() {
                outcomes.items.extend(finished);
                continue;
            }
        }
        let (seen, known, done) = carry_out(request, plan, progress).await;
        let wrote = done.iter().any(|outcome| outcome.written_at.is_some());
        if request.dry_run.label().is_none() {
            note_written(&done, &seen, &known.wanted, memory);
        }
        outcomes.supersede(done);
        if !wrote || request.dry_run.label().is_some() {
            break;
        }
        // A rotation may have replaced a token, or its bridge, while it was being written.
        let now = source
            .ask(request.placement.as_ref(), &secrets(&seen))
            .await?;
        if now.wanted.agrees_with(&known.wanted) {
            break;
        }
    }
    Ok(outcomes)
}

/// Notes which places were given a current token.
fn note_written(
    done: &[Outcome],
    seen: &Seen<ClusterView<'_>>,
    wanted: &CurrentTokens,
    memory: &mut Memory,
) {
    let written = done.iter().filter(|outcome| outcome.written_at.is_some());
    for Outcome { place, account, .. } in written.filter(|outcome| outcome.result.is_change()) {
        let mut views = seen.reached.iter();
        let view = views.find(|view| view.context() == place.context);
        let site = view.and_then(|view| view.sites.get(&place.namespace));
        let robot = wanted.robot_of(&place.key, account);
        let (Some(site), Some((registry, robot))) = (site, robot) else {
            continue;
        };
        if let Some(token) = wanted.current(&place.key, robot) {
            let place = CredentialPlace {
                site,
                secret: &place.name,
                key: &place.key,
                registry,
                robot,
            };
            memory.note(&place, &token);
        }
    }
}

/// Finishes replacements of immutable secrets that broke off.
async fn finish_earlier(seen: &Seen<ClusterView<'_>>) -> Vec<Outcome> {
    let finished = seen.reached.iter().map(async |view| {
        let scoped = &view.scoped;
        finish_replacements(scoped.cluster, &scoped.selection, &scoped.excluded)
            .await
            .unwrap_or_default()
    });
    join_all(finished).await.into_iter().flatten().collect()
}

async fn carry_out<'a>(
    request: &SyncRequest<'_>,
    plan: SyncPlan<'a>,
    progress: &dyn Progress,
) -> (Seen<ClusterView<'a>>, Known, Vec<Outcome>) {
    if request.dry_run.is_client() {
        let outcomes = plan.outcomes();
        return (plan.seen, plan.known, outcomes);
    }
    let SyncPlan {
        seen,
        clusters,
        mut failures,
        known,
        trust,
    } = plan;
    let total = clusters.iter().map(|plan| plan.namespaces.len()).sum();
    progress.begin("syncing", total);
    let planner = SyncPlanner {
        wanted: &known.wanted,
        placed: known.placed.as_ref(),
        trust: &trust,
        consent: request.consent,
    };
    let applied = clusters.into_iter().map(async |plan| {
        let view = seen
            .reached
            .iter()
            .find(|view| view.context() == plan.context);
        let Some(view) = view else { return Vec::new() };
        let work = Apply {
            cluster: view.scoped.cluster,
            planner: &planner,
            write: request.dry_run.write(),
            interruptible: true,
            goes_on: &|| true,
        };
        apply(&work, plan.namespaces, progress).await
    });
    let applied: Vec<Vec<Outcome>> = join_all(applied).await;
    progress.end();
    failures.extend(applied.into_iter().flatten());
    (seen, known, failures)
}

impl SyncPlan<'_> {
    /// What the plan comes to, carried out or not.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let planned = self.clusters.iter();
        let planned = planned.flat_map(|plan| of_plans(&plan.context, &plan.namespaces));
        self.failures.iter().cloned().chain(planned).collect()
    }
}
