//! README.md.

use crate::pages::openshift::OpenShift;
use crate::pages::page::Page;
use crate::pages::rotation;
use crate::pages::stage::{ROBOT, SECRET, Stage};
use quay_tests::{SessionBus, TestKeyring};

pub fn play(page: &mut Page) {
    first_five_minutes(page);
    let stage = rotation::stage();
    page.block("kubectl quay-robot rotate")
        .next(&stage)
        .instead("--yes", rotation::AT_ONCE)
        .holds();
    global_pull_secret(page);
}

fn first_five_minutes(page: &mut Page) {
    let mut stage = Stage::new("prod");
    let bus = SessionBus::start(&mut stage.context);
    let _keyring = TestKeyring::unlocked(&stage.context, &bus);
    let token = stage.quay.token(&mut stage.context, "org:admin repo:admin");
    stage.namespace("staging");
    let mut block = page.block("kubectl quay-robot login");
    block
        .next(&stage)
        .types_hidden(&format!("{token}\n"))
        .holds();
    for _ in ["create", "sync", "sync again"] {
        block.next(&stage).holds();
    }
    stage.deployment("staging", "api", "backend-api:v1", SECRET, 1);
    stage.deployment("staging", "web", "my-app:v1", SECRET, 2);
    block.rest(&stage);
}

fn global_pull_secret(page: &mut Page) {
    let mut openshift = OpenShift::new("prod");
    openshift.stage.robot(ROBOT, &["my-app"]);
    let stage = &openshift.stage;
    let mut block = page.block("oc quay-global update");
    block.next(stage).answered("y\n").holds();
    block.next(stage).meanwhile(|| openshift.rolls_out());
    block.rest(stage);
}
