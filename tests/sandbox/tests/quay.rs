//! What the sandbox's Quay promises beyond the recordings.

mod client;

use std::io;

use client::client;
use quay_sandbox::quay::{Quay, QuayOptions, Role};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;

fn start(options: QuayOptions) -> io::Result<(Quay, Client)> {
    let quay = Quay::start(options)?;
    let client = client(Some(quay.ca_pem()))?;
    quay.edit(|state| {
        state.add_user("admin", "adminpass123");
        state.add_organization("myorg", "admin");
        state.add_repository("myorg", "my-app", false);
        state.add_robot("myorg+deploy");
    });
    Ok((quay, client))
}

/// Logs in to the registry as the robot; `query` comes behind the service.
fn login(client: &Client, quay: &Quay, robot: &str, token: &str, query: &str) -> RequestBuilder {
    let url = format!("{}/v2/auth?service={}{query}", quay.url(), quay.registry());
    client.get(url).basic_auth(robot, Some(token))
}

async fn json(request: RequestBuilder) -> reqwest::Result<(StatusCode, Value)> {
    let response = request.send().await?;
    Ok((response.status(), response.json().await?))
}

/// The payload of a registry token.
fn access(token: &Value) -> Option<Value> {
    use base64::Engine;
    let payload = token["token"].as_str()?.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    Some(claims["access"].clone())
}

#[tokio::test]
async fn a_regenerated_token_replaces_the_old_one_at_once_and_the_history_tells() {
    let (quay, client) = start(QuayOptions::default()).unwrap();
    let old = quay.read(|state| state.token_of("myorg+deploy").unwrap().to_owned());
    let new = quay.edit(|state| state.regenerate("myorg+deploy").unwrap());
    for (token, status) in [(&old, 401), (&new, 200)] {
        let answer = login(&client, &quay, "myorg+deploy", token, "")
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), status);
    }
    let spans = quay.read(|state| state.validity("myorg+deploy"));
    let tokens = [&old, &new].map(|token| quay_sandbox::fingerprint(token.as_bytes()));
    assert_eq!(spans.len(), 2);
    assert_eq!(
        [&spans[0].fingerprint, &spans[1].fingerprint],
        [&tokens[0], &tokens[1]]
    );
    assert!(spans[0].to.unwrap() <= spans[1].from && spans[1].to.is_none());
    quay.edit(|state| state.delete_robot("myorg+deploy"));
    let spans = quay.read(|state| state.validity("myorg+deploy"));
    assert!(spans.iter().all(|span| span.to.is_some()));
}

#[tokio::test]
async fn a_token_that_expires_or_is_revoked_is_nobody() {
    let (quay, client) = start(QuayOptions::default()).unwrap();
    let url = format!("{}/api/v1/organization/myorg/robots", quay.url());
    let mint = || quay.edit(|state| state.mint_token("admin", "org:admin").unwrap());
    let (expired, revoked, good) = (mint(), mint(), mint());
    quay.edit(|state| state.expire_token(&expired) && state.revoke_token(&revoked));
    for (token, status) in [(expired, 401), (revoked, 401), (good, 200)] {
        let answer = client.get(&url).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn the_registry_reads_4094_bytes_of_request_line_over_http1() {
    let options = QuayOptions {
        plain_http: true,
        ..QuayOptions::default()
    };
    let (quay, client) = start(options).unwrap();
    let token = quay.read(|state| state.token_of("myorg+deploy").unwrap().to_owned());
    let line = format!("GET /v2/auth?service={}&x= HTTP/1.1", quay.registry()).len();
    for (length, status) in [(4094, 200), (4095, 400)] {
        let query = format!("&x={}", "x".repeat(length - line));
        let request = login(&client, &quay, "myorg+deploy", &token, &query);
        assert_eq!(request.send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn names_may_differ_between_the_api_and_the_registry() {
    let options = QuayOptions {
        server_hostname: Some("registry.example.com:8443".into()),
        ..QuayOptions::default()
    };
    let (quay, client) = start(options).unwrap();
    let answer = client.get(format!("{}/v2/", quay.url())).send().await;
    let answer = answer.unwrap();
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("realm=\"https://registry.example.com:8443/v2/auth\""));
    let request = client.get(format!("{}/api/v1/user", quay.url()));
    let answer = request.send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap();
    assert_eq!(location, format!("{}/api/v1/user/", quay.url()));
    let config = client.get(format!("{}/config", quay.url()));
    let (_, config) = json(config).await.unwrap();
    let hostname = &config["config"]["SERVER_HOSTNAME"];
    assert_eq!(hostname, "registry.example.com:8443");
}

#[tokio::test]
async fn asking_to_push_creates_the_repository_for_who_may_create() {
    let (quay, client) = start(QuayOptions::default()).unwrap();
    let creator = quay.edit(|state| {
        let token = state.add_robot("myorg+creator");
        state.add_team("myorg", "makers", "creator", &["myorg+creator"])?;
        io::Result::Ok(token)
    });
    let query = "&scope=repository:myorg/fresh:pull,push";
    let request = login(&client, &quay, "myorg+creator", &creator.unwrap(), query);
    let (_, token) = json(request).await.unwrap();
    let actions = &access(&token).unwrap()[0]["actions"];
    assert_eq!(*actions, serde_json::json!(["push", "pull"]));

    let reader = quay.read(|state| state.token_of("myorg+deploy").unwrap().to_owned());
    let query = "&scope=repository:myorg/other:pull,push";
    let request = login(&client, &quay, "myorg+deploy", &reader, query);
    let (_, token) = json(request).await.unwrap();
    assert_eq!(access(&token).unwrap()[0]["actions"], serde_json::json!([]));
}

#[tokio::test]
async fn usage_logs_page_and_tell_performers_apart() {
    let (quay, client) = start(QuayOptions::default()).unwrap();
    let token = quay.edit(|state| {
        for robot in ["myorg+deploy", "myorg+other"] {
            for _ in 0..25 {
                state.log_pull(robot, "myorg", "my-app", "10.0.0.1", "containerd");
            }
        }
        state.mint_token("admin", "org:admin").unwrap()
    });
    let (mut page, mut sizes) = (String::new(), Vec::new());
    loop {
        let url = format!(
            "{}/api/v1/organization/myorg/logs?performer=myorg%2Bdeploy{page}",
            quay.url()
        );
        let (_, body) = json(client.get(url).bearer_auth(&token)).await.unwrap();
        let logs = body["logs"].as_array().unwrap();
        let performer = "/performer/name";
        assert!(
            logs.iter()
                .all(|entry| entry.pointer(performer).unwrap() == "myorg+deploy")
        );
        sizes.push(logs.len());
        let Some(next) = body["next_page"].as_str() else {
            break;
        };
        page = format!("&next_page={}", next.replace('=', "%3D"));
    }
    assert_eq!(sizes, [20, 5]);
}

#[tokio::test]
async fn a_permission_shows_in_the_token_the_moment_it_is_given() {
    let (quay, client) = start(QuayOptions::default()).unwrap();
    let robot = "myorg+deploy";
    let token = quay.read(|state| state.token_of(robot).unwrap().to_owned());
    for role in [None, Some(Role::Read), None] {
        quay.edit(|state| {
            state
                .set_permission("myorg", "my-app", robot, role)
                .unwrap()
        });
        let query = "&scope=repository:myorg/my-app:pull";
        let (_, answer) = json(login(&client, &quay, robot, &token, query))
            .await
            .unwrap();
        let granted = access(&answer).unwrap()[0]["actions"] == serde_json::json!(["pull"]);
        assert_eq!(granted, role.is_some());
    }
}
