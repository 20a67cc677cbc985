//! The promise of a rotation: no secret holds a dead token, and no pull fails.

use super::judge::{Judgement, judge};
use super::probers::{Probers, Tally};
use super::rotate;
use super::watcher::Watcher;
use crate::bench::contest::sync;
use crate::bench::table::{Report, Table, seconds};
use crate::bench::world::{Route, World};
use crate::screen::Screen;
use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How a rotation is done, and how often it writes each secret.
struct Strategy {
    name: &'static str,
    arguments: &'static [&'static str],
    writes: usize,
}

const BRIDGE: Strategy = Strategy {
    name: "with the bridge, --grace 1s",
    arguments: &["--grace", "1s"],
    writes: 2,
};
const IN_PLACE: Strategy = Strategy {
    name: "--in-place",
    arguments: &["--in-place"],
    writes: 1,
};

/// What was seen of one rotation.
struct Seen {
    judgement: Judgement,
    tally: Tally,
    /// From start to end of the process, without waiting for the grace.
    took: Duration,
}

/// Rotates both ways under everybody's eyes.
pub fn measure(world: &World, report: &mut Report, screen: &Screen) -> Result<()> {
    screen.progress("the promise: a rotation with the bridge, watched");
    let bridge = watched(world, &BRIDGE)?;
    screen.progress("the promise: a rotation in place, watched");
    let in_place = watched(world, &IN_PLACE)?;
    let row = |strategy: &Strategy, seen: &Seen| {
        let Seen {
            judgement, tally, ..
        } = seen;
        vec![
            strategy.name.to_owned(),
            judgement.versions.to_string(),
            judgement.outside.to_string(),
            seconds(judgement.longest),
            format!("{:.1}", judgement.exposed.as_secs_f64()),
            tally.probes.to_string(),
            tally.failed.to_string(),
            seconds(tally.slowest),
            seconds(seen.took),
        ]
    };
    report.table(Table {
        title: format!("A rotation over {} secrets, watched", world.namespaces()),
        header: vec![
            "",
            "versions seen",
            "outside",
            "longest",
            "seconds × secrets",
            "pulls tried",
            "failed",
            "slowest pull",
            "time without settling",
        ],
        rows: vec![row(&BRIDGE, &bridge), row(&IN_PLACE, &in_place)],
        notes: vec![
            "outside: versions that a secret held while Quay did not accept their credential, \
             from one event of the watch to the next; longest: the longest of these times; \
             seconds × secrets: their sum"
                .into(),
            "a pull asks Quay for a token with what a random secret held when it began; it fails \
             unless the token says pull"
                .into(),
        ],
    });
    let limits = [
        (
            "versions outside, with the bridge",
            bridge.judgement.outside,
        ),
        ("failed pulls, with the bridge", bridge.tally.failed),
    ];
    for (what, count) in limits {
        report.at_most(what, count as f64, 0.0, "");
    }
    // Whoever sees nothing here would see nothing there either.
    let control = in_place.judgement.outside as f64;
    report.at_least("versions outside, in place (the control)", control, 1.0, "");
    Ok(())
}

fn watched(world: &World, strategy: &Strategy) -> Result<Seen> {
    let route = Route::near(world);
    sync(world, &route)?;
    world.check("sync", world.namespaces())?;
    let watcher = Watcher::start(world, &route.access)?;
    let probers = Probers::start(world, watcher.seen())?;
    let began = Instant::now();
    let receipt = rotate(world, &route, strategy.arguments)?;
    let took = began.elapsed().saturating_sub(settling(&receipt)?);
    let tally = probers.finish()?;
    let histories = watcher.finish(&world.secrets()?)?;
    let validity = |account: &str| world.quay().read(|state| state.validity(account));
    let judgement = judge(&histories, Instant::now(), validity);
    let least = world.namespaces() * (1 + strategy.writes);
    ensure!(
        judgement.versions >= least,
        "the watch saw {} versions of at least {least}",
        judgement.versions
    );
    Ok(Seen {
        judgement,
        tally,
        took,
    })
}

/// How long the rotation waited for kubelets that might hold what it replaced.
fn settling(receipt: &Value) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for step in receipt["steps"].as_array().into_iter().flatten() {
        if step["step"] == "settle" {
            let time = |key: &str| -> Result<Timestamp> {
                Ok(step[key].as_str().context("a step has no time")?.parse()?)
            };
            let waited = time("ended")?.duration_since(time("began")?);
            sum += Duration::try_from(waited)?;
        }
    }
    Ok(sum)
}
