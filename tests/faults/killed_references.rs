//! `attach`, `detach` and `delete --robot`, killed.

use crate::faults::kill::{Promise, at_every_request};
use crate::faults::world::{ROBOT, World, names, references, without_robot, world};
use quay_tests::{auth, pull_secret, pull_secret_of, text_of};
use serde_json::{Value, json};

fn account(namespace: &str, name: &str, secrets: &[&str]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace},
        "imagePullSecrets": named(secrets),
    })
}

fn deployment(namespace: &str, secrets: &[&str]) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [{"name": "web", "image": "web:1"}],
                    "imagePullSecrets": named(secrets),
                },
            },
        },
    })
}

fn named(secrets: &[&str]) -> Vec<Value> {
    secrets.iter().map(|name| json!({"name": name})).collect()
}

/// Two accounts and a workload get or lose one reference between others.
pub struct Change {
    verb: &'static str,
    before: [&'static [&'static str]; 3],
    after: [&'static [&'static str]; 3],
    namespace: String,
}

impl Change {
    pub fn attach() -> Self {
        Self {
            verb: "attach",
            before: [&["theirs"], &[], &["theirs", "more"]],
            after: [&["theirs", "ours"], &["ours"], &["theirs", "more", "ours"]],
            namespace: String::new(),
        }
    }

    pub fn detach() -> Self {
        Self {
            verb: "detach",
            before: [&["theirs", "ours"], &["ours"], &["ours", "more"]],
            after: [&["theirs"], &[], &["more"]],
            namespace: String::new(),
        }
    }

    fn now(&self, world: &World) -> Vec<Vec<String>> {
        let get = |object| world.cluster.get(&self.namespace, object);
        let deployment = get("deployment/web")["spec"]["template"]["spec"].clone();
        [get("serviceaccount/a"), get("serviceaccount/b"), deployment]
            .iter()
            .map(|holder| references(holder).into_iter().map(str::to_owned).collect())
            .collect()
    }
}

impl Promise for Change {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        let alone = json!({world.registry(): {"auth": auth(ROBOT, &world.token())}});
        self.namespace = world.cluster.fresh_namespace(self.verb, |namespace| {
            vec![
                pull_secret(namespace, "ours", &alone),
                account(namespace, "a", self.before[0]),
                account(namespace, "b", self.before[1]),
                deployment(namespace, self.before[2]),
            ]
        });
        let mut arguments = vec![self.verb, "ours", "-n", &self.namespace];
        arguments.extend(["--service-account", "a", "--service-account", "b"]);
        arguments.extend(["--workload", "deployment/web"]);
        arguments.into_iter().map(str::to_owned).collect()
    }

    fn nothing_is_lost(&self, world: &World) {
        for (now, (before, after)) in self
            .now(world)
            .iter()
            .zip(self.before.iter().zip(self.after))
        {
            assert!(now == before || now == after, "{now:?}");
        }
    }

    fn is_kept(&self, world: &World) {
        assert_eq!(self.now(world), self.after);
    }

    fn targets(&self) -> Vec<String> {
        ["serviceaccount/a", "serviceaccount/b", "deployment/web"]
            .map(str::to_owned)
            .to_vec()
    }
}

#[test]
fn references_are_added_exactly_once_whatever_is_killed() {
    at_every_request(&mut world(), &mut Change::attach(), 3);
}

#[test]
fn references_are_removed_and_no_others_whatever_is_killed() {
    at_every_request(&mut world(), &mut Change::detach(), 3);
}

/// `delete --robot`: two secrets with nothing else in them, of which one is referenced,
/// and one between other people's things.
#[derive(Default)]
pub struct Delete {
    namespace: String,
}

impl Promise for Delete {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        let alone = json!({world.registry(): {"auth": auth(ROBOT, &world.token())}});
        let mixed = world.mixed(ROBOT, &world.token());
        self.namespace = world.cluster.fresh_namespace("delete", |namespace| {
            vec![
                pull_secret(namespace, "a-used", &alone),
                pull_secret(namespace, "b-unused", &alone),
                pull_secret_of(namespace, "mixed", &mixed),
                account(namespace, "builder", &["a-used", "mixed", "theirs"]),
                account(namespace, "runner", &["a-used"]),
            ]
        });
        ["delete", "--robot", ROBOT, "--yes", "-n", &self.namespace]
            .map(str::to_owned)
            .to_vec()
    }

    fn nothing_is_lost(&self, world: &World) {
        let mixed = text_of(&world.cluster.get(&self.namespace, "secret/mixed"));
        let whole = world.mixed(ROBOT, &world.token());
        assert!(mixed == whole || mixed == without_robot(), "{mixed}");
        let builder = world.cluster.references(&self.namespace, "builder");
        assert!(builder.ends_with(&["mixed".to_owned(), "theirs".to_owned()]));
    }

    fn is_kept(&self, world: &World) {
        let secrets = world.list(&self.namespace, "secrets");
        assert_eq!(names(&secrets), ["mixed"]);
        assert_eq!(text_of(&secrets[0]), without_robot());
        let of = |account| world.cluster.references(&self.namespace, account);
        assert_eq!(of("builder"), ["mixed", "theirs"]);
        assert!(of("runner").is_empty());
    }

    fn targets(&self) -> Vec<String> {
        ["a-used", "b-unused", "mixed"].map(str::to_owned).to_vec()
    }
}

#[test]
fn a_removal_that_is_killed_anywhere_is_completed_by_the_next() {
    // Two references, two whole secrets, one entry.
    at_every_request(&mut world(), &mut Delete::default(), 5);
}
