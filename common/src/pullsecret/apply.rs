//! Carries a plan out, target by target, and proves each write from its answer.

use super::current_tokens::CurrentTokens;
use super::outcome::of_plan;
use super::plan::{Consent, NamespacePlan, PlacedCredential, SecretPlan, Swap, WriteAction};
use super::proved_write::{StoredData, proved_write};
use super::reference::{Attachment, ReferenceEdit, ReferenceOwner};
use super::secret::PullSecret;
use super::trust::Trust;
use super::{manifest, plan, recreate};
use crate::cluster;
use crate::cluster::{CallError, Cluster, collection, namespaces, path_of};
use crate::hint::{self, Hint, can_i};
use crate::outcome::{Outcome, Verb};
use crate::place::Place;
use crate::progress::Progress;
use crate::signals::Ending;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

/// A secret that keeps changing under us is given up on after so many tries.
const CONFLICTS: usize = 8;

/// What is needed to carry plans out in one cluster, and to make them anew after a conflict.
pub struct Apply<'a> {
    pub cluster: &'a Cluster,
    /// Makes the plan of a secret that changed in the meantime.
    pub planner: &'a dyn Planner,
    /// For real, or `dryRun=All`.
    pub write: cluster::WriteMode,
    /// Whether Ctrl-C leaves out what is not in flight yet.
    pub interruptible: bool,
    /// Asked before each write; where it says no, what is not in flight is left out.
    pub goes_on: &'a dyn Fn() -> bool,
}

/// Plans a secret anew from what it is now. No I/O.
pub trait Planner {
    /// What to do with the secret; `None`: nothing any more.
    fn plan(&self, secret: &PullSecret) -> Option<SecretPlan>;

    /// What to do where a planned secret is not there; `None`: nothing any more.
    fn plan_missing(&self, _namespace: &str) -> Option<SecretPlan> {
        None
    }
}

/// How `sync` plans.
pub struct SyncPlanner<'a> {
    /// What the credentials should be.
    pub wanted: &'a CurrentTokens,
    /// Set if the robot's credential shall be in every namespace of the plan.
    pub placed: Option<&'a PlacedCredential>,
    /// Whose claim to a token is good.
    pub trust: &'a Trust,
    /// What the user allowed.
    pub consent: Consent,
}

impl Planner for SyncPlanner<'_> {
    fn plan(&self, secret: &PullSecret) -> Option<SecretPlan> {
        match self.placed {
            Some(placed) => Some({
                let (wanted, trust) = (self.wanted, self.trust);
                plan::plan_target(secret, placed, wanted, trust, self.consent)
            }),
            None => plan::plan_secret(secret, self.wanted, self.trust, self.consent),
        }
    }

    fn plan_missing(&self, namespace: &str) -> Option<SecretPlan> {
        let (wanted, trust) = (self.wanted, self.trust);
        let plan = plan::plan_namespace(namespace, &[], self.placed?, wanted, trust, self.consent);
        plan.secrets.into_iter().next()
    }
}

impl Planner for Swap {
    fn plan(&self, secret: &PullSecret) -> Option<SecretPlan> {
        plan::plan_swap(secret, self)
    }
}

/// Carries out every plan, concurrently, and never lets one target's failure stop another;
/// `progress` advances by one for each.
/// Ctrl-C ends it after the writes in flight, where it may; the rest is reported as skipped.
pub async fn apply(
    work: &Apply<'_>,
    plans: Vec<NamespacePlan>,
    progress: &dyn Progress,
) -> Vec<Outcome> {
    let ending = Ending::default();
    let run = work.cluster.window().run(plans, |plan| {
        let ending = &ending;
        async move {
            let outcomes = if ending.is_asked_for() && work.interruptible {
                work.skipped(&plan)
            } else {
                work.namespace(plan).await
            };
            progress.advance();
            outcomes
        }
    });
    let outcomes: Vec<Vec<Outcome>> = ending.watch(run).await;
    outcomes.into_iter().flatten().collect()
}

impl Apply<'_> {
    fn skipped(&self, plan: &NamespacePlan) -> Vec<Outcome> {
        let secrets = plan.secrets.iter();
        secrets.flat_map(|it| self.skipped_secret(it)).collect()
    }

    fn skipped_secret(&self, plan: &SecretPlan) -> Vec<Outcome> {
        let outcomes = of_plan(self.cluster.context(), plan).into_iter();
        outcomes.map(Outcome::skipped).collect()
    }

    async fn namespace(&self, plan: NamespacePlan) -> Vec<Outcome> {
        let unborn = plan.create_namespace && self.write == cluster::WriteMode::DryRun;
        if plan.create_namespace
            && let Err(error) = self.create_namespace(&plan.namespace).await
        {
            return self.failed_namespace(&plan, &error);
        }
        let mut outcomes = Vec::new();
        for secret in plan.secrets {
            // The server cannot check objects in a namespace that a dry run did not create.
            outcomes.extend(match unborn {
                true => of_plan(self.cluster.context(), &secret),
                false => self.secret(secret).await,
            });
        }
        if let Some((secret, accounts)) = &plan.attach
            && !unborn
        {
            self.attach(&plan.namespace, secret, accounts, &mut outcomes)
                .await;
        }
        outcomes
    }

    async fn create_namespace(&self, namespace: &str) -> Result<(), CallError> {
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        match self
            .cluster
            .create::<Value>(&namespaces(), &object, self.write)
            .await
        {
            Err(error) if !error.is_conflict() => Err(error),
            _ => Ok(()),
        }
    }

    fn failed_namespace(&self, plan: &NamespacePlan, error: &CallError) -> Vec<Outcome> {
        let context = self.cluster.context();
        let place = Place::namespace(context, &plan.namespace);
        let outcome = Outcome::new(place, Verb::Failed)
            .message(format!("cannot create the namespace: {error}"))
            .next(hint::kubectl("create namespace").arg(&plan.namespace));
        vec![outcome]
    }

    async fn secret(&self, mut plan: SecretPlan) -> Vec<Outcome> {
        for _ in 0..CONFLICTS {
            if !(self.goes_on)() {
                return self.skipped_secret(&plan);
            }
            let error = match self.write(&plan).await {
                Ok(()) => {
                    let now = plan.writes().then(Timestamp::now);
                    let mut outcomes = of_plan(self.cluster.context(), &plan);
                    for outcome in &mut outcomes {
                        outcome.written_at = now;
                    }
                    return outcomes;
                }
                Err(error) => error,
            };
            let gone = error.is_not_found() && plan.base.is_some();
            if !error.is_conflict() && !gone {
                return self.failed(&plan, &error);
            }
            match self.plan_again(&plan).await {
                Ok(Some(next)) => plan = next,
                Ok(None) => return self.vanished(&plan),
                Err(error) => return self.failed(&plan, &error),
            }
        }
        let error = CallError::Refused("somebody keeps changing the secret".to_owned());
        self.failed(&plan, &error)
    }

    async fn write(&self, plan: &SecretPlan) -> Result<(), CallError> {
        let collection = collection::<Secret>(&plan.namespace);
        let (written, document): (StoredData, _) = match &plan.write {
            WriteAction::Nothing => return Ok(()),
            WriteAction::Create(document) => {
                let object = manifest::new_secret(plan, document);
                (
                    self.cluster
                        .create(&collection, &object, self.write)
                        .await?,
                    document,
                )
            }
            WriteAction::Update {
                document,
                clean_last_applied,
            } => {
                let path = path_of::<Secret>(&plan.namespace, &plan.name);
                let patch = manifest::patch(plan, document, *clean_last_applied);
                (
                    self.cluster.merge_patch(&path, &patch, self.write).await?,
                    document,
                )
            }
            WriteAction::Recreate(document) => {
                return recreate::recreate(self.cluster, plan, document, self.write).await;
            }
        };
        proved_write(&written, document)
    }

    /// Reads the secret again and plans from what it is now. `None`: there is nothing to do any more.
    async fn plan_again(&self, plan: &SecretPlan) -> Result<Option<SecretPlan>, CallError> {
        let current = match self
            .cluster
            .get::<Secret>(&path_of::<Secret>(&plan.namespace, &plan.name))
            .await
        {
            Ok(current) => current,
            Err(error) if error.is_not_found() => {
                return Ok(self.planner.plan_missing(&plan.namespace));
            }
            Err(error) => return Err(error),
        };
        let secret_type = current.type_.clone().unwrap_or_default();
        let Some(mut current) = PullSecret::read(current) else {
            // Where the secret has to be, it cannot be made; elsewhere the pull secret is gone.
            let missing = self.planner.plan_missing(&plan.namespace);
            return Ok(missing.map(|missing| match missing.name == plan.name {
                true => missing.with_name_taken(&secret_type),
                false => missing,
            }));
        };
        current.site = plan.base.as_ref().and_then(|base| base.site.clone());
        Ok(self.planner.plan(&current))
    }

    fn vanished(&self, plan: &SecretPlan) -> Vec<Outcome> {
        let mut outcomes = of_plan(self.cluster.context(), plan);
        for outcome in &mut outcomes {
            outcome.result = Verb::Unchanged;
            outcome.message = "somebody deleted the secret or removed the robot from it during \
                               this run"
                .to_owned();
        }
        outcomes
    }

    fn failed(&self, plan: &SecretPlan, error: &CallError) -> Vec<Outcome> {
        let mut outcomes = of_plan(self.cluster.context(), plan);
        for outcome in &mut outcomes {
            outcome.result = Verb::Failed;
            outcome.message = error.to_string();
            outcome.next = Some(self.after(plan, error));
        }
        outcomes
    }

    /// What to do about a write that failed.
    fn after(&self, plan: &SecretPlan, error: &CallError) -> Hint {
        let context = self.cluster.context();
        let SecretPlan {
            namespace, name, ..
        } = plan;
        if let Some(remedy) = error.remedy(namespace, name) {
            return remedy.at(context);
        }
        match error {
            error if error.is_not_found() => {
                format!("pass --create-namespace to create namespace `{namespace}`").into()
            }
            error if error.is_forbidden() => can_i(context, namespace, "patch", "secrets").into(),
            CallError::Refused(_) => hint::get(namespace, "secret")
                .arg(name)
                .words("-o yaml")
                .at(context)
                .into(),
            _ => "run the same command again".into(),
        }
    }

    async fn attach(
        &self,
        namespace: &str,
        secret: &str,
        accounts: &[String],
        outcomes: &mut [Outcome],
    ) {
        let Some(outcome) = outcomes
            .iter_mut()
            .find(|outcome| outcome.place.name == secret)
        else {
            return;
        };
        if outcome.result.is_failure() {
            return;
        }
        for account in accounts {
            let owner = ReferenceOwner::service_account(namespace, account);
            let attached = owner.edit(
                self.cluster,
                ReferenceEdit::Attach,
                secret,
                Some(self.write),
            );
            match attached.await {
                Ok(Attachment::Unchanged) => {}
                Ok(Attachment::Changed) => {
                    outcome.references.push(owner.label);
                    if outcome.result == Verb::Unchanged {
                        outcome.result = Verb::Attached;
                    }
                }
                Err(error) => {
                    let what = if error.is_not_found() {
                        "does not exist".to_owned()
                    } else {
                        error.to_string()
                    };
                    outcome.result = Verb::Failed;
                    outcome.message = format!(
                        "the secret is right, but cannot attach it to service account \
                                 `{account}`: {what}"
                    );
                    let attach = hint::pullsecret("attach")
                        .arg(secret)
                        .words("-n")
                        .arg(namespace);
                    let attach = attach.words("--service-account").arg(account);
                    outcome.next = Some(attach.at(self.cluster.context()).into());
                }
            }
        }
    }
}
