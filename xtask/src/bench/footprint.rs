//! Start-up, memory and size.

use super::table::{Report, Table, ratio, seconds};
use super::world::{Route, World};
use crate::cargo::{Binaries, PLUGINS};
use crate::process::{self, Running};
use anyhow::{Context, Result, ensure};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Start-up is measured so many times, and the best counts.
const STARTS: usize = 200;
/// A call that asks the API server.
const CALLS: usize = 20;

const MEGABYTE: f64 = 1_000_000.0;

pub fn measure(world: &World, binaries: &Binaries, report: &mut Report) -> Result<()> {
    start_up(world, binaries, report)?;
    memory(world, report)?;
    size(binaries, report)
}

fn start_up(world: &World, binaries: &Binaries, report: &mut Report) -> Result<()> {
    let route = Route::near(world);
    let namespace = world.names().next().context("there is no namespace")?;
    let truth = best(STARTS, || Command::new("/bin/true"))?;
    let mut rows = vec![vec!["/bin/true".into(), seconds(truth), String::new()]];
    let mut slowest = Duration::ZERO;
    for package in PLUGINS {
        let binary = binaries.get(package).context("a binary is missing")?;
        let help = best(STARTS, || {
            let mut command = Command::new(binary);
            command.arg("--help");
            command
        })?;
        slowest = slowest.max(help);
        let times = format!("{:.2} × /bin/true", ratio(help, truth));
        rows.push(vec![format!("{package} --help"), seconds(help), times]);
    }
    let kubectl = best(CALLS, || {
        let mut command = world.command("kubectl", &route.kubeconfig);
        command.args(["get", "secrets", "-n", &namespace]);
        command
    })?;
    let list = best(CALLS, || {
        world.pullsecret(&route, &["list", "-n", &namespace])
    })?;
    rows.push(vec![
        "kubectl get secrets -n X".into(),
        seconds(kubectl),
        String::new(),
    ]);
    rows.push(vec![
        "kubectl-quay-pullsecret list -n X".into(),
        seconds(list),
        format!("{:.2} × kubectl get", ratio(list, kubectl)),
    ]);
    report.table(Table {
        title: "Start-up, best of many".into(),
        header: vec!["", "time", "ratio"],
        rows,
        notes: Vec::new(),
    });
    report.at_most("--help / /bin/true", ratio(slowest, truth), 3.0, " times");
    let ratio = ratio(list, kubectl);
    report.at_most("list / kubectl get secrets", ratio, 0.333, " times");
    Ok(())
}

fn best(times: usize, command: impl Fn() -> Command) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..times {
        let mut command = command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let status = process::show(command)?;
        best = best.min(began.elapsed());
        ensure!(status.success(), "a command that is measured failed");
    }
    Ok(best)
}

fn memory(world: &World, report: &mut Report) -> Result<()> {
    let route = Route::near(world);
    world.regenerate()?;
    let mut rows = Vec::new();
    for arguments in [["sync", "-A"], ["verify", "-A"], ["list", "-A"]] {
        let peak = peak(world.pullsecret(&route, &arguments))? / MEGABYTE;
        rows.push(vec![arguments.join(" "), format!("{peak:.1} MB")]);
        if arguments[0] == "sync" {
            report.at_most("peak memory of sync", peak, 40.0, " MB");
        }
    }
    world.check("sync", world.namespaces())?;
    report.table(Table {
        title: format!("Peak resident memory, {} namespaces", world.namespaces()),
        header: vec!["", "peak"],
        rows,
        notes: Vec::new(),
    });
    Ok(())
}

/// The kernel's own high-water mark, in bytes, read until the process ends.
fn peak(mut command: Command) -> Result<f64> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut running = Running::start(command)?;
    let status = format!("/proc/{}/status", running.child().id());
    let mut peak: f64 = 0.0;
    let code = loop {
        if let Some(code) = running.child().try_wait()? {
            break code;
        }
        // A process that has just ended has no memory any more.
        if let Some(kilobytes) = high_water(&std::fs::read_to_string(&status)?) {
            peak = peak.max(kilobytes * 1024.0);
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    ensure!(code.success(), "a command that is measured failed");
    ensure!(peak > 0.0, "{status} tells no memory");
    Ok(peak)
}

fn high_water(status: &str) -> Option<f64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn size(binaries: &Binaries, report: &mut Report) -> Result<()> {
    let mut rows = Vec::new();
    let mut largest: f64 = 0.0;
    for package in PLUGINS {
        let binary = binaries.get(package).context("a binary is missing")?;
        let size = std::fs::metadata(binary)?.len() as f64 / MEGABYTE;
        largest = largest.max(size);
        rows.push(vec![package.to_owned(), format!("{size:.2} MB")]);
    }
    report.table(Table {
        title: "Size of the binaries".into(),
        header: vec!["", "size"],
        rows,
        notes: Vec::new(),
    });
    report.at_most("largest binary", largest, 12.0, " MB");
    Ok(())
}
