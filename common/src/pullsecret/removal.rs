//! Takes a robot out of pull secrets: its entry, and the secret only if nothing else is in it.

use super::manifest;
use super::plan::{Force, Refusal, nodes_reason};
use super::reference::{Attachment, ReferenceEdit, ReferenceOwner};
use super::secret::PullSecret;
use super::service_account::ServiceAccountRefs;
use crate::cluster::{CallError, Cluster, WriteMode};
use crate::dockerconfig::{Document, belongs_to, registry_of_key};
use crate::hint;
use crate::labels::LAST_APPLIED;
use crate::names::{RegistryHost, RobotName};
use crate::node_secrets::is_derived;
use crate::outcome::{Outcome, Verb};
use crate::place::Place;
use crate::workload::PodUse;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is removed from one secret.
#[derive(Debug, Clone)]
pub struct RemovalPlan {
    secret: PullSecret,
    robot: RobotName,
    keys: Vec<String>,
    /// What stays; `None` if the whole secret goes.
    remaining: Option<Document>,
    detach_from: Vec<String>,
    refusal: Option<Refusal>,
}

/// The registries at which `robot` is found: more than one are more than one robot.
pub fn registries_of(secrets: &[PullSecret], robot: &RobotName) -> BTreeSet<RegistryHost> {
    let keys = secrets
        .iter()
        .flat_map(|secret| robot_keys(secret, robot, None));
    keys.filter_map(|key| registry_of_key(&key)).collect()
}

/// Plans the removal of `robot` at `registry` (`None`: wherever it is).
pub fn plan_removal(
    secrets: &[PullSecret],
    accounts: &[ServiceAccountRefs],
    pods: &[PodUse],
    robot: &RobotName,
    registry: Option<&RegistryHost>,
    force: bool,
) -> Vec<RemovalPlan> {
    secrets
        .iter()
        // OpenShift takes it out of its copies itself.
        .filter(|secret| !is_derived(&secret.namespace, &secret.name))
        .filter_map(|secret| {
            let keys = robot_keys(secret, robot, registry);
            let mut remaining = secret.document.clone().ok().filter(|_| !keys.is_empty())?;
            for key in &keys {
                remaining.remove(key);
            }
            let users: Vec<&str> = pods
                .iter()
                .filter(|pod| {
                    pod.namespace == secret.namespace && pod.pull_secrets.contains(&secret.name)
                })
                .map(|pod| pod.name.as_str())
                .collect();
            let whole = remaining.is_empty();
            let detach_from = accounts
                .iter()
                .filter(|account| whole && account.references(&secret.namespace, &secret.name))
                .map(|account| account.name.clone())
                .collect();
            Some(RemovalPlan {
                refusal: match nodes_reason(&secret.namespace, &secret.name) {
                    // No --force stands for a backup and the look at the machines.
                    Some(reason) => Some(Refusal {
                        reason: reason.to_owned(),
                        remedy: Some(
                            keys.iter()
                                .fold(hint::global("remove"), |command, key| command.arg(key))
                                .into(),
                        ),
                        force: None,
                    }),
                    None if force => None,
                    None => refusal(secret, &users, whole),
                },
                secret: secret.clone(),
                robot: robot.clone(),
                keys,
                remaining: (!whole).then_some(remaining),
                detach_from,
            })
        })
        .collect()
}

fn robot_keys(
    secret: &PullSecret,
    robot: &RobotName,
    registry: Option<&RegistryHost>,
) -> Vec<String> {
    let Ok(document) = &secret.document else {
        return Vec::new();
    };
    document
        .entries()
        .filter(|(key, read)| {
            read.as_ref()
                .is_ok_and(|found| found.username == robot.as_str())
                && registry.is_none_or(|registry| belongs_to(key, std::slice::from_ref(registry)))
        })
        .map(|(key, _)| key.to_owned())
        .collect()
}

fn refusal(secret: &PullSecret, users: &[&str], whole: bool) -> Option<Refusal> {
    if let Some(owner) = &secret.owner {
        return Some(Refusal::of_owner(owner));
    }
    if let Some(first) = users.first() {
        let more = match users.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        return Some(Refusal {
            reason: format!("pod `{first}`{more} could need the secret for another pull"),
            remedy: Some("give those pods another pull secret".into()),
            force: Some(Force::Writes),
        });
    }
    (secret.immutable && !whole).then(|| Refusal {
        reason: "the secret is immutable".to_owned(),
        remedy: Some("replace the secret with a new one that has its other entries".into()),
        force: None,
    })
}

impl RemovalPlan {
    /// `staging/quay-pull-secret`, for a question.
    pub fn target(&self) -> String {
        format!("{}/{}", self.secret.namespace, self.secret.name)
    }

    /// The secret's namespace.
    pub fn namespace(&self) -> &str {
        &self.secret.namespace
    }

    /// What the plan comes to, carried out or not.
    pub fn outcome(&self, context: &str) -> Outcome {
        let result = match (&self.refusal, &self.remaining) {
            (Some(_), _) => Verb::Refused,
            (None, None) => Verb::Deleted,
            (None, Some(_)) => Verb::Updated,
        };
        let place = Place::secret(context, &self.secret.namespace, &self.secret.name);
        let mut outcome = Outcome::new(place.key(&self.keys.join(",")), result);
        outcome.account = self.robot.to_string();
        match &self.refusal {
            Some(refusal) => outcome.message(&refusal.reason).next(refusal.hint()),
            None if self.remaining.is_some() => {
                outcome.message("removed the robot's entry, kept the others")
            }
            None => outcome,
        }
    }

    /// Carries the plan out: detach first, then remove. What the server would refuse to
    /// remove is detached from nobody.
    pub async fn apply(&self, cluster: &Cluster, write: WriteMode) -> Outcome {
        let mut outcome = self.outcome(cluster.context());
        if self.refusal.is_some() {
            return outcome;
        }
        if let Err(error) = self.write(cluster, WriteMode::DryRun).await
            && !error.is_not_found()
        {
            return failed(outcome, &error);
        }
        for account in &self.detach_from {
            let owner = ReferenceOwner::service_account(&self.secret.namespace, account);
            let detached = owner.edit(
                cluster,
                ReferenceEdit::Detach,
                &self.secret.name,
                Some(write),
            );
            match detached.await {
                Ok(Attachment::Changed) => outcome.references.push(owner.label),
                Ok(Attachment::Unchanged) => {}
                Err(error) => return failed(outcome, &error),
            }
        }
        match self.write(cluster, write).await {
            Ok(()) => outcome,
            // Somebody else was faster.
            Err(error) if error.is_not_found() => outcome,
            Err(error) => failed(outcome, &error),
        }
    }

    async fn write(&self, cluster: &Cluster, write: WriteMode) -> Result<(), CallError> {
        let path = self.secret.path();
        match &self.remaining {
            None => {
                cluster
                    .delete(
                        &path,
                        &self.secret.uid,
                        &self.secret.resource_version,
                        write,
                    )
                    .await
            }
            Some(document) => {
                let mut patch = json!({
                    "metadata": {"resourceVersion": self.secret.resource_version},
                    "data": {document.format().data_key(): manifest::data(document)},
                });
                if self.secret.last_applied.is_some() {
                    patch["metadata"]["annotations"] = json!({LAST_APPLIED: null});
                }
                cluster
                    .merge_patch::<Value>(&path, &patch, write)
                    .await
                    .map(drop)
            }
        }
    }
}

fn failed(mut outcome: Outcome, error: &CallError) -> Outcome {
    outcome.result = Verb::Failed;
    outcome.message = match error.is_conflict() {
        true => "somebody changed the secret after this command read it".to_owned(),
        false => error.to_string(),
    };
    outcome.next = Some("run the same command again".into());
    outcome
}
