//! `federation`: who signs in as a robot without its token, on a real API server as the issuer.

use crate::robot::{BINARY, SCOPES};
use quay_sandbox::quay::Binding;
use quay_tests::{Plugin, ROBOT, World, str};
use serde_json::{Value, json};

const ACCOUNT: &str = "app";

/// A cluster with a service account, and somebody signed in to Quay; `None` on the small
/// cluster, which issues no tokens.
fn start() -> Option<(World, String)> {
    let world = World::new(BINARY, "robot").signed_in(SCOPES);
    if world.cluster.is_small() {
        return None;
    }
    let namespace = world.cluster.namespace("keyless");
    world
        .cluster
        .kubectl(format!("-n {namespace} create serviceaccount {ACCOUNT}"));
    Some((world, namespace))
}

/// The issuer as the API server itself spells it.
fn issuer(world: &World) -> String {
    let document = world
        .cluster
        .kubectl("get --raw /.well-known/openid-configuration");
    let document: Value = serde_json::from_str(&document).unwrap();
    document["issuer"].as_str().unwrap().to_owned()
}

fn stored(world: &World) -> Value {
    let output = world
        .run(format!("federation get {ROBOT} -o json"))
        .expect(0);
    serde_json::from_str::<Value>(&output.stdout).unwrap()["items"].clone()
}

#[test]
fn a_service_account_is_named_as_its_cluster_spells_the_issuer() {
    let Some((world, namespace)) = start() else {
        return;
    };
    world
        .run(format!("federation get {ROBOT}"))
        .expect(0)
        .says("Nobody signs in as myorg+deploy without its token.");
    let set = format!("federation set {ROBOT} --service-account {namespace}/{ACCOUNT}");
    world
        .run(format!("{set} --dry-run"))
        .expect(0)
        .prints("added (dry run)");
    assert_eq!(stored(&world), json!([]));
    let output = world.run(&set).expect(0);
    // A Quay elsewhere does not reach such an address.
    let output = output
        .says("means something inside the cluster")
        .says("--service-account-issuer");
    world.seen(&namespace).holds(
        &output.stdout,
        str![[r#"
SUBJECT  ISSUER  AUDIENCES  RESULT
system:serviceaccount:shop:app  https://kubernetes.default.svc.cluster.local  <none>  added

"#]],
    );
    let subject = format!("system:serviceaccount:{namespace}:{ACCOUNT}");
    assert_eq!(
        stored(&world),
        json!([{"issuer": issuer(&world), "subject": subject}])
    );
    world.run(&set).expect(0).prints("unchanged");
}

#[test]
fn all_service_accounts_and_workflows_are_added_and_others_stay() {
    let Some((world, namespace)) = start() else {
        return;
    };
    let add = format!("federation add {ROBOT}");
    world
        .run(format!("{add} --github acme/app --branch main"))
        .expect(0)
        .prints("repo:acme/app:ref:refs/heads/main")
        .prints("https://token.actions.githubusercontent.com");
    world
        .run(format!("{add} -n {namespace} --all-service-accounts"))
        .expect(0)
        .prints(&format!("system:serviceaccount:{namespace}:{ACCOUNT}"))
        .prints(&format!("system:serviceaccount:{namespace}:default"));
    assert_eq!(stored(&world).as_array().unwrap().len(), 3);
    let remove = format!("federation remove {ROBOT} --github acme/app --branch main");
    world.run(&remove).expect(2).says("--yes");
    world
        .run(format!("{remove} --yes"))
        .expect(0)
        .prints("removed");
    assert_eq!(stored(&world).as_array().unwrap().len(), 2);
    world
        .run(format!("{remove} --yes"))
        .expect(1)
        .prints("absent");
    world
        .run(format!(
            "federation set {ROBOT} --github acme/app --environment prod --yes"
        ))
        .expect(0)
        .prints("repo:acme/app:environment:prod");
    assert_eq!(stored(&world).as_array().unwrap().len(), 1);
}

#[test]
fn audiences_are_not_erased_unasked() {
    let Some((world, namespace)) = start() else {
        return;
    };
    let binding = Binding {
        issuer: "https://oidc.example.com".to_owned(),
        subject: "somebody".to_owned(),
        audiences: vec!["quay".to_owned()],
    };
    world
        .quay
        .quay
        .edit(|state| state.set_federation(ROBOT, vec![binding]));
    let add = format!("federation add {ROBOT} --service-account {namespace}/{ACCOUNT}");
    world
        .run(&add)
        .expect(1)
        .says("somebody has audiences")
        .says("--erase-audiences");
    assert_eq!(stored(&world)[0]["audiences"], json!(["quay"]));
    world
        .run(format!("{add} --erase-audiences"))
        .expect(0)
        .says("this Quay's API does not store audiences")
        .says("somebody");
    assert_eq!(stored(&world).as_array().unwrap().len(), 2);
}

#[test]
fn check_takes_every_step_from_the_cluster_to_the_registry() {
    let Some((world, namespace)) = start() else {
        return;
    };
    let check = format!("federation check {ROBOT} --service-account {namespace}/{ACCOUNT}");
    let output = world.run(&check).expect(1);
    output
        .prints("may not sign in as myorg+deploy")
        .prints(&format!(
            "federation add {ROBOT} --service-account {namespace}/{ACCOUNT}"
        ))
        .prints("skipped");
    world
        .run(format!(
            "federation add {ROBOT} --service-account {namespace}/{ACCOUNT}"
        ))
        .expect(0);
    // Quay fails at an issuer that it does not reach.
    let output = world.run(&check).expect(1);
    assert_eq!(step(&output.stdout, "exchange"), "failed");
    let issuer = issuer(&world);
    world
        .quay
        .quay
        .edit(|state| state.trusted_issuers.push(issuer.clone()));
    let output = world.run(&check).expect(0);
    world.seen(&namespace).holds(
        &output.stdout,
        str![[r#"
STEP  STATE  DETAIL
issuer  doubtful  https://kubernetes.default.svc.cluster.local: the address means something inside the cluster or its network, so a Quay elsewhere does not reach it; next: serve the cluster's /.well-known/openid-configuration and /openid/v1/jwks at an https address that Quay reaches, and start the API server with that address as --service-account-issuer and --service-account-jwks-uri
federation  ok  system:serviceaccount:shop:app may sign in as myorg+deploy
token  ok  meant for quay
exchange  ok  Quay gave a token of myorg+deploy until [TIMESTAMP]
pull  ok  myorg+deploy may pull myorg/my-app

"#]],
    );
    world
        .run(format!("{check} --repository backend-api"))
        .expect(1)
        .prints("may not pull myorg/backend-api")
        .prints("grant myorg+deploy backend-api");
    let nobody = format!("federation check {ROBOT} --service-account {namespace}/nobody");
    world.run(nobody).expect(1).prints("may not sign in");
    // A slash at the end makes another issuer.
    let binding = Binding {
        issuer: format!("{issuer}/"),
        subject: format!("system:serviceaccount:{namespace}:{ACCOUNT}"),
        audiences: Vec::new(),
    };
    world
        .quay
        .quay
        .edit(|state| state.set_federation(ROBOT, vec![binding]));
    world
        .run(&check)
        .expect(1)
        .prints("a slash at the end counts");
}

fn step(table: &str, step: &str) -> String {
    let line = table.lines().find(|line| line.starts_with(step));
    let line = line.unwrap_or_else(|| panic!("no {step} in {table}"));
    line.split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn nobody_or_a_wrong_name_is_refused_before_anything_is_asked() {
    let world = World::new(Plugin::Robot, "robot").signed_in(SCOPES);
    for (line, says) in [
        (format!("federation set {ROBOT}"), "nobody is named"),
        (
            format!("federation set {ROBOT} --service-account app"),
            "write NAMESPACE/NAME",
        ),
        (
            format!("federation set {ROBOT} --github acme/app"),
            "--branch",
        ),
        (
            format!("federation set {ROBOT} --issuer https://a.example.com"),
            "--subject",
        ),
    ] {
        world.run(&line).expect(2).says(says);
    }
    assert_eq!(world.quay.writes(), 0);
    world
        .run("federation get myorg+nobody")
        .expect(1)
        .says("myorg+nobody");
}
