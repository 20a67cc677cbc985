//! `history`: what this machine has rotated.

use jiff::Timestamp;
use quay_common::Failure;
use quay_common::cli::{Console, Exit, Gaps, OutputArgs, Report, Table, age, hint_text};
use quay_common::cluster::ClusterArgs;
use quay_common::credentials::StateArgs;
use quay_common::ledger::{Entry, Event, Record, Records};
use quay_common::names::RobotName;
use serde::Serialize;

/// Show past and unfinished rotations
///
/// History reads the ledger of this machine, or the ledger of all machines that share a --state.
/// The ledger holds no secrets. To finish a rotation, run `rotate` again. If history cannot
/// read a line of the ledger, it shows the others, reports the line, and fails.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  # Show the rotations of this machine
  kubectl quay-robot history

  # Show one robot's, with contexts and duration
  kubectl quay-robot history myorg+puller -o wide
")]
pub struct HistoryArgs {
    /// Show only this robot's rotations (org+name)
    #[arg(value_name = "ROBOT")]
    robot: Option<RobotName>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    state: StateArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Every rotation, the newest first.
#[derive(Serialize)]
struct History {
    rotations: Vec<Rotation>,
    /// What is wrong with the ledger.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Damage>,
}

#[derive(Serialize)]
struct Damage {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip)]
    failure: Failure,
}

impl From<Failure> for Damage {
    fn from(failure: Failure) -> Self {
        Self {
            message: failure.message().to_owned(),
            next: failure.next_step().map(hint_text),
            failure,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    #[serde(flatten)]
    record: Record,
    /// `finished`, `aborted`, or what was done last.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    entries: Vec<Entry>,
}

impl Rotation {
    fn of(record: Record) -> Self {
        let mut state = "began".to_owned();
        let mut reason = None;
        for entry in &record.entries {
            let word = match &entry.event {
                Event::Began { .. } => "began",
                Event::Crossed => "crossed",
                Event::Renewing => "renewing",
                Event::Renewed { .. } => "renewed",
                Event::Returned => "returned",
                Event::Removing => "removing",
                Event::Undoing => "undoing",
                Event::Finished => "finished",
                Event::Aborted => "aborted",
                Event::Running { .. } | Event::Compared { .. } => continue,
                Event::Stopped { reason: why } => {
                    reason = Some(why.clone());
                    continue;
                }
            };
            word.clone_into(&mut state);
            reason = None;
        }
        let is_over = record.is_over();
        Self {
            began: record.entries.first().map(|entry| entry.at),
            ended: record
                .entries
                .last()
                .filter(|_| is_over)
                .map(|entry| entry.at),
            state: match is_over {
                true => state,
                false => format!("unfinished ({state})"),
            },
            reason,
            entries: record.entries.clone(),
            record,
        }
    }
}

impl Report for History {
    fn table(&self, wide: bool) -> Table {
        let now = Timestamp::now();
        Table::of(&self.rotations, wide)
            .col("ROBOT", |rotation| &rotation.record.robot)
            .col("STRATEGY", |rotation| rotation.record.strategy.as_str())
            .col("STATE", |rotation| &rotation.state)
            .col("SECRETS", |rotation| rotation.record.secrets)
            .col("BEFORE", |rotation| {
                rotation.record.replaces.as_deref().unwrap_or_default()
            })
            .col("AFTER", |rotation| {
                rotation.record.token.as_deref().unwrap_or_default()
            })
            .col("BY", |rotation| &rotation.record.by)
            .col("AGE", |rotation| {
                rotation
                    .began
                    .map(|began| age(began, now))
                    .unwrap_or_default()
            })
            .wide("ROTATION", |rotation| &rotation.record.rotation)
            .wide("REGISTRY", |rotation| &rotation.record.registry)
            .wide("CONTEXTS", |rotation| rotation.record.contexts.join(","))
            .wide("TOOK", |rotation| {
                let took = rotation.began.zip(rotation.ended);
                let took = took.map(|(began, ended)| ended.duration_since(began).as_secs_f64());
                took.map(|took| format!("{took:.1}s")).unwrap_or_default()
            })
            .table()
    }

    fn nothing(&self) -> Option<String> {
        let is_nothing = self.rotations.is_empty() && self.failures.is_empty();
        is_nothing.then(|| "The ledger holds no rotations.".to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::of(self.failures.is_empty())
    }

    fn gaps(&self) -> Gaps {
        let damage = self.failures.first().filter(|_| self.rotations.is_empty());
        Gaps {
            only_failure: damage.map(|damage| damage.failure.clone()),
            ..Gaps::default()
        }
    }

    fn names(&self) -> Vec<String> {
        let name = |rotation: &Rotation| format!("rotation/{}", rotation.record.rotation);
        self.rotations.iter().map(name).collect()
    }
}

/// Reads this machine's ledger alone, or the shared one.
pub async fn run(args: HistoryArgs, console: &Console) -> Result<Exit, Failure> {
    let ledger = args.state.ledger(&args.cluster).await?;
    let Records {
        mut records,
        damage,
    } = ledger.records().await?;
    records.retain(|record| {
        args.robot
            .as_ref()
            .is_none_or(|robot| record.robot == *robot)
    });
    records.reverse();
    let history = History {
        rotations: records.into_iter().map(Rotation::of).collect(),
        failures: damage.into_iter().map(Damage::from).collect(),
    };
    let exit = console.finish(&history, args.output.output)?;
    for damage in &history.failures {
        console.failure(&damage.failure);
    }
    Ok(exit)
}
