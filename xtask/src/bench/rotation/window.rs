//! In place: the time from the regenerate to the last secret, in which pulls fail.

use super::rotate;
use crate::bench::contest::raw;
use crate::bench::scripts;
use crate::bench::table::{Report, Table, median, ratio, seconds};
use crate::bench::world::{Route, World};
use crate::screen::Screen;
use anyhow::{Context, Result};
use http::Method;
use std::time::Duration;

/// Requests in flight of the limit that the window is held against.
const IN_FLIGHT: usize = 16;
/// How much longer than the limit the window may be, with one round trip to Quay on top.
const TARGET: f64 = 1.5;

/// One rotation in place.
struct Turn {
    window: Duration,
    /// What Quay took to answer the regenerate, a part of the window.
    quay: Duration,
}

/// Rotates and sends the bare PATCH requests, taking turns, then measures the scripts.
pub fn measure(world: &World, rounds: usize, report: &mut Report, screen: &Screen) -> Result<()> {
    let route = Route::near(world);
    let (mut turns, mut limits) = (Vec::new(), Vec::new());
    // Servers and file caches are warm in both, or in neither.
    in_place(world, &route)?;
    limit(world, &route)?;
    for round in 1..=rounds {
        screen.progress(&format!("rotation in place: round {round} of {rounds}"));
        turns.push(in_place(world, &route)?);
        limits.push(limit(world, &route)?);
    }
    screen.progress("rotation in place: the documented script");
    let scripted = scripts::measure(world, &route)?;

    let windows: Vec<Duration> = turns.iter().map(|turn| turn.window).collect();
    let quay = median(&turns.iter().map(|turn| turn.quay).collect::<Vec<_>>());
    let limit = median(&limits);
    let row = |name: &str, time, best| {
        let times = format!("{:.2}", ratio(time, limit));
        vec![name.to_owned(), seconds(time), best, times]
    };
    let measured = |name: &str, times: &[Duration]| {
        let best = times.iter().min().copied().unwrap_or_default();
        row(name, median(times), seconds(best))
    };
    let mut rows = vec![
        measured("kubectl-quay-robot rotate --in-place", &windows),
        measured(
            &format!("the PATCH requests alone, raw HTTP/2, {IN_FLIGHT} in flight"),
            &limits,
        ),
    ];
    let extrapolated =
        |script: &scripts::Script| row(&script.name, script.whole, "extrapolated".into());
    rows.extend(scripted.iter().map(extrapolated));
    report.table(Table {
        title: format!(
            "From the regenerate to the last of {} secrets, {}",
            world.namespaces(),
            route.name
        ),
        header: vec!["", "median", "best", "raw = 1"],
        rows,
        notes: vec![
            format!(
                "{rounds} {}, taking turns; the window is the receipt's, from sending the \
                 regenerate to the last secret's answer; Quay's {} for the regenerate included",
                if rounds == 1 { "round" } else { "rounds" },
                seconds(quay)
            ),
            scripts::note(),
        ],
    });
    report.at_most(
        "in-place window / (1.5 × raw PATCHes + one Quay round trip)",
        ratio(median(&windows), limit.mul_f64(TARGET) + quay),
        1.0,
        " times",
    );
    Ok(())
}

fn in_place(world: &World, route: &Route) -> Result<Turn> {
    let log = world.quay().server().log();
    log.clear();
    let receipt = rotate(world, route, &["--in-place"])?;
    let window = receipt["windowMs"].as_u64();
    let regenerate = log
        .all()
        .into_iter()
        .find(|request| request.method == Method::POST && request.path.ends_with("/regenerate"))
        .context("Quay saw no regenerate")?;
    let answered = regenerate.ended.context("Quay did not answer")?;
    Ok(Turn {
        window: Duration::from_millis(window.context("the receipt tells no window")?),
        quay: answered.duration_since(regenerate.began),
    })
}

fn limit(world: &World, route: &Route) -> Result<Duration> {
    world.regenerate()?;
    let took = raw(world, route, IN_FLIGHT)?;
    world.check("the PATCH requests", world.namespaces())?;
    Ok(took)
}
