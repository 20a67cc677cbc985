//! `set`: entries of any registry.

use crate::global::world::{ROBOT, World};
use quay_tests::{Output, Plugin, auth, eventually};
use serde_json::{Value, json};

fn set(world: &World, line: &str, password: &str) -> Output {
    let run = world.plugin(Plugin::Global, format!("set {line}"));
    run.stdin(password).run()
}

#[test]
fn an_account_that_its_registry_accepts_is_written_and_all_else_stays() {
    let mut world = World::new();
    let token = world.token();
    let key = format!("{}/myorg", world.registry());
    let line = format!("{key} --username {ROBOT} --password-stdin --yes");
    let output = set(&world, &line, &format!("{token}\n")).expect(0);
    output.prints("added").prints("backup pull-secret-backup-");
    let mut expected: Value = serde_json::from_str(&world.content(None)).unwrap();
    expected["auths"][&key] = json!({"auth": auth(ROBOT, &token)});
    let now: Value = serde_json::from_str(&world.text()).unwrap();
    assert_eq!(now, expected);
    set(&world, &line, &token).expect(0).prints("unchanged");
    world.run(format!("remove {key} --yes")).expect(0);
    assert_eq!(world.text(), world.content(None));
    world.run("rollback --yes").expect(0).prints("added");
    world.regenerate();
    world
        .run("verify -o json")
        .expect(1)
        .prints("the registry refuses the credential");
}

#[test]
fn a_password_that_its_registry_refuses_is_written_nowhere() {
    let world = World::new();
    let key = world.registry();
    let line = format!("{key} --username {ROBOT} --password-stdin --yes");
    let output = set(&world, &line, "a wrong password").expect(1);
    output
        .says("nothing was written")
        .says("refuses")
        .says("--skip-check");
    assert_eq!(world.text(), world.content(None));
    let line = format!("{line} --skip-check");
    set(&world, &line, "a wrong password")
        .expect(0)
        .prints("added");
}

#[test]
fn a_registry_that_gives_no_answer_stops_the_write_unless_nobody_shall_ask() {
    let world = World::new();
    let line = "registry.invalid --username me --password-stdin --yes";
    let output = set(&world, line, "secret").expect(1);
    output.says("registry.invalid").says("--skip-check");
    assert_eq!(world.text(), world.content(None));
    set(&world, &format!("{line} --skip-check"), "secret")
        .expect(0)
        .prints("added");
}

#[test]
fn an_entry_of_somebody_else_is_replaced_only_when_it_is_named() {
    let world = World::new();
    for key in ["registry.example.com", "quay.io"] {
        let line = format!("{key} --username me --password-stdin --skip-check --yes");
        let output = set(&world, &line, "secret").expect(1);
        output
            .prints("refused")
            .prints(&format!("--replace-entry {key}"));
        assert_eq!(world.text(), world.content(None));
    }
    let line = "registry.example.com --username me --password-stdin --skip-check --yes";
    let line = format!("{line} --replace-entry registry.example.com");
    set(&world, &line, "secret").expect(0).prints("replaced");
}

#[test]
fn an_entry_of_a_file_is_taken_to_the_letter() {
    let world = World::new();
    let entry = json!({"auth": auth("me", "secret"), "email": "me@example.com", "x": [1.5, null]});
    let file = json!({"auths": {"one.example.com": entry, "two.example.com": entry, "three.example.com": {}}});
    let file = world.context.file("auth.json", &file.to_string());
    let set = |more: &str| {
        let line = format!(
            "set --from-file {} --skip-check --yes {more}",
            file.display()
        );
        world.run(line)
    };
    set("--key one.example.com").expect(0).prints("added");
    let now: Value = serde_json::from_str(&world.text()).unwrap();
    assert_eq!(now["auths"]["one.example.com"], entry);
    assert_eq!(now["auths"]["two.example.com"], Value::Null);
    set("--key none.example.com")
        .expect(2)
        .says("has no entry `none.example.com`")
        .says("one.example.com, two.example.com");
    // Without names all of it is taken, as far as there is a credential.
    let output = set("").expect(1);
    output.prints("the entry holds no credential");
    let now: Value = serde_json::from_str(&world.text()).unwrap();
    assert_eq!(now["auths"]["two.example.com"], entry);
    assert_eq!(now["auths"]["three.example.com"], Value::Null);
}

#[test]
fn a_password_is_asked_for_only_on_a_terminal() {
    let world = World::new();
    world
        .run("set docker.io --username me --yes")
        .expect(2)
        .says("--password-stdin");
    world
        .run("set docker.io --yes")
        .expect(2)
        .says("--username");
    let line = "https:// --username me --password-stdin --yes";
    set(&world, line, "secret")
        .expect(2)
        .says("names no registry");
    let line = "docker.io --username me --password-stdin --yes";
    set(&world, line, "").expect(2).says("empty");
}

#[test]
fn a_hosted_cluster_gets_the_entry_in_its_additional_secret() {
    let world = World::hosted();
    let line = "mirror.example.com --username me --password-stdin --skip-check --yes";
    set(&world, line, "secret").expect(0).prints("added");
    assert!(world.additional().contains("mirror.example.com"));
    let line = "registry.example.com --username me --password-stdin --skip-check --yes";
    set(&world, line, "secret")
        .expect(1)
        .prints("takes precedence");
}

#[test]
fn what_is_not_confirmed_in_time_is_taken_back() {
    let world = World::new();
    let line = "mirror.example.com --username me --password-stdin --skip-check --yes \
                --confirm-within 2s";
    set(&world, line, "secret").expect(0).prints("added");
    eventually("the entry is taken back", || {
        world.text() == world.content(None)
    });
}
