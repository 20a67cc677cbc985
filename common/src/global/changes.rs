//! Every cluster's plan: made of what was seen, looked at once more, carried out side by side.

use super::apply::{Applied, apply};
use super::confirm::{Deadline, acknowledge, apply_with_watchdog, waiting};
use super::notice::Notice;
use super::observed::Observed;
use super::outlook::outlook;
use super::plan::{Intent, Plan, Request, plan};
use super::report::{Changes, of_applied, of_plan};
use super::view::SecretView;
use crate::Failure;
use crate::cluster::{Cluster, DryRun, InContext, Seen, WriteMode};
use crate::node_secrets::SecretName;
use crate::outcome::Outcome;
use crate::place::Place;
use crate::signals::Ending;
use futures::future::join_all;

/// One cluster's secret, and what is wanted of it.
pub struct Target<'a> {
    /// What is there.
    pub view: SecretView<'a>,
    /// What shall be true afterwards.
    pub request: Request,
}

impl InContext for Target<'_> {
    fn context(&self) -> &str {
        self.view.context()
    }
}

/// One cluster's plan, and what it was made of.
struct Planned<'a> {
    cluster: &'a Cluster,
    observed: Observed,
    request: Request,
    plan: Plan,
}

/// What is to be written, in every cluster.
pub struct PlannedChanges<'a> {
    plans: Vec<Planned<'a>>,
    /// Clusters that could not be looked at, or where nothing can be planned.
    failures: Vec<Outcome>,
    dry_run: DryRun,
}

impl<'a> Seen<SecretView<'a>> {
    /// The same request for every secret that was seen.
    pub fn request(self, request: &Request) -> Seen<Target<'a>> {
        let target = |view| Target {
            view,
            request: request.clone(),
        };
        Seen {
            reached: self.reached.into_iter().map(target).collect(),
            failed: self.failed,
        }
    }
}

/// Plans every target. No I/O.
pub fn plan_all(targets: Seen<Target<'_>>, dry_run: DryRun) -> PlannedChanges<'_> {
    let mut planned = PlannedChanges {
        plans: Vec::new(),
        failures: targets.failures(),
        dry_run,
    };
    for target in targets.reached {
        let (cluster, name) = (target.view.cluster, target.view.observed.name);
        match plan_one(target) {
            Ok(plan) => planned.plans.push(plan),
            Err(failure) => planned.failures.push(failed(cluster, name, &failure)),
        }
    }
    planned
}

fn plan_one(target: Target<'_>) -> Result<Planned<'_>, Failure> {
    let Target { view, request } = target;
    let SecretView {
        cluster,
        observed,
        unconfirmed,
    } = view;
    if let Some(failure) = waiting(cluster, observed.name, &unconfirmed) {
        return Err(failure);
    }
    let plan = plan(&observed, &request)
        .map_err(|obstacle| obstacle.into_failure(cluster, observed.name))?;
    Ok(Planned {
        cluster,
        observed,
        request,
        plan,
    })
}

/// The secret as a whole is not written.
fn failed(cluster: &Cluster, name: SecretName, failure: &Failure) -> Outcome {
    let place = Place::secret(cluster.context(), name.namespace, name.name);
    Outcome::failed(place, failure)
}

impl PlannedChanges<'_> {
    /// Whether anything is to be written.
    pub fn has_writes(&self) -> bool {
        let mut plans = self.plans.iter();
        plans.any(|planned| planned.plan.has_write())
    }

    /// The clusters that there is a plan for.
    pub(super) fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        self.plans.iter().map(|planned| planned.cluster)
    }

    /// What the plans say, assuming that they are carried out.
    pub fn as_planned(&self) -> Changes {
        let planned = self.plans.iter().flat_map(|planned| {
            let context = planned.cluster.context();
            of_plan(context, planned.observed.name, &planned.plan)
        });
        Changes {
            items: self.failures.iter().cloned().chain(planned).collect(),
            dry_run: self.dry_run.label(),
            notes: Vec::new(),
        }
    }

    /// What the writes will set in motion, as far as it can be seen.
    pub async fn outlook(&self) -> Vec<Notice> {
        let writes = self.plans.iter().filter(|planned| planned.plan.has_write());
        let looks = writes.map(|planned| {
            outlook(
                planned.cluster,
                &planned.observed,
                &planned.request,
                &planned.plan,
            )
        });
        join_all(looks).await.into_iter().flatten().collect()
    }

    /// Carries every plan out, side by side; with a deadline each write is taken back unless
    /// it is confirmed. What has begun is finished and reported, whatever signal asks for its end.
    pub async fn apply(self, deadline: Option<Deadline<'_>>) -> Changes {
        let write = self.dry_run.write();
        let deadline = deadline.filter(|_| write == WriteMode::Persist);
        let mut changes = Changes {
            items: self.failures,
            dry_run: self.dry_run.label(),
            notes: Vec::new(),
        };
        let applied = self
            .plans
            .into_iter()
            .map(|planned| planned.apply(write, deadline));
        let applied = Ending::default().watch(join_all(applied)).await;
        for (items, notes) in applied {
            changes.items.extend(items);
            changes.notes.extend(notes);
        }
        changes
    }
}

impl Planned<'_> {
    /// What was written, and what else there is to say.
    async fn apply(
        self,
        write: WriteMode,
        deadline: Option<Deadline<'_>>,
    ) -> (Vec<Outcome>, Vec<String>) {
        let Self {
            cluster,
            observed,
            request,
            plan,
        } = self;
        let name = observed.name;
        let applied = match deadline {
            Some(deadline) => {
                apply_with_watchdog(cluster, &request, observed, plan, deadline).await
            }
            None => apply(cluster, &request, observed, plan, write).await,
        };
        let applied = match applied {
            Ok(applied) => applied,
            Err(failure) => return (vec![failed(cluster, name, &failure)], Vec::new()),
        };
        let mut items = of_applied(cluster.context(), name, &applied);
        let kept = applied.backup.as_ref();
        let mut notes: Vec<String> = kept
            .and_then(|kept| kept.note.clone())
            .into_iter()
            .collect();
        if write == WriteMode::DryRun || !is_rolled_back(&request, &applied) {
            return (items, notes);
        }
        match acknowledge(cluster, name).await {
            Ok(acknowledged) => notes.extend(acknowledged.iter().map(|pending| {
                format!(
                    "the change of {} no longer waits for a confirmation",
                    pending.keys().join(", ")
                )
            })),
            Err(failure) => items.push(failed(cluster, name, &failure)),
        }
        (items, notes)
    }
}

/// Whether somebody went back by hand, and so decided about what waits for a confirmation.
fn is_rolled_back(request: &Request, applied: &Applied) -> bool {
    matches!(request.intent, Intent::Restore(_)) && !applied.plan.has_refusal()
}
