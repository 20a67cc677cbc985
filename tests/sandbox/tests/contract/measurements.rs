//! What was measured over many requests at once: races and rate limits.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::replay::{HOSTNAME, Replay};

type Outcome = Result<(), String>;

/// How many requests race.
const RACERS: usize = 4;

/// Repeats a measurement.
pub async fn hold(replay: &Replay, label: &str, data: &Value) -> Outcome {
    match label
        .split(' ')
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
        .as_str()
    {
        "parallel regenerates" => regenerates(replay).await,
        "parallel creates" => creates(replay, data).await,
        "parallel deletes" => deletes(replay, data).await,
        "parallel permission" => permissions(replay).await,
        "regenerate vs" => regenerate_and_delete(replay, data).await,
        "120 parallel" => api_limit(replay, data).await,
        "240 parallel" => registry_limit(replay, data).await,
        _ => Err("no such measurement".into()),
    }
}

fn ensure(condition: bool, error: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(error()) }
}

/// An API token that may do everything here.
fn token(replay: &Replay) -> Result<String, String> {
    let minted = replay
        .quay
        .edit(|state| state.mint_token("quayadmin", "org:admin repo:admin"));
    minted.map_err(|error| error.to_string())
}

async fn send(
    replay: &Replay,
    method: Method,
    path: &str,
    token: &str,
    body: Option<&str>,
) -> Result<(u16, String), String> {
    let port = replay.quay.server().port();
    let url = format!("http://127.0.0.1:{port}/api/v1/{path}");
    let request = replay.client.request(method, url).bearer_auth(token);
    let mut request = request.header("host", HOSTNAME);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_owned());
    }
    read(request.send().await).await
}

async fn read(response: reqwest::Result<Response>) -> Result<(u16, String), String> {
    let response = response.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.text().await.map_err(|error| error.to_string())?;
    Ok((status, body))
}

/// The same request several times at once.
async fn race(
    replay: &Replay,
    method: Method,
    path: &str,
    bodies: [Option<&str>; RACERS],
) -> Result<Vec<(u16, String)>, String> {
    let token = token(replay)?;
    let requests = bodies.map(|body| send(replay, method.clone(), path, &token, body));
    let [a, b, c, d] = requests;
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    Ok(vec![a?, b?, c?, d?])
}

/// Everybody gets a token, one of them works.
async fn regenerates(replay: &Replay) -> Outcome {
    let path = "organization/myorg/robots/racer/regenerate";
    let answers = race(replay, Method::POST, path, [None; RACERS]).await?;
    let mut works = 0;
    for (status, body) in &answers {
        ensure(*status == 200, || format!("status {status}"))?;
        let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let secret = body["token"].as_str().unwrap_or_default();
        let port = replay.quay.server().port();
        let url = format!("http://127.0.0.1:{port}/v2/auth?service=x");
        let request = replay
            .client
            .get(url)
            .basic_auth("myorg+racer", Some(secret));
        let (status, _) = read(request.send().await).await?;
        works += usize::from(status == 200);
    }
    ensure(works == 1, || format!("{works} tokens work"))
}

/// The bodies a measurement saw.
fn recorded_bodies(data: &Value) -> Vec<&str> {
    let rounds = data.as_array().into_iter().flatten();
    let bodies = rounds.flat_map(|round| round["bodies"].as_array().into_iter().flatten());
    bodies.filter_map(Value::as_str).collect()
}

/// One is first, the others are told as the recorded ones were.
async fn creates(replay: &Replay, data: &Value) -> Outcome {
    let path = "organization/myorg/robots/crace0";
    let answers = race(replay, Method::PUT, path, [None; RACERS]).await?;
    let first = answers.iter().filter(|(status, _)| *status == 201).count();
    ensure(first == 1, || format!("{first} times 201"))?;
    told_as_recorded(&answers, 400, data)?;
    let token = token(replay)?;
    send(replay, Method::DELETE, path, &token, None)
        .await
        .map(drop)
}

async fn deletes(replay: &Replay, data: &Value) -> Outcome {
    let path = "organization/myorg/robots/drace";
    replay.quay.edit(|state| state.add_robot("myorg+drace"));
    let answers = race(replay, Method::DELETE, path, [None; RACERS]).await?;
    let first = answers.iter().filter(|(status, _)| *status == 204).count();
    ensure(first >= 1, || "nobody deleted it".into())?;
    told_as_recorded(&answers, 400, data)
}

fn told_as_recorded(answers: &[(u16, String)], status: u16, data: &Value) -> Outcome {
    let recorded = recorded_bodies(data);
    let mut told = answers.iter().filter(|(it, _)| *it == status);
    told.try_for_each(|(_, body)| {
        ensure(recorded.contains(&body.as_str()), || {
            format!("`{body}` was never recorded")
        })
    })
}

async fn permissions(replay: &Replay) -> Outcome {
    let path = "repository/myorg/my-app/permissions/user/myorg+racer";
    let roles = ["read", "write", "admin", "read"].map(|role| format!("{{\"role\":\"{role}\"}}"));
    let bodies = roles.each_ref().map(|body| Some(body.as_str()));
    let answers = race(replay, Method::PUT, path, bodies).await?;
    ensure(answers.iter().all(|(status, _)| *status == 200), || {
        format!("{answers:?}")
    })
}

/// The robot is gone afterwards, whoever came first.
async fn regenerate_and_delete(replay: &Replay, data: &Value) -> Outcome {
    replay.quay.edit(|state| state.add_robot("myorg+rd"));
    let token = token(replay)?;
    let path = "organization/myorg/robots/rd";
    let again = format!("{path}/regenerate");
    let (regenerate, delete) = tokio::join!(
        send(replay, Method::POST, &again, &token, None),
        send(replay, Method::DELETE, path, &token, None)
    );
    let (after, _) = send(replay, Method::GET, path, &token, None).await?;
    let found = (regenerate?.0, delete?.0, after);
    let rounds = data.as_array().into_iter().flatten();
    let mut rounds = rounds.map(|round| {
        let status = |key: &str| {
            let status = round[key].as_u64().unwrap_or_default();
            u16::try_from(status).unwrap_or_default()
        };
        (status("regenerate"), status("delete"), status("after"))
    });
    ensure(rounds.any(|round| round == found), || {
        format!("{found:?} was never recorded")
    })
}

/// Sends `count` requests one after the other; returns how often each status came, and the body of
/// the first 429.
async fn burst(
    replay: &Replay,
    count: usize,
    path: &str,
    login: Option<(&str, &str)>,
) -> Result<(BTreeMap<u16, usize>, String), String> {
    let (mut counts, mut first) = (BTreeMap::new(), String::new());
    let port = replay.quay.server().port();
    for _ in 0..count {
        let mut request = replay.client.get(format!("http://127.0.0.1:{port}{path}"));
        if let Some((name, password)) = login {
            request = request.basic_auth(name, Some(password));
        }
        let (status, body) = read(request.send().await).await?;
        *counts.entry(status).or_default() += 1;
        if status == 429 && first.is_empty() {
            first = body;
        }
    }
    Ok((counts, first))
}

/// 26 at once: nobody waits, the clock stands.
async fn api_limit(replay: &Replay, data: &Value) -> Outcome {
    let (counts, body) = burst(replay, 120, "/api/v1/user/", None).await?;
    ensure(data["counts"] == json!(counts), || format!("{counts:?}"))?;
    limited(&body, data)
}

/// 3 at once, and as many more as 120 a second refill; two while the recorded burst ran.
async fn registry_limit(replay: &Replay, data: &Value) -> Outcome {
    let robot = "myorg+deploy";
    let password = replay
        .quay
        .read(|state| state.token_of(robot).map(str::to_owned));
    let login = password.as_deref().map(|password| (robot, password));
    let path = "/v2/auth?service=localhost%3A8080&scope=repository:myorg/my-app:pull";
    let (before, body) = burst(replay, 3, path, login).await?;
    ensure(before.get(&200) == Some(&3) && body.is_empty(), || {
        format!("{before:?}")
    })?;
    replay.quay.edit(|state| {
        let later = state.now() + SignedDuration::from_micros(2 * 1_000_000 / 120 + 1);
        state.stop_clock(later);
    });
    let (after, body) = burst(replay, 237, path, login).await?;
    let passed = after.get(&200).copied().unwrap_or_default() + 3;
    let refused = after.get(&429).copied().unwrap_or_default();
    let counts = json!({ "200": passed, "429": refused });
    ensure(data["counts"] == counts, || counts.to_string())?;
    limited(&body, data)
}

fn limited(body: &str, data: &Value) -> Outcome {
    ensure(data["first_429"]["body"] == body, || {
        format!("`{body}` was never recorded")
    })
}
