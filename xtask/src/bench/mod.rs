//! `bench`: how fast and how small, next to what people do today and to what is possible.

mod contest;
mod footprint;
mod proxy;
mod requests;
mod rotation;
mod scripts;
mod table;
mod world;

use crate::cargo::{self, PLUGINS};
use crate::screen::Screen;
use crate::{controlplane, process, tools};
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use proxy::DelayProxy;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use table::Report;
use world::{ClusterChoice, Route, World};

/// What the proxy adds to every round trip in the second table.
const ROUND_TRIP: Duration = Duration::from_millis(40);

/// Measure `sync` and `rotate`, and print tables with a verdict for every target
///
/// Competitors take turns on one API server, and every PATCH changes something. After every run the
/// bench checks that all secrets hold the token of that run.
#[derive(Args)]
pub struct BenchArgs {
    /// Measure on this cluster; the bench creates namespaces in it and deletes them at the end
    #[arg(long, value_name = "FILE", conflicts_with = "small_cluster")]
    kubeconfig: Option<PathBuf>,

    /// Measure on the sandbox's small cluster
    #[arg(long)]
    small_cluster: bool,

    /// Number of namespaces with a pull secret to refresh
    #[arg(long, value_name = "N", default_value_t = 500)]
    namespaces: usize,

    /// Number of turns for each competitor
    #[arg(long, value_name = "N", default_value_t = 9)]
    rounds: usize,

    /// Measure only this part (repeat for several)
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,

    /// Cargo profile of the plugins
    #[arg(long, value_name = "NAME", default_value = "dist")]
    profile: String,

    /// Also write the tables to this file, as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// `sync` next to its competitors, near and far
    Sync,
    /// Start-up, memory and size
    Footprint,
    /// Requests of a sync with nothing to do
    Requests,
    /// How long secrets hold a dead token during a rotation
    Rotation,
}

pub fn run(args: &BenchArgs, screen: &Screen) -> Result<()> {
    tools::kubectl()?;
    if cfg!(debug_assertions) {
        return optimized(screen);
    }
    let choice = choose(args, screen)?;
    screen.progress(&format!("building the plugins ({}) …", args.profile));
    let binaries = cargo::build(&PLUGINS, &args.profile)?;
    screen.progress(&format!("seeding {} namespaces …", args.namespaces));
    let world = World::set(choice, args.namespaces, &binaries)?;
    let mut report = Report::new(&world.setting(&args.profile)?);

    let wants = |part| args.only.is_empty() || args.only.contains(&part);
    if wants(Part::Sync) {
        let near = Route::near(&world);
        contest::hold(&world, &near, args.rounds, &mut report, screen)?;
        let proxy = DelayProxy::start(world.access().address()?, ROUND_TRIP)?;
        let far = Route::through(&world, &proxy)?;
        contest::hold(&world, &far, args.rounds, &mut report, screen)?;
    }
    if wants(Part::Rotation) {
        rotation::measure(&world, args.rounds, &mut report, screen)?;
    }
    if wants(Part::Footprint) {
        screen.progress("start-up, memory and size …");
        footprint::measure(&world, &binaries, &mut report)?;
    }
    if wants(Part::Requests) {
        screen.progress("requests of a sync with nothing to do …");
        requests::count(&binaries, &mut report)?;
    }

    screen.text(&report.text());
    if let Some(file) = &args.markdown {
        std::fs::write(file, report.markdown())
            .with_context(|| format!("cannot write {}", file.display()))?;
        screen.progress(&format!("wrote {}", file.display()));
    }
    Ok(())
}

/// The raw client is a competitor: it runs as fast as it can, and so do proxy and Quay.
fn optimized(screen: &Screen) -> Result<()> {
    screen.progress("building the bench itself (release) …");
    let binaries = cargo::build(&["xtask"], "release")?;
    let mut bench = Command::new(binaries.get("xtask").context("there is no xtask")?);
    bench.args(std::env::args_os().skip(1));
    ensure!(process::show(bench)?.success(), "the bench failed");
    Ok(())
}

fn choose(args: &BenchArgs, screen: &Screen) -> Result<ClusterChoice> {
    if let Some(kubeconfig) = &args.kubeconfig {
        return Ok(ClusterChoice::Given(kubeconfig.clone()));
    }
    if args.small_cluster {
        return Ok(ClusterChoice::Small);
    }
    if controlplane::built()?.is_none() && tools::find("go").is_none() {
        screen.progress("there is no Go to build the control plane with: the small cluster it is");
        return Ok(ClusterChoice::Small);
    }
    Ok(ClusterChoice::Real(controlplane::build(screen)?))
}
