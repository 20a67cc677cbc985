//! What can follow a rotation: restarts, and pulls by real pods.

use super::receipt::{PullProof, Receipt, RestartProof, TargetProof};
use super::run::Rotation;
use crate::Failure;
use crate::cluster::Write;
use crate::dockerconfig::{ImageReference, matches_image};
use crate::workload::{PullTest, Restarted, Workload, remove_leftovers, restart, running_pods};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

impl Rotation<'_> {
    /// Restarts the workloads whose pods pull with a secret that was written.
    ///
    /// # Errors
    /// When a cluster does not tell which those are. One that cannot be restarted is part of
    /// the receipt.
    pub async fn restart_workloads(&self, receipt: &mut Receipt) -> Result<(), Failure> {
        self.task.watcher.step("restarting workloads");
        let at = Timestamp::now();
        for state in &self.states {
            let cluster = state.member.cluster;
            let context = cluster.context();
            let secrets = secrets_of(&receipt.targets, context);
            let namespaces: BTreeSet<String> = secrets
                .iter()
                .map(|(namespace, _)| (*namespace).to_owned())
                .collect();
            if namespaces.is_empty() {
                continue;
            }
            let pods = running_pods(cluster, namespaces).await?;
            let uses = pods.into_iter().filter(|pod| {
                let mut names = pod.pull_secrets.iter().chain(&pod.frozen);
                names.any(|name| secrets.contains(&(pod.namespace.as_str(), name.as_str())))
            });
            let workloads: BTreeSet<Workload> = uses.filter_map(|pod| pod.owner).collect();
            for workload in workloads {
                let result = match restart(cluster, &workload, at, Write::Persist).await {
                    Ok(Restarted::Rolling) => "rolling".to_owned(),
                    Ok(Restarted::OnDelete) => "its pods follow when they are deleted".to_owned(),
                    Ok(Restarted::Paused) => "not restarted: its rollout is paused".to_owned(),
                    Ok(Restarted::NotRestartable) => "not restarted: no rollout".to_owned(),
                    Err(error) => format!("failed: {error}"),
                };
                receipt.restarted.push(RestartProof {
                    context: context.to_owned(),
                    workload: format!("{}/{workload}", workload.namespace),
                    result,
                });
            }
        }
        Ok(())
    }

    /// Pulls `image` with a real pod in one namespace of each cluster that has a secret
    /// whose key matches it.
    ///
    /// # Errors
    /// When no pod could be started. What the kubelet says is part of the receipt.
    pub async fn try_pulls(
        &self,
        receipt: &mut Receipt,
        image: &ImageReference,
        written: &str,
        timeout: Duration,
    ) -> Result<(), Failure> {
        for state in &self.states {
            let cluster = state.member.cluster;
            let context = cluster.context();
            let target = receipt
                .targets
                .iter()
                .find(|target| target.context == context && matches_image(&target.key, image));
            let Some(target) = target else {
                self.task.watcher.warn(&format!(
                    "no secret of {context} matches {written}: it is not pulled there"
                ));
                continue;
            };
            let (namespace, secret) = (target.namespace.clone(), target.secret.clone());
            self.task
                .watcher
                .step(&format!("pulling {written} in {context}/{namespace}"));
            remove_leftovers(cluster, &namespace).await?;
            let test = PullTest {
                cluster,
                namespace: &namespace,
                image: written,
                pull_secrets: &[secret],
                service_account: "",
                timeout,
            };
            let verdict = test.run().await?;
            receipt.pulls.push(PullProof {
                context: context.to_owned(),
                namespace,
                image: written.to_owned(),
                verdict,
            });
        }
        Ok(())
    }
}

fn secrets_of<'t>(targets: &'t [TargetProof], context: &str) -> BTreeSet<(&'t str, &'t str)> {
    let here = targets.iter().filter(|target| target.context == context);
    here.map(|target| (target.namespace.as_str(), target.secret.as_str()))
        .collect()
}
