//! `kubectl quay-robot` against a stand-in Quay.

mod certificates;
mod changes;
mod federation;
mod login;
mod own_files;
mod proxies;
mod reading;
mod signing_in;
mod stored;
mod together;
mod token;
mod trouble;
mod usage;

use quay_tests::{Plugin, TestContext, TestQuay};

const BINARY: Plugin = Plugin::Robot;

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
