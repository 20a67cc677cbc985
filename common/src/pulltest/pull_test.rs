//! Proves a pull with a real pod.

use super::judge::{Look, judge};
use super::rights::missing_rights;
use super::test_pod::{NOBODY, TestPod, unique_name};
use super::verdict::PullVerdict;
use crate::Failure;
use crate::cluster::{CallError, Cluster, WriteMode, collection, list_all, path_of};
use crate::hint::{self, Hint};
use crate::signals;
use futures::future::join;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::core::params::ListParams;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The first pause between two looks at the pod; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How much later than the event of its pull a container's status may come.
const STATUS_WITHIN: Duration = Duration::from_secs(2);
/// How long a deleted pod may take to disappear.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// One image to be pulled once by some node's kubelet, in one namespace.
///
/// The pod has `imagePullPolicy: Always` and runs nothing of the image. Besides the pull
/// secrets the kubelet tries what its node knows, as it does for every pod.
pub struct PullTest<'a> {
    pub cluster: &'a Cluster,
    /// Where the pod is started.
    pub namespace: &'a str,
    /// As in a pod: with a tag or a digest, or `latest` is meant.
    pub image: &'a str,
    /// The pod's pull secrets; none for those of the service account.
    pub pull_secrets: &'a [String],
    /// The service account it runs as; empty for `default`.
    pub service_account: &'a str,
    /// How long the kubelet's verdict is waited for.
    pub timeout: Duration,
}

/// The pod while it exists.
struct Started {
    path: String,
    name: String,
    uid: String,
}

impl PullTest<'_> {
    /// Starts the pod, waits for the kubelet's verdict and deletes the pod, whatever
    /// happens: on Ctrl-C too, which is then a failure. It must not be dropped half way.
    ///
    /// # Errors
    /// Names the rights that are missing, before anything is started; why no pod could be
    /// started, looked at or deleted.
    pub async fn run(&self) -> Result<PullVerdict, Failure> {
        let interrupt = Notify::new();
        let listen = async {
            loop {
                signals::interrupted().await;
                interrupt.notify_one();
            }
        };
        tokio::select! {
            verdict = self.run_until(&interrupt) => verdict,
            never = listen => never,
        }
    }

    async fn run_until(&self, interrupt: &Notify) -> Result<PullVerdict, Failure> {
        tokio::select! {
            rights = self.check_rights() => rights?,
            () = interrupt.notified() => return Err(interrupted()),
        }
        // Never cancelled: the server may carry out what we stopped waiting for.
        let pod = self.start().await?;
        let verdict = tokio::select! {
            verdict = self.watch(&pod) => verdict,
            () = interrupt.notified() => Err(interrupted()),
        };
        match self.remove(&pod).await {
            Ok(()) => verdict,
            Err(error) => Err(self.not_removed(&pod, error, &verdict)),
        }
    }

    async fn check_rights(&self) -> Result<(), Failure> {
        let missing = missing_rights(self.cluster, self.namespace).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let (namespace, context) = (self.namespace, self.cluster.context());
        Err(Failure::new(format!(
            "cannot test a pull in namespace `{namespace}` (context {context}): you have no \
             right to {} pods there",
            missing.join(", ")
        ))
        .next(
            Hint::from("ask for that right, then check with: ")
                .run(hint::kubectl_in(namespace, "auth can-i --list").at(context)),
        ))
    }

    async fn start(&self) -> Result<Started, Failure> {
        let name = unique_name();
        let collection = collection::<Pod>(self.namespace);
        let path = path_of::<Pod>(self.namespace, &name);
        let create = async |user| {
            let pod = TestPod {
                name: &name,
                image: self.image,
                pull_secrets: self.pull_secrets,
                service_account: self.service_account,
                user,
                timeout: self.timeout,
            };
            let (manifest, mode) = (pod.manifest(), WriteMode::Persist);
            let created = self.cluster.create::<Pod>(&collection, &manifest, mode);
            created.await
        };
        let mut created = create(Some(NOBODY)).await;
        if matches!(&created, Err(error) if error.is_forbidden()) {
            // OpenShift chooses the user itself, and lets hardly anybody name one.
            created = create(None).await;
        }
        let started = |pod: Pod| Started {
            uid: pod.metadata.uid.unwrap_or_default(),
            path: path.clone(),
            name: name.clone(),
        };
        match created {
            Ok(pod) => Ok(started(pod)),
            // The name is ours alone: the answer to an earlier try was lost.
            Err(error) if error.is_conflict() => {
                let pod = self.cluster.get::<Pod>(&path).await;
                pod.map(started).map_err(|error| self.not_started(error))
            }
            Err(error) => {
                let answered = matches!(error, CallError::Api { .. });
                if !answered && let Ok(pod) = self.cluster.get::<Pod>(&path).await {
                    let pod = started(pod);
                    let failure = self.not_started(error);
                    return match self.remove(&pod).await {
                        Ok(()) => Err(failure),
                        Err(error) => Err(self.not_removed(&pod, error, &Err(failure))),
                    };
                }
                Err(self.not_started(error))
            }
        }
    }

    fn not_started(&self, error: CallError) -> Failure {
        // The rights are there; what else forbids a pod is a policy or a quota.
        let forbidden = error.is_forbidden();
        let action = format!("start a test pod in namespace `{}`", self.namespace);
        let failure = error.into_failure(self.cluster.context(), &action);
        match forbidden {
            true => failure.next("pass -n NAMESPACE with a namespace that admits the pod"),
            false => failure,
        }
    }

    async fn watch(&self, pod: &Started) -> Result<PullVerdict, Failure> {
        let began = Instant::now();
        let mut last = Look::Waiting(None);
        let looking = async {
            let mut pause = FIRST_PAUSE;
            let mut pulled: Option<Duration> = None;
            loop {
                last = self.look(pod, began).await?;
                match &last {
                    Look::Decided(verdict) => return Ok(verdict.clone().pulled_after(pulled)),
                    Look::Pulled(verdict) => {
                        let first = *pulled.get_or_insert(began.elapsed());
                        if began.elapsed() > first + STATUS_WITHIN {
                            return Ok(verdict.clone().pulled_after(pulled));
                        }
                    }
                    Look::Waiting(_) | Look::Unschedulable(_) => {}
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        match tokio::time::timeout(self.timeout, looking).await {
            Ok(verdict) => verdict,
            Err(_) => Ok(last.when_time_is_up(self.timeout)),
        }
    }

    async fn look(&self, pod: &Started, began: Instant) -> Result<Look, Failure> {
        let events = collection::<Event>(self.namespace);
        let about = ListParams::default().fields(&format!("involvedObject.uid={}", pod.uid));
        let (now, events) = join(
            self.cluster.get::<Pod>(&pod.path),
            list_all::<Event>(self.cluster, &events, &about),
        )
        .await;
        let now = now.map_err(|error| match error.is_not_found() {
            true => Failure::new(format!(
                "somebody deleted the test pod `{}` in namespace `{}` (context {})",
                pod.name,
                self.namespace,
                self.cluster.context()
            )),
            false => {
                let action = format!("read the test pod `{}`", pod.name);
                error.into_failure(self.cluster.context(), &action)
            }
        })?;
        let events = events.unwrap_or_else(|error| {
            tracing::debug!(%error, "no events, the pod's status has to do");
            Vec::new()
        });
        Ok(judge(&now, &events, began.elapsed()))
    }

    /// Deletes the pod and sees that it is gone.
    async fn remove(&self, pod: &Started) -> Result<(), CallError> {
        match self.cluster.delete_any_version(&pod.path, &pod.uid).await {
            Err(error) if !error.is_not_found() && !error.is_conflict() => return Err(error),
            _ => {}
        }
        let began = Instant::now();
        loop {
            match self.cluster.get::<Pod>(&pod.path).await {
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
                Ok(now) if now.metadata.uid.as_deref() != Some(&pod.uid) => return Ok(()),
                Ok(_) if began.elapsed() > GONE_WITHIN => {
                    let why = format!("the pod still exists after {GONE_WITHIN:?}");
                    return Err(CallError::Refused(why));
                }
                Ok(_) => tokio::time::sleep(FIRST_PAUSE).await,
            }
        }
    }

    /// A pod that stays is the worse news; what was found out is said all the same.
    fn not_removed(
        &self,
        pod: &Started,
        error: CallError,
        verdict: &Result<PullVerdict, Failure>,
    ) -> Failure {
        let (name, namespace, context) = (&pod.name, self.namespace, self.cluster.context());
        let found = match verdict {
            Ok(verdict) => format!("{}, {}", verdict.word(), verdict.detail()),
            Err(failure) => failure.message().to_owned(),
        };
        error
            .into_failure(
                context,
                &format!("delete the test pod `{name}` in namespace `{namespace}`"),
            )
            .context(format!("the test of {} ended ({found})", self.image))
            .next(
                hint::kubectl_in(namespace, "delete pod")
                    .arg(name)
                    .at(context),
            )
    }
}

fn interrupted() -> Failure {
    Failure::new("the pull test was interrupted")
}
