//! Requests to the cluster that are refused, cut off, left hanging or answered to nobody.

use crate::faults::world::{ROBOT, World, line_of, names, references, world};
use quay_sandbox::http::{Fault, FaultAction};
use quay_tests::{auth, pull_secret_of, text_of};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long one request may take in these tests.
const TIMEOUT: &str = "--request-timeout=1s";

/// Longer than any run with one fault takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Everything a request can meet, and whether the same run gets over it. A request that
/// hangs has used up its time, and is reported.
fn actions() -> [(&'static str, FaultAction, bool); 7] {
    let unavailable = FaultAction::Status {
        code: 503,
        content_type: "text/plain".to_owned(),
        body: "apiserver is shutting down\n".to_owned(),
        headers: Vec::new(),
    };
    let too_many = FaultAction::TooManyRequests {
        retry_after_seconds: 0,
    };
    [
        ("429", too_many, true),
        ("500", FaultAction::Html500, true),
        ("503", unavailable, true),
        ("reset", FaultAction::Reset, true),
        ("half a body", FaultAction::HalfBody, true),
        ("answer lost", FaultAction::AnswerLost, true),
        ("stall", FaultAction::Stall, false),
    ]
}

/// A repair of a few secrets in one namespace.
struct Repair {
    world: World,
    namespace: String,
}

impl Repair {
    fn new() -> Self {
        let world = world();
        let content = world.mixed(ROBOT, &world.token());
        let namespace = world.cluster.fresh_namespace("answers", |namespace| {
            let secret = |number| pull_secret_of(namespace, &format!("s{number}"), &content);
            (0..6).map(secret).collect()
        });
        Self { world, namespace }
    }

    /// Makes every secret stale and lets the fault happen to the next run.
    fn begin(&mut self, fault: Fault) {
        self.world.regenerate();
        self.world.faulty.faults().clear();
        self.world.faulty.faults().add(fault);
    }

    fn stale(&self) -> Vec<String> {
        let current = self.world.mixed(ROBOT, &self.world.token());
        let mut secrets = self.world.list(&self.namespace, "secrets");
        assert_eq!(secrets.len(), 6);
        secrets.retain(|secret| text_of(secret) != current);
        names(&secrets).into_iter().map(str::to_owned).collect()
    }
}

#[test]
fn a_repair_gets_over_one_bad_answer_or_names_what_it_could_not_do() {
    let mut repair = Repair::new();
    let namespace = repair.namespace.clone();
    let arguments = ["sync", "-n", &namespace, TIMEOUT];
    for (name, action, gets_over) in actions() {
        for (method, path) in [("GET", "/secrets?"), ("PATCH", "/secrets/s3")] {
            println!("{name} of {method} {path}");
            let method = method.parse().expect("a method");
            repair.begin(Fault::once(method, path, action.clone()));
            let began = Instant::now();
            let output = repair.world.run(arguments);
            assert!(began.elapsed() < LIMIT);
            assert_eq!(repair.world.faulty.faults().hits(), 1);
            if gets_over {
                output.expect(0);
            } else if path.ends_with('?') {
                output
                    .expect(1)
                    .says("no answer within 1s")
                    .says(&namespace);
                assert_eq!(repair.stale().len(), 6);
            } else {
                let output = output.expect(1).says("5 updated, 1 failed");
                let line = line_of(&output.stdout, "s3");
                assert!(line.contains("failed") && line.contains("no answer within 1s"));
                assert_eq!(repair.stale(), ["s3"]);
            }
            if !gets_over {
                repair.world.run(arguments).expect(0);
            }
            assert!(repair.stale().is_empty());
        }
    }
}

#[test]
fn a_secret_whose_writes_never_succeed_is_named_and_holds_up_no_other() {
    let mut repair = Repair::new();
    let namespace = repair.namespace.clone();
    let refused = ["429", "500", "503"];
    for (name, action, _) in actions() {
        if !refused.contains(&name) {
            continue;
        }
        println!("every PATCH: {name}");
        repair.begin(Fault::always(
            "PATCH".parse().expect("a method"),
            "/secrets/s3",
            action,
        ));
        let began = Instant::now();
        let output = repair
            .world
            .run(format!("sync -n {namespace} {TIMEOUT}"))
            .expect(1);
        assert!(began.elapsed() < LIMIT);
        let line = line_of(&output.stdout, "s3");
        assert!(line.contains("failed") && line.contains(name), "{line}");
        assert_eq!(repair.stale(), ["s3"]);
    }
}

/// Two fresh namespaces to which the robot is brought.
fn fresh(world: &World) -> Vec<String> {
    let builder = |namespace: &str| {
        vec![json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "builder", "namespace": namespace},
            "imagePullSecrets": [{"name": "theirs"}],
        })]
    };
    world.cluster.fresh_namespaces("brought", 2, builder)
}

fn assert_brought(world: &World, namespaces: &[String]) {
    let content = json!({"auths": {world.registry(): {"auth": auth(ROBOT, &world.token())}}});
    for namespace in namespaces {
        let secrets = world.list(namespace, "secrets");
        assert_eq!(names(&secrets), ["quay-pull-secret"]);
        assert_eq!(text_of(&secrets[0]), content.to_string());
        let builder = world.cluster.get(namespace, "serviceaccount/builder");
        assert_eq!(references(&builder), ["theirs", "quay-pull-secret"]);
    }
}

#[test]
fn a_robot_is_brought_past_one_bad_answer_or_the_place_is_named() {
    let world = world();
    for (name, action, gets_over) in actions() {
        for (method, path) in [
            ("GET", "/secrets?"),
            ("POST", "/secrets"),
            ("GET", "/serviceaccounts/builder"),
            ("PATCH", "/serviceaccounts/builder"),
        ] {
            println!("{name} of {method} {path}");
            let namespaces = fresh(&world);
            let path = format!("/namespaces/{}{path}", namespaces[1]);
            let method = method.parse().expect("a method");
            world.faulty.faults().clear();
            world
                .faulty
                .faults()
                .add(Fault::once(method, &path, action.clone()));
            let mut arguments = vec!["sync", "--robot", ROBOT, TIMEOUT];
            arguments.extend(["--service-account", "builder"]);
            for namespace in &namespaces {
                arguments.extend(["-n", namespace]);
            }
            let output = world.run(&arguments);
            assert_eq!(world.faulty.faults().hits(), 1);
            if gets_over {
                output.expect(0);
            } else {
                let output = output.expect(1);
                let told = output.stdout + &output.stderr;
                assert!(told.contains("no answer within 1s"), "{told}");
                assert!(told.contains(&namespaces[1]), "{told}");
                world.run(&arguments).expect(0);
            }
            assert_brought(&world, &namespaces);
        }
    }
}
