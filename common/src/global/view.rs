//! The global pull secrets of many clusters, observed side by side.

use super::confirm::{ConfirmState, Pending, unconfirmed};
use super::observed::{Observed, observe};
use super::release::release;
use crate::Failure;
use crate::cluster::{Cluster, DryRun, InContext, Seen};

/// One cluster, and its global pull secret.
pub struct SecretView<'a> {
    pub cluster: &'a Cluster,
    /// Its secret.
    pub observed: Observed,
    /// Writes of it from this machine that wait for a confirmation, where somebody is about to
    /// write over them.
    pub(super) unconfirmed: Vec<(Pending, ConfirmState)>,
}

impl InContext for SecretView<'_> {
    fn context(&self) -> &str {
        self.cluster.context()
    }
}

/// Observes the secret of every cluster, side by side.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be observed is one of the failed.
pub async fn observe_all(clusters: &Seen<Cluster>) -> Result<Seen<SecretView<'_>>, Failure> {
    let each = clusters.each();
    each.in_each(async |cluster| {
        let mut observed = observe(cluster).await?;
        observed.release = release(cluster).await;
        Ok(SecretView {
            cluster,
            observed,
            unconfirmed: Vec::new(),
        })
    })
    .await
}

/// The same, and which earlier writes wait for their confirmation: they are not written over.
/// A dry run writes nothing, and is in nobody's way.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be observed is one of the failed.
pub async fn observe_to_write(
    clusters: &Seen<Cluster>,
    dry_run: DryRun,
) -> Result<Seen<SecretView<'_>>, Failure> {
    let seen = observe_all(clusters).await?;
    if dry_run.label().is_some() {
        return Ok(seen);
    }
    seen.in_each(async |view| {
        Ok(SecretView {
            unconfirmed: unconfirmed(view.cluster, view.observed.name).await?,
            ..view
        })
    })
    .await
}
