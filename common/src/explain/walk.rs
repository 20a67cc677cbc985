//! The whole walk: observe, ask, judge.

use super::observe::{Request, observe};
use super::report::Explanations;
use crate::Failure;
use crate::cluster::{Cluster, Seen};
use crate::dockerconfig::RegistryNames;
use crate::judge::{Case, ask, judge};
use crate::progress::Progress;
use crate::pullsecret::KnownRegistry;
use crate::web::Endpoint;

/// Explains what is asked for. `other` gives the connection to a registry without a login.
///
/// # Errors
/// A mistake of the command line.
pub async fn explain(
    clusters: &Seen<Cluster>,
    request: &Request<'_>,
    logins: &[KnownRegistry<'_>],
    other: impl Fn(Endpoint) -> Endpoint,
    progress: &dyn Progress,
) -> Result<Explanations, Failure> {
    let observed = observe(clusters, request).await?;
    let known: Vec<RegistryNames> = logins.iter().map(|login| login.names.clone()).collect();
    let cases: Vec<&Case> = observed.cases.iter().collect();
    let answers = ask(&cases, logins, &known, other, progress).await;
    let cases = cases.into_iter();
    Ok(Explanations {
        items: cases.map(|case| judge(case, &known, &answers)).collect(),
        failures: observed.failures,
        of_every_pod: request.target.is_none(),
    })
}
