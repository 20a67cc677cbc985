//! Every version of every pull secret, as the API server's watch tells of it.

use crate::api::{Access, Api, Call};
use crate::bench::world::{SECRETS, World};
use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The watch may lag so far behind the last write.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a secret holds for the registry.
#[derive(Clone)]
pub struct Credential {
    pub account: String,
    pub password: String,
}

/// One version of a secret.
pub struct Version {
    pub credential: Credential,
    /// When we heard of it.
    pub at: Instant,
    /// Its `resourceVersion`.
    pub resource: String,
}

/// All versions of each secret, oldest first, by namespace.
pub type Histories = BTreeMap<String, Vec<Version>>;

/// What has been seen so far.
#[derive(Default)]
pub struct Seen {
    histories: Mutex<Histories>,
    changed: Condvar,
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Histories> {
        self.histories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What one secret holds now, as far as is known here.
    pub fn latest(&self, number: usize) -> Option<Credential> {
        let histories = self.lock();
        let history = histories.values().nth(number % histories.len().max(1))?;
        Some(history.last()?.credential.clone())
    }

    fn add(&self, secret: &Value, registry: &str) -> Result<()> {
        let at = Instant::now();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespace = text(&secret["metadata"]["namespace"]);
        let version = Version {
            credential: credential(secret, registry)
                .with_context(|| format!("the pull secret of {namespace}"))?,
            resource: text(&secret["metadata"]["resourceVersion"]),
            at,
        };
        self.lock().entry(namespace).or_default().push(version);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits until these are the last versions seen.
    fn wait_for(&self, secrets: &[Value]) -> Result<()> {
        let is_seen = |histories: &Histories| {
            secrets.iter().all(|secret| {
                let namespace = secret["metadata"]["namespace"].as_str();
                let history = namespace.and_then(|namespace| histories.get(namespace));
                let last = history.and_then(|history| history.last());
                last.is_some_and(|last| secret["metadata"]["resourceVersion"] == *last.resource)
            })
        };
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), PATIENCE, |histories| !is_seen(histories))
            .unwrap_or_else(PoisonError::into_inner)
            .1;
        ensure!(!waited.timed_out(), "the watch misses versions of secrets");
        Ok(())
    }
}

/// As a kubelet reads it: `auth` counts.
fn credential(secret: &Value, registry: &str) -> Result<Credential> {
    let data = secret["data"][".dockerconfigjson"].as_str();
    let content = STANDARD.decode(data.context("it has no content")?)?;
    let content: Value = serde_json::from_slice(&content)?;
    let auth = content["auths"][registry]["auth"].as_str();
    let auth = STANDARD.decode(auth.with_context(|| format!("it has no auth for {registry}"))?)?;
    let auth = String::from_utf8(auth)?;
    let (account, password) = auth.split_once(':').context("its auth has no colon")?;
    Ok(Credential {
        account: account.to_owned(),
        password: password.to_owned(),
    })
}

/// A watch on a connection and a thread of its own; stops when dropped.
pub struct Watcher {
    seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Watcher {
    /// Lists the secrets and watches them from there on: no version is missed.
    pub fn start(world: &World, access: &Access) -> Result<Self> {
        let seen = Arc::new(Seen::default());
        let registry = world.quay().registry().to_owned();
        let list = Api::connect(access)?.call(Call::get(SECRETS))?;
        for secret in list["items"].as_array().into_iter().flatten() {
            seen.add(secret, &registry)?;
        }
        let version = list["metadata"]["resourceVersion"].as_str();
        let version = version.context("the list has no version")?;
        let path = format!("{SECRETS}&watch=true&resourceVersion={version}");
        let (stop, stopped) = oneshot::channel();
        let (access, watched) = (access.clone(), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            Api::connect(&access)?.watch(&path, stopped, |event| match event["type"].as_str() {
                Some("ADDED" | "MODIFIED") => watched.add(&event["object"], &registry),
                kind => bail!("the watch says {}", kind.unwrap_or("nothing")),
            })
        });
        Ok(Self {
            seen,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub fn seen(&self) -> &Arc<Seen> {
        &self.seen
    }

    /// Everything that was seen, up to what the secrets are now.
    pub fn finish(mut self, secrets: &[Value]) -> Result<Histories> {
        let waited = self.seen.wait_for(secrets);
        // A watch that failed is the reason for versions that are missing.
        self.end()?;
        waited?;
        Ok(std::mem::take(&mut *self.seen.lock()))
    }

    fn end(&mut self) -> Result<()> {
        drop(self.stop.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(anyhow!("the watch panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Whoever drops it has a failure of their own to tell of.
        let _ = self.end();
    }
}
