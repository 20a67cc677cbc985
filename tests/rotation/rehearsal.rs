//! `--dry-run=server`: the first write of every secret is tried, and nothing is written
//! anywhere.

use crate::rotation::resumed::{RENEW, killed_before};
use crate::rotation::world::{BRIDGE, ROBOT, World, name};
use quay_sandbox::http::{Fault, FaultAction, Hold, Recorded};
use quay_tests::pull_secret_of;
use serde_json::{Value, json};

const SERVER: &str = "--dry-run=server";

/// A rotation with a bridge, in place, and whose credential is tried by each.
const STRATEGIES: [(&[&str], &str); 2] = [(&[], BRIDGE), (&["--in-place"], ROBOT)];

fn ledger_exists(world: &World) -> bool {
    let ledger = ".local/state/kubectl-quay/ledger.jsonl";
    world.context.home().join(ledger).exists()
}

fn tries(world: &World) -> usize {
    let is_try = |request: &Recorded| request.path.contains("dryRun=All");
    world.faulty.log().count(is_try)
}

/// Runs it as a server dry run, and fails if anything was changed anywhere.
#[track_caller]
fn tried(world: &World, more: &[&str], code: i32) -> quay_tests::Output {
    let everything = || {
        let secrets = world.list(&world.namespace, "secrets");
        let tokens = [ROBOT, BRIDGE].map(|robot| world.token_of(robot));
        let mutating = |request: &Recorded| request.mutates;
        let writes = (world.quay.writes(), world.faulty.log().count(mutating));
        (secrets, tokens, writes, ledger_exists(world))
    };
    let before = everything();
    let output = world.rotate([&[SERVER], more].concat()).expect(code);
    // The secrets with their resourceVersions.
    assert_eq!(everything(), before);
    output.says("dry run: nothing was changed")
}

#[track_caller]
fn document(output: &quay_tests::Output) -> Value {
    serde_json::from_str(&output.stdout).expect("JSON")
}

/// The secrets that were tried: name, account, whether the write would be taken.
fn writes(preview: &Value) -> Vec<Value> {
    let writes = preview["triedWrites"].as_array().expect("a list").iter();
    writes
        .map(|write| json!([write["secret"], write["account"], write["taken"]]))
        .collect()
}

/// A robot's secret so large that a longer account name is too much.
fn full(world: &World) -> String {
    let text = world.mixed(ROBOT, &world.token());
    let padding = "x".repeat((1 << 20) - text.len());
    let full = text.replace(r#""psFormat":""#, &format!(r#""psFormat":"{padding}"#));
    world.cluster.fresh_namespace("full", |namespace| {
        vec![pull_secret_of(namespace, "large", &full)]
    })
}

#[test]
fn every_secrets_first_write_is_tried_and_nothing_is_written() {
    for (strategy, account) in STRATEGIES {
        let world = World::new(3);
        tried(&world, strategy, 0).says("would accept the first write to every secret (3 secrets)");
        assert_eq!(tries(&world), 3);
        let output = tried(&world, &[strategy, &["-o", "json"]].concat(), 0);
        let preview = document(&output);
        assert_eq!(
            preview["triedWrites"][0],
            json!({
                "context": world.context_name(), "namespace": world.namespace, "secret": "s0",
                "account": account, "taken": true,
            })
        );
        assert_eq!(preview["triedWrites"].as_array().map(Vec::len), Some(3));
        assert!(preview["refusals"].is_null(), "{preview}");
        assert!(!ledger_exists(&world));
    }
}

#[test]
fn a_client_dry_run_tries_no_write() {
    let world = World::new(1);
    for more in ["--dry-run", "--dry-run=client"] {
        let output = world.rotate(format!("{more} -o json")).expect(0);
        assert!(document(&output)["triedWrites"].is_null());
        assert_eq!(tries(&world), 0);
    }
}

#[test]
fn a_write_that_the_api_server_would_refuse_is_named_with_the_reason_and_what_to_do() {
    let world = World::new(1);
    let namespace = full(&world);
    let edit = format!("-n {namespace} edit secret large");
    let secret = format!(
        "secret {namespace}/large in context {} cannot be updated",
        world.context_name()
    );
    tried(&world, &[], 1)
        .prints("Reasons to refuse the rotation")
        .prints(&secret)
        .prints("a Secret can hold at most 1 MiB")
        .prints(&edit)
        .says("would refuse the first write to 1 of 2 secrets");
    let preview = document(&tried(&world, &["-o", "json"], 1));
    let mut tried_writes = writes(&preview);
    tried_writes.sort_by_key(Value::to_string);
    assert_eq!(
        tried_writes,
        [
            json!(["large", BRIDGE, false]),
            json!([name(0), BRIDGE, true])
        ]
    );
    let refusal = |field: &str| preview["refusals"][0][field].as_str().expect("a text");
    assert!(refusal("reason").starts_with(&secret), "{preview}");
    assert!(refusal("remedy").contains(&edit), "{preview}");
    for format in ["wide", "name"] {
        tried(&world, &["-o", format], 1).says(&format!("rotate would refuse: {secret}"));
    }
    // What the dry run says is so: a new token is not longer, and another name is.
    tried(&world, &["--in-place"], 0).says("(2 secrets)");
    world.rotate("").expect(1).says("nothing was changed");
    world.rotate("--in-place").expect(0);
}

#[test]
fn an_admission_policy_that_would_deny_a_write_is_named() {
    for (strategy, _) in STRATEGIES {
        let world = World::new(2);
        if world.cluster.is_small() {
            return;
        }
        let policy = world.cluster.deny_updates(&world.namespace, &name(0));
        let output = tried(&world, strategy, 1)
            .prints("not here")
            .prints(&format!("get validatingadmissionpolicy {}", policy.name))
            .says("would refuse the first write to 2 of 2 secrets");
        for number in 0..2 {
            let secret = format!("{}/{}", world.namespace, name(number));
            assert!(output.stdout.contains(&secret), "{}", output.stdout);
        }
    }
}

#[test]
fn what_is_refused_without_asking_is_not_tried() {
    let world = World::new(1);
    let content = world.mixed(ROBOT, &world.token());
    let namespace = world.cluster.fresh_namespace("fixed", |namespace| {
        let mut immutable = pull_secret_of(namespace, "immutable", &content);
        immutable["immutable"] = json!(true);
        vec![immutable]
    });
    let preview = document(&tried(&world, &["-o", "json"], 1));
    assert_eq!(writes(&preview), [json!([name(0), BRIDGE, true])]);
    let refusals = preview["refusals"].as_array().expect("a list");
    assert_eq!(refusals.len(), 1, "{preview}");
    assert!(refusals[0]["reason"].to_string().contains("immutable"));
    let accepted = format!("--leave-behind={namespace}/immutable");
    tried(&world, &[&accepted], 0).says("(1 secret)");
}

#[test]
fn a_rotation_that_goes_on_tries_what_it_would_write_next() {
    let world = World::new(2);
    killed_before(&world, RENEW);
    let json = ["-o", "json"];
    let on = document(&tried(&world, &json, 0));
    assert_eq!(writes(&on)[0], json!([name(0), BRIDGE, true]));
    let back = document(&tried(&world, &[&json[..], &["--abort"]].concat(), 0));
    assert_eq!(writes(&back)[0], json!([name(0), ROBOT, true]));
    world.rotate("--abort").expect(0);
    world.is_at_rest();
}

#[test]
fn secrets_that_an_earlier_run_wrote_are_not_tried_again() {
    let world = World::new(3);
    let refusal =
        r#"{"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","code":403}"#;
    // The rehearsal passes, the write does not.
    world.faulty.faults().add(Fault {
        skip: 1,
        ..Fault::once(
            "PATCH".parse().expect("a method"),
            &format!("/secrets/{}", name(1)),
            FaultAction::Status {
                code: 403,
                content_type: "application/json".into(),
                body: refusal.into(),
                headers: Vec::new(),
            },
        )
    });
    world.rotate("--in-place").expect(1);
    let preview = document(&tried(&world, &["--in-place", "-o", "json"], 0));
    assert_eq!(writes(&preview), [json!([name(1), ROBOT, true])]);
}

#[test]
fn ctrl_c_ends_it_at_once() {
    let world = World::new(2);
    let hold = Hold::default();
    let patch = "PATCH".parse().expect("a method");
    let held = FaultAction::HoldBefore(hold.clone());
    world
        .faulty
        .faults()
        .add(Fault::once(patch, "dryRun=All", held));
    let run = world.start_until(&hold, [SERVER]);
    run.interrupt();
    run.wait().expect(130).says("nothing was changed");
    hold.release();
}
