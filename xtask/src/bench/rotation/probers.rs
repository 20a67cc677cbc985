//! Many kubelets: each takes what a secret holds and asks for a pull token with it.

use super::watcher::{Credential, Seen};
use crate::api::{Access, Api, Call};
use crate::bench::world::{REPOSITORY, World};
use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many ask at once, each over a connection of its own.
const PROBERS: usize = 8;
/// How long each waits after an answer.
const PAUSE: Duration = Duration::from_millis(40);
/// And how often each asks at most.
const MOST: usize = 5000;

/// What came of it.
#[derive(Default)]
pub struct Tally {
    pub probes: usize,
    pub failed: usize,
    pub slowest: Duration,
}

/// The threads that ask; they end when this is dropped.
pub struct Probers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Tally>>>,
}

impl Probers {
    pub fn start(world: &World, seen: &Arc<Seen>) -> Result<Self> {
        let access = world.quay_access()?;
        let path = path(world.quay().registry());
        let stop = Arc::new(AtomicBool::new(false));
        let prober = |_| {
            let (access, path) = (access.clone(), path.clone());
            let (seen, stop) = (Arc::clone(seen), Arc::clone(&stop));
            std::thread::spawn(move || probe(&access, &path, &seen, &stop))
        };
        let threads = (0..PROBERS).map(prober).collect();
        Ok(Self { stop, threads })
    }

    pub fn finish(mut self) -> Result<Tally> {
        let mut sum = Tally::default();
        for result in self.end() {
            let tally = result?;
            sum.probes += tally.probes;
            sum.failed += tally.failed;
            sum.slowest = sum.slowest.max(tally.slowest);
        }
        Ok(sum)
    }

    fn end(&mut self) -> Vec<Result<Tally>> {
        self.stop.store(true, Ordering::SeqCst);
        let threads = self.threads.drain(..);
        threads
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow!("a prober panicked")))
            })
            .collect()
    }
}

impl Drop for Probers {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where a pull token is asked for.
fn path(registry: &str) -> String {
    let (organization, repository) = REPOSITORY;
    format!("/v2/auth?service={registry}&scope=repository:{organization}/{repository}:pull")
}

fn probe(access: &Access, path: &str, seen: &Seen, stop: &AtomicBool) -> Result<Tally> {
    let api = Api::connect(access)?;
    let random = RandomState::new();
    let mut tally = Tally::default();
    while tally.probes < MOST && !stop.load(Ordering::SeqCst) {
        let number = random.hash_one(tally.probes) as usize;
        if let Some(credential) = seen.latest(number) {
            let began = Instant::now();
            let pulled = may_pull(&api, path, &credential)?;
            tally.slowest = tally.slowest.max(began.elapsed());
            tally.probes += 1;
            tally.failed += usize::from(!pulled);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(tally)
}

fn may_pull(api: &Api, path: &str, credential: &Credential) -> Result<bool> {
    let Credential { account, password } = credential;
    let login = format!("Basic {}", STANDARD.encode(format!("{account}:{password}")));
    let mut request = api.request(&Call::get(path))?;
    let login = HeaderValue::try_from(login)?;
    request.headers_mut().insert(header::AUTHORIZATION, login);
    let (status, body) = api.ask(request)?;
    Ok(status == StatusCode::OK && grants_pull(&body))
}

/// Quay answers 200 also to who may not pull: only what the token says counts.
fn grants_pull(answer: &[u8]) -> bool {
    let granted = || -> Option<bool> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let payload = answer["token"].as_str()?.split('.').nth(1)?;
        let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let (organization, repository) = REPOSITORY;
        let name = json!(format!("{organization}/{repository}"));
        let pull = json!("pull");
        let grants = |entry: &Value| {
            let actions = entry["actions"].as_array();
            entry["name"] == name && actions.is_some_and(|actions| actions.contains(&pull))
        };
        Some(payload["access"].as_array()?.iter().any(grants))
    };
    granted().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(access: &Value) -> Vec<u8> {
        let payload = URL_SAFE_NO_PAD.encode(json!({"access": access}).to_string());
        let token = format!("header.{payload}.signature");
        json!({"token": token}).to_string().into_bytes()
    }

    #[test]
    fn only_a_token_that_says_pull_is_a_pull() {
        let entry = |actions: &[&str]| json!([{"name": "myorg/my-app", "actions": actions}]);
        assert!(grants_pull(&answer(&entry(&["pull"]))));
        assert!(!grants_pull(&answer(&entry(&[]))));
        assert!(!grants_pull(&answer(
            &json!([{"name": "myorg/other", "actions": ["pull"]}])
        )));
        assert!(!grants_pull(&answer(&json!([]))));
        assert!(!grants_pull(b"{}"));
    }
}
