//! The whole walk: observe, ask, judge.

use super::observe::{Request, observe};
use super::report::Explanations;
use crate::Failure;
use crate::cluster::{Cluster, Seen};
use crate::dockerconfig::RegistryNames;
use crate::judge::{Case, ask, judge};
use crate::progress::Progress;
use crate::pullsecret::KnownRegistry;
use crate::registry::OtherRegistries;

/// Explains what is asked for. `others` are the registries without a login.
///
/// # Errors
/// A mistake of the command line.
pub async fn explain(
    clusters: &Seen<Cluster>,
    request: &Request<'_>,
    logins: &[KnownRegistry<'_>],
    others: &OtherRegistries,
    progress: &dyn Progress,
) -> Result<Explanations, Failure> {
    let observed = observe(clusters, request).await?;
    let known: Vec<RegistryNames> = logins.iter().map(|login| login.names.clone()).collect();
    let cases: Vec<&Case> = observed.cases.iter().collect();
    let answers = ask(&cases, logins, &known, others, progress).await;
    let cases = cases.into_iter();
    Ok(Explanations {
        items: cases.map(|case| judge(case, &known, &answers)).collect(),
        failures: observed.failures,
        of_every_pod: request.target.is_none(),
    })
}
