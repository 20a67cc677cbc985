//! What only a node can tell: a real kubelet and a real container runtime pull from the
//! sandbox's Quay, with the secrets that the plugins write.
//!
//! Where there is no node, every test says so and tries nothing; see `tests/harness/node.rs`.

mod explain;
mod in_pod;
mod life;
mod pull;
mod recorded;
mod rotation;
mod world;
