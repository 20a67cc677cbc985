//! What can be pulled from the sandbox's Quay.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;

use client::client;
use quay_sandbox::fingerprint;
use quay_sandbox::image::Image;
use quay_sandbox::quay::{Quay, QuayOptions, Role};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;

/// The robot may pull `my-app` and nothing else.
fn start() -> (Quay, Client) {
    let quay = Quay::start(QuayOptions::default()).unwrap();
    let client = client(Some(quay.ca_pem())).unwrap();
    quay.edit(|state| {
        state.add_user("admin", "adminpass123");
        state.add_organization("myorg", "admin");
        state.add_repository("myorg", "my-app", false);
        state.add_repository("myorg", "secret-app", false);
        state.add_robot("myorg+deploy");
        let read = Some(Role::Read);
        state
            .set_permission("myorg", "my-app", "myorg+deploy", read)
            .unwrap();
    });
    (quay, client)
}

/// Asks for something below `/v2/` with a registry token for pulling `my-app`.
async fn ask(quay: &Quay, client: &Client, method: Method, path: &str) -> Response {
    let token = quay.read(|state| state.token_of("myorg+deploy").unwrap().to_owned());
    let scope = "repository:myorg/my-app:pull";
    let url = format!(
        "{}/v2/auth?service={}&scope={scope}",
        quay.url(),
        quay.registry()
    );
    let login = client.get(url).basic_auth("myorg+deploy", Some(token));
    let login: Value = login.send().await.unwrap().json().await.unwrap();
    let url = format!("{}/v2/{path}", quay.url());
    let bearer = login["token"].as_str().unwrap();
    let request = client.request(method, url).bearer_auth(bearer);
    request.send().await.unwrap()
}

#[tokio::test]
async fn an_image_can_be_read_from_its_tag_down_to_its_layer() {
    let (quay, client) = start();
    let manifest = ask(&quay, &client, Method::GET, "myorg/my-app/manifests/v1").await;
    assert_eq!(manifest.status(), StatusCode::OK);
    let digest = manifest.headers()["docker-content-digest"]
        .to_str()
        .unwrap();
    assert_eq!(digest, Image::named("myorg/my-app").manifest.digest);
    let path = format!("myorg/my-app/manifests/{digest}");
    let manifest: Value = manifest.json().await.unwrap();
    let again = ask(&quay, &client, Method::GET, &path).await;
    assert_eq!(
        again.headers()["content-type"],
        manifest["mediaType"].as_str().unwrap()
    );
    assert_eq!(again.json::<Value>().await.unwrap(), manifest);
    for blob in [&manifest["config"], &manifest["layers"][0]] {
        let digest = blob["digest"].as_str().unwrap();
        let path = format!("myorg/my-app/blobs/{digest}");
        let answer = ask(&quay, &client, Method::GET, &path).await;
        let content = answer.bytes().await.unwrap();
        assert_eq!(content.len() as u64, blob["size"].as_u64().unwrap());
        assert!(digest.starts_with(&format!("sha256:{}", fingerprint(&content))));
    }
    let tags = ask(&quay, &client, Method::GET, "myorg/my-app/tags/list").await;
    assert_eq!(
        tags.json::<Value>().await.unwrap()["tags"],
        serde_json::json!(["v1"])
    );
}

#[tokio::test]
async fn head_tells_how_large_an_answer_would_be() {
    let (quay, client) = start();
    let image = Image::named("myorg/my-app");
    for (path, content) in [
        ("manifests/v1".to_owned(), &image.manifest.content),
        (
            format!("blobs/{}", image.layer.digest),
            &image.layer.content,
        ),
    ] {
        let path = format!("myorg/my-app/{path}");
        let answer = ask(&quay, &client, Method::HEAD, &path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            answer.headers()["content-length"],
            content.len().to_string()
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_apart_from_what_may_not_be_read() {
    let (quay, client) = start();
    let image = Image::named("myorg/secret-app");
    for (path, status, code) in [
        (
            "myorg/my-app/manifests/v2".to_owned(),
            404,
            "MANIFEST_UNKNOWN",
        ),
        (
            format!("myorg/my-app/blobs/{}", image.config.digest),
            404,
            "BLOB_UNKNOWN",
        ),
        (
            "myorg/secret-app/manifests/v1".to_owned(),
            401,
            "UNAUTHORIZED",
        ),
        (
            format!("myorg/secret-app/blobs/{}", image.layer.digest),
            401,
            "UNAUTHORIZED",
        ),
    ] {
        let answer = ask(&quay, &client, Method::GET, &path).await;
        assert_eq!(answer.status(), status, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["code"], code, "{path}");
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_program_in_the_image_runs_until_it_is_told_to_end() {
    use std::process::Command;
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("layer.tar");
    std::fs::write(&archive, Image::named("x").layer.content).unwrap();
    let mut tar = Command::new("tar");
    let unpacked = tar
        .arg("-xf")
        .arg(&archive)
        .current_dir(folder.path())
        .status();
    assert!(unpacked.unwrap().success());
    let mut program = Command::new(folder.path().join("sleep")).spawn().unwrap();
    let id = program.id();
    // All signals are blocked but those it waits for; before, SIGTERM ends it with a failure.
    let waits = || {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        status.contains("SigBlk:\tfffffffffffbbefc")
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while !waits() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    let ended = program.try_wait().unwrap();
    assert_eq!(ended, None);
    let mut kill = Command::new("kill");
    assert!(
        kill.args(["-TERM", &id.to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert!(program.wait().unwrap().success());
}
