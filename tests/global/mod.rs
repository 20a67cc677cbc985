//! `oc quay-global` on a cluster that looks like OpenShift.

pub mod authfile;
mod clocks;
pub mod confirm;
mod from_ocm;
mod hosted;
mod hosted_cluster;
mod hosted_outlook;
mod hosted_status;
mod hostile_registry;
mod killed;
mod many_clusters;
mod mirrors;
pub mod ocm;
mod ocm_record;
mod registries;
mod rollback;
mod set;
mod status;
mod status_pools;
mod update;
mod verify;
mod watchdog;
mod words;
pub mod world;
mod writers;
