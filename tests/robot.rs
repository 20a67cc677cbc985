//! `kubectl quay-robot` against a stand-in Quay.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read what it asked for has failed"
)]

#[path = "robot/certificates.rs"]
mod certificates;
#[path = "robot/changes.rs"]
mod changes;
#[path = "robot/login.rs"]
mod login;
#[path = "robot/own_files.rs"]
mod own_files;
#[path = "robot/proxies.rs"]
mod proxies;
#[path = "robot/reading.rs"]
mod reading;
#[path = "robot/signing_in.rs"]
mod signing_in;
#[path = "robot/stored.rs"]
mod stored;
#[path = "robot/together.rs"]
mod together;
#[path = "robot/token.rs"]
mod token;
#[path = "robot/trouble.rs"]
mod trouble;
#[path = "robot/usage.rs"]
mod usage;

use quay_tests::{TestContext, TestQuay};

const BINARY: &str = env!("CARGO_BIN_EXE_kubectl-quay-robot");

/// What organization robots take.
const SCOPES: &str = "org:admin repo:admin";

/// Every scope the plugin has a use for.
const ALL_SCOPES: &str = "org:admin repo:admin user:admin user:read";

fn start() -> (TestContext, TestQuay) {
    let mut context = TestContext::new(BINARY);
    let quay = TestQuay::start(&mut context);
    (context, quay)
}

fn signed_in(scopes: &str) -> (TestContext, TestQuay) {
    let (mut context, quay) = start();
    quay.sign_in(&mut context, scopes);
    (context, quay)
}
