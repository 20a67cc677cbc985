//! The walk of every command that writes the secret: plan, ask, apply, report.

use crate::confirm::{WATCHDOG, tell};
use clap::Args;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, OutputArgs, command_text, span};
use quay_common::cluster::{ClusterArgs, DryRun, Seen, parse_duration};
use quay_common::global::{Changes, Deadline, Intent, PlannedChanges, Request, Target, plan_all};
use quay_common::hint;
use std::time::Duration;

/// The flags of every command that writes.
#[derive(Args)]
pub struct ChangeArgs {
    /// Change this entry even if it is Red Hat's or another account's (repeat for several)
    #[arg(long, value_name = "KEY")]
    pub replace_entry: Vec<String>,

    /// Also write a secret that another tool, such as Argo CD, manages
    #[arg(long)]
    pub force: bool,

    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,

    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How long a write has to be confirmed.
#[derive(Args)]
pub struct DeadlineArgs {
    /// Undo the change unless you run `confirm` within this time, such as `10m`
    #[arg(long, value_name = "DURATION", value_parser = parse_deadline)]
    confirm_within: Option<Duration>,
}

/// Less nobody can answer in; more, and the watchdog is forgotten.
fn parse_deadline(text: &str) -> Result<Duration, String> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let within = parse_duration(text)?;
    match (Duration::from_secs(1)..=DAY).contains(&within) {
        true => Ok(within),
        false => Err("it must be between 1s and 24h".to_owned()),
    }
}

impl DeadlineArgs {
    /// The deadline for writes in these clusters, if there is one.
    pub fn of<'a>(&self, cluster: &'a ClusterArgs) -> Option<Deadline<'a>> {
        self.confirm_within.map(|within| Deadline {
            within,
            cluster,
            watchdog: WATCHDOG,
        })
    }
}

impl ChangeArgs {
    /// The intent, with what is allowed for it.
    pub fn request(&self, intent: Intent) -> Request {
        Request {
            intent,
            replace: self.replace_entry.clone(),
            force: self.force,
        }
    }
}

/// Carries out what is wanted of every target, after asking.
pub async fn carry_out(
    args: &ChangeArgs,
    targets: Seen<Target<'_>>,
    deadline: Option<Deadline<'_>>,
    console: &Console,
) -> Result<Exit, Failure> {
    carry_out_planned(args, plan_all(targets, args.dry_run), deadline, console).await
}

/// Carries out what was planned, after asking.
pub async fn carry_out_planned(
    args: &ChangeArgs,
    planned: PlannedChanges<'_>,
    deadline: Option<Deadline<'_>>,
    console: &Console,
) -> Result<Exit, Failure> {
    if planned.has_writes() {
        for notice in planned.outlook().await {
            tell(&notice, console);
        }
        if !args.yes && args.dry_run.label().is_none() {
            ask(&planned.as_planned(), console)?;
        }
    }
    if args.dry_run.is_client() {
        return preview(args, &planned.as_planned(), console);
    }
    let within = deadline.map(|deadline| deadline.within);
    let changes = planned.apply(deadline).await;
    for note in &changes.notes {
        console.note(note);
    }
    let exit = console.finish(&changes, args.output.output)?;
    say_what_follows(&changes, within, console);
    Ok(exit)
}

fn ask(would: &Changes, console: &Console) -> Result<(), Failure> {
    if console.can_ask() {
        console.note(would.diff().trim_end());
    }
    let question = "Write this to the pull secret of every node?";
    match console.confirm(question, "--yes")? {
        true => Ok(()),
        false => Err(Failure::new("nothing was written: you answered no")),
    }
}

fn preview(args: &ChangeArgs, would: &Changes, console: &Console) -> Result<Exit, Failure> {
    if args.output.output.is_for_people() && console.stdout_is_terminal() {
        console.note(would.diff().trim_end());
    }
    let exit = console.finish(would, args.output.output)?;
    say_what_follows(would, None, console);
    Ok(exit)
}

fn say_what_follows(changes: &Changes, within: Option<Duration>, console: &Console) {
    if changes.dry_run.is_some() && !changes.items.is_empty() {
        console.note("Nothing was written: this was a dry run.");
    }
    let contexts = changes.written_contexts();
    if contexts.is_empty() {
        return;
    }
    let status = hint::global("status --wait").at_each(&contexts);
    console.note(format!(
        "To follow the change to the nodes: {}",
        command_text(&status)
    ));
    if let Some(within) = within {
        console.note(format!(
            "In {} the change is undone, unless you confirm it: {}",
            span(within),
            command_text(&hint::global("confirm"))
        ));
    }
}
