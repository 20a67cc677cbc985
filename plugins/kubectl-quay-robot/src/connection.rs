//! The flags that say which Quay, and with which token.

use quay_common::Failure;
use quay_common::cli::Console;
use quay_common::cluster::ClusterArgs;
use quay_common::credentials::{QuayArgs, Session, sign_in};
use quay_common::hint::{self, Hint};
use quay_common::web::ApiError;

/// Which Quay to talk to; the cluster flags say where an `--auth-secret` is. Flattened last
/// into a command's arguments: what follows would stand under its headings.
#[derive(Debug, clap::Args)]
pub struct Connection {
    #[command(flatten)]
    pub quay: QuayArgs,

    #[command(flatten)]
    pub cluster: ClusterArgs,
}

impl Connection {
    /// The session for the registry meant.
    pub async fn open(&self, console: &Console) -> Result<Session, Failure> {
        sign_in(&self.quay, &self.cluster, console).await
    }
}

/// The failure of a request about `object` of an organization that the user named: one that does
/// not exist is said not to.
pub async fn failed_in(
    session: &Session,
    organization: &str,
    object: impl std::fmt::Display,
    error: ApiError,
) -> Failure {
    // Quay refuses alike what may not be asked, and what is not there.
    let missing = match error {
        ApiError::MissingScope { .. } => session.quay.no_such_organization(organization).await,
        _ => None,
    };
    let Some(missing) = missing else {
        return failed(session, object)(error);
    };
    let registry = &session.endpoint.registry;
    let failure = format!("organization `{organization}` does not exist at {registry}");
    match missing.meant {
        Some(meant) => Failure::new(format!("{failure}; did you mean `{meant}`?"))
            .next(hint::robot("list").arg(meant)),
        None => Failure::new(failure).next(
            Hint::from("correct the name; to see your organizations: ").run(hint::robot("whoami")),
        ),
    }
}

/// The failure of a request about `object`.
pub fn failed(
    session: &Session,
    object: impl std::fmt::Display,
) -> impl FnOnce(ApiError) -> Failure {
    let object = object.to_string();
    move |error| error.failure(object, &session.endpoint)
}
