//! Manual pages, in the man(7) macros.

use super::tree::Node;

/// The page `name(1)` of one command.
pub fn page(name: &str, path: &[&str], node: &Node) -> String {
    let host = node.host();
    let mut text = format!(
        ".\\\" Written by cargo xtask docs from the plugin itself.\n\
         {}\
         .SH NAME\n{} \\- {}\n\
         .SH SYNOPSIS\n\\fB{}\\fR\n",
        title(host, path),
        escaped(name),
        escaped(&node.about),
        escaped(&node.usage).replace('\n', "\n.br\n")
    );
    if !node.details.is_empty() {
        text.push_str(".SH DESCRIPTION\n");
        let paragraphs: Vec<String> = node.details.split("\n\n").map(escaped).collect();
        text.push_str(&paragraphs.join("\n.PP\n"));
        text.push('\n');
    }
    if !node.commands.is_empty() {
        text.push_str(".SH COMMANDS\n");
        for below in &node.commands {
            let (name, about) = (escaped(&below.name), escaped(&below.about));
            text.push_str(&format!(".TP\n\\fB{name}\\fR\n{about}\n"));
        }
    }
    for (heading, arguments) in node.sections() {
        text.push_str(&format!(".SH {}\n", escaped(&heading.to_uppercase())));
        for argument in arguments {
            let spellings = escaped(&argument.spellings().join(", "));
            let description = escaped(&argument.description(str::to_owned));
            text.push_str(&format!(".TP\n\\fB{spellings}\\fR\n{description}\n"));
        }
    }
    if !node.examples.is_empty() {
        let examples = escaped(&node.examples);
        text.push_str(&format!(".SH EXAMPLES\n.nf\n{examples}\n.fi\n"));
    }
    text.push_str(&see_also(host, path, node));
    text
}

/// The line at the head of the page: the plugin on both sides, its command between. With the
/// command in the title, man(1) would cut the longer titles on a terminal of 80 columns.
fn title(host: &str, path: &[&str]) -> String {
    let (plugin, command) = path.split_first().unwrap_or((&"", &[]));
    let plugin = format!("{host}-{plugin}").to_uppercase();
    let command = match command.is_empty() {
        true => "Quay plugins".to_owned(),
        false => command.join(" "),
    };
    format!(
        ".TH {} 1 \"\" \"Quay plugins\" \"{}\"\n",
        escaped(&plugin),
        escaped(&command)
    )
}

fn see_also(host: &str, path: &[&str], node: &Node) -> String {
    let above = path.split_last().map(|(_, above)| above.join("-"));
    let above = above.filter(|above| !above.is_empty());
    let here = path.join("-");
    let below = node
        .commands
        .iter()
        .map(|below| format!("{here}-{}", below.name));
    let pages: Vec<String> = above
        .into_iter()
        .chain(below)
        .map(|page| format!("\\fB{}\\fR(1)", escaped(&format!("{host}-{page}"))))
        .collect();
    match pages.is_empty() {
        true => String::new(),
        false => format!(".SH SEE ALSO\n{}\n", pages.join(",\n")),
    }
}

/// Text that roff takes for nothing else: no escapes, no requests, real hyphens.
fn escaped(text: &str) -> String {
    let text = text
        .replace('`', "")
        .replace('\\', "\\e")
        .replace('-', "\\-");
    let lines = text
        .lines()
        .map(|line| match line.starts_with(['.', '\'']) {
            true => format!("\\&{line}"),
            false => line.to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_is_never_a_request_or_an_escape() {
        assert_eq!(super::escaped(".so /etc\n'x"), "\\&.so /etc\n\\&'x");
        assert_eq!(super::escaped("a\\b --c `d`"), "a\\eb \\-\\-c d");
    }
}
