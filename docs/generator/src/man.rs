//! Manual pages, by clap_mangen.

use crate::argument::is_everywhere;
use crate::pages::{below, manual, typed};
use anyhow::Result;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use quay_common::app::examples;

/// The page of one command.
pub fn page(command: &Command) -> Result<String> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    let shown = command
        .clone()
        .display_name(manual(command))
        .override_usage(usage)
        // What `-h` leaves out belongs on the page.
        .mut_args(|arg| arg.hide_short_help(false))
        .mut_args(|arg| match is_everywhere(&arg) {
            true => arg.hide(true),
            false => arg,
        });
    let (plugin, section) = title(command);
    let man = Man::new(shown)
        .title(plugin)
        // A page changes with its command, not with the day; an empty word would be lost.
        .date(" ")
        .source("Quay plugins")
        .manual(section);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if below(command).next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    man.render_options_section(&mut text)?;
    let mut rest = Roff::new();
    rest.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in examples(command).lines() {
        rest.text([roman(line)]);
    }
    rest.control("fi", []);
    if let Some((above, _)) = manual(command).rsplit_once('-')
        && typed(command).matches(' ').count() > 1
    {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([bold(above), roman("(1)")]);
    }
    rest.to_writer(&mut text)?;
    Ok(with_one_preamble(&String::from_utf8(text)?))
}

/// Each section was written with a preamble of its own; one is enough.
fn with_one_preamble(text: &str) -> String {
    let is_preamble = |line: &str| line.starts_with(".ie ") || line.starts_with(".el ");
    let lines = text.lines().enumerate();
    let kept = lines.filter(|(number, line)| *number < 2 || !is_preamble(line));
    kept.map(|(_, line)| format!("{line}\n")).collect()
}

/// The plugin, and the command within it: man(1) sets them apart at the head of the page, and
/// would cut both in one word on a terminal of 80 columns.
fn title(command: &Command) -> (String, String) {
    let mut words = typed(command).split(' ');
    let plugin: Vec<&str> = words.by_ref().take(2).collect();
    let rest: Vec<&str> = words.collect();
    match rest.is_empty() {
        true => (plugin.join("-"), "Quay plugins".to_owned()),
        false => (plugin.join("-"), rest.join(" ")),
    }
}
