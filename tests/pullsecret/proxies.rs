//! Through which proxy an API server is asked: as kubectl decides it.

use crate::pullsecret::world::{World, world};
use quay_tests::{ConnectProxy, FaultyCluster};
use serde_json::{Value, json};

/// An API server whose address is not one of loopback's, so that it is asked through a proxy.
struct Elsewhere {
    world: World,
    _server: FaultyCluster,
    config: Value,
    proxy: ConnectProxy,
}

impl Elsewhere {
    fn new() -> Self {
        let world = world();
        let server = world.cluster.behind_proxy();
        let mut config: Value = serde_json::from_str(&server.kubeconfig("far")).expect("JSON");
        let cluster = &mut config["clusters"][0]["cluster"];
        let address = cluster["server"].as_str().expect("an address");
        cluster["server"] = address.replace("127.0.0.1", "0.0.0.0").into();
        cluster["tls-server-name"] = json!("127.0.0.1");
        Self {
            world,
            _server: server,
            config,
            proxy: ConnectProxy::start(),
        }
    }

    /// Who came to the proxy while secrets were listed with these variables, and while kubectl
    /// read a namespace.
    fn asked(&self, variables: &[(&str, &str)]) -> [usize; 2] {
        let path = self.world.context.file("far", &self.config.to_string());
        let path = path.to_string_lossy();
        let theirs = ["get", "ns", "default", "--kubeconfig", &path];
        let runs = [
            self.world
                .context
                .command(format!("list -n default --kubeconfig {path}")),
            self.world.context.program("kubectl", theirs),
        ];
        runs.map(|mut run| {
            for (name, value) in variables {
                run = run.env(name, value);
            }
            run.run().expect(0);
            self.proxy.heads().len()
        })
    }
}

#[test]
fn the_api_server_is_asked_through_the_proxy_wherever_kubectl_asks_it_so() {
    let mut elsewhere = Elsewhere::new();
    let url = elsewhere.proxy.url();
    let https = ("HTTPS_PROXY", url.as_str());
    let through: &[&[(&str, &str)]] = &[
        &[https],
        &[("https_proxy", &url)],
        &[https, ("NO_PROXY", "example.com,,localhost, 10.0.0.0/8")],
        &[https, ("NO_PROXY", "0.0.0.0:1")],
    ];
    for variables in through {
        let [ours, kubectls] = elsewhere.asked(variables);
        assert!(ours > 0 && kubectls > 0, "{variables:?}");
    }
    let directly: &[&[(&str, &str)]] = &[
        &[("HTTP_PROXY", &url)],
        &[https, ("NO_PROXY", "*")],
        &[https, ("NO_PROXY", "0.0.0.0")],
        &[https, ("NO_PROXY", ""), ("no_proxy", "0.0.0.0/32")],
    ];
    for variables in directly {
        assert_eq!(elsewhere.asked(variables), [0, 0], "{variables:?}");
    }
    // The kubeconfig's own proxy counts whatever the environment says.
    elsewhere.config["clusters"][0]["cluster"]["proxy-url"] = json!(url);
    let [ours, kubectls] = elsewhere.asked(&[("NO_PROXY", "*")]);
    assert!(ours > 0 && kubectls > 0);
}

#[test]
fn a_proxy_that_leads_nowhere_is_named_without_its_password() {
    let elsewhere = Elsewhere::new();
    let mut world = elsewhere.world;
    let password = "sesame-and-lilies-0123456789";
    world.context.watch(password);
    let path = world.context.file("far", &elsewhere.config.to_string());
    let path = path.to_string_lossy().into_owned();
    let proxy = format!("http://me:{password}@127.0.0.1:9");
    let run = world
        .context
        .command(format!("list -n default -vvv --kubeconfig {path}"))
        .env("HTTPS_PROXY", &proxy);
    run.run()
        .expect(1)
        .says("through the proxy http://127.0.0.1:9")
        .says("NO_PROXY");
}
