//! End-to-end tests of `kubectl quay-pullsecret`: the built binary against a cluster and
//! a Quay, checked with kubectl.

mod alias;
mod as_kubelets_read;
mod attach;
mod bad_input;
mod certificates;
mod connection;
mod delete;
mod denied;
mod dry_run;
mod ensure;
mod explain;
pub mod hostile_registry;
mod judged;
mod kubelet;
mod many_clusters;
mod nodes;
mod proxies;
mod pull;
mod pull_trouble;
mod repair;
mod scale;
mod trust;
mod unusable;
mod verify;
mod world;
mod writers;
