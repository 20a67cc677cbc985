//! A registry's other names: what one only calls itself gets it nothing.

use crate::pullsecret::world::{ROBOT, SCOPES, item, world};
use quay_sandbox::http::Recorded;
use quay_tests::{
    Leaks, Output, Plugin, Run, TestCluster, TestContext, TestQuay, Words, auth, claim, pull_secret,
};
use serde_json::{Value, json};

/// Nothing of it is reached from here.
const STRANGER: &str = "images.example.com";
const WELL_KNOWN: &str = "registry.redhat.io";
const OLD: &str = "OLD";

/// Somebody logged in to two Quays, who both have the robot.
struct TwoLogins {
    context: TestContext,
    cluster: &'static TestCluster,
    honest: TestQuay,
    /// Comes first in every list: it is known by its address.
    liar: TestQuay,
}

/// From now on the Quay calls itself `name`, and wants credentials sent to `realm`.
fn calls_itself(quay: &TestQuay, name: &str, realm: &str) {
    let faults = quay.quay.server().faults();
    faults.clear();
    claim(faults, name, realm);
}

impl TwoLogins {
    fn new() -> Self {
        let mut context = TestContext::new(Plugin::PullSecret);
        let cluster = TestCluster::shared("pullsecret");
        cluster.join(&mut context);
        // Nothing here may ask the registries of the real world.
        context.set("HTTPS_PROXY", "http://127.0.0.1:9");
        context.set("NO_PROXY", "127.0.0.1,localhost");
        let honest = TestQuay::start(&mut context);
        let ca = context.file("honest.pem", honest.quay.ca_pem());
        context.set("QUAY_CA_FILE", &ca.to_string_lossy());
        log_in(&mut context, &honest, &honest.quay.url(), &[]).expect(0);
        let liar = TestQuay::start(&mut context);
        let url = liar_url(&liar);
        calls_itself(&liar, STRANGER, &url);
        log_in(&mut context, &liar, &url, &[]).expect(0);
        context.unset("QUAY_URL");
        context.unset("QUAY_CA_FILE");
        liar.quay.server().log().clear();
        Self {
            context,
            cluster,
            honest,
            liar,
        }
    }

    /// The liar calls itself `name`.
    fn lie(&self, name: &str) {
        calls_itself(&self.liar, name, &liar_url(&self.liar));
    }

    fn run(&self, words: impl Words) -> Output {
        self.context.command(words).keeps().run()
    }

    /// A secret that holds `password` of the robot at this host.
    fn secret(&self, namespace: &str, name: &str, host: &str, password: &str) {
        let content = json!({host: {"auth": auth(ROBOT, password)}});
        self.cluster.create(&pull_secret(namespace, name, &content));
    }

    /// The liar was sent no registry credential at all, and none of these tokens in any coat.
    #[track_caller]
    fn liar_got_nothing_of(&self, tokens: &[&str]) {
        let mut leaks = Leaks::default();
        for token in tokens {
            leaks.watch(token);
        }
        let log = self.liar.quay.server().log();
        assert!(log.count(|request| request.path.contains("/config")) > 0);
        assert_eq!(log.count(has_password), 0, "it was sent a credential");
        for request in log.all() {
            assert_eq!(leaks.find(format!("{request:?}").as_bytes()), None);
        }
    }
}

fn has_password(request: &Recorded) -> bool {
    let sent = request.authorization.as_deref();
    sent.is_some_and(|sent| sent.starts_with("Basic"))
}

/// The address that the liar is known by; its own name is `localhost`.
fn liar_url(quay: &TestQuay) -> String {
    quay.quay.url().replace("localhost", "127.0.0.1")
}

/// Runs `login` of the robots' plugin, with the token in a file.
fn log_in(context: &mut TestContext, quay: &TestQuay, url: &str, more: &[&str]) -> Output {
    let token = quay.token(context, SCOPES);
    let login = [
        "login",
        "--token-stdin",
        "--insecure-storage",
        "--quay-url",
        url,
    ];
    let login = [&login[..], more].concat();
    let run: Run<'_> = context.program(Plugin::Robot, &login);
    run.stdin(&token).keeps().run()
}

#[test]
fn a_quay_gets_no_credential_of_a_host_that_it_only_calls_itself() {
    let two = TwoLogins::new();
    let namespace = two.cluster.namespace("liar");
    let (honest, token) = (
        two.honest.registry().to_owned(),
        two.honest.robot_token.clone(),
    );
    let foreign = "F".repeat(64);
    two.secret(&namespace, "honest", &honest, &token);
    two.secret(&namespace, "stranger", STRANGER, &foreign);
    two.secret(&namespace, "well-known", WELL_KNOWN, &foreign);
    for claimed in [honest.as_str(), STRANGER, WELL_KNOWN] {
        two.lie(claimed);
        let output = two.run(format!("verify -n {namespace} -o json"));
        output.says(&format!("calls itself {claimed}"));
        two.liar_got_nothing_of(&[&token, &foreign]);
    }
    // Who is really asked tells that passwords would have been seen.
    assert!(two.honest.quay.server().log().count(has_password) > 0);

    two.lie(STRANGER);
    let output = two.run(format!("verify -n {namespace} -o json")).expect(1);
    let asked = item(&output, &namespace, "honest");
    assert_eq!(
        (&asked["token"], &asked["ok"]),
        (&json!("current"), &json!(true))
    );
    let claimed = item(&output, &namespace, "stranger");
    assert_eq!(
        (&claimed["token"], &claimed["ok"]),
        (&json!("unknown"), &json!(false))
    );
    let text = claimed.to_string();
    assert!(text.contains("alias not agreed"), "{text}");
    assert!(
        text.contains(&format!("--registry-alias {STRANGER}")),
        "{text}"
    );
    let known = item(&output, &namespace, "well-known");
    assert!(!known.to_string().contains("alias not agreed"), "{known}");
}

#[test]
fn sync_writes_nothing_where_a_quay_only_calls_itself_so() {
    let two = TwoLogins::new();
    let namespace = two.cluster.namespace("liar-sync");
    let (honest, token) = (
        two.honest.registry().to_owned(),
        two.honest.robot_token.clone(),
    );
    two.secret(&namespace, "honest", &honest, &token);
    two.secret(&namespace, "stranger", STRANGER, OLD);
    two.secret(&namespace, "well-known", WELL_KNOWN, OLD);
    for claimed in [honest.as_str(), STRANGER, WELL_KNOWN] {
        two.lie(claimed);
        two.run(format!("sync -n {namespace}"));
        for (name, host, password) in [
            ("honest", honest.as_str(), token.as_str()),
            ("stranger", STRANGER, OLD),
            ("well-known", WELL_KNOWN, OLD),
        ] {
            assert_eq!(two.cluster.password(&namespace, name, host), password);
        }
    }
    two.lie(STRANGER);
    let output = two.run(format!("sync -n {namespace} -o json")).expect(1);
    let item = item(&output, &namespace, "stranger");
    assert_eq!(item["result"], "failed", "{item}");
    assert!(item.to_string().contains("alias not agreed"), "{item}");
    let by_robot = ["sync", "--robot", ROBOT, "--registry"];
    let liar = liar_url(&two.liar).replace("https://", "");
    let output = two.run([&by_robot[..], &[&liar, "-n", &namespace]].concat());
    output.expect(1).prints("alias not agreed");
    assert_eq!(two.cluster.password(&namespace, "stranger", STRANGER), OLD);
}

#[test]
fn what_is_somebody_elses_name_cannot_be_agreed_to() {
    let two = TwoLogins::new();
    let namespace = two.cluster.namespace("refused-alias");
    let honest = two.honest.registry().to_owned();
    let liar = liar_url(&two.liar).replace("https://", "");
    for (alias, reason) in [
        (WELL_KNOWN, "well-known registry"),
        (&honest, "because you are logged in to it"),
    ] {
        two.lie(alias);
        let verify = ["verify", "-n", &namespace, "--registry-alias", alias];
        two.run(verify).expect(2).says(reason);
        let named = [&verify[..], &["--registry", &liar]].concat();
        two.run(&named).expect(2).says(reason);
    }
}

#[test]
fn a_name_that_two_logins_have_agreed_to_is_neithers() {
    let two = TwoLogins::new();
    let namespace = two.cluster.namespace("two-claims");
    two.secret(&namespace, "a", STRANGER, OLD);
    calls_itself(&two.honest, STRANGER, &two.honest.quay.url());
    let agreed = ["--registry-alias", STRANGER, "-n", &namespace, "-o", "json"];
    for verb in ["verify", "sync"] {
        let output = two.run([&[verb], &agreed[..]].concat()).expect(1);
        let item = item(&output, &namespace, "a");
        assert!(item.to_string().contains("both have a claim"), "{item}");
    }
    two.liar_got_nothing_of(&[OLD]);
    assert_eq!(two.cluster.password(&namespace, "a", STRANGER), OLD);
    // The only one of them that calls itself so may have it.
    calls_itself(&two.honest, two.honest.registry(), &two.honest.quay.url());
    two.run([&["sync"], &agreed[..]].concat()).expect(0);
    let password = two.cluster.password(&namespace, "a", STRANGER);
    assert_eq!(password, two.liar.robot_token);
}

#[test]
fn an_alias_counts_once_it_was_agreed_to_by_flag_environment_or_login() {
    let mut context = TestContext::new(Plugin::PullSecret);
    let quay = TestQuay::start(&mut context);
    // The registry is known by an address, Quay calls itself `localhost`.
    let (named, url) = (quay.registry().to_owned(), liar_url(&quay));
    context.set("QUAY_URL", &url);
    let cluster = TestCluster::shared("pullsecret");
    cluster.join(&mut context);
    let namespace = cluster.namespace("alias");
    let content = json!({named.as_str(): {"auth": auth(ROBOT, OLD)}});
    cluster.create(&pull_secret(&namespace, "a", &content));
    let password = || cluster.password(&namespace, "a", &named);
    let sync = ["sync", "-n", &namespace];
    let token = quay.token(&mut context, SCOPES);
    let signed_in = |context: &TestContext, arguments: &[&str], alias: &str| {
        let run = context.command(arguments).keeps();
        let run = run.env("QUAY_API_TOKEN", &token);
        run.env("QUAY_REGISTRY_ALIAS", alias).run()
    };
    let output = signed_in(&context, &sync, "").expect(1);
    output.prints("alias not agreed").says("--registry-alias");
    assert_eq!(password(), OLD);

    let by_flag = [&sync[..], &["--registry-alias", &named]].concat();
    signed_in(&context, &by_flag, "")
        .expect(0)
        .prints("updated");
    assert_eq!(password(), quay.robot_token);

    let next = quay.regenerate(&mut context, ROBOT);
    let several = format!("other.example.com,{named}");
    signed_in(&context, &sync, &several)
        .expect(0)
        .prints("updated");
    assert_eq!(password(), next);

    let next = quay.regenerate(&mut context, ROBOT);
    let agree = ["--registry-alias", &named];
    log_in(&mut context, &quay, &url, &agree)
        .expect(0)
        .says("counts as");
    context.unset("QUAY_URL");
    context.unset("QUAY_CA_FILE");
    let output = context.command(sync).keeps().run().expect(0);
    assert!(!output.stderr.contains("calls itself"), "{}", output.stderr);
    assert_eq!(password(), next);
    let verify = context.command(format!("verify -n {namespace}")).keeps();
    verify.run().expect(0);
}

#[test]
fn a_token_service_at_another_host_gets_nothing_and_is_named() {
    let world = world();
    let namespace = world.cluster.namespace("realm");
    world.current_secret(&namespace, "a");
    let elsewhere = TestQuay::start(&mut TestContext::new("true"));
    let service = elsewhere
        .quay
        .url()
        .replace("https://localhost", "https://127.0.0.1");
    calls_itself(world.quay, world.registry(), &service);
    let output = world
        .run(format!("verify -n {namespace} -o json"))
        .expect(1);
    let item: Value = item(&output, &namespace, "a");
    assert_eq!(
        (&item["registry"], &item["token"]),
        (&json!("unknown"), &json!("current"))
    );
    assert!(item.to_string().contains(&service), "{item}");
    assert_eq!(world.quay.quay.server().log().count(has_password), 0);
    assert!(elsewhere.quay.server().log().all().is_empty());
}
