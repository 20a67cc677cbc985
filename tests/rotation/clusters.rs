//! Several clusters: all of them, or the rotation does not begin.

use crate::rotation::world::{BRIDGE, NO_GRACE, ROBOT, SCOPES, World};
use quay_tests::{NOWHERE, Plugin, TestCluster, TestContext, TestQuay, Words, auth, pull_secret};
use serde_json::{Value, json};

struct Three {
    context: TestContext,
    quay: TestQuay,
    clusters: Vec<TestCluster>,
}

fn three() -> Three {
    with(["one", "two", "three"].map(|name| (name, TestCluster::small(name))))
}

fn with(named: [(&str, TestCluster); 3]) -> Three {
    let mut context = TestContext::new(Plugin::Robot);
    let quay = TestQuay::start(&mut context);
    quay.sign_in(&mut context, SCOPES);
    let files = named.each_ref().map(|(name, cluster)| {
        let path = context.file(name, cluster.kubeconfig());
        path.to_string_lossy().into_owned()
    });
    let clusters = Vec::from(named.map(|(_, cluster)| cluster));
    context.set("KUBECONFIG", &files.join(":"));
    let held = json!({quay.quay.registry(): {"auth": auth(ROBOT, &quay.robot_token)}});
    for cluster in &clusters {
        cluster.kubectl("create namespace shop");
        cluster.create(&pull_secret("shop", "a", &held));
    }
    Three {
        context,
        quay,
        clusters,
    }
}

impl Three {
    fn rotate(&self, more: impl Words) -> quay_tests::Output {
        let mut words = ["rotate", ROBOT, "--yes"].words();
        words.extend(NO_GRACE.words());
        words.extend(more.words());
        self.context.run(words)
    }

    fn token(&self) -> String {
        let token = |state: &quay_sandbox::quay::State| state.token_of(ROBOT).map(str::to_owned);
        self.quay.quay.read(token).expect("the robot exists")
    }

    fn password(&self, cluster: &TestCluster) -> String {
        cluster.password("shop", "a", self.quay.quay.registry())
    }
}

#[test]
fn every_chosen_cluster_gets_the_new_token() {
    for more in [&[][..], &["--in-place"]] {
        let three = three();
        let contexts = ["--context", "one,two,three", "-o", "json"];
        let output = three.rotate([more, &contexts[..]].concat()).expect(0);
        assert_ne!(three.token(), three.quay.robot_token);
        for cluster in &three.clusters {
            assert_eq!(three.password(cluster), three.token());
        }
        let receipt: Value = serde_json::from_str(&output.stdout).expect("JSON");
        assert_eq!(receipt["contexts"], json!(["one", "two", "three"]));
        let proved = receipt["targets"].as_array().map(Vec::len);
        assert_eq!(proved, Some(3));
    }
}

#[test]
fn no_cluster_that_has_the_uid_of_another_is_left_with_a_dead_token() {
    let uid = "0b7e9a52-6a3c-4a5e-8c55-2a8a4f4f9f10";
    for more in [&[][..], &["--in-place"]] {
        let clone = |name| (name, TestCluster::small_with_uid(name, uid));
        let three = with([clone("one"), clone("two"), clone("three")]);
        let output = three.rotate([more, &["--all-contexts"]].concat()).expect(0);
        assert_ne!(three.token(), three.quay.robot_token);
        for cluster in &three.clusters {
            assert_eq!(three.password(cluster), three.token());
        }
        output
            .says("two (https://127.0.0.1:")
            .says("three (https://127.0.0.1:")
            .says("same kube-system UID");
    }
}

#[test]
fn one_cluster_at_two_addresses_is_rotated_by_both() {
    for more in [&[][..], &["--in-place"]] {
        let mut world = World::new(3);
        let other = world.cluster.behind_proxy();
        let files = [("here", &world.faulty), ("there", &other)].map(|(name, proxy)| {
            let path = world.context.file(name, &proxy.kubeconfig(name));
            path.to_string_lossy().into_owned()
        });
        world.context.set("KUBECONFIG", &files.join(":"));
        let namespace = world.namespace.clone();
        let all = ["--all-contexts", "-n", &namespace];
        let output = world.rotate([more, &all].concat()).expect(0);
        output.says("same kube-system UID");
        world.is_at_rest();
    }
}

#[test]
fn a_cluster_that_does_not_answer_stops_the_rotation_before_the_token_changes() {
    for more in [&[][..], &["--in-place"]] {
        let mut three = three();
        drop(three.clusters.remove(1));
        let all = [more, &["--all-contexts"][..]].concat();
        let output = three.rotate(&all).expect(1);
        output.says("two").says("--skip-unreachable two");
        assert_eq!(three.token(), three.quay.robot_token);
        assert_eq!(three.quay.writes(), 0);
        // Naming another one does not help.
        three
            .rotate([&all[..], &["--skip-unreachable", "one"]].concat())
            .expect(1);
        let output = three.rotate([&all[..], &["--skip-unreachable", "two"]].concat());
        // It is done, and not everywhere.
        output.expect(1).says("context two did not answer");
        for cluster in &three.clusters {
            assert_eq!(three.password(cluster), three.token());
        }
    }
}

#[test]
fn a_cluster_that_was_left_out_is_repaired_by_a_sync_once_it_is_back() {
    for more in [&[][..], &["--in-place"]] {
        let three = three();
        // Somebody has looked at it when it was well.
        let verify = ["verify", "-A", "--all-contexts"];
        three
            .context
            .program(Plugin::PullSecret, verify)
            .run()
            .expect(0);
        let kubeconfig = three.clusters[1].kubeconfig();
        let line = kubeconfig.lines().find(|line| line.contains("server:"));
        let away = kubeconfig.replace(line.expect("a server"), "    server: https://127.0.0.1:9");
        three.context.file("two", &away);
        let skip = [more, &["--all-contexts", "--skip-unreachable", "two"]].concat();
        three
            .rotate(&skip)
            .expect(1)
            .says("context two did not answer");
        three.context.file("two", kubeconfig);
        assert_ne!(three.password(&three.clusters[1]), three.token());
        let sync = ["sync", "-A", "--context", "two"];
        let sync = three.context.program(Plugin::PullSecret, sync);
        sync.run().expect(0).says("1 updated");
        assert_eq!(three.password(&three.clusters[1]), three.token());
    }
}

#[test]
fn every_context_that_cannot_be_looked_at_is_named_at_once_and_can_be_left_out() {
    for more in [&[][..], &["--in-place"]] {
        let mut three = three();
        drop(three.clusters.remove(1));
        let file = three.context.file("nowhere", NOWHERE);
        let known = three.context.environment()["KUBECONFIG"].clone();
        let files = format!("{known}:{}", file.to_string_lossy());
        three.context.set("KUBECONFIG", &files);
        let all = [more, &["--all-contexts"][..]].concat();
        let mut output = three.rotate(&all).expect(1);
        for context in ["two", "dangling", "expired"] {
            output = output.says(&format!("--skip-unreachable {context}"));
        }
        output.says("nothing was changed").says("credential plugin");
        assert_eq!(three.token(), three.quay.robot_token);
        assert_eq!(three.quay.writes(), 0);
        let two = [&all[..], &["--skip-unreachable", "two,dangling"]].concat();
        let output = three.rotate(&two).expect(1);
        output.says("--skip-unreachable expired");
        assert_eq!(three.quay.writes(), 0);
        let rest = ["--skip-unreachable", "two,dangling,expired"];
        let output = three.rotate([&all[..], &rest].concat()).expect(1);
        output.says("context expired did not answer");
        for cluster in &three.clusters {
            assert_eq!(three.password(cluster), three.token());
        }
    }
}

#[test]
fn a_run_that_goes_on_with_fewer_clusters_is_refused() {
    let mut three = three();
    let hold = quay_sandbox::http::Hold::default();
    let faults = three.quay.quay.server().faults();
    faults.add(quay_sandbox::http::Fault::once(
        "POST".parse().expect("a method"),
        "/regenerate",
        quay_sandbox::http::FaultAction::HoldBefore(hold.clone()),
    ));
    let arguments = [&["rotate", ROBOT, "--yes"][..], &NO_GRACE].concat();
    let all = [&arguments[..], &["--all-contexts"]].concat();
    let mut run = three.context.command(&all).spawn();
    assert!(run.reaches(&hold, 1));
    drop(run.kill());
    faults.clear();
    for more in [&[][..], &["--abort"], &["--scope-is-complete"]] {
        let less = [&["--context", "one,three"][..], more].concat();
        let output = three.rotate(&less).expect(1);
        assert!(output.stderr.contains("began in"), "{}", output.stderr);
    }
    // Another machine's ledger knows no names.
    let elsewhere = three.context.path("elsewhere");
    let elsewhere = elsewhere.to_string_lossy().into_owned();
    three.context.set("XDG_STATE_HOME", &elsewhere);
    three.quay.outlast_markers();
    let less = ["--take-over", "--context", "one,three"];
    three.rotate(less).expect(1).says("began in 3 clusters");
    three.rotate("--take-over --all-contexts").expect(0);
    for cluster in &three.clusters {
        assert_eq!(three.password(cluster), three.token());
    }
}

#[test]
fn a_cluster_that_goes_away_half_way_is_reported_and_the_next_run_finishes() {
    let world = World::new(3);
    let unreachable = quay_sandbox::http::Fault {
        // The observation, the access review and the rehearsal pass.
        skip: 2,
        ..quay_sandbox::http::Fault::always(
            "PATCH".parse().expect("a method"),
            "/secrets/s1",
            quay_sandbox::http::FaultAction::Reset,
        )
    };
    world.faulty.faults().add(unreachable);
    let output = world.rotate("").expect(1);
    output.says("s1").says("run the same command again");
    world.every_secret_works();
    assert!(world.token_of(BRIDGE).is_some());
    world.heal();
    world.rotate("").expect(0);
    world.is_at_rest();
}
