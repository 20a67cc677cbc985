//! Registries that nobody but a pull secret names: whoever may write one leads the user's machine
//! to them, with any password, and each may be as slow and as loud as it likes. What they may do is
//! bounded, in time, memory and words, and never reaches this machine's own services.

mod bounds;
mod lies;

use crate::pullsecret::explain::{image, pod};
use crate::pullsecret::world::{ROBOT, World, item, without_login, world};
use quay_sandbox::http::{
    Authority, Fault, FaultAction, Pieces, Server, ServerOptions, drip, goaway,
};
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

/// This machine and its link, in every spelling.
pub const OWN_ADDRESSES: [&str; 12] = [
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
    let mut auths = Map::new();
    for (number, host) in OWN_ADDRESSES.iter().enumerate() {
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
