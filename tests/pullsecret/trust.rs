//! Who gets a robot's new token: whoever was seen with a good one, and whom the user names.
//! Naming the robot in a secret is no claim.

use crate::pullsecret::world::{ROBOT, SCOPES, World, item, world};
use quay_sandbox::quay::Role;
use quay_tests::{Output, TestCluster, TestQuay, auth, pull_secret};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A file of what this machine remembers.
fn state_file(world: &World, name: &str) -> PathBuf {
    let state = world.context.home().join(".local/state/kubectl-quay");
    state.join(name)
}

/// A token of nobody's.
const OLD: &str = "OLD";

/// A world with a cluster of its own: commands for all namespaces report what is in them.
fn alone(name: &str) -> World {
    let mut world = world();
    move_to(&mut world, name);
    world
}

fn move_to(world: &mut World, name: &str) {
    world.cluster = Box::leak(Box::new(TestCluster::small(name)));
    world.cluster.join(&mut world.context);
}

/// A secret whose entries each hold an account and a password, under these paths.
fn planted(world: &World, namespace: &str, name: &str, entries: &[(&str, &str, &str)]) {
    let entries = entries.iter().map(|(path, user, password)| {
        let key = format!("{}{path}", world.registry());
        (key, json!({"auth": auth(user, password)}))
    });
    let auths: Value = entries.collect::<serde_json::Map<_, _>>().into();
    world.cluster.create(&pull_secret(namespace, name, &auths));
}

fn sync_all(world: &World, more: &[&str]) -> Output {
    world.run([&["sync", "-A", "-o", "json"], more].concat())
}

fn result(output: &Output, namespace: &str, name: &str) -> String {
    let item = item(output, namespace, name);
    item["result"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_tenant_who_names_robots_in_a_secret_gets_no_token_of_theirs() {
    let mut world = alone("harvest");
    let pushers = world.quay.quay.edit(|state| {
        state.add_robot("myorg+ci_pusher");
        state
            .set_permission("myorg", "my-app", "myorg+ci_pusher", Some(Role::Write))
            .expect("both exist");
        state.add_robot("alice+laptop");
        ["myorg+ci_pusher", "alice+laptop", ROBOT].map(|robot| {
            let token = state.token_of(robot).expect("it exists").to_owned();
            (robot, token)
        })
    });
    for (_, token) in &pushers {
        world.context.watch(token);
    }
    let tenant = world.cluster.namespace("tenant");
    let bait = [
        ("/a", "myorg+ci_pusher", "x"),
        ("/b", "alice+laptop", "x"),
        ("", ROBOT, "x"),
    ];
    planted(&world, &tenant, "bait", &bait);
    let before = world.cluster.content(&tenant, "bait");

    let output = world.run("sync -A").expect(1);
    output.clone().says("3 unproven").prints("unproven");
    output.prints(&format!("-n {tenant} --robot {ROBOT}; if not: "));
    assert_eq!(world.cluster.content(&tenant, "bait"), before);
    // What may only pull is the user's to give; what can do more is not given by the way.
    let named = ["sync", "-n", &tenant];
    for command in [&["sync", "-A", "--adopt"][..], &named] {
        world.run(command).expect(1).says("2 unproven");
        let after = world.cluster.content(&tenant, "bait");
        for (robot, token) in &pushers[..2] {
            let held = auth(robot, token);
            assert!(!after.contains(&held), "{robot} was given away");
        }
    }
    assert_eq!(world.password(&tenant, "bait"), world.token());
    world
        .run(format!("sync -n {tenant} --robot myorg+ci_pusher"))
        .expect(0)
        .says("1 updated");
}

#[test]
fn what_was_seen_with_a_good_token_follows_the_next_one() {
    let mut world = alone("seen");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    world.run("verify -A");

    let token = world.regenerate();
    let output = sync_all(&world, &[]).expect(0);
    assert_eq!(result(&output, &shop, "good"), "updated");
    assert_eq!(world.password(&shop, "good"), token);
    // What was written is known, too.
    world.regenerate();
    sync_all(&world, &[]).expect(0);
    assert_eq!(world.password(&shop, "good"), world.token());
}

#[test]
fn a_leaked_token_in_a_strangers_secret_is_no_claim() {
    let mut world = alone("leaked");
    let (shop, stranger) = (
        world.cluster.namespace("shop"),
        world.cluster.namespace("stranger"),
    );
    world.current_secret(&shop, "good");
    world.run("verify -A");
    let leaked = world.token();
    world.regenerate();
    planted(&world, &stranger, "good", &[("", ROBOT, &leaked)]);
    // Not even at the other's own place: this robot never stood there.
    planted(&world, &shop, "other", &[("", "myorg+ci", &leaked)]);

    let output = sync_all(&world, &[]).expect(1);
    assert_eq!(result(&output, &shop, "good"), "updated");
    assert_eq!(result(&output, &stranger, "good"), "unproven");
    assert_eq!(world.password(&stranger, "good"), leaked);
    assert_eq!(world.password(&shop, "other"), leaked);
}

#[test]
fn a_namespace_that_was_made_anew_has_no_claim_of_the_old_one() {
    let mut world = alone("anew");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    world.run("verify -A");
    let old = world.token();
    world.cluster.kubectl(format!("delete namespace {shop}"));
    world.cluster.kubectl(format!("create namespace {shop}"));
    world.regenerate();
    planted(&world, &shop, "good", &[("", ROBOT, &old)]);
    let output = sync_all(&world, &[]).expect(1);
    assert_eq!(result(&output, &shop, "good"), "unproven");
}

#[test]
fn an_old_estate_is_taken_over_once_and_known_from_then_on() {
    let mut world = alone("estate");
    let (one, two) = (
        world.cluster.namespace("one"),
        world.cluster.namespace("two"),
    );
    world.stale_secret(&one, "a");
    planted(&world, &two, "b", &[("", ROBOT, OLD)]);

    let first = sync_all(&world, &[]).expect(1);
    assert_eq!(result(&first, &one, "a"), "unproven");
    // A look writes nothing, and shows what would be.
    world
        .run("sync -A --adopt --dry-run")
        .expect(0)
        .says("2 updated");
    assert_eq!(world.password(&two, "b"), OLD);
    sync_all(&world, &["--adopt"]).expect(0);
    assert_eq!(world.password(&two, "b"), world.token());
    world.regenerate();
    let later = sync_all(&world, &[]).expect(0);
    assert_eq!(result(&later, &one, "a"), "updated");
    assert_eq!(result(&later, &two, "b"), "updated");
}

#[test]
fn a_terminal_is_asked_once_whether_unproven_credentials_are_written() {
    let world = alone("asked");
    let shop = world.cluster.namespace("shop");
    world.stale_secret(&shop, "a");
    let ask = |answer: &str| {
        let run = world.context.command("sync -A");
        run.on_terminal().stdin(answer).run()
    };
    let question = "Nothing shows that this credential ever held a token of myorg+deploy";
    ask("n\n").expect(1).prints(question);
    assert_eq!(world.password(&shop, "a"), "O".repeat(64));
    let asked = ask("y\n").expect(0);
    assert_eq!(asked.stdout.matches(question).count(), 1);
    assert_eq!(world.password(&shop, "a"), world.token());
}

#[test]
fn a_machine_without_a_memory_shares_one_in_a_secret_that_holds_no_token() {
    let mut world = alone("shared");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    let old = world.token();
    let state = format!("{shop}/memory");
    let state = ["--state", state.as_str()];
    world.run([&["verify", "-A"][..], &state].concat());

    let memory = world.cluster.get(&shop, "secret/memory");
    assert_eq!(memory["type"], "kubectl-quay/state");
    let text = quay_tests::text_of(&memory);
    for hidden in [&old, ROBOT, world.registry(), "good"] {
        assert!(!text.contains(hidden), "{hidden} is in it");
    }

    world.regenerate();
    // Another machine, without a home.
    world.context.unset("HOME");
    world.context.set("XDG_STATE_HOME", "/proc/none");
    let lost = sync_all(&world, &[]).expect(1);
    assert_eq!(result(&lost, &shop, "good"), "unproven");
    let output = sync_all(&world, &state).expect(0);
    assert_eq!(result(&output, &shop, "good"), "updated");
    // By the environment, and what that machine wrote is known to the next.
    world.regenerate();
    world.context.set("KUBECTL_QUAY_STATE", state[1]);
    sync_all(&world, &[]).expect(0);
    assert_eq!(world.password(&shop, "good"), world.token());
}

#[test]
fn a_secret_of_another_kind_is_no_memory_and_is_left_alone() {
    let world = alone("no-memory");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    let before = world.cluster.get(&shop, "secret/good");
    let state = format!("{shop}/good");
    let verify = ["verify", "-A", "--state", &state];
    world.run(verify).says("was left alone");
    assert_eq!(world.cluster.get(&shop, "secret/good"), before);
    for bad in ["good", "a/b/c", "/x"] {
        world
            .run(format!("verify -A --state {bad}"))
            .expect(2)
            .says("NAMESPACE/NAME");
    }
}

#[cfg(unix)]
#[test]
fn a_memory_that_others_may_write_proves_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let mut world = alone("writable");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    world.run("verify -A");
    let file = state_file(&world, "places.json");
    let mode = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&file, mode).expect("it is there");
    };
    mode(0o606);
    world.regenerate();
    let output = sync_all(&world, &[])
        .expect(1)
        .says("other users can read or write");
    assert_eq!(result(&output, &shop, "good"), "unproven");
    mode(0o600);
    sync_all(&world, &[]).expect(0);
}

#[test]
fn a_memory_that_is_no_file_proves_nothing_and_keeps_nobody_waiting() {
    let mut world = alone("pipes");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    world.run("verify -A");
    let places = state_file(&world, "places.json");
    std::fs::remove_file(&places).expect("it is there");
    let pipe = places.to_string_lossy();
    world.context.program("mkfifo", [&pipe]).run().expect(0);
    world.regenerate();
    let output = sync_all(&world, &[]).expect(1);
    assert_eq!(result(&output, &shop, "good"), "unproven");
    output
        .says("cannot use what this machine remembers of pull secrets")
        .says(&format!("{pipe} is not a regular file"))
        .says(&format!("mv {pipe} "));
}

#[test]
fn a_ledger_that_is_damaged_is_told_of_by_what_goes_by_it() {
    let world = alone("damaged");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    world.run("verify -A");
    let ledger = state_file(&world, "ledger.jsonl");
    std::fs::write(&ledger, b"\xffnonsense\n").expect("the folder is there");
    let damage = format!("{} is damaged: line 1 is not a record", ledger.display());
    sync_all(&world, &[]).expect(0).says(&damage);
}

#[test]
fn a_robot_is_handed_to_all_that_name_it_only_after_the_places_were_shown() {
    let world = alone("handed");
    let shop = world.cluster.namespace("shop");
    world
        .quay
        .quay
        .edit(|state| state.set_permission("myorg", "my-app", ROBOT, Some(Role::Write)))
        .expect("both exist");
    world.stale_secret(&shop, "a");
    let sync = ["sync", "-A", "--robot", ROBOT];
    world.run(sync).expect(1).says("1 unproven");
    let adopt = [&sync[..], &["--adopt"]].concat();
    let shown = format!("{shop}/a: {ROBOT} at");
    world.run(&adopt).expect(2).says(&shown).says("--yes");
    assert_ne!(world.password(&shop, "a"), world.token());
    world.run([&adopt[..], &["--yes"]].concat()).expect(0);
    assert_eq!(world.password(&shop, "a"), world.token());
}

#[test]
fn a_token_that_expires_is_not_replaced_by_one_that_does_not() {
    let world = alone("keyless");
    let shop = world.cluster.namespace("shop");
    let part = |length| "e".repeat(length);
    let keyless = format!("eyJ{}.{}.{}", part(20), part(80), part(64));
    planted(&world, &shop, "keyless", &[("", ROBOT, &keyless)]);
    for scope in [&["-A"][..], &["-n", &shop]] {
        let sync = [&["sync"][..], scope].concat();
        world.run(&sync).expect(0).prints("keyless");
    }
    assert_eq!(world.password(&shop, "keyless"), keyless);
}

/// Two logins, one robot's name: a place of the one proves nothing to the other.
#[test]
fn a_place_is_remembered_for_one_registry_alone() {
    let mut world = alone("registries");
    let shop = world.cluster.namespace("shop");
    world.current_secret(&shop, "good");
    world.run("verify -A");
    let other = TestQuay::start(&mut world.context);
    other.sign_in(&mut world.context, SCOPES);
    let old = world.token();
    let entry = json!({"auth": auth(ROBOT, &old)});
    let auths = json!({other.registry(): entry});
    world
        .cluster
        .kubectl(format!("-n {shop} delete secret good"));
    world.cluster.create(&pull_secret(&shop, "good", &auths));
    let output = sync_all(&world, &[]).expect(1);
    assert_eq!(result(&output, &shop, "good"), "unproven");
}
