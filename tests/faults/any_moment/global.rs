//! Commands of `oc quay-global`.

use super::at_any_moment;
use crate::faults::kill::Promise;
use crate::global::confirm::files as unconfirmed;
use crate::global::world::{ROBOT, World};
use quay_tests::eventually;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A command that changes the global pull secret from one text to another.
struct Change {
    command: &'static str,
    before: String,
    after: String,
}

impl Change {
    fn new(command: &'static str) -> Self {
        Self {
            command,
            before: String::new(),
            after: String::new(),
        }
    }
}

impl Promise<World> for Change {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        let old = world.content(Some(&world.token()));
        let mut words = words(self.command);
        (self.before, self.after) = match words[0].as_str() {
            "update" if words.len() > 1 => (world.content(None), old),
            "update" => {
                let token = world.regenerate();
                (old, world.content(Some(&token)))
            }
            _ => (old, world.content(None)),
        };
        world.put(&self.before);
        match words[0].as_str() {
            "remove" => words.push(world.registry().to_owned()),
            "rollback" => {
                // The backup that the removal made, and the entry that is taken out again by it.
                world.put(&self.after);
                let update = format!("update --robot {ROBOT} --yes");
                world.run(update).expect(0);
                let names = world.run("backups -o name").expect(0).stdout;
                let newest = names.lines().next().expect("a backup");
                words.push(newest.replace("secret/", ""));
            }
            _ => {}
        }
        words.push("--yes".to_owned());
        words
    }

    /// What was there before is in the secret, or beside it.
    fn nothing_is_lost(&self, world: &World) {
        let now = world.text();
        assert!([&self.before, &self.after].contains(&&now), "{now}");
        assert!(now == self.before || world.backups().contains(&self.before));
    }

    fn is_kept(&self, world: &World) {
        assert_eq!(world.text(), self.after);
        assert!(world.backups().contains(&self.before));
    }

    fn targets(&self) -> Vec<String> {
        vec!["pull-secret".to_owned()]
    }

    /// An entry that is gone already cannot be removed.
    fn finish(&self, world: &World, arguments: &[String]) {
        let is_gone = self.command == "remove" && world.text() == self.after;
        let output = self.command(world, arguments).run();
        match is_gone {
            true => drop(output.expect(1).prints("has no entry")),
            false => drop(output.expect(0)),
        }
    }
}

/// `update --confirm-within`, and `confirm`.
struct Confirmed {
    before: String,
    after: String,
}

impl Promise<World> for Confirmed {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        self.before = world.content(None);
        self.after = world.content(Some(&world.token()));
        world.put(&self.before);
        words(&format!(
            "update --robot {ROBOT} --yes --confirm-within 10m"
        ))
    }

    fn nothing_is_lost(&self, world: &World) {
        let now = world.text();
        assert!([&self.before, &self.after].contains(&&now), "{now}");
        assert!(now == self.before || world.backups().contains(&self.before));
    }

    fn is_kept(&self, world: &World) {
        assert_eq!(world.text(), self.after);
    }

    fn targets(&self) -> Vec<String> {
        vec!["pull-secret".to_owned()]
    }

    /// A write that still waits is confirmed first; there is none where the run did not get so far.
    fn finish(&self, world: &World, arguments: &[String]) {
        world.run("confirm");
        self.command(world, arguments).run().expect(0);
        world.run("confirm");
        eventually("the watchdogs end", || unconfirmed(world).is_empty());
    }
}

#[test]
fn changes_of_the_global_pull_secret_that_are_ended_at_any_moment_are_finished_by_the_next() {
    let mut world = World::new();
    for (name, command) in [
        ("global update --robot", "update --robot myorg+deploy"),
        ("global update", "update"),
        ("global remove", "remove"),
        ("global rollback", "rollback"),
    ] {
        at_any_moment(name, &mut world, &mut Change::new(command));
    }
}

#[test]
fn an_update_with_a_deadline_that_is_ended_at_any_moment_is_finished_by_the_next() {
    let mut world = World::new();
    let mut confirmed = Confirmed {
        before: String::new(),
        after: String::new(),
    };
    at_any_moment("global update --confirm-within", &mut world, &mut confirmed);
}
