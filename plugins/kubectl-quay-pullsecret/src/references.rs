//! What `attach` and `detach` share: whose `imagePullSecrets` are meant, and the walk over them.

use crate::FIELD_MANAGER;
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs};
use quay_common::cluster::{
    Cluster, ClusterArgs, DryRun, NamespaceSelection, Scope, connect, parse_object_name,
};
use quay_common::hint;
use quay_common::pullsecret::{
    Attachment, Holder, Outcome, Outcomes, ServiceAccountRefs, Verb, existing_views,
    observe_service_accounts,
};

/// Whose references are changed, and where.
#[derive(Args)]
pub struct ReferenceArgs {
    /// Name of the secret
    #[arg(value_parser = parse_object_name)]
    pub secret: String,

    /// Service account (repeat for several)
    #[arg(long, value_name = "NAME", value_parser = parse_object_name)]
    service_account: Vec<String>,

    /// Every service account of the namespace
    #[arg(long, conflicts_with = "service_account")]
    all_service_accounts: bool,

    /// Pod template of a workload, such as deployment/shop (repeat for several)
    #[arg(long, value_name = "KIND/NAME")]
    workload: Vec<String>,

    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Which way a reference changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Attach,
    Detach,
}

/// Changes the references in every namespace in scope, and reports each.
pub async fn run(
    args: ReferenceArgs,
    direction: Direction,
    console: &Console,
) -> Result<Exit, Failure> {
    if args.service_account.is_empty() && !args.all_service_accounts && args.workload.is_empty() {
        return Err(Failure::usage("whose pods shall use the secret?")
            .next("pass --service-account NAME, --all-service-accounts or --workload KIND/NAME"));
    }
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?;
    let (views, failures) = existing_views(&clusters, &args.scope).await?;
    let mut outcomes = Outcomes {
        items: failures,
        dry_run: args.dry_run.label(),
    };
    for view in &views {
        let accounts = match args.all_service_accounts {
            true => observe_service_accounts(view.cluster, &view.selection, &view.excluded).await?,
            false => Vec::new(),
        };
        let with_secret = view
            .observed
            .secrets
            .iter()
            .filter(|secret| secret.name == args.secret);
        let with_secret: Vec<&str> = with_secret
            .map(|secret| secret.namespace.as_str())
            .collect();
        let namespaces: Vec<String> = match &view.selection {
            NamespaceSelection::Named(names) => names.iter().cloned().collect(),
            NamespaceSelection::All => with_secret.iter().map(|name| (*name).to_owned()).collect(),
        };
        for namespace in namespaces {
            if direction == Direction::Attach && !with_secret.contains(&namespace.as_str()) {
                outcomes
                    .items
                    .push(no_such_secret(view.cluster, &namespace, &args.secret));
                continue;
            }
            for holder in holders(&args, &namespace, &accounts)? {
                outcomes
                    .items
                    .push(change(view.cluster, &namespace, &holder, &args, direction).await);
            }
        }
    }
    console.report(&outcomes, args.output.output)?;
    Ok(if outcomes.has_failure() {
        Exit::Problem
    } else {
        Exit::Success
    })
}

fn holders(
    args: &ReferenceArgs,
    namespace: &str,
    accounts: &[ServiceAccountRefs],
) -> Result<Vec<Holder>, Failure> {
    let named = args.service_account.iter().map(String::as_str);
    let all = accounts
        .iter()
        .filter(|account| account.namespace == namespace)
        .map(|account| account.name.as_str());
    let accounts = named
        .chain(all)
        .map(|name| Ok(Holder::service_account(namespace, name)));
    let workloads = args
        .workload
        .iter()
        .map(|reference| Holder::workload(namespace, reference));
    accounts.chain(workloads).collect()
}

async fn change(
    cluster: &Cluster,
    namespace: &str,
    holder: &Holder,
    args: &ReferenceArgs,
    direction: Direction,
) -> Outcome {
    let write = args.dry_run.write();
    let (changed, done) = match (direction, args.dry_run.is_client()) {
        (Direction::Attach, false) => (
            holder.attach(cluster, &args.secret, write).await,
            Verb::Attached,
        ),
        (Direction::Detach, false) => (
            holder.detach(cluster, &args.secret, write).await,
            Verb::Detached,
        ),
        (Direction::Attach, true) => (
            holder.would_attach(cluster, &args.secret).await,
            Verb::Attached,
        ),
        (Direction::Detach, true) => (
            holder.would_detach(cluster, &args.secret).await,
            Verb::Detached,
        ),
    };
    let (verb, message) = match changed {
        Ok(Attachment::Changed) => (done, String::new()),
        Ok(Attachment::Unchanged) => (Verb::Unchanged, String::new()),
        Err(error) => (Verb::Failed, error.to_string()),
    };
    let mut outcome =
        Outcome::new(cluster.context(), namespace, "secret", &args.secret, verb).message(message);
    if verb == Verb::Failed {
        outcome = outcome.next(hint::get(namespace, &holder.label));
    }
    outcome.references.push(holder.label.clone());
    outcome
}

fn no_such_secret(cluster: &Cluster, namespace: &str, secret: &str) -> Outcome {
    Outcome::new(cluster.context(), namespace, "secret", secret, Verb::Failed)
        .message("there is no pull secret of that name, so pods could not use it")
        .next(hint::get(namespace, "secret").arg(secret))
}
