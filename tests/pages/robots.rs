//! docs/robots.md.

use crate::pages::page::Page;
use crate::pages::stage::{ROBOT, Stage};
use jiff::SignedDuration;

/// What `podman login` is given here; the real one would ask the registry.
const PODMAN: &str = r#"#!/bin/sh
echo "$*" > podman-arguments
cat > podman-password
"#;

pub fn play(page: &mut Page) {
    let mut stage = Stage::new("prod").logged_in("org:admin repo:admin user:read");
    stage.robot(ROBOT, &["backend-api", "my-app"]);
    stage.quay.quay.edit(|state| {
        let now = state.now();
        let before = |minutes: i64| now - SignedDuration::from_mins(minutes);
        state.set_description(ROBOT, "prod pulls");
        state.set_created(ROBOT, before(41 * 24 * 60));
        state.set_last_accessed(ROBOT, Some(before(2)));
    });
    page.block("kubectl quay-robot whoami").rest(&stage);
    changes(page, &stage);
    hand_over(page, stage);
}

fn changes(page: &mut Page, stage: &Stage) {
    let mut block = page.block("kubectl quay-robot create");
    for _ in ["create", "grant", "revoke"] {
        block.next(stage).holds();
    }
    block.next(stage).answered("y\n").holds();
    assert_eq!(stage.quay.token_of_robot("myorg+ci"), None);
}

fn hand_over(page: &mut Page, mut stage: Stage) {
    stage.robot("myorg+ci", &["my-app"]);
    stage.program("podman", PODMAN);
    let token = stage.token("myorg+ci");
    let mut block = page.block("kubectl quay-robot token myorg+ci | podman login");
    block.next(&stage).holds();
    let read = |name: &str| std::fs::read_to_string(stage.context.path(name)).expect("a file");
    assert_eq!(read("podman-password").trim_end(), token);
    let arguments = "login -u myorg+ci --password-stdin quay.example.com:8443\n";
    assert_eq!(read("podman-arguments"), arguments);
    block.next(&stage).holds();
    assert_eq!(read("robot-token").trim_end(), token);
    block.next(&stage).reveals(&token).holds();
}
