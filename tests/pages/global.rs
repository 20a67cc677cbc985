//! docs/global-pull-secret.md.

use crate::global::authfile::REGISTRIES;
use crate::global::ocm;
use crate::pages::openshift::{OpenShift, become_openshift};
use crate::pages::page::Page;
use crate::pages::stage::Stage;
use quay_sandbox::registries::{Registries, Way};
use quay_tests::{ConnectProxy, SessionBus, TestCluster, TestKeyring, auth};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const ROBOT: &str = "myorg+deploy";

pub fn play(page: &mut Page) {
    let mut openshift = openshift();
    page.block("oc quay-global show").rest(&openshift.stage);
    openshift.pause("worker");
    page.block("oc quay-global update").rest(&openshift.stage);
    page.block("oc quay-global remove")
        .next(&openshift.stage)
        .ends_with(1)
        .holds();
    page.block("oc quay-global status")
        .next(&openshift.stage)
        .ends_with(1)
        .holds();
    regenerate(&mut openshift.stage);
    openshift.stage.types("oc quay-global update --yes");
    page.block("oc quay-global backups").rest(&openshift.stage);
    let openshift = self::openshift();
    page.block("oc quay-global update").rest(&openshift.stage);
    given_in_a_file(page);
    dead_token(page);
    file_before_it_goes_out(page);
    red_hats_own(page);
}

fn openshift() -> OpenShift {
    let mut openshift = OpenShift::new("sandbox");
    openshift.stage.robot(ROBOT, &["my-app"]);
    openshift
}

fn given_in_a_file(page: &mut Page) {
    let openshift = openshift();
    let entry = json!({"auth": auth("puller", "password")});
    let file = json!({"auths": {"mirror.example.com:8443": entry}}).to_string();
    let file = openshift.stage.context.file("auth.json", &file);
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(file, private).expect("a file of ours");
    page.block("oc quay-global set").rest(&openshift.stage);
}

fn regenerate(stage: &mut Stage) {
    stage.quay.regenerate(&mut stage.context, ROBOT);
}

fn dead_token(page: &mut Page) {
    let mut openshift = openshift();
    openshift
        .stage
        .types("oc quay-global update --robot myorg+deploy --yes");
    regenerate(&mut openshift.stage);
    page.block("oc quay-global verify")
        .next(&openshift.stage)
        .ends_with(1)
        .holds();
}

/// What Red Hat hands out is a file, and in no cluster yet.
fn file_before_it_goes_out(page: &mut Page) {
    let mut stage = Stage::new("sandbox");
    let ocm = ocm::start(&mut stage.context);
    let token = ocm.edit(|state| state.pull_token.clone());
    let _registries = red_hats_registries(&mut stage, &token);
    page.block("oc quay-global ocm download").rest(&stage);
}

/// Two clusters of an account that has a third.
fn red_hats_own(page: &mut Page) {
    let mut stage = Stage::new("prod");
    let bus = SessionBus::start(&mut stage.context);
    let _keyring = TestKeyring::unlocked(&stage.context, &bus);
    let ocm = ocm::start(&mut stage.context);
    stage.context.unset("OCM_TOKEN");
    let (offline, before) = ocm.edit(|state| {
        let cluster = serde_json::json!({
            "id": "1", "external_cluster_id": "6a2f3f5e-8b1c-4d7e-9a55-0c4e2b7d9f10",
            "display_name": "prod", "status": "Active",
        });
        state.clusters.push(cluster);
        (state.offline_token.clone(), state.pull_token.clone())
    });
    let staging = TestCluster::small("staging");
    for cluster in [&stage.cluster, &staging] {
        become_openshift(cluster, &before);
    }
    stage.also_reaches(&staging);
    let mut block = page.block("oc quay-global ocm login");
    block
        .next(&stage)
        .types_hidden(&format!("{offline}\n"))
        .holds();
    block.next(&stage).holds();
    ocm.edit(|state| state.run_batch(&ocm::rotated()));
    let _registries = red_hats_registries(&mut stage, &ocm::rotated());
    block.next(&stage).holds();
    block.next(&stage).answered("y\n").holds();
}

/// Red Hat's registries, which accept a pull secret with this token from now on.
fn red_hats_registries(stage: &mut Stage, token: &str) -> Registries {
    let names: Vec<&str> = REGISTRIES.iter().map(|(host, _)| *host).collect();
    let registries = Registries::start(&names).expect("the stand-in starts");
    for (host, user) in REGISTRIES {
        registries.set(host, Way::Opaque, user, token);
    }
    let proxy = ConnectProxy::leading_to(registries.server().port());
    let ca = stage.context.file("registries.pem", registries.ca_pem());
    stage.context.set("HTTPS_PROXY", &proxy.url());
    stage.context.set("QUAY_CA_FILE", &ca.to_string_lossy());
    registries
}
