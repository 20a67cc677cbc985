//! The domain of the Quay plugins for kubectl and oc: everything their commands
//! are made of.
//!
//! Every command is the same walk: observe, plan, apply, verify, report. Planning
//! does no I/O; only [`cli`] knows about terminals.

pub mod cli;
pub mod cluster;
pub mod credentials;
pub mod dockerconfig;
pub mod failure;
pub mod global;
pub mod ocm;
pub mod progress;
pub mod pullsecret;
pub mod quay;
pub mod registry;
pub mod rotation;
pub mod workload;

pub use failure::Failure;
