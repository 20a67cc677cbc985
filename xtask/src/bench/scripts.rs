//! The documented ways: a loop of kubectl, and the same under GNU parallel.

use super::world::{ROBOT, Route, SECRET, World};
use crate::{process, tools};
use anyhow::{Result, ensure};
use std::process::Command;
use std::time::{Duration, Instant};

/// Namespaces a script is measured on; the rest is extrapolated.
const SAMPLE: usize = 25;
/// The same for ten at a time.
const PARALLEL_SAMPLE: usize = 100;

/// The documented script finds its namespaces like this.
const FIND: &str = r#"kubectl get secrets --all-namespaces \
    -o jsonpath='{range .items[?(@.metadata.name=="'"$SECRET_NAME"'")]}{.metadata.namespace}{"\n"}{end}' \
    | sort -u > /dev/null"#;

/// And refreshes one like this.
const REFRESH: &str = r#"kubectl create secret docker-registry "$SECRET_NAME" \
    --docker-server="$REGISTRY" --docker-username="$ROBOT_USER" --docker-password="$NEW_TOKEN" \
    --docker-email="robot@myorg.example.com" -n "$ns" --dry-run=client -o yaml | kubectl apply -f -"#;

/// What a script comes to.
pub struct Script {
    pub name: String,
    /// For all namespaces, extrapolated from the sample.
    pub whole: Duration,
}

/// What the table says about both.
pub fn note() -> String {
    format!(
        "scripts: measured on {SAMPLE} namespaces (parallel: {PARALLEL_SAMPLE}), plus one listing of all secrets"
    )
}

/// Measures the documented loop, and GNU parallel where it is installed.
pub fn measure(world: &World, route: &Route) -> Result<Vec<Script>> {
    let find = run(world, route, FIND, &[])?;
    let extrapolate = |time: Duration, sample: usize| {
        find + time.mul_f64(world.namespaces() as f64 / sample as f64)
    };
    let names: Vec<String> = world.names().collect();

    let sample = SAMPLE.min(names.len());
    world.regenerate()?;
    let in_turn = format!("for ns in \"$@\"; do {REFRESH}; done");
    let time = run(world, route, &in_turn, &names[..sample])?;
    world.check("the documented script", sample)?;
    let mut scripts = vec![Script {
        name: "documented loop of kubectl create | kubectl apply".into(),
        whole: extrapolate(time, sample),
    }];

    if tools::find("parallel").is_some() {
        let sample = PARALLEL_SAMPLE.min(names.len());
        world.regenerate()?;
        let body = format!("refresh() {{ ns=$1; {REFRESH}; }}; export -f refresh");
        let at_once = format!("{body}; parallel -j10 refresh ::: \"$@\"");
        let time = run(world, route, &at_once, &names[..sample])?;
        world.check("GNU parallel", sample)?;
        scripts.push(Script {
            name: "the same under GNU parallel -j10".into(),
            whole: extrapolate(time, sample),
        });
    }
    Ok(scripts)
}

fn run(world: &World, route: &Route, script: &str, arguments: &[String]) -> Result<Duration> {
    let mut command: Command = world.command("bash", &route.kubeconfig);
    command
        .args(["-euo", "pipefail", "-c", script, "bash"])
        .args(arguments)
        .env("SECRET_NAME", SECRET)
        .env("REGISTRY", world.quay().registry())
        .env("ROBOT_USER", ROBOT)
        .env("NEW_TOKEN", world.token()?);
    let began = Instant::now();
    let said = process::listen(command)?;
    let took = began.elapsed();
    ensure!(said.code == Some(0), "a script failed:\n{}", said.text);
    Ok(took)
}
