//! The walk of every command that writes the secret: plan, ask, apply, report.

use clap::Args;
use futures::future::join_all;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, span};
use quay_common::cluster::{Cluster, DryRun, WriteMode};
use quay_common::global::{
    Change, Changes, Deadline, Intent, Observed, Plan, Pools, Request, Topology, acknowledge,
    apply, apply_with_watchdog, check_confirmed, openshift_version, plan, reboots_nodes,
};
use quay_common::node_secrets::SecretName;

/// The flags of every command that writes.
#[derive(Args)]
pub struct ChangeArgs {
    /// WriteMode this entry although it is Red Hat's or another account's (repeat for several)
    #[arg(long, value_name = "KEY")]
    pub replace_entry: Vec<String>,

    /// Also write a secret that another tool, such as Argo CD, writes too
    #[arg(long)]
    pub force: bool,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// One cluster, and what is wanted of it.
pub struct Target<'a> {
    pub cluster: &'a Cluster,
    pub observed: Observed,
    pub request: Request,
}

struct Planned<'a> {
    target: Target<'a>,
    plan: Plan,
}

impl Planned<'_> {
    fn context(&self) -> &str {
        self.target.cluster.context()
    }

    fn name(&self) -> SecretName {
        self.target.observed.name
    }
}

/// Carries out what is wanted of every target, after asking.
pub async fn carry_out(
    args: &ChangeArgs,
    targets: Vec<Target<'_>>,
    failures: Vec<Change>,
    deadline: Option<Deadline<'_>>,
    console: &Console,
) -> Result<Exit, Failure> {
    let mut changes = Changes {
        items: failures,
        dry_run: args.dry_run.label(),
    };
    let planned = plan_all(targets, &mut changes).await;
    let writes = planned
        .iter()
        .any(|planned| planned.plan.document.is_some());
    if writes {
        announce(&planned, console).await;
    }
    let would = Changes {
        items: planned.iter().flat_map(of_plan).collect(),
        dry_run: args.dry_run.label(),
    };
    if writes && !args.yes && args.dry_run.label().is_none() {
        ask(&would, console)?;
    }
    if args.dry_run.is_client() {
        if args.output.output.is_for_people() && console.stdout_is_terminal() {
            console.note(would.diff().trim_end());
        }
        changes.items.extend(would.items);
    } else {
        let write = args.dry_run.write();
        let applied = planned
            .into_iter()
            .map(|planned| write_one(planned, write, deadline.as_ref(), console));
        changes
            .items
            .extend(join_all(applied).await.into_iter().flatten());
    }
    report(args, &changes, deadline.as_ref(), console)
}

async fn plan_all<'a>(targets: Vec<Target<'a>>, changes: &mut Changes) -> Vec<Planned<'a>> {
    let mut planned = Vec::new();
    for target in targets {
        let (cluster, name) = (target.cluster, target.observed.name);
        let rollback = matches!(target.request.intent, Intent::Restore(_));
        if changes.dry_run.is_none()
            && !rollback
            && let Err(failure) = check_confirmed(cluster, name).await
        {
            changes
                .items
                .push(Change::failed(cluster.context(), &failure));
            continue;
        }
        match plan(&target.observed, &target.request) {
            Ok(plan) => planned.push(Planned { target, plan }),
            Err(obstacle) => {
                let failure = obstacle.into_failure(cluster, name);
                changes
                    .items
                    .push(Change::failed(cluster.context(), &failure));
            }
        }
    }
    planned
}

fn of_plan(planned: &Planned<'_>) -> Vec<Change> {
    Changes::of_plan(planned.context(), planned.name(), &planned.plan)
}

fn ask(would: &Changes, console: &Console) -> Result<(), Failure> {
    if console.can_ask() {
        console.note(would.diff().trim_end());
    }
    let question = "WriteMode this to the pull secret of every node?";
    match console.confirm(question, "--yes")? {
        true => Ok(()),
        false => Err(Failure::new("nothing was written: the answer was no")),
    }
}

/// What the write will set in motion, as far as it can be seen.
async fn announce(planned: &[Planned<'_>], console: &Console) {
    for planned in planned {
        let context = planned.context();
        if planned.target.observed.topology == Topology::HostedControlPlane {
            console.note(format!(
                "context {context} has a hosted control plane: its own pull secret is written from \
                 outside, so {} is written, which adds to it",
                planned.name()
            ));
            continue;
        }
        if let Some(version) = openshift_version(planned.target.cluster).await
            && reboots_nodes(&version)
        {
            console.warn(format!(
                "OpenShift {version} (context {context}) drains and reboots every node for this; \
                 4.7.4 and later do not"
            ));
        }
        match Pools::observe(planned.target.cluster).await {
            Ok(Some(pools)) => {
                for (pool, why) in pools.blocked() {
                    console.warn(format!(
                        "machine config pool `{pool}` (context {context}) is {why}: its nodes will \
                         not get the secret until that is over"
                    ));
                }
            }
            Ok(None) => {}
            Err(failure) => console.note(format!("the roll-out cannot be seen: {failure}")),
        }
    }
}

async fn write_one(
    planned: Planned<'_>,
    write: WriteMode,
    deadline: Option<&Deadline<'_>>,
    console: &Console,
) -> Vec<Change> {
    let (context, name) = (planned.context().to_owned(), planned.name());
    let Target {
        cluster,
        observed,
        request,
    } = planned.target;
    let result = match deadline.filter(|_| write == WriteMode::Persist) {
        Some(deadline) => {
            apply_with_watchdog(cluster, &request, observed, planned.plan, *deadline).await
        }
        None => apply(cluster, &request, observed, planned.plan, write).await,
    };
    let applied = match result {
        Ok(applied) => applied,
        Err(failure) => return vec![Change::failed(&context, &failure)],
    };
    let mut changes = Changes::of_applied(&context, name, &applied);
    let rolled_back = matches!(request.intent, Intent::Restore(_)) && !applied.plan.has_refusal();
    if rolled_back && write == WriteMode::Persist {
        match acknowledge(cluster, name).await {
            Ok(acknowledged) => {
                for pending in acknowledged {
                    console.note(format!(
                        "the write of {} does not wait for a confirmation any more",
                        pending.keys().join(", ")
                    ));
                }
            }
            Err(failure) => changes.push(Change::failed(&context, &failure)),
        }
    }
    changes
}

fn report(
    args: &ChangeArgs,
    changes: &Changes,
    deadline: Option<&Deadline<'_>>,
    console: &Console,
) -> Result<Exit, Failure> {
    if !changes.items.is_empty() || !args.output.output.is_for_people() {
        console.report(changes, args.output.output)?;
    }
    let typed = console.invocation().typed();
    let wrote = args.dry_run.label().is_none() && changes.items.iter().any(Change::is_change);
    if changes.items.is_empty() {
        console.note("There is nothing to change.");
    } else if args.dry_run.label().is_some() {
        console.note("Nothing was stored: this was a dry run.");
    } else if wrote {
        console.note(format!("Follow it to the nodes: {typed} status --wait"));
    }
    if let Some(deadline) = deadline.filter(|_| wrote) {
        console.note(format!(
            "It is taken back in {} unless you confirm it: {typed} confirm",
            span(deadline.within)
        ));
    }
    Ok(match changes.has_failure() {
        true => Exit::Problem,
        false => Exit::Success,
    })
}
