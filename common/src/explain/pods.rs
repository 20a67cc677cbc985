//! Which pods an object stands for.

use crate::Failure;
use crate::cluster::{CallError, Cluster, Readable, Resource, Scoped, list_all};
use crate::hint;
use crate::judge::{Likeness, Subject, Unread};
use crate::workload::{Target, TargetKind, whole_pods};
use k8s_openapi::api::core::v1::{Event, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::core::params::ListParams;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A workload, as far as its pods.
#[derive(Clone, Deserialize)]
struct Workload {
    metadata: ObjectMeta,
    spec: WorkloadSpec,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WorkloadSpec {
    selector: Option<LabelSelector>,
    template: Option<Template>,
    job_template: Option<JobTemplate>,
}

#[derive(Clone, Deserialize)]
struct Template {
    spec: PodSpec,
}

#[derive(Clone, Deserialize)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Clone, Deserialize)]
struct JobSpec {
    template: Template,
}

/// What is explained, and what could not be looked at on the way.
#[derive(Default)]
pub(super) struct Found {
    pub(super) subjects: Vec<Subject>,
    pub(super) unread: Vec<Unread>,
}

/// The pods of the target in one namespace: of a workload one for each kind of pod it has, that
/// cannot pull before others; where it has none, what a new one would be.
///
/// # Errors
/// The target is not there, or cannot be read.
pub(super) async fn of_target(
    cluster: &Cluster,
    namespace: &str,
    target: &Target,
    images: &[String],
) -> Result<Found, Failure> {
    let read = |error: CallError| not_read(error, cluster, namespace, target);
    let path = target.path(namespace);
    match target.kind {
        TargetKind::Pod => {
            let pod: Pod = cluster.get(&path).await.map_err(read)?;
            let uid = pod.metadata.uid.clone().unwrap_or_default();
            let (events, unread) = events(cluster, namespace, &uid).await;
            Ok(Found {
                subjects: vec![Subject::of_pod(pod, &events)],
                unread: unread.into_iter().collect(),
            })
        }
        TargetKind::ServiceAccount => Ok(Found {
            subjects: vec![Subject::of_account(&target.name, namespace, images)],
            ..Found::default()
        }),
        _ => {
            let workload: Workload = cluster.get(&path).await.map_err(read)?;
            Ok(of_workload(cluster, namespace, target, workload).await)
        }
    }
}

async fn of_workload(
    cluster: &Cluster,
    namespace: &str,
    target: &Target,
    workload: Workload,
) -> Found {
    let mut found = Found::default();
    let listed = match target.kind {
        TargetKind::CronJob => {
            of_cron_job(cluster, namespace, &workload.metadata, &mut found).await
        }
        _ => {
            select(
                cluster,
                namespace,
                workload.spec.selector.as_ref(),
                &mut found,
            )
            .await
        }
    };
    for pod in one_of_each(listed) {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let (events, unread) = events(cluster, namespace, &uid).await;
        found.unread.extend(unread);
        found.subjects.push(Subject::of_pod(pod, &events));
    }
    found.subjects.sort_by_key(|subject| !subject.cannot_pull());
    found.unread.dedup();
    let WorkloadSpec {
        template,
        job_template,
        ..
    } = workload.spec;
    let template = template.or(job_template.map(|job| job.spec.template));
    if found.subjects.is_empty()
        && let Some(template) = template
    {
        let subject = Subject::of_template(target.to_string(), namespace, &template.spec);
        found.subjects.push(subject);
    }
    found
}

/// Of pods with the same images and secrets one is enough: the first that cannot pull, or else
/// the first.
fn one_of_each(mut pods: Vec<Pod>) -> Vec<Pod> {
    pods.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    let mut kept: BTreeMap<Likeness, (Pod, bool)> = BTreeMap::new();
    for pod in pods {
        let subject = Subject::of_pod(pod.clone(), &[]);
        if subject.pod.as_ref().is_some_and(|pod| pod.has_ended) {
            continue;
        }
        let fails = subject.cannot_pull();
        match kept.entry(subject.likeness()) {
            Entry::Occupied(mut one) if fails && !one.get().1 => {
                one.insert((pod, fails));
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(none) => {
                none.insert((pod, fails));
            }
        }
    }
    kept.into_values().map(|(pod, _)| pod).collect()
}

/// The pods that a workload's selector finds.
async fn select(
    cluster: &Cluster,
    namespace: &str,
    selector: Option<&LabelSelector>,
    found: &mut Found,
) -> Vec<Pod> {
    let Some(selector) = selector else {
        return Vec::new();
    };
    let params = ListParams::default().labels(&written(selector));
    list::<Pod>(
        cluster,
        namespace,
        TargetKind::Pod.resource(),
        &params,
        found,
    )
    .await
}

/// The pods of the jobs that a CronJob made.
async fn of_cron_job(
    cluster: &Cluster,
    namespace: &str,
    cron_job: &ObjectMeta,
    found: &mut Found,
) -> Vec<Pod> {
    let params = ListParams::default();
    let jobs = TargetKind::Job.resource();
    let jobs: Vec<Workload> = list(cluster, namespace, jobs, &params, found).await;
    let own = jobs.into_iter().filter(|job| {
        let mut owners = job.metadata.owner_references.iter().flatten();
        owners.any(|owner| Some(&owner.uid) == cron_job.uid.as_ref())
    });
    let mut pods = Vec::new();
    for job in own {
        pods.extend(select(cluster, namespace, job.spec.selector.as_ref(), found).await);
    }
    pods
}

async fn list<T: Clone + serde::de::DeserializeOwned>(
    cluster: &Cluster,
    namespace: &str,
    resource: Resource,
    params: &ListParams,
    found: &mut Found,
) -> Vec<T> {
    let listed = list_all(cluster, &resource.within(namespace), params).await;
    listed.unwrap_or_else(|error| {
        found.unread.push(unlisted(resource, &error));
        Vec::new()
    })
}

fn unlisted(resource: Resource, error: &CallError) -> Unread {
    Unread {
        verb: "list",
        object: resource.plural().to_owned(),
        reason: error.to_string(),
    }
}

/// As `kubectl -l` takes it.
fn written(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().flatten();
    let labels = labels.map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().flatten().map(|one| {
        let values = one.values.clone().unwrap_or_default().join(",");
        match one.operator.as_str() {
            "In" => format!("{} in ({values})", one.key),
            "NotIn" => format!("{} notin ({values})", one.key),
            "DoesNotExist" => format!("!{}", one.key),
            _ => one.key.clone(),
        }
    });
    labels.chain(expressions).collect::<Vec<_>>().join(",")
}

/// What was said about one pod.
async fn events(cluster: &Cluster, namespace: &str, uid: &str) -> (Vec<Event>, Option<Unread>) {
    let resource = Resource::of::<Event>();
    let params = ListParams::default().fields(&format!("involvedObject.uid={uid}"));
    match list_all(cluster, &resource.within(namespace), &params).await {
        Ok(events) => (events, None),
        Err(error) => (Vec::new(), Some(unlisted(resource, &error))),
    }
}

/// The pods in scope whose images the kubelet cannot pull now. Their status says so; events are
/// not looked at. Then the namespaces that could not be looked at.
///
/// # Errors
/// Pods cannot be listed anywhere.
pub(super) async fn failing(
    scoped: &Scoped<'_>,
) -> Result<(Vec<Subject>, Vec<(String, Failure)>), Failure> {
    let Readable { items, unreadable } = whole_pods(scoped.cluster, &scoped.selection).await?;
    let subjects = items.into_iter().map(|pod| Subject::of_pod(pod, &[]));
    let mut subjects: Vec<Subject> = subjects
        .filter(|subject| scoped.covers(&subject.namespace) && subject.cannot_pull())
        .collect();
    subjects.sort_by(|a, b| (&a.namespace, &a.object).cmp(&(&b.namespace, &b.object)));
    Ok((subjects, unreadable))
}

fn not_read(error: CallError, cluster: &Cluster, namespace: &str, target: &Target) -> Failure {
    let plural = target.kind.resource().plural();
    let (missing, forbidden) = (error.is_not_found(), error.is_forbidden());
    let context = cluster.context();
    let action = format!("read {target} in namespace `{namespace}`");
    let failure = error.into_failure(context, &action);
    match (missing, forbidden) {
        (true, _) => failure.next(hint::get(namespace, plural).at(context)),
        (_, true) => failure.next(hint::can_i(context, namespace, "get", plural)),
        _ => failure,
    }
}
