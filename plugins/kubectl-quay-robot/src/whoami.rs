//! `whoami`: whose token, and what it is good for.

use crate::connection::{Connection, failed};
use crate::scopes;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, Report, Table, command_text, escape_control};
use quay_common::hint;
use quay_common::names::{RegistryHost, parse_namespace};
use quay_common::quay::{Held, OAuthScope, ScopeReport};
use serde::Serialize;

/// Show the owner and the scopes of the API token
///
/// Whoami tries each scope with a request that changes nothing. It fails if the token is
/// wrong, expired or revoked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Show which scopes the token of the last login has
  kubectl quay-robot whoami

  # Try the scopes on one organization
  kubectl quay-robot whoami myorg
")]
pub struct WhoamiArgs {
    /// Organization to try the scopes on, if the token cannot list your organizations
    #[arg(value_name = "ORG", value_parser = parse_namespace)]
    organization: Option<String>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Serialize)]
struct Identity {
    registry: RegistryHost,
    api: String,
    #[serde(flatten)]
    report: ScopeReport,
}

impl Report for Identity {
    fn table(&self, _wide: bool) -> Table {
        scopes::table(&self.report)
    }

    fn names(&self) -> Vec<String> {
        vec![format!("user/{}", self.report.user)]
    }
}

/// People also get the user and the organizations above the table.
pub async fn run(args: WhoamiArgs, console: &Console) -> Result<Exit, Failure> {
    let session = args.connection.open(console).await?;
    let report = session
        .quay
        .scopes(args.organization.as_deref())
        .await
        .map_err(failed(&session, "the API token"))?;
    let identity = Identity {
        registry: session.endpoint.registry.clone(),
        api: session.endpoint.api.clone(),
        report,
    };
    if args.output.output.is_for_people() {
        console.data(heading(&identity))?;
    }
    let unknown = |scope: &OAuthScope| scope.held == Held::Unknown;
    if identity.report.scopes.iter().any(unknown) {
        let whoami = hint::robot("whoami ORG");
        console.note(format!(
            "unknown: there was nothing to try the scope on; name an organization that you \
             administer: {}",
            command_text(&whoami)
        ));
    }
    console.finish(&identity, args.output.output)
}

fn heading(identity: &Identity) -> String {
    let organizations = match &identity.report.organizations {
        None => "<unknown: the token has no user:read>".to_owned(),
        Some(names) if names.is_empty() => "<none>".to_owned(),
        Some(names) => names.join(", "),
    };
    let lines = [
        ("Registry", identity.registry.to_string()),
        ("API", identity.api.clone()),
        ("User", identity.report.user.clone()),
        ("Organizations", organizations),
    ];
    let lines = lines
        .iter()
        .map(|(label, value)| format!("{:<16}{}\n", format!("{label}:"), escape_control(value)));
    lines.chain(["\n".to_owned()]).collect()
}
