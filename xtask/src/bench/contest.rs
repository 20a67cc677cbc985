//! Everybody refreshes the same secrets, taking turns.

use super::scripts;
use super::table::{Report, Table, median, ratio, seconds};
use super::world::{Route, SECRET, World};
use crate::api::{Api, Call};
use crate::process;
use crate::screen::Screen;
use anyhow::{Result, ensure};
use serde_json::json;
use std::time::{Duration, Instant};

/// Who is measured every round, in the order of turns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Competitor {
    Sync,
    Raw { in_flight: usize },
    ServerSideApply,
}

const APPLY: &str = "kubectl apply --server-side --force-conflicts -f -";

const COMPETITORS: [Competitor; 4] = [
    Competitor::Sync,
    Competitor::Raw { in_flight: 16 },
    Competitor::ServerSideApply,
    Competitor::Raw { in_flight: 64 },
];

impl Competitor {
    fn name(self) -> String {
        match self {
            Self::Sync => "kubectl-quay-pullsecret sync -A".into(),
            Self::Raw { in_flight } => {
                format!("the PATCH requests alone, raw HTTP/2, {in_flight} in flight")
            }
            Self::ServerSideApply => format!("{APPLY} --validate=false"),
        }
    }

    /// Whether it is its turn. kubectl takes half a minute where the server is far, and
    /// varies little: every third round has to do.
    fn takes_part(self, round: usize, route: &Route) -> bool {
        self != Self::ServerSideApply || !route.is_far || round % 3 == 1
    }

    /// The time it takes to bring the current token into every secret.
    fn turn(self, world: &World, route: &Route) -> Result<Duration> {
        match self {
            Self::Sync => sync(world, route),
            Self::Raw { in_flight } => raw(world, route, in_flight),
            // Some kubectl versions parse the schema anew for every document, which takes
            // ten times as long as the rest; without that it is the competitor it can be.
            Self::ServerSideApply => server_side_apply(world, route, &["--validate=false"]),
        }
    }
}

/// Quay's part in a sync: how many requests, and for how long at least one was open.
struct QuayShare {
    requests: usize,
    busy: Duration,
}

/// Measures everybody on one route and holds the results against the targets.
pub fn hold(
    world: &World,
    route: &Route,
    rounds: usize,
    report: &mut Report,
    screen: &Screen,
) -> Result<()> {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); COMPETITORS.len()];
    let mut shares = Vec::new();
    // kubectl's discovery cache and the server's are warm in daily use.
    for competitor in COMPETITORS {
        world.regenerate()?;
        competitor.turn(world, route)?;
    }
    for round in 1..=rounds {
        screen.progress(&format!("{}: round {round} of {rounds}", route.name));
        for (competitor, times) in COMPETITORS.iter().zip(&mut times) {
            if !competitor.takes_part(round, route) {
                continue;
            }
            world.regenerate()?;
            times.push(competitor.turn(world, route)?);
            world.check(&competitor.name(), world.namespaces())?;
            if *competitor == Competitor::Sync {
                shares.push(quay_share(world));
            }
        }
    }
    screen.progress(&format!("{}: kubectl with validation, once", route.name));
    world.regenerate()?;
    let validated = server_side_apply(world, route, &[])?;
    world.check("kubectl apply", world.namespaces())?;
    screen.progress(&format!("{}: the documented script", route.name));
    let scripted = scripts::measure(world, route)?;

    let sync = median(&times[0]);
    let mut rows: Vec<Vec<String>> = COMPETITORS
        .iter()
        .zip(&times)
        .map(|(competitor, times)| {
            let best = times.iter().min().copied().unwrap_or_default();
            row(&competitor.name(), median(times), seconds(best), sync)
        })
        .collect();
    rows.push(row(APPLY, validated, "once".into(), sync));
    rows.extend(
        scripted
            .iter()
            .map(|script| row(&script.name, script.whole, "extrapolated".into(), sync)),
    );
    let busy: Vec<Duration> = shares.iter().map(|share| share.busy).collect();
    let requests = shares.first().map_or(0, |share| share.requests);
    report.table(Table {
        title: format!("{} namespaces refreshed, {}", world.namespaces(), route.name),
        header: vec!["", "median", "best", "sync = 1"],
        rows,
        notes: vec![
            format!(
                "{rounds} {}, taking turns; Quay's share of sync: {} in {requests} requests, included",
                if rounds == 1 { "round" } else { "rounds" },
                seconds(median(&busy))
            ),
            "raw: the connection is open and the requests are written before the clock starts; \
             no LIST, no Quay, no proof"
                .into(),
            scripts::note(),
        ],
    });
    verdicts(
        &times,
        sync,
        scripted.first().map(|script| script.whole),
        route,
        report,
    );
    Ok(())
}

fn verdicts(
    times: &[Vec<Duration>],
    sync: Duration,
    script: Option<Duration>,
    route: &Route,
    report: &mut Report,
) {
    let of = |wanted: Competitor| {
        let index = COMPETITORS.iter().position(|known| *known == wanted);
        index.map_or(Duration::ZERO, |index| median(&times[index]))
    };
    let apply = of(Competitor::ServerSideApply);
    if route.is_far {
        let times = ratio(apply, sync);
        report.at_least("server-side apply / sync, 40 ms", times, 15.0, " times");
        return;
    }
    let raw = of(Competitor::Raw { in_flight: 16 });
    report.at_most("sync / raw PATCHes", ratio(sync, raw), 1.3, " times");
    report.at_most(
        "sync / server-side apply",
        ratio(sync, apply),
        0.5,
        " times",
    );
    if let Some(script) = script {
        report.at_least(
            "documented script / sync",
            ratio(script, sync),
            50.0,
            " times",
        );
    }
}

fn row(name: &str, time: Duration, best: String, sync: Duration) -> Vec<String> {
    vec![
        name.to_owned(),
        seconds(time),
        best,
        format!("{:.2}", ratio(time, sync)),
    ]
}

/// `sync` of every namespace.
pub(super) fn sync(world: &World, route: &Route) -> Result<Duration> {
    let command = world.pullsecret(route, &["sync", "-A"]);
    let began = Instant::now();
    let said = process::listen(command)?;
    let took = began.elapsed();
    ensure!(said.code == Some(0), "sync failed:\n{}", said.text);
    Ok(took)
}

/// The PATCH requests and nothing else.
pub(super) fn raw(world: &World, route: &Route, in_flight: usize) -> Result<Duration> {
    let content = world.content()?;
    let api = Api::connect(&route.access)?;
    let requests: Result<Vec<_>> = world
        .secrets()?
        .iter()
        .map(|secret| {
            let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default();
            let version = &secret["metadata"]["resourceVersion"];
            let body = json!({
                "metadata": {"resourceVersion": version},
                "data": {".dockerconfigjson": content},
            });
            let path = format!("/api/v1/namespaces/{namespace}/secrets/{SECRET}");
            api.request(&Call::merge_patch(path, body))
        })
        .collect();
    let requests = requests?;
    let began = Instant::now();
    api.exchange(requests, in_flight)?;
    Ok(began.elapsed())
}

fn server_side_apply(world: &World, route: &Route, more: &[&str]) -> Result<Duration> {
    let content = world.content()?;
    let documents: String = world
        .names()
        .map(|namespace| {
            format!(
                "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {SECRET}\n  namespace: {namespace}\n\
                 type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {content}\n"
            )
        })
        .collect();
    let file = world.file("documents.yaml");
    std::fs::write(&file, documents)?;
    let mut command = world.command("kubectl", &route.kubeconfig);
    command.args(APPLY.split(' ').skip(1)).args(more);
    command.stdin(std::fs::File::open(&file)?);
    let began = Instant::now();
    let said = process::listen_to(command)?;
    let took = began.elapsed();
    ensure!(said.code == Some(0), "kubectl apply failed:\n{}", said.text);
    Ok(took)
}

/// From the stand-in's own log of the run that just ended.
fn quay_share(world: &World) -> QuayShare {
    let mut open: Vec<(Instant, Instant)> = world
        .quay()
        .server()
        .log()
        .all()
        .iter()
        .filter_map(|request| Some((request.began, request.ended?)))
        .collect();
    open.sort();
    let mut busy = Duration::ZERO;
    let mut until: Option<Instant> = None;
    for &(began, ended) in &open {
        let from = until.map_or(began, |until| began.max(until));
        busy += ended.saturating_duration_since(from);
        until = Some(until.map_or(ended, |until| until.max(ended)));
    }
    QuayShare {
        requests: open.len(),
        busy,
    }
}
