//! The memory that machines share: a Secret without tokens.

use super::places::Places;
use super::record::{Entry, Records};
use crate::Failure;
use crate::cluster::{CallError, Cluster, WriteMode, collection, path_of, split_reference};
use crate::hint::{Hint, can_i, kubectl_in};
use crate::labels::MANAGED_BY;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// Its type, which no kubelet and no other command reads.
const TYPE: &str = "kubectl-quay/state";
/// The key of the places.
const PLACES: &str = "places.json";
/// The key of the records.
const RECORDS: &str = "ledger.jsonl";
/// A Secret holds 1 MiB in all.
const MOST_PLACES: usize = 700 << 10;
/// The oldest lines go first. A rotation of 50 repositories has about 10 KiB.
const MOST_RECORDS: usize = 200 << 10;
/// Runs that write it at the same time try again so often.
const CONFLICTS: usize = 8;

/// Its content as it was read.
struct Held {
    version: String,
    data: BTreeMap<String, ByteString>,
}

impl Held {
    fn text(&self, key: &str) -> Vec<u8> {
        let text = self.data.get(key);
        text.map(|text| text.0.clone()).unwrap_or_default()
    }
}

/// A Secret of one cluster, there already or not.
pub struct StateSecret {
    cluster: Cluster,
    namespace: String,
    name: String,
}

impl StateSecret {
    /// The Secret `NAMESPACE/NAME` of this cluster.
    ///
    /// # Errors
    /// A usage failure where the reference names none.
    pub fn new(cluster: Cluster, reference: &str) -> Result<Self, Failure> {
        let (namespace, name) = check_reference(reference)?;
        Ok(Self {
            cluster,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The cluster it is in.
    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Its namespace.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> String {
        path_of::<Secret>(&self.namespace, &self.name)
    }

    /// The places it holds; none where it does not exist.
    pub(super) async fn places(&self) -> Result<Places, Failure> {
        let held = self.read().await?;
        held.map_or_else(|| Ok(Places::default()), |held| self.parse(&held))
    }

    /// The rotations it holds, the oldest first, and which lines are none.
    pub(super) async fn records(&self) -> Result<Records, Failure> {
        let held = self.read().await?;
        let lines = held.map(|held| held.text(RECORDS)).unwrap_or_default();
        let ledger = format!("{RECORDS} in {self}");
        Ok(Records::read(&lines, &ledger, || {
            let look = kubectl_in(&self.namespace, "get secret").arg(&self.name);
            let look = look.words("-o yaml").at(self.cluster.context());
            Hint::from("remove those lines from the Secret: ").run(look)
        }))
    }

    /// Adds what is new to the places that others wrote meanwhile.
    pub(super) async fn add(&self, news: &Places) -> Result<(), Failure> {
        self.change(PLACES, |held| {
            let mut places = news.clone();
            if let Some(held) = held {
                places.add_older(self.parse(held)?);
            }
            places.forget(Timestamp::now());
            places.shrink(MOST_PLACES);
            serde_json::to_vec(&places)
                .map_err(|error| Failure::new(format!("cannot write what this run saw: {error}")))
        })
        .await
    }

    /// Adds a line to the records.
    pub(super) async fn append(&self, entry: &Entry) -> Result<(), Failure> {
        let line = serde_json::to_vec(entry)
            .map_err(|error| Failure::new(format!("cannot write the ledger: {error}")))?;
        self.change(RECORDS, |held| {
            let mut text = held.map(|held| held.text(RECORDS)).unwrap_or_default();
            text.extend(&line);
            text.push(b'\n');
            while text.len() > MOST_RECORDS {
                let end = text.iter().position(|byte| *byte == b'\n');
                text.drain(..=end.unwrap_or(text.len() - 1));
            }
            Ok(text)
        })
        .await
    }

    /// Reads it, changes one key, and writes that, until nobody came between.
    async fn change(
        &self,
        key: &str,
        change: impl Fn(Option<&Held>) -> Result<Vec<u8>, Failure>,
    ) -> Result<(), Failure> {
        for _ in 0..CONFLICTS {
            let held = self.read().await?;
            let text = change(held.as_ref())?;
            let version = held.as_ref().map(|held| held.version.as_str());
            match self.write(key, &text, version).await {
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(self.failed("write", error)),
                Ok(_) => return Ok(()),
            }
        }
        Err(Failure::new(format!("other runs keep changing {self}")))
    }

    /// What it holds; `None` where it does not exist.
    async fn read(&self) -> Result<Option<Held>, Failure> {
        let secret: Secret = match self.cluster.get(&self.path()).await {
            Ok(secret) => secret,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        if secret.type_.as_deref() != Some(TYPE) {
            let message = format!("{self} has another type than `{TYPE}`, so it was left alone");
            return Err(Failure::new(message).next(
                "pass another name with --state; the command creates the Secret if it does \
                       not exist",
            ));
        }
        Ok(Some(Held {
            version: secret.metadata.resource_version.unwrap_or_default(),
            data: secret.data.unwrap_or_default(),
        }))
    }

    fn parse(&self, held: &Held) -> Result<Places, Failure> {
        let text = held.text(PLACES);
        if text.is_empty() {
            return Ok(Places::default());
        }
        serde_json::from_slice(&text)
            .map_err(|error| Failure::new(format!("cannot read the places in {self}: {error}")))
    }

    async fn write(
        &self,
        key: &str,
        text: &[u8],
        version: Option<&str>,
    ) -> Result<Value, CallError> {
        let data = json!({key: STANDARD.encode(text)});
        let Some(version) = version else {
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": TYPE,
                "metadata": {"name": self.name, "labels": {MANAGED_BY.0: MANAGED_BY.1}},
                "data": data,
            });
            let collection = collection::<Secret>(&self.namespace);
            let made = self
                .cluster
                .create(&collection, &secret, WriteMode::Persist);
            return made.await;
        };
        let patch = json!({"metadata": {"resourceVersion": version}, "data": data});
        let path = self.path();
        let patched = self.cluster.merge_patch(&path, &patch, WriteMode::Persist);
        patched.await
    }

    fn failed(&self, action: &str, error: CallError) -> Failure {
        let forbidden = error.is_forbidden();
        let (context, namespace) = (self.cluster.context(), &self.namespace);
        let what = format!("{action} the Secret {namespace}/{} of --state", self.name);
        let failure = error.into_failure(context, &what);
        match forbidden {
            true => failure.next(can_i(context, namespace, "patch", "secrets")),
            false => failure,
        }
    }
}

impl fmt::Display for StateSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = self.cluster.context();
        write!(
            f,
            "the Secret {}/{} (context {context})",
            self.namespace, self.name
        )
    }
}

/// The namespace and the name in `NAMESPACE/NAME`.
///
/// # Errors
/// A usage failure.
pub fn check_reference(reference: &str) -> Result<(&str, &str), Failure> {
    split_reference(reference).ok_or_else(|| {
        Failure::usage(format!(
            "`{reference}` does not name a Secret; write --state NAMESPACE/NAME"
        ))
    })
}
