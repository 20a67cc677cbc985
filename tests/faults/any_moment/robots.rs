//! Commands of `kubectl quay-robot` about robots and their roles, and logging in.

use super::at_any_moment;
use crate::faults::kill::Promise;
use crate::faults::world::{ROBOT, World};
use quay_sandbox::quay::Role;
use quay_tests::{Plugin, Run};

const REPOSITORIES: [&str; 6] = ["r0", "r1", "r2", "r3", "r4", "r5"];

fn world() -> World {
    let world = World::new(Plugin::Robot, "faults").signed_in("org:admin repo:admin");
    world.quay.quay.edit(|state| {
        for name in REPOSITORIES {
            state.add_repository("myorg", name, false);
        }
    });
    world
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Which of the repositories a robot may pull.
fn roles(world: &World, robot: &str) -> usize {
    let rights = world.quay.quay.read(|state| state.rights_of(robot));
    let ours = REPOSITORIES.map(|name| format!("role read on {name}"));
    ours.iter().filter(|right| rights.contains(right)).count()
}

/// What the other robot could do before is what it can do now.
#[track_caller]
fn keeps_its_own_role(world: &World) {
    let rights = world.quay.quay.read(|state| state.rights_of(ROBOT));
    assert!(
        rights.contains(&"role read on my-app".to_owned()),
        "{rights:?}"
    );
}

fn named(prefix: &str) -> Vec<String> {
    let repositories = REPOSITORIES.iter();
    repositories
        .map(|name| format!("{prefix}myorg/{name}"))
        .collect()
}

/// `create`, a robot with six roles.
#[derive(Default)]
struct Create {
    made: usize,
}

impl Create {
    fn robot(&self) -> String {
        format!("myorg+made{}", self.made)
    }
}

impl Promise for Create {
    fn prepare(&mut self, _: &mut World) -> Vec<String> {
        self.made += 1;
        let grants = REPOSITORIES.map(|name| format!("--grant {name}")).join(" ");
        words(&format!("create {} --exists-ok {grants}", self.robot()))
    }

    fn nothing_is_lost(&self, world: &World) {
        keeps_its_own_role(world);
    }

    fn is_kept(&self, world: &World) {
        assert!(world.quay.token_of_robot(&self.robot()).is_some());
        assert_eq!(roles(world, &self.robot()), REPOSITORIES.len());
    }

    fn targets(&self) -> Vec<String> {
        named("repository/")
    }
}

/// `grant` and `revoke`, six roles.
struct Roles {
    verb: &'static str,
}

impl Roles {
    fn before(&self) -> Option<Role> {
        (self.verb == "revoke").then_some(Role::Read)
    }
}

impl Promise for Roles {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        world.quay.quay.edit(|state| {
            for name in REPOSITORIES {
                let set = state.set_permission("myorg", name, ROBOT, self.before());
                set.expect("there is such a repository");
            }
        });
        words(&format!("{} {ROBOT} {}", self.verb, REPOSITORIES.join(" ")))
    }

    fn nothing_is_lost(&self, world: &World) {
        keeps_its_own_role(world);
    }

    fn is_kept(&self, world: &World) {
        let wanted = match self.before() {
            None => REPOSITORIES.len(),
            Some(_) => 0,
        };
        assert_eq!(roles(world, ROBOT), wanted);
    }

    fn targets(&self) -> Vec<String> {
        named("repository/")
    }
}

/// `delete`, a robot that has a role.
struct Delete;

const GONE: &str = "myorg+gone";

impl Promise for Delete {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        world.quay.quay.edit(|state| {
            if state.token_of(GONE).is_none() {
                state.add_robot(GONE);
            }
        });
        words(&format!("delete {GONE} --yes"))
    }

    fn nothing_is_lost(&self, world: &World) {
        keeps_its_own_role(world);
    }

    fn is_kept(&self, world: &World) {
        assert_eq!(world.quay.token_of_robot(GONE), None);
    }

    fn targets(&self) -> Vec<String> {
        vec![GONE.to_owned()]
    }

    /// Whoever deletes it twice is told that it is gone.
    fn finish(&self, world: &World, arguments: &[String]) {
        let existed = world.quay.token_of_robot(GONE).is_some();
        let output = self.command(world, arguments).run();
        match existed {
            true => drop(output.expect(0)),
            false => drop(output.expect(1).says(GONE)),
        }
    }
}

/// `login`, beside a login at another registry.
struct Login {
    token: String,
    other: String,
}

impl Login {
    fn new(world: &mut World) -> Self {
        let other = quay_tests::TestQuay::start(&mut world.context);
        let registry = other.registry().to_owned();
        let ca = [other.quay.ca_pem(), world.quay.quay.ca_pem()].concat();
        let ca = world.context.file("both.pem", &ca);
        world.context.set("QUAY_CA_FILE", &ca.to_string_lossy());
        world.context.unset("QUAY_API_TOKEN");
        let token = other.token(&mut world.context, "org:admin");
        let run = world
            .context
            .command("login --token-stdin --insecure-storage");
        run.stdin(&token).keeps().run().expect(0);
        world.context.set("QUAY_URL", &world.quay.quay.url());
        Box::leak(Box::new(other));
        Self {
            token: world.quay.token(&mut world.context, "org:admin"),
            other: registry,
        }
    }

    fn whoami(world: &World, registry: &str) {
        let whoami = format!("whoami --registry {registry}");
        let mut run = world.context.command(whoami).keeps();
        if registry != world.registry() {
            run = run.env("QUAY_URL", "");
        }
        run.run().expect(0).prints("alice");
    }
}

impl Promise for Login {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        let logout = format!("logout --registry {}", world.registry());
        world.context.command(logout).keeps().run();
        words("login --token-stdin --insecure-storage")
    }

    fn nothing_is_lost(&self, world: &World) {
        Self::whoami(world, &self.other);
    }

    fn is_kept(&self, world: &World) {
        Self::whoami(world, world.registry());
    }

    fn command<'a>(&self, world: &'a World, arguments: &[String]) -> Run<'a> {
        let run = world.context.command(arguments);
        run.stdin(&self.token).keeps()
    }
}

#[test]
fn commands_about_robots_that_are_ended_at_any_moment_report_and_are_finished_by_the_next() {
    let mut world = world();
    at_any_moment("create", &mut world, &mut Create::default());
    at_any_moment("grant", &mut world, &mut Roles { verb: "grant" });
    at_any_moment("revoke", &mut world, &mut Roles { verb: "revoke" });
    at_any_moment("robot delete", &mut world, &mut Delete);
}

#[test]
fn a_login_that_is_ended_at_any_moment_loses_no_other_and_is_finished_by_the_next() {
    let mut world = world();
    let mut login = Login::new(&mut world);
    at_any_moment("login", &mut world, &mut login);
}
