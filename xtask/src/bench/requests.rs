//! What a sync with nothing to do asks for.

use super::table::{Report, Table};
use super::world::{ClusterChoice, Route, World};
use crate::cargo::Binaries;
use crate::process;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// One more page than 500 would take.
const NAMESPACES: usize = 600;
/// Secrets of a kind that one LIST returns.
const PAGE: usize = 500;

/// Counts on the small cluster, whose log shows every request.
pub fn count(binaries: &Binaries, report: &mut Report) -> Result<()> {
    let world = World::set(ClusterChoice::Small, NAMESPACES, binaries)?;
    let server = world.server().context("the small cluster has no log")?;
    server.log().clear();
    let said = process::listen(world.pullsecret(&Route::near(&world), &["sync", "-A"]))?;
    ensure!(said.code == Some(0), "sync failed:\n{}", said.text);

    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for request in server.log().all() {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let kind = query
            .split('&')
            .find(|part| part.starts_with("fieldSelector"));
        let what = format!("{} {path} {}", request.method, kind.unwrap_or_default());
        *counted.entry(what.trim_end().to_owned()).or_default() += 1;
    }
    let total: usize = counted.values().sum();
    let rows = counted
        .into_iter()
        .map(|(what, times)| vec![what, times.to_string()])
        .collect();
    report.table(Table {
        title: format!("Requests of a sync with nothing to do, {NAMESPACES} secrets of one kind"),
        header: vec!["", "times"],
        rows,
        notes: Vec::new(),
    });
    // Secrets and namespaces; the legacy kind is asked for once, and has none.
    let limit = 2 * NAMESPACES.div_ceil(PAGE) + 1;
    report.at_most(
        "requests with nothing to do",
        total as f64,
        limit as f64,
        "",
    );
    Ok(())
}
