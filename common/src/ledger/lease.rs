//! One run at a time on machines that share a ledger: a Lease beside it.

use super::run_id::{machine, random_id};
use super::state_secret::StateSecret;
use crate::Failure;
use crate::cluster::{CallError, WriteMode, collection, path_of};
use crate::fingerprint::short_hash;
use crate::hint::{Hint, kubectl_in};
use crate::names::{RegistryHost, RobotName};
use jiff::SignedDuration;
use k8s_openapi::api::coordination::v1::Lease as Object;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Whoever has not renewed it for so long is gone.
const LASTS: i32 = 60;
/// It is renewed this often, so that two answers may be lost.
const RENEWED_EVERY: Duration = Duration::from_secs(15);

/// A Lease that this run holds.
pub(super) struct Lease {
    secret: Rc<StateSecret>,
    name: String,
    holder: String,
    /// The version that this run wrote last.
    version: RefCell<String>,
}

impl Lease {
    /// Takes the robot's Lease, where nobody holds it or its holder is gone.
    pub async fn acquire(
        secret: Rc<StateSecret>,
        registry: &RegistryHost,
        robot: &RobotName,
    ) -> Result<Self, Failure> {
        let hash = short_hash(&format!("{registry} {robot}"), 8);
        let lease = Self {
            name: format!("{}-{hash}", secret.name()),
            holder: holder(),
            version: RefCell::default(),
            secret,
        };
        let path = lease.path();
        let held = match lease.secret.cluster().get::<Object>(&path).await {
            Ok(found) => Some(found),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(lease.failed("read", error)),
        };
        if let Some(holder) = held.as_ref().and_then(|found| lease.is_held_by(found)) {
            return Err(lease.is_another(robot, &holder));
        }
        let version = held.and_then(|found| found.metadata.resource_version);
        match lease.write(version.as_deref(), &lease.holder).await {
            Ok(()) => Ok(lease),
            Err(error) if error.is_conflict() => {
                Err(lease.is_another(robot, "a run that began at the same moment"))
            }
            Err(error) => Err(lease.failed("write", error)),
        }
    }

    /// Renews it while the work lasts, and gives it back in the end.
    pub async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let result = tokio::select! {
            result = work => result,
            lost = self.renew() => return Err(lost),
        };
        let version = self.version.borrow().clone();
        // It runs out by itself where this cannot be said.
        let _ = self.write(Some(&version), "").await;
        result
    }

    /// Renews it until it is lost.
    async fn renew(&self) -> Failure {
        let mut since = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            let version = self.version.borrow().clone();
            match self.write(Some(&version), &self.holder).await {
                Ok(()) => since = tokio::time::Instant::now(),
                Err(error) if error.is_conflict() || error.is_not_found() => {
                    return self.lost("somebody else took it");
                }
                Err(error)
                    if since.elapsed() > Duration::from_secs(LASTS.unsigned_abs().into()) =>
                {
                    return self.lost(&error.to_string());
                }
                Err(_) => {}
            }
        }
    }

    /// Who holds it, if that is somebody who renewed it lately, by the API server's clock.
    fn is_held_by(&self, found: &Object) -> Option<String> {
        let spec = found.spec.as_ref()?;
        let holder = spec
            .holder_identity
            .clone()
            .filter(|name| !name.is_empty())?;
        let renewed = spec.renew_time.as_ref()?.0;
        let lasts = spec.lease_duration_seconds.unwrap_or(LASTS);
        let until = renewed + SignedDuration::from_secs(lasts.into());
        (self.secret.cluster().now() < until).then_some(holder)
    }

    async fn write(&self, version: Option<&str>, holder: &str) -> Result<(), CallError> {
        let cluster = self.secret.cluster();
        let now = MicroTime(cluster.now());
        let mut object = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": self.name},
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": LASTS,
                "renewTime": now,
            },
        });
        let written: Value = match version {
            None => {
                let path = collection::<Object>(self.secret.namespace());
                cluster.create(&path, &object, WriteMode::Persist).await?
            }
            Some(version) => {
                object["metadata"]["resourceVersion"] = json!(version);
                let path = self.path();
                cluster
                    .merge_patch(&path, &object, WriteMode::Persist)
                    .await?
            }
        };
        let version = written["metadata"]["resourceVersion"].as_str();
        self.version.replace(version.unwrap_or_default().to_owned());
        Ok(())
    }

    fn path(&self) -> String {
        path_of::<Object>(self.secret.namespace(), &self.name)
    }

    fn is_another(&self, robot: &RobotName, holder: &str) -> Failure {
        let look = kubectl_in(self.secret.namespace(), "get lease").arg(&self.name);
        Failure::new(format!(
            "another run is rotating {robot}: {holder} holds the Lease {0}/{1} (context {2})",
            self.secret.namespace(),
            self.name,
            self.secret.cluster().context()
        ))
        .next(
            Hint::from("wait until that run ends, or a minute if it was killed; to check: ")
                .run(look.words("-o yaml").at(self.secret.cluster().context())),
        )
    }

    fn lost(&self, why: &str) -> Failure {
        Failure::new(format!(
            "this run lost the Lease {}/{} (context {}), which keeps other runs from rotating \
             the same robot: {why}",
            self.secret.namespace(),
            self.name,
            self.secret.cluster().context()
        ))
    }

    fn failed(&self, action: &str, error: CallError) -> Failure {
        let what = format!(
            "{action} the Lease {}/{}",
            self.secret.namespace(),
            self.name
        );
        error.into_failure(self.secret.cluster().context(), &what)
    }
}

/// This run, as others see it.
fn holder() -> String {
    format!("{}/{}/{}", machine(), std::process::id(), random_id())
}
