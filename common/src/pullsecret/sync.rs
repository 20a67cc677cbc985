//! `sync`: every namespace that needs a robot's credential has its current one.

use super::apply::{Apply, SyncPlanner, apply};
use super::current_tokens::{Bridge, CurrentTokens};
use super::logins::{add_gone_bridges, logins, look_up};
use super::outcome::of_plans;
use super::plan::{Consent, NamespacePlan, PlacedCredential};
use super::recreate::finish_replacements;
use super::report::Outcomes;
use super::secret::PullSecret;
use super::token_source::{RobotCredential, TokenSource};
use super::view::{ClusterView, observe_each, secrets, unseen};
use crate::Failure;
use crate::cluster::{Cluster, DryRun, NamespaceArgs, NamespaceSelection, Seen};
use crate::credentials::Session;
use crate::dockerconfig::Credential;
use crate::names::RobotName;
use crate::outcome::Outcome;
use crate::place::Place;
use crate::progress::Progress;
use futures::future::{join, join_all};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Rounds of a sync that finds other tokens in the end than in the beginning.
const ROUNDS: usize = 4;

/// What is asked for.
pub struct SyncRequest<'a> {
    /// Which namespaces.
    pub scope: &'a NamespaceArgs,
    /// The robot that every one of them shall have; `None` to repair what is there.
    pub placement: Option<Placement>,
    /// Create named namespaces that do not exist.
    pub create_namespace: bool,
    /// Create the secret in all namespaces that do not have it.
    pub create_missing: bool,
    /// What the user allowed.
    pub consent: Consent,
    /// How far the walk goes.
    pub dry_run: DryRun,
}

/// One robot, and how its credential is written where it is new.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The robot.
    pub robot: RobotName,
    /// The `auths` key of a new entry.
    pub key: String,
    /// The secret to create where the robot is in none.
    pub secret_name: String,
    /// Service accounts that shall hand the secret to their pods.
    pub service_accounts: Vec<String>,
}

/// Who says what credentials should be.
pub enum Source {
    /// All logins, of every robot that is found.
    All(Vec<Session>),
    /// One robot.
    One(Box<OneRobot>),
}

/// Who says what one robot's token is; a token given by hand is read once.
pub struct OneRobot {
    tokens: TokenSource,
    given: RefCell<Option<RobotCredential>>,
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
}

/// One cluster's part.
pub struct ClusterPlan {
    /// The context's name.
    pub context: String,
    /// A plan for each namespace, or for each secret.
    pub namespaces: Vec<NamespacePlan>,
}

/// What the source says now.
struct Known {
    wanted: CurrentTokens,
    placed: Option<PlacedCredential>,
}

impl Source {
    /// One robot.
    pub fn one(tokens: TokenSource) -> Self {
        Self::One(Box::new(OneRobot {
            tokens,
            given: RefCell::new(None),
        }))
    }

    /// A robot's credential: asked anew each time of Quay, and once of the user.
    ///
    /// # Errors
    /// As [`TokenSource::ask`].
    pub async fn robot(&self, robot: &RobotName) -> Result<RobotCredential, Failure> {
        let Self::One(one) = self else {
            return Err(Failure::new(format!("the token of `{robot}` is not known")));
        };
        if let Some(known) = one.given.borrow().as_ref() {
            return Ok(known.clone());
        }
        let credential = one.tokens.ask(robot).await?;
        if one.tokens.session().is_none() {
            one.given.replace(Some(credential.clone()));
        }
        Ok(credential)
    }

    async fn ask(
        &self,
        placement: Option<&Placement>,
        secrets: &[&PullSecret],
    ) -> Result<Known, Failure> {
        match (self, placement) {
            (Self::All(sessions), _) => Ok(Known {
                wanted: look_up(&logins(sessions).await, secrets, None).await,
                placed: None,
            }),
            (Self::One(_), Some(placement)) => {
                let credential = self.robot(&placement.robot).await?;
                let mut wanted = credential.wanted(&placement.robot);
                add_gone_bridges(&mut wanted, secrets);
                Ok(Known {
                    wanted,
                    placed: Some(placement.placed(&credential)),
                })
            }
            (Self::One(_), None) => Err(Failure::new("no robot is named")),
        }
    }
}

impl Placement {
    /// What is written: the robot's credential, or that of the bridge that stands in for it.
    fn placed(&self, credential: &RobotCredential) -> PlacedCredential {
        let bridge = credential.bridge.as_ref();
        PlacedCredential {
            credential: bridge
                .and_then(Bridge::credential)
                .unwrap_or_else(|| Credential::new(self.robot.as_str(), credential.token.clone())),
            robot: self.robot.clone(),
            key: self.key.clone(),
            secret_name: self.secret_name.clone(),
            service_accounts: self.service_accounts.clone(),
        }
    }
}

/// Observes and plans; writes nothing.
///
/// # Errors
/// Mistakes of the command line, and a source that does not answer.
pub async fn plan_sync<'a>(
    request: &SyncRequest<'_>,
    source: &Source,
    clusters: &'a Seen<Cluster>,
) -> Result<SyncPlan<'a>, Failure> {
    let seen = observe_each(clusters, request.scope).await?;
    let (known, tenants) = join(
        source.ask(request.placement.as_ref(), &secrets(&seen)),
        tenants(request, &seen),
    )
    .await;
    let known = known?;
    let mut failures = unseen(&seen);
    let mut plans = Vec::new();
    for (view, tenants) in tenants {
        let tenants = tenants.unwrap_or_else(|failure| {
            let place = Place::context(view.context());
            failures.push(Outcome::failed(place, &failure));
            BTreeSet::new()
        });
        let (namespaces, failed) = plan_cluster(request, view, tenants, &known);
        failures.extend(failed);
        plans.push(ClusterPlan {
            context: view.context().to_owned(),
            namespaces,
        });
    }
    Ok(SyncPlan {
        seen,
        clusters: plans,
        failures,
        known,
    })
}

/// For `--create-missing`: the namespaces it reaches in each cluster.
async fn tenants<'v, 'a>(
    request: &SyncRequest<'_>,
    seen: &'v Seen<ClusterView<'a>>,
) -> Vec<(&'v ClusterView<'a>, Result<BTreeSet<String>, Failure>)> {
    let tenants = seen.reached.iter().map(async |view| {
        let is_asked = request.create_missing && request.placement.is_some();
        let tenants = match (is_asked, &view.scoped.selection) {
            (true, NamespaceSelection::All) => view.tenant_namespaces().await,
            _ => Ok(BTreeSet::new()),
        };
        (view, tenants)
    });
    join_all(tenants).await
}

/// Plans one cluster from what was observed of it. No I/O.
fn plan_cluster(
    request: &SyncRequest<'_>,
    view: &ClusterView<'_>,
    tenants: BTreeSet<String>,
    known: &Known,
) -> (Vec<NamespacePlan>, Vec<Outcome>) {
    let (wanted, consent) = (&known.wanted, request.consent);
    let placed = known.placed.as_ref();
    let may_create = request.create_namespace && placed.is_some();
    let missing = view.missing.iter().filter(|_| !may_create);
    let missing = missing.map(|name| view.missing_namespace(name, placed.is_some()));
    let failures = missing.collect();
    let Some(placed) = placed else {
        return (view.plan_repair(wanted, consent), failures);
    };
    let namespaces = match view.namespaces() {
        None if !request.create_missing => {
            return (view.plan_repair(wanted, consent), failures);
        }
        None => tenants,
        Some(existing) if may_create => &existing | &view.missing,
        Some(existing) => existing,
    };
    let mut plans = view.plan_placement(&namespaces, placed, wanted, consent);
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
    progress: &dyn Progress,
) -> Result<Outcomes, Failure> {
    let mut outcomes = Outcomes::of(request.dry_run);
    let mut earlier_is_finished = !request.consent.force || request.dry_run.label().is_some();
    for _ in 0..ROUNDS {
        let plan = plan_sync(request, source, clusters).await?;
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
    } = plan;
    let total = clusters.iter().map(|plan| plan.namespaces.len()).sum();
    progress.begin("syncing", total);
    let planner = SyncPlanner {
        wanted: &known.wanted,
        placed: known.placed.as_ref(),
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
