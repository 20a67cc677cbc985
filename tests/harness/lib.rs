//! The harness of the end-to-end tests: a clean place to run a built binary in, a Quay
//! to run it against, and a check that no run gives a token away.
//!
//! A harness that cannot do its part panics: the test cannot go on.

mod admission;
mod assets;
mod claim;
mod clock;
mod cluster;
mod connect_proxy;
mod context;
mod eventually;
mod faulty;
mod keyring;
mod kill;
mod kubelet;
mod leaks;
mod node;
mod nowhere;
mod openshift;
mod plugins;
mod process;
mod registry;
mod running;
mod seen;
mod terminal;
mod words;
mod world;

pub use admission::AdmissionPolicy;
pub use assets::ASSETS;
pub use claim::{answer, claim};
pub use clock::{CLOCK, MovableClock};
pub use cluster::{CONTROL_PLANE, TestCluster, auth, pull_secret, pull_secret_of, text_of};
pub use connect_proxy::ConnectProxy;
pub use context::{Run, TestContext};
pub use eventually::eventually;
pub use faulty::FaultyCluster;
pub use keyring::{SessionBus, TestKeyring};
pub use kill::{MOMENTS, Moment, killed_at};
pub use kubelet::{Kubelet, test_pods};
pub use leaks::Leaks;
pub use node::{Node, PAUSE, RUNTIME};
pub use nowhere::NOWHERE;
pub use plugins::{BIN_DIR, Plugin, cargo, executables};
pub use process::Output;
pub use registry::TestQuay;
pub use running::Running;
pub use seen::Seen;
pub use snapbox::str;
pub use words::Words;
pub use world::{ROBOT, World};
