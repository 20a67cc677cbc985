//! `sync`: every namespace that needs a robot's credential has its current one.

use crate::FIELD_MANAGER;
use crate::sync_robot::{Named, Robot, RobotArgs};
use clap::Args;
use futures::future::join_all;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, OutputFormat, to_yaml};
use quay_common::cluster::{Cluster, ClusterArgs, DryRun, NamespaceSelection, Scope, connect};
use quay_common::credentials::{QuayArgs, Session, sessions};
use quay_common::hint;
use quay_common::progress::Progress;
use quay_common::pullsecret::{
    Apply, ClusterView, Consent, Ensure, NamespacePlan, Outcome, Outcomes, PullSecret, SyncPlanner,
    Verdict, Wanted, add_gone_bridges, apply, finish_replacements, logins, manifests,
    observe_service_accounts, views, wanted,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;

/// Bring robots' current tokens into pull secrets
///
/// Without --robot every credential of a robot in scope is repaired, wherever it is.
/// With --robot in named namespaces the secret is also created where it is missing,
/// and attached to service accounts. Nothing is ever regenerated.
#[derive(Args)]
pub struct SyncArgs {
    #[command(flatten)]
    robot: RobotArgs,

    /// Create namespaces that do not exist
    #[arg(long, requires = "robot", conflicts_with = "all_namespaces")]
    create_namespace: bool,

    /// With -A: also create the secret where it is missing (never in kube-* and openshift-*)
    #[arg(long, requires_all = ["robot", "all_namespaces"])]
    create_missing: bool,

    /// Replace another account that holds the key
    #[arg(long, requires = "robot")]
    replace_account: bool,

    /// Also write secrets that are immutable or belong to another tool
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    quay: QuayArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// A plan for one cluster.
struct Planned<'a> {
    cluster: &'a Cluster,
    plans: Vec<NamespacePlan>,
}

/// Rounds of a sync that finds other tokens in the end than in the beginning.
const ROUNDS: usize = 4;

pub async fn run(args: SyncArgs, console: &Console) -> Result<Exit, Failure> {
    let began = Instant::now();
    let clusters = connect(&args.cluster, FIELD_MANAGER).await?;
    let mut outcomes = Outcomes {
        items: finish_earlier(&args, &clusters).await?,
        dry_run: args.dry_run.label(),
    };
    let source = Source::open(&args, console).await?;
    for _ in 0..ROUNDS {
        let (views, failures) = views(&clusters, &args.scope).await?;
        let known = source.ask(&args, &views, console).await?;
        let (planned, more) = plan_all(&args, &views, &known).await?;
        let failures: Vec<Outcome> = failures.into_iter().chain(more).collect();
        if args.dry_run.is_client()
            && matches!(args.output.output, OutputFormat::Yaml | OutputFormat::Json)
        {
            let failures = outcomes.items.into_iter().chain(failures).collect();
            return print_manifests(&args, &views, &planned, failures, console).await;
        }
        let done = carry_out(&args, &known, planned, console).await;
        let wrote = done.iter().any(|outcome| outcome.written_at.is_some());
        outcomes.supersede(failures.into_iter().chain(done).collect());
        // A rotation may have replaced a token, or its bridge, while it was being written.
        if !wrote
            || args.dry_run.label().is_some()
            || source
                .ask(&args, &views, console)
                .await?
                .wanted
                .agrees_with(&known.wanted)
        {
            break;
        }
    }
    report(&args, &outcomes, began, console)
}

/// Who says what credentials should be.
enum Source {
    /// All logins, of every robot that is found.
    All(Vec<Session>),
    /// One robot.
    One(Box<Robot>),
}

/// What they say now.
struct Known {
    wanted: Wanted,
    ensure: Option<Ensure>,
    consent: Consent,
}

impl Source {
    async fn open(args: &SyncArgs, console: &Console) -> Result<Self, Failure> {
        if args.robot.is_given() {
            let robot = Robot::find(&args.robot, &args.quay, &args.cluster, console).await?;
            return Ok(Self::One(Box::new(robot)));
        }
        let sessions = sessions(&args.quay, &args.cluster, console).await?;
        if sessions.is_empty() {
            return Err(Failure::new(
                "there is no login, so nothing is known of any robot's current token",
            )
            .next(hint::robot("login --registry HOST")));
        }
        Ok(Self::All(sessions))
    }

    async fn ask(
        &self,
        args: &SyncArgs,
        views: &[ClusterView<'_>],
        console: &Console,
    ) -> Result<Known, Failure> {
        let secrets: Vec<&PullSecret> = views
            .iter()
            .flat_map(|view| &view.observed.secrets)
            .collect();
        let (wanted, ensure) = match self {
            Self::All(sessions) => (wanted(&logins(sessions).await, &secrets, None).await, None),
            Self::One(robot) => {
                let Named { mut wanted, ensure } = robot.ask(&args.robot, console).await?;
                add_gone_bridges(&mut wanted, &secrets);
                (wanted, Some(ensure))
            }
        };
        Ok(Known {
            wanted,
            ensure,
            consent: Consent {
                force: args.force,
                replace_account: args.replace_account,
            },
        })
    }
}

async fn plan_all<'a>(
    args: &SyncArgs,
    views: &[ClusterView<'a>],
    known: &Known,
) -> Result<(Vec<Planned<'a>>, Vec<Outcome>), Failure> {
    let (mut planned, mut failed) = (Vec::new(), Vec::new());
    for view in views {
        let (plans, failures) = plan(args, view, known).await?;
        planned.push(Planned {
            cluster: view.cluster,
            plans,
        });
        failed.extend(failures);
    }
    Ok((planned, failed))
}

/// Only `--force` replaces immutable secrets, so only then something can be left half done.
/// A cluster that does not answer says so once, when it is observed.
async fn finish_earlier(args: &SyncArgs, clusters: &[Cluster]) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::new();
    if !args.force || args.dry_run.label().is_some() {
        return Ok(outcomes);
    }
    let excluded = args.scope.excluded()?;
    for cluster in clusters {
        if let Ok(selection) = args.scope.resolve(cluster).await
            && let Ok(finished) = finish_replacements(cluster, &selection, &excluded).await
        {
            outcomes.extend(finished);
        }
    }
    Ok(outcomes)
}

async fn plan(
    args: &SyncArgs,
    view: &ClusterView<'_>,
    known: &Known,
) -> Result<(Vec<NamespacePlan>, Vec<Outcome>), Failure> {
    let (wanted, consent) = (&known.wanted, known.consent);
    let ensure = known.ensure.as_ref();
    let missing = view.missing_namespaces().await?;
    let may_create = args.create_namespace && ensure.is_some();
    let failures = match may_create {
        true => Vec::new(),
        false => missing
            .iter()
            .map(|name| view.missing_namespace(name, ensure.is_some()))
            .collect(),
    };
    let namespaces: BTreeSet<String> = match (&view.selection, ensure) {
        (_, None) => return Ok((view.plan_repair(wanted, consent), failures)),
        (NamespaceSelection::All, Some(_)) if !args.create_missing => {
            return Ok((view.plan_repair(wanted, consent), failures));
        }
        (NamespaceSelection::All, Some(_)) => view.tenant_namespaces().await?,
        (NamespaceSelection::Named(names), Some(_)) => names
            .iter()
            .filter(|name| may_create || !missing.contains(*name))
            .filter(|name| !view.observed.unreadable.contains_key(*name))
            .cloned()
            .collect(),
    };
    let Some(ensure) = ensure else {
        return Ok((Vec::new(), failures));
    };
    let mut plans = view.plan_ensure(&namespaces, ensure, wanted, consent);
    for plan in &mut plans {
        plan.create_namespace = may_create && missing.contains(&plan.namespace);
    }
    Ok((plans, failures))
}

async fn carry_out(
    args: &SyncArgs,
    known: &Known,
    planned: Vec<Planned<'_>>,
    console: &Console,
) -> Vec<Outcome> {
    if args.dry_run.is_client() {
        return planned
            .iter()
            .flat_map(|planned| Outcome::of_plans(planned.cluster, &planned.plans))
            .collect();
    }
    let total = planned.iter().map(|planned| planned.plans.len()).sum();
    console.progress().begin("syncing", total);
    let planner = SyncPlanner {
        wanted: &known.wanted,
        ensure: known.ensure.as_ref(),
        consent: known.consent,
    };
    let outcomes = join_all(planned.into_iter().map(async |planned| {
        let work = Apply {
            cluster: planned.cluster,
            planner: &planner,
            write: args.dry_run.write(),
            interruptible: true,
        };
        apply(&work, planned.plans, console.progress()).await
    }))
    .await;
    console.progress().end();
    outcomes.into_iter().flatten().collect()
}

fn report(
    args: &SyncArgs,
    outcomes: &Outcomes,
    began: Instant,
    console: &Console,
) -> Result<Exit, Failure> {
    if !outcomes.items.is_empty() || !args.output.output.is_for_people() {
        console.report(outcomes, args.output.output)?;
    }
    let for_people = args.output.output.is_for_people();
    if for_people && args.dry_run.label().is_some() && console.stdout_is_terminal() {
        console.data(&outcomes.diff())?;
    }
    let dry = if args.dry_run.label().is_some() {
        " (dry run, nothing was stored)"
    } else {
        ""
    };
    console.note(format!(
        "{} in {:.1}s{dry}",
        outcomes.summary(),
        began.elapsed().as_secs_f64()
    ));
    Ok(if outcomes.has_failure() {
        Exit::Problem
    } else {
        Exit::Success
    })
}

/// `--dry-run=client -o yaml|json`: the one place where a credential is printed, because
/// it was asked for; stderr says whose.
async fn print_manifests(
    args: &SyncArgs,
    views: &[ClusterView<'_>],
    planned: &[Planned<'_>],
    failures: Vec<Outcome>,
    console: &Console,
) -> Result<Exit, Failure> {
    let mut objects: Vec<Value> = Vec::new();
    for (view, planned) in views.iter().zip(planned) {
        let accounts = match planned.plans.iter().any(|plan| plan.attach.is_some()) {
            true => observe_service_accounts(view.cluster, &view.selection, &view.excluded).await?,
            false => Vec::new(),
        };
        objects.extend(manifests(&planned.plans, &accounts));
    }
    let text = match args.output.output {
        OutputFormat::Json => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            format!("{list:#}\n")
        }
        _ => objects
            .iter()
            .map(|object| Ok(format!("---\n{}", to_yaml(object)?)))
            .collect::<Result<String, Failure>>()?,
    };
    let printed = printed_registries(planned);
    if !printed.is_empty() {
        console.warn(format!(
            "the output holds credentials in clear base64, for: {}",
            printed.join(", ")
        ));
    }
    console.data(&text)?;
    let plans = planned
        .iter()
        .flat_map(|planned| Outcome::of_plans(planned.cluster, &planned.plans));
    let failed: Vec<Outcome> = failures
        .into_iter()
        .chain(plans)
        .filter(|item| item.result.is_failure())
        .collect();
    for item in &failed {
        console.warn(format!(
            "{}/{} is not in the output: {}",
            item.namespace, item.name, item.message
        ));
    }
    Ok(if failed.is_empty() {
        Exit::Success
    } else {
        Exit::Problem
    })
}

/// Every `auths` key whose credential is in the manifests, ours and others'.
fn printed_registries(planned: &[Planned<'_>]) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for secret in planned
        .iter()
        .flat_map(|planned| &planned.plans)
        .flat_map(|plan| &plan.secrets)
    {
        if !secret.writes() && !secret.is_current() {
            continue;
        }
        let ours = secret
            .entries
            .iter()
            .filter(|entry| entry.verdict != Verdict::Unknown);
        keys.extend(ours.map(|entry| entry.key.clone()));
        let document = secret
            .base
            .as_ref()
            .and_then(|base| base.document.as_ref().ok());
        keys.extend(
            document
                .iter()
                .flat_map(|document| document.entries())
                .map(|(key, _)| key.to_owned()),
        );
    }
    keys.into_iter().collect()
}
