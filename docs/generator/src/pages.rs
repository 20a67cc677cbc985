//! Every page: which commands there are, and what their pages are called.

use crate::{man, markdown};
use anyhow::Result;
use clap::Command;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Content by path below `docs/commands`.
pub type Pages = BTreeMap<PathBuf, String>;

/// The pages of the three plugins, and the one that leads to them.
pub fn of_every_command() -> Result<Pages> {
    let plugins = [
        kubectl_quay_robot::command(),
        kubectl_quay_pullsecret::command(),
        oc_quay_global::command(),
    ];
    let mut pages = Pages::new();
    pages.insert("README.md".into(), markdown::index(&plugins));
    for plugin in &plugins {
        add(plugin, &mut pages)?;
    }
    Ok(pages)
}

fn add(command: &Command, pages: &mut Pages) -> Result<()> {
    let page = format!("{}.md", name(command));
    pages.insert(page.into(), markdown::page(command));
    let manual = format!("man/{}.1", manual(command));
    pages.insert(manual.into(), man::page(command)?);
    for below in below(command) {
        add(below, pages)?;
    }
    Ok(())
}

/// The commands below one that have pages.
pub fn below(command: &Command) -> impl Iterator<Item = &Command> {
    let all = command.get_subcommands();
    all.filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

/// What is typed for it: `kubectl quay-robot create`.
pub fn typed(command: &Command) -> &str {
    command.get_bin_name().unwrap_or(command.get_name())
}

/// The manual page's name: `kubectl-quay-robot-create`.
pub fn manual(command: &Command) -> String {
    typed(command).replace(' ', "-")
}

/// The page's name: `quay-robot-create`.
pub fn name(command: &Command) -> String {
    let typed = typed(command);
    let (_, plugin) = typed.split_once(' ').unwrap_or(("", typed));
    plugin.replace(' ', "-")
}
