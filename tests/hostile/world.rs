//! An honest Quay and cluster, liars beside them, and who may know what.

use crate::hostile::lies;
use crate::hostile::rows::{Hands, Row, Way};
use quay_sandbox::http::{Authority, RequestLog, Server, ServerOptions};
use quay_sandbox::ocm::Ocm;
use quay_sandbox::openshift;
use quay_tests::{
    ConnectProxy, FaultyCluster, Leaks, Plugin, TestCluster, TestContext, TestQuay, auth,
    pull_secret,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The robot that commands are about, and another one of the honest Quay.
pub const ROBOT: &str = "myorg+deploy";
pub const OTHER_ROBOT: &str = "myorg+ci";
const SCOPES: &str = "org:admin repo:admin user:admin user:read";

/// Somebody who listens, and what may arrive there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Listener {
    /// The lying registry: its own tokens.
    Registry,
    /// The lying API server: its own user's token, and what the command is to hand over.
    ApiServer,
    /// Where realms and redirects lead: nothing at all.
    Elsewhere,
    /// The same without TLS.
    ElsewherePlain,
}

/// A test's surroundings.
pub struct World {
    context: TestContext,
    cluster: TestCluster,
    /// The way to the honest cluster, where what arrives can be looked at.
    near: FaultyCluster,
    lured: TestCluster,
    pub api: FaultyCluster,
    pub honest: TestQuay,
    pub liar: TestQuay,
    pub liar_api_token: String,
    elsewhere: Server,
    elsewhere_plain: Server,
    ocm: Ocm,
    /// Nothing here may ask the registries of the real world.
    _proxy: ConnectProxy,
    /// What only the honest may know; of robots, every token they ever had here.
    secrets: BTreeSet<String>,
    robots: BTreeSet<String>,
    /// The liars' own.
    liars: BTreeSet<String>,
    /// How much of each transcript was looked at.
    seen: BTreeMap<Listener, usize>,
}

impl World {
    pub fn new() -> Self {
        let mut context = TestContext::new(Plugin::PullSecret);
        let proxy = ConnectProxy::start();
        context.set("HTTPS_PROXY", &proxy.url());
        let liar = TestQuay::start(&mut context);
        let honest = TestQuay::start(&mut context);
        let authority = Authority::new().expect("an authority");
        let elsewhere = listener(Some(&authority));
        let ocm = Ocm::start().expect("the stand-in starts");
        // Everybody is trusted: what does not arrive is not sent.
        let authorities = [
            liar.quay.ca_pem(),
            honest.quay.ca_pem(),
            authority.pem(),
            ocm.ca_pem(),
        ];
        let ca = context.file("all.pem", &authorities.concat());
        for name in ["QUAY_CA_FILE", "OCM_CA_FILE"] {
            context.set(name, &ca.to_string_lossy());
        }
        context.unset("QUAY_URL");
        let (cluster, lured) = (TestCluster::own(), TestCluster::small("liar"));
        let mut world = Self {
            near: cluster.behind_proxy(),
            api: lured.behind_proxy(),
            cluster,
            lured,
            liar_api_token: liar.token(&mut context, SCOPES),
            honest,
            liar,
            elsewhere,
            elsewhere_plain: listener(None),
            ocm,
            _proxy: proxy,
            secrets: BTreeSet::new(),
            robots: BTreeSet::new(),
            liars: BTreeSet::new(),
            seen: BTreeMap::new(),
            context,
        };
        world.log_in();
        world.join_clusters();
        world.lure();
        for (_, log) in world.listeners() {
            log.keep_transcript();
        }
        for log in [world.honest.quay.server().log(), world.near.log()] {
            log.keep_transcript();
        }
        world
    }

    pub fn liar_registry(&self) -> String {
        self.liar.registry().replace("localhost", "127.0.0.1")
    }

    /// The address that the liar is known by; its own name is `localhost`.
    pub fn liar_url(&self) -> String {
        self.liar.quay.url().replace("localhost", "127.0.0.1")
    }

    pub fn elsewhere_host(&self) -> String {
        format!("localhost:{}", self.elsewhere.port())
    }

    pub fn elsewhere(&self) -> String {
        format!("https://{}", self.elsewhere_host())
    }

    pub fn elsewhere_plain(&self) -> String {
        format!("http://127.0.0.1:{}", self.elsewhere_plain.port())
    }

    /// Logins to the liar, the honest Quay and Red Hat, in a file; the honest Quay is the default.
    fn log_in(&mut self) {
        lies::tell_the_truth(self);
        let honest = self.honest.token(&mut self.context, SCOPES);
        let login = "login --token-stdin --insecure-storage";
        for (url, token) in [
            (self.liar_url(), &self.liar_api_token),
            (self.honest.quay.url(), &honest),
        ] {
            let line = format!("{login} --quay-url {url}");
            self.start(Plugin::Robot, &line, token, &Way::default())
                .expect(0);
        }
        let (line, offline) = self.ocm_login();
        self.start(Plugin::Global, &line, &offline, &Way::default())
            .expect(0);
        let pull_token = self.ocm.edit(|state| state.pull_token.clone());
        self.secrets.extend([honest, offline, pull_token]);
        let access = (1..100).map(|number| format!("access-token-number-{number}"));
        self.secrets.extend(access);
        self.liars.insert(self.liar_api_token.clone());
        self.liars.insert(self.liar.robot_token.clone());
    }

    /// The command that logs in to Red Hat's services, and its stdin.
    pub fn ocm_login(&self) -> (String, String) {
        let (url, token_url) = (self.ocm.url(), self.ocm.token_url());
        let line = format!(
            "ocm login --token-stdin --insecure-storage --ocm-url {url} --ocm-token-url {token_url}"
        );
        (line, self.ocm.edit(|state| state.offline_token.clone()))
    }

    /// One kubeconfig for both; each has a user of its own.
    fn join_clusters(&mut self) {
        let read = |text: String| -> Value { serde_json::from_str(&text).expect("JSON") };
        let mut config = read(self.near.kubeconfig("honest"));
        let lying = read(self.api.kubeconfig("liar"));
        let token = |config: &Value| {
            config["users"][0]["user"]["token"]
                .as_str()
                .map(str::to_owned)
        };
        self.secrets.extend(token(&config));
        self.liars.extend(token(&lying));
        for kind in ["clusters", "users", "contexts"] {
            let more = lying[kind][0].clone();
            config[kind].as_array_mut().expect("a list").push(more);
        }
        let path = self.context.file("kubeconfig", &config.to_string());
        self.context.set("KUBECONFIG", &path.to_string_lossy());
    }

    /// Namespaces with entries for everybody: of the liar's host, of hosts that it claims, of
    /// well-known registries, and with robots that others own.
    fn lure(&mut self) {
        self.honest
            .quay
            .edit(|state| [OTHER_ROBOT, "other+robot"].map(|robot| state.add_robot(robot)));
        let foreign = ["F", "G", "H"].map(|letter| letter.repeat(64));
        self.secrets.extend(foreign.clone());
        let (honest, liar) = (self.honest.registry().to_owned(), self.liar_registry());
        let current = self.honest.robot_token.clone();
        let entry = |robot: &str, password: &str| json!({"auth": auth(robot, password)});
        let lure = |current: &str, [redhat, docker, theirs]: [String; 3]| {
            json!({
                honest.clone(): entry(ROBOT, current),
                liar.clone(): entry(ROBOT, &self.liar.robot_token),
                "registry.redhat.io": entry("redhat", &redhat),
                "https://index.docker.io/v1/": entry("hub", &docker),
                self.elsewhere_host(): entry("somebody", &theirs),
            })
        };
        // What stands in the liar's own cluster it knows.
        let known = ["L", "M", "N"].map(|letter| letter.repeat(64));
        let lures = [
            (&self.cluster, lure(&current, foreign)),
            (&self.lured, lure(&"O".repeat(64), known)),
        ];
        let of_others = json!({
            format!("{honest}/a"): entry(OTHER_ROBOT, "x"),
            format!("{honest}/b"): entry("other+robot", "x"),
            format!("{liar}/c"): entry("other+robot", "x"),
        });
        for (cluster, lure) in lures {
            cluster.kubectl("create namespace lure");
            cluster.create(&pull_secret("lure", "lure", &lure));
            cluster.create(&pull_secret("lure", "of-others", &of_others));
        }
    }

    /// A global pull secret in both clusters.
    pub fn become_openshift(&mut self) {
        let pull_token = self.ocm.edit(|state| state.pull_token.clone());
        let mut auths = openshift::red_hat_entries(&pull_token, "alice@example.com");
        let stale = auth(ROBOT, &"O".repeat(64));
        auths[self.honest.registry()] = json!({"auth": stale});
        auths[self.liar_registry()] = json!({"auth": auth(ROBOT, &self.liar.robot_token)});
        auths["docker.io"] = json!({"auth": auth("hub", &"G".repeat(64))});
        self.cluster.become_openshift();
        let secret = pull_secret("openshift-config", "pull-secret", &auths);
        self.cluster.create(&secret);
    }

    /// The commands of a plugin that reach for something.
    pub fn commands(&self, plugin: Plugin) -> BTreeSet<String> {
        let mut commands = self.context.commands(plugin);
        commands.remove("help");
        commands
    }

    /// Runs every line of a row, and looks at what the liars got.
    pub fn run(&mut self, plugin: Plugin, row: &Row, way: &Way) {
        for line in &row.lines {
            let output = self.start(plugin, line, &row.stdin, way);
            let told = format!("{line} {way:?}: {}", output.stderr);
            assert!((0..=1).contains(&output.code), "{told}");
            assert!(!output.stderr.contains("panicked"), "{told}");
            let handed = way.chooses_liar() && row.hands == Hands::Robots;
            self.check(handed, &told);
        }
    }

    /// Asks for completion, which may use what is stored, and looks at what the liars got.
    pub fn complete(&mut self, plugin: Plugin, words: &[&str], way: &Way) {
        let name = match plugin {
            Plugin::Robot => "kubectl_complete-quay_robot",
            Plugin::PullSecret => "kubectl_complete-quay_pullsecret",
            Plugin::Global => "oc_complete-quay_global",
        };
        let link = self.context.path(name);
        if !link.exists() {
            std::os::unix::fs::symlink(plugin, &link).expect("a link");
        }
        let mut words = words.to_vec();
        let at = words.len() - 1;
        words.splice(at..at, way.flags.iter().map(String::as_str));
        let mut run = self.context.program(&link, &words);
        for (name, value) in &way.environment {
            run = run.env(name, value);
        }
        let told = format!("completing {words:?} {way:?}");
        assert_eq!(run.keeps().run().code, 0, "{told}");
        self.check(false, &told);
    }

    fn start(&self, plugin: Plugin, line: &str, stdin: &str, way: &Way) -> quay_tests::Output {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.extend(way.flags.iter().map(String::as_str));
        let mut run = self.context.program(plugin, &words);
        for (name, value) in &way.environment {
            run = run.env(name, value);
        }
        run.stdin(stdin).keeps().run()
    }

    fn listeners(&self) -> [(Listener, &RequestLog); 4] {
        [
            (Listener::Registry, self.liar.quay.server().log()),
            (Listener::ApiServer, self.api.log()),
            (Listener::Elsewhere, self.elsewhere.log()),
            (Listener::ElsewherePlain, self.elsewhere_plain.log()),
        ]
    }

    /// What no listener may hear, and what this one may not.
    fn forbidden(&self, listener: Listener, robots_are_handed: bool) -> Leaks {
        let mut leaks = Leaks::default();
        self.secrets.iter().for_each(|secret| leaks.watch(secret));
        if !(listener == Listener::ApiServer && robots_are_handed) {
            self.robots.iter().for_each(|token| leaks.watch(token));
        }
        if matches!(listener, Listener::Elsewhere | Listener::ElsewherePlain) {
            self.liars.iter().for_each(|token| leaks.watch(token));
        }
        leaks
    }

    #[track_caller]
    fn check(&mut self, robots_are_handed: bool, told: &str) {
        for robot in [ROBOT, OTHER_ROBOT, "other+robot", "myorg+tmp"] {
            self.robots.extend(self.honest.token_of_robot(robot));
        }
        let mut seen = std::mem::take(&mut self.seen);
        for (listener, log) in self.listeners() {
            let transcript = log.transcript();
            let from = seen.insert(listener, transcript.len()).unwrap_or(0);
            let found = self
                .forbidden(listener, robots_are_handed)
                .find(&transcript[from..]);
            assert_eq!(found, None, "{listener:?} got it from {told}");
        }
        self.seen = seen;
    }

    /// Looks at everything once more, for tokens that became known later; and whether those who
    /// may know them got theirs, so that they would have been seen.
    pub fn check_everything(&self) {
        for (listener, log) in self.listeners() {
            let mut leaks = self.forbidden(listener, true);
            if listener != Listener::ApiServer {
                self.robots.iter().for_each(|token| leaks.watch(token));
            }
            assert_eq!(leaks.find(&log.transcript()), None, "{listener:?}");
        }
        let heard = |log: &RequestLog, secrets: &BTreeSet<String>| {
            let mut leaks = Leaks::default();
            secrets.iter().for_each(|secret| leaks.watch(secret));
            leaks.find(&log.transcript()).is_some()
        };
        assert!(heard(self.honest.quay.server().log(), &self.secrets));
        assert!(heard(self.liar.quay.server().log(), &self.liars));
        assert!(heard(self.near.log(), &self.secrets));
        assert!(heard(self.api.log(), &self.liars));
    }
}

/// Somebody who answers every request with a token, and writes it down.
fn listener(authority: Option<&std::sync::Arc<Authority>>) -> Server {
    let token = json!({"token": "e30.e30.e30", "access_token": "e30.e30.e30"});
    let options = ServerOptions {
        authority: authority.cloned(),
        ..ServerOptions::default()
    };
    Server::answering(&token, options).expect("a port")
}
