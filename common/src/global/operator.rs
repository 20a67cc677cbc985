//! Whether the Machine Config Operator runs, which brings the secret to the nodes.

use crate::cluster::{Cluster, path_of};
use k8s_openapi::api::apps::v1::Deployment;

const NAMESPACE: &str = "openshift-machine-config-operator";
/// The part of it that renders configs, and gives them to the nodes.
const CONTROLLER: &str = "machine-config-controller";

/// What can be seen of it.
pub(super) enum Operator {
    Runs,
    /// It should run, and does not yet; why.
    Starting(String),
    /// It does not run; why.
    Stopped(String),
    /// There is no right to look.
    Unknown,
}

pub(super) async fn operator(cluster: &Cluster) -> Operator {
    let path = path_of::<Deployment>(NAMESPACE, CONTROLLER);
    let found = match cluster.get::<Deployment>(&path).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => {
            return Operator::Stopped(format!(
                "no Machine Config Operator runs: deployment {NAMESPACE}/{CONTROLLER} does not \
                 exist"
            ));
        }
        Err(error) => {
            tracing::debug!(context = cluster.context(), %error, "the operator is not seen");
            return Operator::Unknown;
        }
    };
    let wanted = found.spec.and_then(|spec| spec.replicas);
    let available = found.status.and_then(|status| status.available_replicas);
    match (wanted, available.unwrap_or_default()) {
        (Some(0), _) => Operator::Stopped(format!(
            "no Machine Config Operator runs: deployment {NAMESPACE}/{CONTROLLER} is scaled to 0"
        )),
        (_, 0) => Operator::Starting(format!(
            "the Machine Config Operator is not available: no pod of {NAMESPACE}/{CONTROLLER} is \
             ready"
        )),
        _ => Operator::Runs,
    }
}
