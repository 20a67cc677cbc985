//! The domain of the Quay plugins for kubectl and oc: everything their commands
//! are made of.
//!
//! Every command is the same walk: observe, plan, apply, verify, report. Planning
//! does no I/O; only [`cli`] knows about terminals. The rooms stand in layers, and
//! each imports only from those below it: `docs/architecture.md` lists them.

pub mod app;
pub mod cli;
pub mod cluster;
pub mod credentials;
pub mod dockerconfig;
pub mod explain;
pub mod failure;
pub mod fingerprint;
pub mod folders;
pub mod global;
pub mod hint;
pub mod invocation;
pub mod judge;
pub mod keyless;
pub mod kubelet;
pub mod labels;
pub mod ledger;
mod mangled;
pub mod names;
pub mod node_secrets;
pub mod ocm;
pub mod outcome;
pub mod place;
pub mod private_file;
pub mod progress;
pub mod pullsecret;
pub mod pulltest;
pub mod quay;
pub mod receipt;
pub mod registry;
pub mod rotation;
pub mod signals;
pub mod verify;
pub mod web;
pub mod workload;

pub use failure::Failure;
