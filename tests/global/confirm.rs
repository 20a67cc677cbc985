//! `update --confirm-within` and `confirm`.

use crate::global::world::{ROBOT, World};
use quay_sandbox::http::{Fault, FaultAction, Hold};
use quay_tests::eventually;
use std::path::PathBuf;
use std::time::Duration;

/// Longer than a deadline and what follows it take.
const LIMIT: Duration = Duration::from_secs(60);

pub fn update(within: &str) -> Vec<&str> {
    vec![
        "update",
        "--robot",
        ROBOT,
        "--yes",
        "--confirm-within",
        within,
    ]
}

/// The files of writes that wait, or did.
pub fn files(world: &World) -> Vec<PathBuf> {
    let folder = world
        .context
        .home()
        .join(".local/state/kubectl-quay/unconfirmed");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

pub fn has_file(world: &World, ending: &str) -> bool {
    let named = |path: &PathBuf| path.to_string_lossy().ends_with(ending);
    files(world).iter().any(named)
}

/// The watchdog's process id: it has the write's id on its command line.
fn watchdog(world: &World) -> Option<u32> {
    let path = files(world)
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "lock"))?;
    let id = path.file_stem()?.to_string_lossy().into_owned();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.find(|process| {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&id)
    })
}

#[test]
fn what_is_not_confirmed_is_taken_back_and_the_next_command_says_so() {
    let world = World::new();
    let output = world.run(update("2s")).expect(0);
    output.prints("added").says("unless you confirm it");
    eventually("taken back", || world.text() == world.content(None));
    eventually("recorded", || has_file(&world, ".restored.json"));
    world.run("show").expect(0).says("so it was undone");
    world
        .run("confirm")
        .expect(1)
        .says("no change of this machine waits");
    for within in ["0s", "25h"] {
        world
            .run(update(within))
            .expect(2)
            .says("between 1s and 24h");
    }
    assert!(files(&world).is_empty());
}

#[test]
fn what_is_confirmed_stays() {
    let world = World::new();
    world.run(update("10m")).expect(0);
    let process = watchdog(&world).expect("a watchdog");
    world.run("show").expect(0).says("will be undone at");
    world.run("confirm --context elsewhere").expect(1);
    world
        .run("confirm")
        .expect(0)
        .says("confirmed: the change of");
    eventually("the watchdog ends", || {
        !PathBuf::from(format!("/proc/{process}")).exists()
    });
    assert!(files(&world).is_empty());
    assert_eq!(world.text(), world.content(Some(&world.token())));
}

#[test]
fn the_watchdog_outlives_its_terminal_in_a_session_of_its_own_without_our_tokens() {
    let world = World::new();
    let command = world.context.command(update("3s")).on_terminal().spawn();
    eventually("written", || world.text() != world.content(None));
    let process = watchdog(&world).expect("a watchdog");
    let read = |name: &str| std::fs::read(format!("/proc/{process}/{name}")).unwrap_or_default();
    let stat = String::from_utf8_lossy(&read("stat")).into_owned();
    // After the name in parentheses: state, parent, group, session, terminal.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let id = process.to_string();
    assert_eq!(
        (fields[2], fields[3], fields[4]),
        (id.as_str(), id.as_str(), "0"),
        "{stat}"
    );
    let environment = String::from_utf8_lossy(&read("environ")).into_owned();
    assert!(environment.contains("KUBECONFIG=") && !environment.contains("QUAY_API_TOKEN"));
    // The terminal goes away, and with it everything in its session.
    drop(command.kill());
    eventually("taken back", || world.text() == world.content(None));
    eventually("recorded", || has_file(&world, ".restored.json"));
}

#[test]
fn others_changes_survive_what_is_taken_back() {
    let world = World::new();
    world.run(update("3s")).expect(0);
    let theirs = world
        .text()
        .replace("registry.example.com", "registry.example.org");
    world.put(&theirs);
    let expected = world
        .content(None)
        .replace("registry.example.com", "registry.example.org");
    eventually("taken back", || world.text() == expected);
}

#[test]
fn a_write_that_was_killed_after_its_effect_is_taken_back() {
    let world = World::new();
    let hold = Hold::default();
    world
        .faulty
        .faults()
        .add_nth_mutating(1, FaultAction::HoldAfter(hold.clone()));
    let mut run = world.context.command(update("3s")).spawn();
    assert!(run.reaches(&hold, 1));
    eventually("written", || world.text() != world.content(None));
    drop(run.kill());
    world.faulty.faults().clear();
    eventually("taken back", || world.text() == world.content(None));
}

#[test]
fn a_write_that_never_came_about_leaves_nothing_to_confirm() {
    let world = World::new();
    let refused = FaultAction::Status {
        code: 403,
        content_type: "application/json".to_owned(),
        body:
            r#"{"kind":"Status","status":"Failure","reason":"Forbidden","message":"no","code":403}"#
                .to_owned(),
        headers: Vec::new(),
    };
    world.faulty.faults().add_nth_mutating(1, refused);
    let output = world.run(update("10m")).expect(1);
    output.prints("auth can-i patch secrets/pull-secret");
    eventually("the watchdog ends", || files(&world).is_empty());
    assert_eq!(world.text(), world.content(None));
}

#[test]
fn a_watchdog_that_is_gone_is_told_of_by_every_command() {
    let world = World::new();
    world.run(update("10m")).expect(0);
    let process = watchdog(&world).expect("a watchdog").to_string();
    world
        .context
        .program("kill", ["-9", &process])
        .run()
        .expect(0);
    let gone = "the watchdog that should undo it has ended";
    eventually("the lock falls", || {
        world.run("show").expect(0).stderr.contains(gone)
    });
    for command in [&["status"][..], &["backups"], &["verify"]] {
        let output = world.run(command);
        assert!(
            output.stderr.contains(gone),
            "{command:?}: {}",
            output.stderr
        );
        let back = "oc quay global rollback --context admin pull-secret-backup-";
        assert!(output.stderr.contains(back), "{}", output.stderr);
    }
    world.run("confirm").expect(0).says("confirmed");
    let output = world.run("show").expect(0);
    assert!(!output.stderr.contains(gone));
}

#[test]
fn an_api_server_that_is_away_at_the_deadline_is_waited_for() {
    let world = World::new();
    world.run(update("1s")).expect(0);
    let secret = "/secrets/pull-secret";
    world.faulty.faults().add(Fault {
        times: 3,
        ..Fault::always(
            "PATCH".parse().expect("a method"),
            secret,
            FaultAction::Reset,
        )
    });
    eventually("taken back", || world.text() == world.content(None));
    assert!(world.faulty.faults().hits() > 0, "the server was away");
}

#[test]
fn nothing_is_written_over_what_waits_for_its_confirmation() {
    let mut world = World::new();
    world.run(update("10m")).expect(0);
    let written = world.text();
    world.regenerate();
    let output = world.run("update --yes").expect(1);
    output
        .prints("waits for its confirmation")
        .prints("next: oc quay global confirm keeps that change")
        .prints("oc quay global rollback --context admin");
    world.run("remove registry.example.com --yes").expect(1);
    world.run("update --dry-run").expect(0);
    assert_eq!(world.text(), written);
    // A person who goes back by hand has decided, and the watchdog ends.
    world.run("rollback --yes").expect(0);
    eventually("the watchdog ends", || files(&world).is_empty());
    world.run(format!("update --robot {ROBOT} --yes")).expect(0);
    assert_eq!(world.text(), world.content(Some(&world.token())));
}

/// Stops the next PATCH of the secret before it is carried out.
pub fn hold_patch(world: &World) -> Hold {
    let hold = Hold::default();
    let method = "PATCH".parse().expect("a method");
    let action = FaultAction::HoldBefore(hold.clone());
    let fault = Fault::once(method, "/secrets/pull-secret", action);
    world.faulty.faults().add(fault);
    hold
}

#[test]
fn a_write_that_had_to_be_planned_again_is_taken_back_to_what_it_met() {
    let world = World::new();
    let hold = hold_patch(&world);
    let mut run = world.context.command(update("5s")).spawn();
    assert!(run.reaches(&hold, 1));
    let theirs = world
        .content(None)
        .replace("registry.example.com", "registry.example.org");
    world.put(&theirs);
    hold.release();
    run.wait().expect(0).prints("added");
    eventually("taken back", || world.text() == theirs);
}

#[test]
fn a_watchdog_that_dies_while_it_takes_back_leaves_the_rest_to_a_person() {
    let world = World::new();
    world.run(update("1s")).expect(0);
    let hold = hold_patch(&world);
    assert!(hold.wait_for(1, LIMIT), "the watchdog takes it back");
    let process = watchdog(&world).expect("a watchdog").to_string();
    world
        .context
        .program("kill", ["-9", &process])
        .run()
        .expect(0);
    hold.release();
    let gone = "the watchdog that should undo it has ended";
    eventually("the lock falls", || {
        world.run("show").expect(0).stderr.contains(gone)
    });
    let said = world.run("show").expect(0).stderr;
    let (_, command) = said
        .split_once("undo it with: oc quay global ")
        .expect("a command");
    let command: Vec<&str> = command.split_whitespace().collect();
    let command = [&command[..], &["--yes"]].concat();
    // What the watchdog had sent may still arrive in between.
    eventually("a person took it back", || world.run(&command).code == 0);
    assert_eq!(world.text(), world.content(None));
    let said = world.run("show").expect(0).stderr;
    assert!(!said.contains(gone), "{said}");
}
