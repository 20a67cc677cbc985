//! The memory that machines share: a Secret without tokens.

use super::places::Places;
use crate::Failure;
use crate::cluster::{CallError, Cluster, WriteMode, parse_object_name};
use crate::hint::can_i;
use crate::labels::MANAGED_BY;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

/// Its type, which no kubelet and no other command reads.
const TYPE: &str = "kubectl-quay/state";
/// The key of the places.
const PLACES: &str = "places.json";
/// A Secret holds 1 MiB; the rest is for its other keys and its metadata.
const LARGEST: usize = 900 << 10;
/// Runs that write it at the same time try again so often.
const CONFLICTS: usize = 8;

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

    fn collection(&self) -> String {
        format!("/api/v1/namespaces/{}/secrets", self.namespace)
    }

    fn path(&self) -> String {
        format!("{}/{}", self.collection(), self.name)
    }

    /// The places it holds; none where it does not exist.
    pub(super) async fn places(&self) -> Result<Places, Failure> {
        Ok(self.read().await?.map_or_else(Places::default, |it| it.0))
    }

    /// Its places and its version; `None` where it does not exist.
    async fn read(&self) -> Result<Option<(Places, String)>, Failure> {
        let secret: Secret = match self.cluster.get(&self.path()).await {
            Ok(secret) => secret,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        if secret.type_.as_deref() != Some(TYPE) {
            return Err(Failure::new(format!(
                "the Secret {}/{} of {} is of another type than `{TYPE}`, and is left alone",
                self.namespace,
                self.name,
                self.cluster.context()
            ))
            .next("name another one with --state: it is made where it does not exist"));
        }
        let text = secret.data.and_then(|mut data| data.remove(PLACES));
        let places = match text {
            None => Places::default(),
            Some(text) => serde_json::from_slice(&text.0).map_err(|error| {
                Failure::new(format!(
                    "the Secret {}/{} of {} holds no places that can be read: {error}",
                    self.namespace,
                    self.name,
                    self.cluster.context()
                ))
            })?,
        };
        let version = secret.metadata.resource_version.unwrap_or_default();
        Ok(Some((places, version)))
    }

    /// Adds what is new to what others wrote meanwhile.
    pub(super) async fn add(&self, news: &Places) -> Result<(), Failure> {
        for _ in 0..CONFLICTS {
            let held = self.read().await?;
            let mut places = news.clone();
            let version = held.map(|(older, version)| {
                places.add_older(older);
                version
            });
            places.forget(Timestamp::now());
            places.shrink(LARGEST);
            match self.write(&places, version.as_deref()).await {
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(self.failed("write", error)),
                Ok(_) => return Ok(()),
            }
        }
        Err(Failure::new(format!(
            "the Secret {}/{} of {} keeps changing",
            self.namespace,
            self.name,
            self.cluster.context()
        )))
    }

    async fn write(&self, places: &Places, version: Option<&str>) -> Result<Value, CallError> {
        let text =
            serde_json::to_vec(places).map_err(|error| CallError::Unreadable(error.to_string()))?;
        let data = json!({PLACES: STANDARD.encode(text)});
        let Some(version) = version else {
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": TYPE,
                "metadata": {"name": self.name, "labels": {MANAGED_BY.0: MANAGED_BY.1}},
                "data": data,
            });
            let collection = self.collection();
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
        let what = format!(
            "{action} the memory in the Secret {namespace}/{}",
            self.name
        );
        let failure = error.into_failure(context, &what);
        match forbidden {
            true => failure.next(can_i(context, namespace, "patch", "secrets")),
            false => failure,
        }
    }
}

/// The namespace and the name in `NAMESPACE/NAME`.
///
/// # Errors
/// A usage failure.
pub fn check_reference(reference: &str) -> Result<(&str, &str), Failure> {
    let parts = reference.split_once('/').filter(|(namespace, name)| {
        let parts = [namespace, name];
        parts.iter().all(|part| parse_object_name(part).is_ok())
    });
    parts.ok_or_else(|| {
        Failure::usage(format!(
            "`{reference}` does not name a Secret; write --state NAMESPACE/NAME"
        ))
    })
}
