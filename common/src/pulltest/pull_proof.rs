//! One pull in each cluster, with a secret that should allow it.

use super::leftover::remove_leftovers;
use super::pull_test::PullTest;
use super::verdict::PullVerdict;
use crate::Failure;
use crate::cli::{Report, Table, detail, serialize_next};
use crate::cluster::Cluster;
use crate::hint::{self, Hint, edit_secret};
use crate::kubelet::{Fault, ImageReference, matches_image};
use crate::names::RobotName;
use crate::progress::Progress;
use crate::pullsecret::PullSecret;
use crate::quay::bridge_name;
use futures::future::join_all;
use serde::Serialize;
use std::time::Duration;

/// What to pull, with whose credential, and how long to wait for the kubelet.
pub struct PullOrder<'a> {
    /// As in a pod, with a tag or a digest.
    pub image: &'a str,
    /// Only secrets that hold this robot; `None` for any account.
    pub robot: Option<&'a RobotName>,
    /// For each cluster.
    pub timeout: Duration,
}

/// What came of the pull in one cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PullProof {
    /// The cluster, by the name of its context.
    pub context: String,
    /// Where it was tried; empty if nowhere.
    pub namespace: String,
    /// With which pull secret; empty if there is none for the image.
    pub secret: String,
    /// What was pulled.
    pub image: String,
    /// Whether it was pulled.
    pub ok: bool,
    /// How the test ended; `None` if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<PullVerdict>,
    /// The verdict in words, or why there is none.
    pub message: String,
    /// What to do next.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
    /// Test pods of earlier runs that were removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<String>,
}

/// The pulls of one command, a line for each cluster.
#[derive(Debug, Default, Serialize)]
pub struct Pulls {
    /// In the order of the clusters.
    pub items: Vec<PullProof>,
}

/// Pulls the image once in each cluster, side by side: in the first namespace with a
/// secret whose key the kubelet would use for it, with that secret alone. `secrets` are
/// a cluster's, ordered by namespace.
pub async fn prove_pulls(
    clusters: &[(&Cluster, &[PullSecret])],
    order: &PullOrder<'_>,
    progress: &dyn Progress,
) -> Pulls {
    progress.begin(&format!("pulling {}", order.image), clusters.len());
    let items = join_all(clusters.iter().map(async |(cluster, secrets)| {
        let proof = prove(cluster, secrets, order).await;
        progress.advance();
        proof
    }))
    .await;
    progress.end();
    Pulls { items }
}

async fn prove(cluster: &Cluster, secrets: &[PullSecret], order: &PullOrder<'_>) -> PullProof {
    let mut proof = PullProof {
        context: cluster.context().to_owned(),
        namespace: String::new(),
        secret: String::new(),
        image: order.image.to_owned(),
        ok: false,
        verdict: None,
        message: String::new(),
        next: None,
        leftovers: Vec::new(),
    };
    let Some(secret) = secret_for(secrets, order) else {
        if let Some((secret, fault)) = refused_for(secrets, order) {
            proof.namespace = secret.namespace.clone();
            proof.secret = secret.name.clone();
            proof.message = format!("no kubelet pulls with this secret: {fault}");
            let edit = edit_secret(&secret.namespace, &secret.name);
            proof.next = Some(edit.at(cluster.context()).into());
            return proof;
        }
        proof.message = match order.robot {
            Some(robot) => format!(
                "no pull secret in the chosen namespaces holds {robot} for \
                                    this image"
            ),
            None => "no pull secret in the chosen namespaces has a key for this image".to_owned(),
        };
        let robot = order
            .robot
            .map_or("ORG+NAME".to_owned(), ToString::to_string);
        let sync = hint::pullsecret("sync --robot").arg(robot);
        proof.next = Some(sync.words("-n NAMESPACE").at(cluster.context()).into());
        return proof;
    };
    proof.namespace = secret.namespace.clone();
    proof.secret = secret.name.clone();
    let cleared = remove_leftovers(cluster, &secret.namespace).await;
    let test = PullTest {
        cluster,
        namespace: &secret.namespace,
        image: order.image,
        pull_secrets: std::slice::from_ref(&secret.name),
        service_account: "",
        timeout: order.timeout,
    };
    match test.run().await {
        Ok(verdict) => {
            proof.ok = verdict.is_pulled();
            proof.message = verdict.detail();
            let nodes = hint::kubectl("get nodes").at(cluster.context());
            proof.next = verdict.is_about_nodes().then(|| nodes.into());
            proof.verdict = Some(verdict);
        }
        Err(failure) => proof.failure(&failure),
    }
    match cleared {
        Ok(names) => proof.leftovers = names,
        // A test that failed says what is wrong; otherwise this does.
        Err(failure) if proof.ok => proof.failure(&failure),
        Err(_) => {}
    }
    proof
}

/// The first secret with an entry that the kubelet would use for the image.
fn secret_for<'a>(secrets: &'a [PullSecret], order: &PullOrder<'_>) -> Option<&'a PullSecret> {
    let image: ImageReference = order.image.parse().ok()?;
    secrets.iter().find(|secret| {
        let documents = secret.document.iter();
        let mut accounts = documents.flat_map(|document| document.accounts_for(&image));
        accounts.any(|account| {
            let robot = order.robot;
            robot.is_none_or(|robot| stands_for(&account, robot))
        })
    })
}

/// The first secret with a key for the image that a kubelet refuses as a whole, and why.
fn refused_for<'a>(
    secrets: &'a [PullSecret],
    order: &PullOrder<'_>,
) -> Option<(&'a PullSecret, Fault)> {
    let image: ImageReference = order.image.parse().ok()?;
    secrets.iter().find_map(|secret| {
        let document = secret.document.as_ref().ok()?;
        let fault = document.fault()?;
        let mut keys = document.entries().map(|(key, _)| key);
        keys.any(|key| matches_image(key, &image))
            .then_some((secret, fault))
    })
}

/// While a rotation lasts, its bridge is as good as the robot.
fn stands_for(account: &str, robot: &RobotName) -> bool {
    let bridge = bridge_name(robot).map(|bridge| bridge.to_string());
    account == robot.to_string() || bridge.as_deref() == Some(account)
}

impl PullProof {
    fn failure(&mut self, failure: &Failure) {
        self.ok = false;
        self.message = failure.message().to_owned();
        self.next = failure.next_step().cloned();
    }

    fn word(&self) -> &'static str {
        self.verdict.as_ref().map_or("failed", PullVerdict::word)
    }
}

impl Pulls {
    /// Whether every cluster pulled.
    pub fn all_ok(&self) -> bool {
        self.items.iter().all(|item| item.ok)
    }
}

impl Report for Pulls {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("NAMESPACE", |item| &item.namespace)
            .col("SECRET", |item| &item.secret)
            .col("IMAGE", |item| &item.image)
            .col("RESULT", PullProof::word)
            .col("DETAIL", |item| {
                detail([item.message.as_str()], item.next.as_ref())
            })
            .table()
    }

    fn names(&self) -> Vec<String> {
        let secrets = self.items.iter().filter(|item| !item.secret.is_empty());
        secrets
            .map(|item| format!("secret/{}", item.secret))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    fn secret(namespace: &str, key: &str, account: &str) -> PullSecret {
        let auth = STANDARD.encode(format!("{account}:password"));
        let content = json!({"auths": {key: {"auth": auth}}}).to_string();
        let secret = serde_json::from_value(json!({
            "metadata": {"name": "pull", "namespace": namespace, "uid": "u", "resourceVersion": "1"},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": STANDARD.encode(content)},
        }));
        PullSecret::read(secret.unwrap()).unwrap()
    }

    #[test]
    fn the_first_secret_the_kubelet_would_use_is_chosen() {
        let secrets = [
            secret("a", "quay.io", "other+robot"),
            secret("b", "quay.io/myorg/web", "myorg+deploy"),
            secret("c", "quay.io/myorg/app", "myorg+deploy-bridge"),
            secret("d", "quay.io/myorg", "myorg+deploy"),
            secret("e", "https://index.docker.io/v1/", "me"),
        ];
        let robot: RobotName = "myorg+deploy".parse().unwrap();
        for (image, robot, namespace) in [
            ("quay.io/myorg/app:v1", None, Some("a")),
            ("quay.io/myorg/app:v1", Some(&robot), Some("c")),
            (
                "quay.io/myorg/web@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                Some(&robot),
                Some("b"),
            ),
            ("quay.io/myorg/other", Some(&robot), Some("d")),
            ("docker.io/library/nginx", None, Some("e")),
            ("registry.example.com/app", None, None),
        ] {
            let order = PullOrder {
                image,
                robot,
                timeout: Duration::ZERO,
            };
            let chosen = secret_for(&secrets, &order).map(|secret| secret.namespace.as_str());
            assert_eq!(chosen, namespace, "{image}");
        }
    }
}
