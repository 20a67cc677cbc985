//! `sync`, killed.

use crate::faults::kill::{Promise, at_every_request};
use crate::faults::world::{ROBOT, World, names, references, world};
use quay_tests::{auth, pull_secret, pull_secret_of, text_of};
use serde_json::{Value, json};

/// How many secrets `sync` repairs.
const SECRETS: usize = 12;

/// `sync`: twelve stale secrets between other people's things.
pub struct Repair {
    namespace: String,
    secrets: Vec<Value>,
    old: String,
    new: String,
}

impl Repair {
    pub fn new(world: &World) -> Self {
        let namespace = world.cluster.namespace("repair");
        let content = world.mixed(ROBOT, &world.token());
        let objects: Vec<Value> = (0..SECRETS)
            .map(|number| pull_secret_of(&namespace, &format!("s{number:02}"), &content))
            .collect();
        world.cluster.create_all(&objects);
        Self {
            secrets: world.list(&namespace, "secrets"),
            namespace,
            old: content.clone(),
            new: content,
        }
    }

    /// The same objects as in the beginning, and of each the text.
    fn texts(&self, world: &World) -> Vec<String> {
        let now = world.list(&self.namespace, "secrets");
        let uids = |secrets: &[Value]| -> Vec<Value> {
            let uid = |secret: &Value| secret["metadata"]["uid"].clone();
            secrets.iter().map(uid).collect()
        };
        assert_eq!(uids(&now), uids(&self.secrets));
        now.iter().map(text_of).collect()
    }
}

impl Promise for Repair {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        self.old = world.mixed(ROBOT, &world.token());
        let token = world.regenerate();
        self.new = world.mixed(ROBOT, &token);
        ["sync", "-n", &self.namespace].map(str::to_owned).to_vec()
    }

    fn nothing_is_lost(&self, world: &World) {
        for text in self.texts(world) {
            assert!(text == self.old || text == self.new, "{text}");
        }
    }

    fn is_kept(&self, world: &World) {
        for text in self.texts(world) {
            assert_eq!(text, self.new);
        }
    }

    fn targets(&self) -> Vec<String> {
        names(&self.secrets)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }
}

#[test]
fn a_repair_that_is_killed_anywhere_is_completed_by_the_next() {
    let mut world = world();
    let mut repair = Repair::new(&world);
    at_every_request(&mut world, &mut repair, SECRETS);
}

/// `sync --robot` in fresh namespaces, where a second account has a reference already.
#[derive(Default)]
pub struct Ensure {
    namespaces: Vec<String>,
}

impl Promise for Ensure {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        self.namespaces = world.cluster.fresh_namespaces("ensure", 4, |namespace| {
            vec![json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "builder", "namespace": namespace},
                "imagePullSecrets": [{"name": "theirs"}],
            })]
        });
        let mut arguments = vec!["sync", "--robot", ROBOT];
        arguments.extend(["--service-account", "default"]);
        arguments.extend(["--service-account", "builder"]);
        for namespace in &self.namespaces {
            arguments.extend(["-n", namespace]);
        }
        arguments.into_iter().map(str::to_owned).collect()
    }

    fn nothing_is_lost(&self, world: &World) {
        let accounts = world
            .cluster
            .items("get --all-namespaces serviceaccounts -o json");
        for namespace in &self.namespaces {
            let builder = &within(&accounts, namespace)[0];
            assert_eq!(references(builder)[0], "theirs");
        }
    }

    fn is_kept(&self, world: &World) {
        let auths = json!({world.registry(): {"auth": auth(ROBOT, &world.token())}});
        let objects = world
            .cluster
            .items("get --all-namespaces secrets,serviceaccounts -o json");
        for namespace in &self.namespaces {
            let objects = within(&objects, namespace);
            assert_eq!(names(&objects), ["quay-pull-secret", "builder", "default"]);
            let wanted = pull_secret(namespace, "quay-pull-secret", &auths);
            assert_eq!(objects[0]["data"], wanted["data"]);
            assert_eq!(references(&objects[1]), ["theirs", "quay-pull-secret"]);
            assert_eq!(references(&objects[2]), ["quay-pull-secret"]);
        }
    }

    fn targets(&self) -> Vec<String> {
        self.namespaces.clone()
    }
}

fn within(objects: &[Value], namespace: &str) -> Vec<Value> {
    let is_in = |object: &&Value| object["metadata"]["namespace"] == namespace;
    objects.iter().filter(is_in).cloned().collect()
}

#[test]
fn a_robot_that_is_brought_to_namespaces_arrives_once_in_each_whatever_is_killed() {
    let mut world = world();
    at_every_request(&mut world, &mut Ensure::default(), 4 * 3);
}
