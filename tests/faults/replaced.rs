//! `sync --force` of an immutable secret, killed: there is no way to change it in place,
//! so it is copied, deleted, created and the copy deleted.

use crate::faults::kill::{Promise, at_every_request};
use crate::faults::world::{ROBOT, World, decoded, names, world};
use quay_tests::{pull_secret_of, text_of};
use serde_json::{Value, json};

/// The copy, the removal, the new secret, the removal of the copy.
const REQUESTS: usize = 4;

pub struct Replacement {
    namespace: String,
    old: String,
}

impl Replacement {
    pub fn new(world: &World) -> Self {
        Self {
            namespace: String::new(),
            old: world.mixed(ROBOT, &"O".repeat(64)),
        }
    }

    fn is_whole(&self, world: &World, secret: &Value) -> bool {
        let text = text_of(secret);
        let texts = [self.old.clone(), world.mixed(ROBOT, &world.token())];
        texts.contains(&text)
            && secret["immutable"] == true
            && secret["type"] == "kubernetes.io/dockerconfigjson"
            && secret["metadata"]["name"] == "fixed"
            && secret["metadata"]["labels"] == json!({"team": "shop"})
    }
}

impl Promise for Replacement {
    fn prepare(&mut self, world: &mut World) -> Vec<String> {
        self.namespace = world.cluster.fresh_namespace("replaced", |namespace| {
            let mut secret = pull_secret_of(namespace, "fixed", &self.old);
            secret["immutable"] = json!(true);
            secret["metadata"]["labels"] = json!({"team": "shop"});
            vec![secret]
        });
        ["sync", "--force", "-n", &self.namespace]
            .map(str::to_owned)
            .to_vec()
    }

    /// All of it is in the secret, or in the copy that exists meanwhile.
    fn nothing_is_lost(&self, world: &World) {
        let secrets = world.list(&self.namespace, "secrets");
        println!("there are {:?}", names(&secrets));
        assert!(!secrets.is_empty());
        for secret in &secrets {
            let kept = decoded(&secret["data"]["secret.json"]);
            let kept: Value = serde_json::from_str(&kept).unwrap_or_default();
            assert!(self.is_whole(world, secret) || self.is_whole(world, &kept));
        }
    }

    fn is_kept(&self, world: &World) {
        let secrets = world.list(&self.namespace, "secrets");
        assert_eq!(names(&secrets), ["fixed"]);
        assert!(self.is_whole(world, &secrets[0]));
        assert_eq!(text_of(&secrets[0]), world.mixed(ROBOT, &world.token()));
    }

    fn targets(&self) -> Vec<String> {
        vec!["fixed".to_owned()]
    }
}

#[test]
fn an_immutable_secret_is_somewhere_whatever_is_killed_and_replaced_by_the_next() {
    let mut world = world();
    let mut replacement = Replacement::new(&world);
    at_every_request(&mut world, &mut replacement, REQUESTS);
}
