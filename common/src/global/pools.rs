//! MachineConfigPools: how far the nodes are with what the cluster wants of them.

use crate::Failure;
use crate::cluster::{Cluster, Resource, list_all};
use kube::core::params::ListParams;
use serde::{Deserialize, Serialize};
use std::fmt;

const POOLS: Resource = Resource::v1("machineconfiguration.openshift.io", "machineconfigpools");

/// What a pool is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolState {
    /// Every machine has the rendered config the pool wants.
    Updated,
    /// Machines are still on their way.
    #[default]
    Updating,
    /// A machine or the pool itself cannot go on without help.
    Degraded,
    /// Somebody stopped it: its machines get nothing new.
    Paused,
}

impl PoolState {
    /// Whether the pool's nodes do not get a new secret as long as it is so.
    pub fn gets_nothing_new(self) -> bool {
        matches!(self, Self::Paused | Self::Degraded)
    }
}

impl fmt::Display for PoolState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Updated => "updated",
            Self::Updating => "updating",
            Self::Degraded => "degraded",
            Self::Paused => "paused",
        })
    }
}

/// One pool as observed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// Its name, such as `worker`.
    pub name: String,
    /// What it is doing.
    pub state: PoolState,
    pub machines: usize,
    /// Those that have what the pool wants.
    pub updated_machines: usize,
    /// Those that cannot go on.
    pub degraded_machines: usize,
    /// The rendered config it wants.
    pub wanted_config: String,
    /// The rendered config all its machines had last, while all of them were ready.
    pub current_config: String,
    /// Those that are not ready, cordoned, or being changed.
    pub unavailable_machines: usize,
    /// What it says of why it is degraded.
    pub trouble: String,
    /// The MachineConfigs that the wanted config was rendered from.
    pub sources: Vec<String>,
    /// Whether its controller has counted machines for what is wanted now.
    pub is_counted: bool,
}

impl Pool {
    /// Whether every machine has the wanted config, whatever else is the matter with the pool or
    /// its machines.
    pub fn has_arrived(&self) -> bool {
        self.is_counted && self.updated_machines == self.machines
    }
}

/// The MachineConfigPools of one cluster as observed, ordered by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pools {
    /// Each pool.
    pub pools: Vec<Pool>,
}

impl Pools {
    /// Lists the pools; `None` where the cluster has no such thing: it is not OpenShift,
    /// or its control plane is hosted elsewhere.
    ///
    /// # Errors
    /// Names the right that is missing.
    pub async fn observe(cluster: &Cluster) -> Result<Option<Self>, Failure> {
        let listed = list_all::<Object>(cluster, &POOLS.everywhere(), &ListParams::default()).await;
        match listed {
            Ok(objects) => Ok(Some(Self::read(objects))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) if error.is_forbidden() => Err(error
                .into_failure(cluster.context(), "list machineconfigpools")
                .next(
                    "ask for the right to list machineconfigpools.machineconfiguration.openshift.io",
                )),
            Err(error) => Err(error.into_failure(cluster.context(), "list machineconfigpools")),
        }
    }

    fn read(objects: Vec<Object>) -> Self {
        let mut pools: Vec<Pool> = objects.into_iter().map(Object::pool).collect();
        pools.sort_by(|a, b| a.name.cmp(&b.name));
        Self { pools }
    }

    /// The pools that will not get a new secret, and why: paused or degraded.
    pub fn blocked(&self) -> Vec<(String, PoolState)> {
        self.pools
            .iter()
            .filter(|pool| pool.state.gets_nothing_new())
            .map(|pool| (pool.name.clone(), pool.state))
            .collect()
    }
}

/// The part of a MachineConfigPool that is read.
#[derive(Clone, Deserialize)]
struct Object {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Clone, Deserialize)]
struct Metadata {
    name: String,
    generation: Option<i64>,
}

#[derive(Clone, Default, Deserialize)]
struct Spec {
    #[serde(default)]
    paused: bool,
    #[serde(default)]
    configuration: Configuration,
}

#[derive(Clone, Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    name: String,
    #[serde(default)]
    source: Vec<Source>,
}

#[derive(Clone, Deserialize)]
struct Source {
    #[serde(default)]
    name: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    observed_generation: Option<i64>,
    configuration: Configuration,
    machine_count: usize,
    updated_machine_count: usize,
    degraded_machine_count: usize,
    unavailable_machine_count: usize,
    conditions: Vec<Condition>,
}

#[derive(Clone, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    #[serde(default)]
    message: String,
}

/// The conditions of a pool that cannot go on, the most exact first.
const DEGRADED: [&str; 3] = ["NodeDegraded", "RenderDegraded", "Degraded"];

impl Object {
    fn pool(self) -> Pool {
        Pool {
            state: self.state(),
            trouble: self.trouble(),
            is_counted: self.is_counted(),
            unavailable_machines: self.status.unavailable_machine_count,
            name: self.metadata.name,
            machines: self.status.machine_count,
            updated_machines: self.status.updated_machine_count,
            degraded_machines: self.status.degraded_machine_count,
            wanted_config: self.spec.configuration.name,
            sources: self
                .spec
                .configuration
                .source
                .into_iter()
                .map(|source| source.name)
                .collect(),
            current_config: self.status.configuration.name,
        }
    }

    /// The conditions alone lag behind a config that was rendered a moment ago.
    fn state(&self) -> PoolState {
        let status = &self.status;
        if self.spec.paused {
            PoolState::Paused
        } else if DEGRADED.iter().any(|kind| self.holds(kind)) {
            PoolState::Degraded
        } else if self.is_counted()
            && self.holds("Updated")
            && self.spec.configuration.name == status.configuration.name
            && status.updated_machine_count == status.machine_count
        {
            PoolState::Updated
        } else {
            PoolState::Updating
        }
    }

    fn is_counted(&self) -> bool {
        self.metadata.generation.is_none()
            || self.status.observed_generation.is_none()
            || self.metadata.generation == self.status.observed_generation
    }

    fn holds(&self, kind: &str) -> bool {
        let mut conditions = self.status.conditions.iter();
        conditions.any(|condition| condition.kind == kind && condition.status == "True")
    }

    fn trouble(&self) -> String {
        let told = DEGRADED.iter().find_map(|kind| {
            let mut conditions = self.status.conditions.iter();
            conditions.find(|condition| {
                condition.kind == *kind
                    && condition.status == "True"
                    && !condition.message.is_empty()
            })
        });
        told.map(|condition| condition.message.clone())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A pool of three machines that has reached `current`.
    fn object(name: &str, wanted: &str, current: &str) -> Value {
        let updated = wanted == current;
        json!({
            "metadata": {"name": name, "generation": 2},
            "spec": {"paused": false, "configuration": {"name": wanted}},
            "status": {
                "observedGeneration": 2,
                "configuration": {"name": current},
                "machineCount": 3,
                "updatedMachineCount": if updated { 3 } else { 1 },
                "degradedMachineCount": 0,
                "conditions": [
                    {"type": "Updated", "status": if updated { "True" } else { "False" }},
                    {"type": "Updating", "status": if updated { "False" } else { "True" }},
                    {"type": "Degraded", "status": "False"},
                ],
            },
        })
    }

    fn pools(objects: &[Value]) -> Pools {
        let read = |object: &Value| serde_json::from_value(object.clone()).unwrap();
        Pools::read(objects.iter().map(read).collect())
    }

    fn state(object: &Value) -> PoolState {
        pools(std::slice::from_ref(object)).pools[0].state
    }

    #[test]
    fn the_state_of_a_pool_follows_its_conditions_and_counts() {
        assert_eq!(state(&object("a", "r-1", "r-1")), PoolState::Updated);
        assert_eq!(state(&object("a", "r-2", "r-1")), PoolState::Updating);
        let mut paused = object("a", "r-1", "r-1");
        paused["spec"]["paused"] = json!(true);
        assert_eq!(state(&paused), PoolState::Paused);
        let mut degraded = object("a", "r-2", "r-1");
        degraded["status"]["conditions"][2]["status"] = json!("True");
        assert_eq!(state(&degraded), PoolState::Degraded);
        assert_eq!(
            state(&json!({"metadata": {"name": "new"}})),
            PoolState::Updating
        );
    }

    #[test]
    fn a_pool_whose_controller_has_not_looked_yet_is_not_updated() {
        let mut unseen = object("a", "r-1", "r-1");
        unseen["metadata"]["generation"] = json!(3);
        assert_eq!(state(&unseen), PoolState::Updating);
        let mut behind = object("a", "r-1", "r-1");
        behind["status"]["updatedMachineCount"] = json!(2);
        assert_eq!(state(&behind), PoolState::Updating);
    }

    #[test]
    fn paused_and_degraded_pools_are_named() {
        let mut paused = object("worker", "w-1", "w-1");
        paused["spec"]["paused"] = json!(true);
        let found = pools(&[paused, object("master", "m-1", "m-1")]);
        assert_eq!(found.blocked(), [("worker".to_owned(), PoolState::Paused)]);
    }
}
