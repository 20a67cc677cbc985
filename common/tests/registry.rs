//! What the registry makes of a credential, asked of a stand-in Quay.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its world has failed"
)]

use quay_common::names::RegistryHost;
use quay_common::registry::{Probe, Registry};
use quay_common::web::Endpoint;
use quay_sandbox::http::{Fault, FaultAction};
use quay_sandbox::quay::{Quay, QuayOptions, Role};
use secrecy::SecretString;
use std::path::PathBuf;

const ROBOT: &str = "myorg+deploy";

struct World {
    quay: Quay,
    token: SecretString,
    ca: PathBuf,
}

impl World {
    fn start() -> Self {
        let quay = Quay::start(QuayOptions::default()).unwrap();
        let token = quay.edit(|state| {
            state.add_user("alice", "alice-password");
            state.add_organization("myorg", "alice");
            state.add_repository("myorg", "my-app", false);
            state.add_repository("myorg", "secret-app", false);
            let token = state.add_robot(ROBOT);
            let granted = state.set_permission("myorg", "my-app", ROBOT, Some(Role::Read));
            granted.unwrap();
            token
        });
        let name = format!(
            "registry-{}-{}.pem",
            std::process::id(),
            quay.server().port()
        );
        let ca = std::env::temp_dir().join(name);
        std::fs::write(&ca, quay.ca_pem()).unwrap();
        Self {
            quay,
            token: SecretString::from(token),
            ca,
        }
    }

    /// The registry under this host name; the API is at the same.
    fn registry(&self, host: &str) -> Registry {
        self.registry_called(host, Vec::new())
    }

    /// The same, with these aliases agreed to.
    fn registry_called(&self, host: &str, aliases: Vec<RegistryHost>) -> Registry {
        let host = format!("{host}:{}", self.quay.server().port());
        let mut endpoint = Endpoint::of(host.parse().unwrap());
        endpoint.ca = Some(self.ca.clone());
        endpoint.aliases = aliases;
        Registry::connect(&endpoint).unwrap()
    }

    /// The token requests so far, path with query.
    fn token_requests(&self) -> Vec<String> {
        let all = self.quay.server().log().all().into_iter();
        let asked = all.filter(|request| request.path.starts_with("/v2/auth"));
        asked.map(|request| request.path).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca);
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test]
async fn a_good_credential_tells_what_it_may_pull() {
    let world = World::start();
    let asked = names(&["myorg/secret-app", "myorg/my-app", "myorg/nope", "other/x"]);
    let probe = world
        .registry("localhost")
        .probe(ROBOT, &world.token, &asked)
        .await;
    assert_eq!(
        probe.unwrap(),
        Probe::Accepted {
            subject: Some(ROBOT.to_owned()),
            pullable: names(&["myorg/my-app"]),
            refused: names(&["myorg/secret-app", "myorg/nope", "other/x"]),
        }
    );
}

#[tokio::test]
async fn a_dead_credential_is_refused_in_the_registrys_words() {
    let world = World::start();
    world.quay.edit(|state| state.regenerate(ROBOT)).unwrap();
    let registry = world.registry("localhost");
    let asked = names(&["myorg/my-app"]);
    let probe = registry.probe(ROBOT, &world.token, &asked).await;
    let Probe::Refused { reason } = probe.unwrap() else {
        panic!("a dead token was accepted");
    };
    assert!(reason.contains("Could not find robot"), "{reason}");
}

#[tokio::test]
async fn every_request_has_a_scope_never_push_and_fits_the_proxy() {
    let world = World::start();
    let registry = world.registry("localhost");
    let asked: Vec<String> = (0..200)
        .map(|n| format!("myorg/team/application-{n:03}"))
        .collect();
    registry.probe(ROBOT, &world.token, &asked).await.unwrap();
    registry.probe(ROBOT, &world.token, &[]).await.unwrap();
    let requests = world.token_requests();
    assert!(requests.len() > 3);
    for request in &requests {
        assert!(
            request.contains("scope=") && !request.contains("push"),
            "{request}"
        );
        assert!(request.len() < 4000);
    }
    let scopes: usize = requests.iter().map(|it| it.matches("scope=").count()).sum();
    assert_eq!(scopes, asked.len() + 1);
}

#[tokio::test]
async fn a_realm_on_quays_own_host_name_is_trusted_once_that_was_agreed_to() {
    let world = World::start();
    // SERVER_HOSTNAME is localhost, so the realm is not the host that was asked.
    let asked = names(&["myorg/my-app"]);
    let registry = world.registry("127.0.0.1");
    let failure = registry.probe(ROBOT, &world.token, &asked).await;
    let failure = failure.unwrap_err();
    assert!(
        failure.message().contains(world.quay.registry()),
        "{failure}"
    );
    assert!(world.token_requests().is_empty());
    let alias = world.quay.registry().parse().unwrap();
    let registry = world.registry_called("127.0.0.1", vec![alias]);
    let probe = registry.probe(ROBOT, &world.token, &asked).await;
    assert!(matches!(probe.unwrap(), Probe::Accepted { .. }));
}

#[tokio::test]
async fn a_realm_elsewhere_or_without_tls_gets_no_credential() {
    for realm in [
        "https://evil.example.com/v2/auth",
        "http://quay.example.com/v2/auth",
        "ftp://x/",
    ] {
        let world = World::start();
        let challenge = format!(r#"Bearer realm="{realm}",service="x""#);
        let answer = FaultAction::Status {
            code: 401,
            content_type: "text/html".to_owned(),
            body: "true".to_owned(),
            headers: vec![("Www-Authenticate".to_owned(), challenge)],
        };
        let get = "GET".parse().unwrap();
        world
            .quay
            .server()
            .faults()
            .add(Fault::always(get, "/v2/", answer));
        let registry = world.registry("localhost");
        let failure = registry.probe(ROBOT, &world.token, &[]).await.unwrap_err();
        assert!(failure.message().contains(realm), "{failure}");
        let authorized = |log: &quay_sandbox::http::Recorded| log.authorization.is_some();
        assert_eq!(world.quay.server().log().count(authorized), 0);
    }
}

#[tokio::test]
async fn a_registry_that_asks_nobody_is_told_as_such() {
    let world = World::start();
    let answer = FaultAction::Status {
        code: 200,
        content_type: "text/html".to_owned(),
        body: "<html>".to_owned(),
        headers: Vec::new(),
    };
    let get = "GET".parse().unwrap();
    world
        .quay
        .server()
        .faults()
        .add(Fault::always(get, "/v2/", answer));
    let registry = world.registry("localhost");
    let failure = registry.probe(ROBOT, &world.token, &[]).await.unwrap_err();
    assert!(failure.message().contains("lets everybody in"), "{failure}");
}
