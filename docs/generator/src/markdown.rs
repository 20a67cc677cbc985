//! One page a command, for reading on the web.

use crate::argument::{description, sections, spellings};
use crate::pages::{below, name, typed};
use clap::Command;
use clap::builder::StyledStr;
use quay_common::app::examples;

const NOTE: &str =
    "<!-- Written by `cargo xtask docs` from the plugin itself: change it there. -->";

/// The page of one command.
pub fn page(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().lines();
    let usage: Vec<&str> = usage.map(str::trim).collect();
    let mut text = format!(
        "{NOTE}\n\n# {}\n\n{}.\n\n```\n{}\n```\n",
        typed(command),
        about(command),
        usage.join("\n")
    );
    let details = details(command);
    if !details.is_empty() {
        text.push_str(&format!("\n{}\n", plain(&details)));
    }
    text.push_str(&format!(
        "\n## Examples\n\n```sh\n{}\n```\n",
        examples(command)
    ));
    if below(command).next().is_some() {
        text.push_str(&format!("\n## Commands\n\n{}", commands(command)));
    }
    for (heading, arguments) in sections(command) {
        text.push_str(&format!("\n## {heading}\n\n"));
        for argument in arguments {
            let spellings = spellings(argument)
                .iter()
                .map(|spelling| code(spelling))
                .collect::<Vec<_>>();
            let description = plain(&description(command, argument, code));
            text.push_str(&format!("- {}: {description}\n", spellings.join(", ")));
        }
    }
    text
}

/// The page that leads to all others.
pub fn index(plugins: &[Command]) -> String {
    let mut text = format!(
        "{NOTE}\n\n# Commands\n\nEvery command of every plugin, with the text of `--help`. The \
         folder [man](man) has the same pages for `man`. `cargo xtask docs` writes all of them.\n"
    );
    for plugin in plugins {
        text.push_str(&format!(
            "\n## [{}]({}.md)\n\n{}.\n\n{}",
            typed(plugin),
            name(plugin),
            about(plugin),
            commands(plugin)
        ));
    }
    text
}

fn commands(command: &Command) -> String {
    let line = |below: &Command| {
        let (title, page) = (below.get_name(), name(below));
        format!("- [{title}]({page}.md): {}\n", about(below))
    };
    below(command).map(line).collect()
}

fn about(command: &Command) -> String {
    plain(&text(command.get_about()))
}

/// What the long description says beyond the short one.
fn details(command: &Command) -> String {
    let (about, long) = (text(command.get_about()), text(command.get_long_about()));
    let rest = long.strip_prefix(&about).unwrap_or(&long);
    rest.trim_start_matches('.').trim().to_owned()
}

fn text(styled: Option<&StyledStr>) -> String {
    styled.map(ToString::to_string).unwrap_or_default()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Escapes what is markup in Markdown, except between backticks.
fn plain(text: &str) -> String {
    let parts = text
        .split('`')
        .enumerate()
        .map(|(number, part)| match number % 2 {
            0 => part
                .replace('<', "&lt;")
                .replace('*', "\\*")
                .replace('_', "\\_"),
            _ => part.to_owned(),
        });
    parts.collect::<Vec<String>>().join("`")
}

#[cfg(test)]
mod tests {
    #[test]
    fn markup_is_escaped_except_in_code() {
        assert_eq!(super::plain("a <b> `<c>` d_e"), "a &lt;b> `<c>` d\\_e");
    }
}
