//! The part of an object's metadata that says who owns it.

use super::workload_kind::{Workload, WorkloadKind};
use serde::Deserialize;

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OwnerReference {
    api_version: String,
    kind: String,
    name: String,
    controller: bool,
}

/// The part of an object's metadata that is read.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    #[serde(default)]
    pub(super) owner_references: Vec<OwnerReference>,
}

/// The controller among an object's owners.
pub(super) fn controller_of(namespace: &str, owners: &[OwnerReference]) -> Option<Workload> {
    let owner = owners.iter().find(|owner| owner.controller)?;
    Some(Workload {
        namespace: namespace.to_owned(),
        kind: WorkloadKind::of(&owner.api_version, &owner.kind),
        name: owner.name.clone(),
    })
}
