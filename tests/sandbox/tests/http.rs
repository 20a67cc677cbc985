//! The server both stand-ins run on: protocols, log and faults.

mod client;

use std::io;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::AppendHeaders;
use axum::routing::any;
use client::client;
use quay_sandbox::http::{Authority, Fault, FaultAction, Hold, Proxy, Server, ServerOptions};
use reqwest::{Client, Version};

const BODY: &str = "0123456789";

fn start() -> io::Result<(Server, Client)> {
    let authority = Authority::new()?;
    let server = Server::start(
        Router::new().fallback(any(|| async { BODY })),
        ServerOptions {
            authority: Some(authority.clone()),
            ..ServerOptions::default()
        },
    )?;
    let client = client(Some(authority.pem()))?;
    Ok((server, client))
}

fn url(server: &Server, path: &str) -> String {
    format!("https://localhost:{}{path}", server.port())
}

#[tokio::test]
async fn speaks_http2_where_the_client_does_and_counts_one_connection() {
    let (server, client) = start().unwrap();
    for _ in 0..3 {
        let answer = client.get(url(&server, "/a?b=c")).send().await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        assert_eq!(answer.text().await.unwrap(), BODY);
    }
    let all = server.log().all();
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|r| r.path == "/a?b=c" && r.connection == 0));
    assert!(all.iter().all(|r| r.status == Some(200) && !r.mutates));
}

#[tokio::test]
async fn records_a_credential_as_a_fingerprint_only() {
    let (server, client) = start().unwrap();
    let request = client.post(url(&server, "/")).bearer_auth("hunter2");
    request.send().await.unwrap();
    let recorded = &server.log().all()[0];
    assert_eq!(
        recorded.authorization.as_deref(),
        Some("Bearer f52fbd32b2b3")
    );
    assert!(!format!("{recorded:?}").contains("hunter2"));
    assert!(recorded.mutates);
}

#[tokio::test]
async fn a_dry_run_and_an_access_review_mutate_nothing() {
    let (server, client) = start().unwrap();
    for path in [
        "/api/v1/namespaces/a/secrets?dryRun=All",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    ] {
        client.post(url(&server, path)).send().await.unwrap();
    }
    assert_eq!(server.log().count(|r| r.mutates), 0);
}

#[tokio::test]
async fn a_fault_skips_then_hits_then_ends() {
    let (server, client) = start().unwrap();
    server.faults().add(Fault {
        skip: 1,
        times: 2,
        ..Fault::always(Method::GET, "/x", FaultAction::Html429)
    });
    let mut codes = Vec::new();
    for _ in 0..4 {
        let answer = client.get(url(&server, "/x")).send().await.unwrap();
        codes.push(answer.status().as_u16());
    }
    assert_eq!(codes, [200, 429, 429, 200]);
    assert_eq!(server.faults().hits(), 2);
}

#[tokio::test]
async fn a_reset_and_a_lost_answer_reach_the_client_as_broken_connections() {
    for action in [FaultAction::Reset, FaultAction::AnswerLost] {
        let (server, client) = start().unwrap();
        server
            .faults()
            .add(Fault::always(Method::POST, "/", action));
        assert!(client.post(url(&server, "/")).send().await.is_err());
        let all = server.log().all();
        assert!(all.iter().all(|r| r.status.is_none() && r.ended.is_some()));
    }
}

#[tokio::test]
async fn half_a_body_is_an_error_over_both_protocols() {
    for http2 in [true, false] {
        let (server, client) = start().unwrap();
        server
            .faults()
            .add(Fault::always(Method::GET, "/", FaultAction::HalfBody));
        let version = if http2 {
            Version::HTTP_2
        } else {
            Version::HTTP_11
        };
        let request = client.get(url(&server, "/")).version(version);
        let mut answer = request.send().await.unwrap();
        let first = answer.chunk().await.unwrap().unwrap();
        assert_eq!(first.as_ref(), &BODY.as_bytes()[..5]);
        assert!(answer.chunk().await.is_err());
    }
}

#[tokio::test]
async fn a_stalled_request_ends_when_the_client_gives_up() {
    let (server, client) = start().unwrap();
    server
        .faults()
        .add(Fault::once(Method::GET, "/", FaultAction::Stall));
    let request = client
        .get(url(&server, "/"))
        .timeout(Duration::from_millis(50));
    assert!(request.send().await.unwrap_err().is_timeout());
    let answer = client.get(url(&server, "/")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_far_server_takes_its_delay() {
    let far = Duration::from_millis(40);
    let router = Router::new().fallback(any(|| async { BODY }));
    let options = ServerOptions {
        delay: far,
        ..ServerOptions::default()
    };
    let server = Server::start(router, options).unwrap();
    let address = format!("http://127.0.0.1:{}/", server.port());
    let client = client(None).unwrap();
    client.get(address).send().await.unwrap();
    let recorded = &server.log().all()[0];
    assert!(recorded.ended.unwrap() - recorded.began >= far);
}

/// A proxy in front of a server, and a client that trusts the proxy only.
fn start_proxy() -> io::Result<(Server, Proxy, Client)> {
    let (theirs, ours) = (Authority::new()?, Authority::new()?);
    let echo = |headers: HeaderMap, body: String| async move {
        let credential = headers.get("authorization");
        let credential = credential.map_or(HeaderValue::from_static("none"), ToOwned::to_owned);
        (AppendHeaders([("x-credential", credential)]), body)
    };
    let server = Server::start(
        Router::new().fallback(any(echo)),
        ServerOptions {
            authority: Some(theirs.clone()),
            ..ServerOptions::default()
        },
    )?;
    let upstream = format!("https://127.0.0.1:{}", server.port());
    let proxy = Proxy::start(&upstream, theirs.pem(), ours.clone())?;
    let client = client(Some(ours.pem()))?;
    Ok((server, proxy, client))
}

#[tokio::test]
async fn a_proxy_passes_everything_on_over_one_connection() {
    let (server, proxy, client) = start_proxy().unwrap();
    for version in [Version::HTTP_2, Version::HTTP_11, Version::HTTP_2] {
        let request = client
            .patch(format!("{}/a%2Fb?c=d&e=%20f", proxy.url()))
            .version(version)
            .bearer_auth("hunter2")
            .header("x-trace", "1")
            .body(BODY);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["x-credential"], "Bearer hunter2");
        assert_eq!(answer.text().await.unwrap(), BODY);
    }
    for log in [server.log(), proxy.server().log()] {
        let all = log.all();
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|r| r.path == "/a%2Fb?c=d&e=%20f"));
    }
    let behind = server.log().all();
    assert!(behind.iter().all(|r| r.connection == 0));
    assert!(
        behind
            .iter()
            .all(|r| r.version == axum::http::Version::HTTP_2)
    );
}

#[tokio::test]
async fn a_proxy_tells_where_there_is_nobody_behind_it() {
    let (server, proxy, client) = start_proxy().unwrap();
    drop(server);
    let answer = client.get(proxy.url()).send().await.unwrap();
    assert_eq!(answer.status(), 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_held_before_or_after_it_is_delivered() {
    for (action, delivered) in [
        (FaultAction::HoldBefore as fn(Hold) -> FaultAction, 0),
        (FaultAction::HoldAfter, 1),
    ] {
        let (server, proxy, client) = start_proxy().unwrap();
        let hold = Hold::default();
        let faults = proxy.server().faults();
        faults.add_nth_mutating(1, action(hold.clone()));
        let request = |method| {
            let request = client.request(method, proxy.url()).bearer_auth("x");
            request.send()
        };
        request(Method::GET).await.unwrap();
        request(Method::POST).await.unwrap();
        server.log().clear();
        let held = tokio::spawn(request(Method::DELETE));
        assert!(hold.wait_for(1, Duration::from_secs(20)));
        assert_eq!(server.log().all().len(), delivered);
        hold.release();
        assert_eq!(held.await.unwrap().unwrap().status(), 200);
        assert_eq!(server.log().all().len(), 1);
    }
}
