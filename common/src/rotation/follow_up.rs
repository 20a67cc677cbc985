//! What can follow a rotation: restarts, and pulls by real pods.

use super::interrupt::Interrupt;
use super::run::Rotation;
use crate::Failure;
use crate::cluster::WriteMode;
use crate::pulltest::{PullOrder, prove_pulls};
use crate::receipt::{Receipt, RestartProof, TargetProof};
use crate::workload::{Restarted, Workload, restart, running_pods};
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
        let interrupt = Interrupt::default();
        let restart = self.restart_all(receipt, &interrupt);
        interrupt.watch(restart).await
    }

    async fn restart_all(
        &self,
        receipt: &mut Receipt,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        self.task.watcher.step("restarting workloads");
        let at = Timestamp::now();
        for member in &self.fleet.members {
            let cluster = member.scoped.cluster;
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
                interrupt.check()?;
                let result = match restart(cluster, &workload, at, WriteMode::Persist).await {
                    Ok(Restarted::Rolling) => "rolling".to_owned(),
                    Ok(Restarted::OnDelete) => {
                        "its pods use the new token once you delete them".to_owned()
                    }
                    Ok(Restarted::Paused) => {
                        "not restarted, because its rollout is paused".to_owned()
                    }
                    Ok(Restarted::NotRestartable) => "not restarted, because this kind has no \
                                                      rollout"
                        .to_owned(),
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

    /// Pulls `image` with a real pod in one namespace of each cluster. What the kubelets say
    /// is part of the receipt.
    ///
    /// # Errors
    /// When the secrets cannot be listed any more.
    pub async fn try_pulls(
        &self,
        receipt: &mut Receipt,
        image: &str,
        timeout: Duration,
    ) -> Result<(), Failure> {
        self.task.watcher.step(&format!("pulling {image}"));
        let holders = self.fleet.holders().await?;
        let members = self.fleet.members.iter();
        let clusters = members.filter_map(|member| {
            let mut holders = holders.iter();
            let here = holders.find(|holders| holders.context == member.context())?;
            Some((member.scoped.cluster, here.inside.as_slice()))
        });
        let clusters: Vec<_> = clusters.collect();
        let order = PullOrder {
            image,
            robot: Some(&self.twins.robot),
            timeout,
        };
        let pulls = prove_pulls(&clusters, &order, self.task.watcher.progress()).await;
        receipt.pulls = pulls.items;
        Ok(())
    }
}

fn secrets_of<'t>(targets: &'t [TargetProof], context: &str) -> BTreeSet<(&'t str, &'t str)> {
    let here = targets.iter().filter(|target| target.context == context);
    here.map(|target| (target.namespace.as_str(), target.secret.as_str()))
        .collect()
}
