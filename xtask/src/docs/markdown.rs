//! One page a command, for reading on the web.

use super::tree::Node;

const NOTE: &str =
    "<!-- Written by `cargo xtask docs` from the plugin itself: change it there. -->";

/// The page of one command.
pub fn page(path: &[&str], node: &Node) -> String {
    let mut text = format!(
        "{NOTE}\n\n# {}\n\n{}.\n",
        title(node, path),
        plain(&node.about)
    );
    text.push_str(&format!("\n```\n{}\n```\n", node.usage));
    if !node.details.is_empty() {
        text.push_str(&format!("\n{}\n", plain(&node.details)));
    }
    if !node.examples.is_empty() {
        text.push_str(&format!("\n## Examples\n\n```sh\n{}\n```\n", node.examples));
    }
    if !node.commands.is_empty() {
        text.push_str("\n## Commands\n\n");
        text.push_str(&commands(path, node));
    }
    for (heading, arguments) in node.sections() {
        text.push_str(&format!("\n## {heading}\n\n"));
        for argument in arguments {
            let spellings: Vec<String> = argument.spellings().iter().map(|s| code(s)).collect();
            let description = plain(&argument.description(code));
            text.push_str(&format!("- {}: {description}\n", spellings.join(", ")));
        }
    }
    text
}

/// The page that leads to all others.
pub fn index(plugins: &[Node], refresh: &str) -> String {
    let mut text = format!(
        "{NOTE}\n\n# Commands\n\nEvery command of every plugin, with the text of `--help`. The \
         folder [man](man) has the same pages for `man`, and the `.json` files record every flag. \
         `{refresh}` writes all of them.\n"
    );
    for plugin in plugins {
        let heading = title(plugin, &[&plugin.name]);
        text.push_str(&format!(
            "\n## [{heading}]({}.md)\n\n{}.\n\n{}",
            plugin.name,
            plain(&plugin.about),
            commands(&[&plugin.name], plugin)
        ));
    }
    text
}

fn commands(path: &[&str], node: &Node) -> String {
    let folder = path.join("-");
    let lines = node.commands.iter().map(|below| {
        let about = plain(&below.about);
        format!(
            "- [{name}]({folder}-{name}.md): {about}\n",
            name = below.name
        )
    });
    lines.collect()
}

/// What is typed for it: `kubectl quay-robot create`.
fn title(node: &Node, path: &[&str]) -> String {
    format!("{} {}", node.host(), path.join(" "))
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
    let parts: Vec<String> = parts.collect();
    parts.join("`").trim_end_matches('.').to_owned() + if text.ends_with('.') { "." } else { "" }
}

#[cfg(test)]
mod tests {
    #[test]
    fn markup_is_escaped_except_in_code() {
        assert_eq!(super::plain("a <b> `<c>` d_e"), "a &lt;b> `<c>` d\\_e");
    }
}
