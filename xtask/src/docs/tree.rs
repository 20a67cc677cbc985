//! The command tree as a plugin prints it.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Node {
    pub name: String,
    pub about: String,
    #[serde(default)]
    pub details: String,
    pub usage: String,
    #[serde(default)]
    pub arguments: Vec<Argument>,
    #[serde(default)]
    pub examples: String,
    #[serde(default)]
    pub commands: Vec<Node>,
}

#[derive(Deserialize)]
pub struct Argument {
    pub name: String,
    pub short: Option<char>,
    #[serde(default)]
    pub value: String,
    pub help: String,
    pub heading: Option<String>,
    #[serde(default)]
    pub positional: bool,
    #[serde(default)]
    pub repeatable: bool,
    #[serde(default)]
    pub choices: Vec<Choice>,
    #[serde(default)]
    pub defaults: Vec<String>,
    pub environment: Option<String>,
    #[serde(default)]
    pub conflicts: Vec<String>,
}

#[derive(Deserialize)]
pub struct Choice {
    pub name: String,
    #[serde(default)]
    pub help: String,
}

impl Node {
    /// This command and all below it, each with the names that lead to it.
    pub fn all(&self) -> Vec<(Vec<&str>, &Node)> {
        let mut found = vec![(vec![self.name.as_str()], self)];
        for below in &self.commands {
            for (path, node) in below.all() {
                let path = [self.name.as_str()].into_iter().chain(path).collect();
                found.push((path, node));
            }
        }
        found
    }

    /// `kubectl` or `oc`.
    pub fn host(&self) -> &str {
        self.usage.split(' ').next().unwrap_or_default()
    }

    /// Its arguments under their headings, in order: words first, then flags.
    pub fn sections(&self) -> Vec<(&str, Vec<&Argument>)> {
        let mut sections: Vec<(&str, Vec<&Argument>)> = Vec::new();
        let (words, flags): (Vec<_>, Vec<_>) = self
            .arguments
            .iter()
            .partition(|argument| argument.positional);
        for argument in words.into_iter().chain(flags) {
            let heading = match (&argument.heading, argument.positional) {
                (_, true) => "Arguments",
                (Some(heading), _) => heading,
                (None, _) => "Options",
            };
            match sections.iter_mut().find(|(known, _)| *known == heading) {
                Some((_, arguments)) => arguments.push(argument),
                None => sections.push((heading, vec![argument])),
            }
        }
        sections
    }
}

impl Argument {
    /// As it is written: `-n`, `--namespace <NAMESPACE>`.
    pub fn spellings(&self) -> Vec<String> {
        if self.positional {
            return vec![self.value.clone()];
        }
        let separator = if self.value.starts_with("[=") || self.value.is_empty() {
            ""
        } else {
            " "
        };
        let long = format!("{}{separator}{}", self.name, self.value);
        let short = self.short.map(|short| format!("-{short}"));
        short.into_iter().chain([long]).collect()
    }

    /// The help in full, with what clap adds to it; `code` marks what is typed.
    pub fn description(&self, code: impl Fn(&str) -> String) -> String {
        let list = |names: &[String]| -> String {
            let names: Vec<String> = names.iter().map(|name| code(name)).collect();
            names.join(", ")
        };
        let mut text = self.help.trim().trim_end_matches('.').to_owned();
        text.push('.');
        if self.repeatable && !self.help.contains("repeat") && !self.help.contains("twice") {
            text.push_str(" Repeatable.");
        }
        if !self.choices.is_empty() {
            let choices: Vec<String> = self
                .choices
                .iter()
                .map(|choice| match choice.help.is_empty() {
                    true => code(&choice.name),
                    false => format!("{} ({})", code(&choice.name), choice.help),
                })
                .collect();
            text.push_str(&format!(" One of {}.", choices.join(", ")));
        }
        if self.defaults.iter().any(|default| !default.is_empty()) {
            text.push_str(&format!(" Default: {}.", list(&self.defaults)));
        }
        if let Some(variable) = &self.environment {
            text.push_str(&format!(" Environment: {}.", code(variable)));
        }
        if !self.conflicts.is_empty() {
            text.push_str(&format!(" Not with {}.", list(&self.conflicts)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(text: &str) -> Argument {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn an_argument_is_written_as_it_is_typed() {
        let namespace = argument(
            r#"{"name": "--namespace", "short": "n", "value": "<NAMESPACE>", "help": "x"}"#,
        );
        assert_eq!(namespace.spellings(), ["-n", "--namespace <NAMESPACE>"]);
        let optional = argument(r#"{"name": "--dry-run", "value": "[=<MODE>]", "help": "x"}"#);
        assert_eq!(optional.spellings(), ["--dry-run[=<MODE>]"]);
    }

    #[test]
    fn a_description_has_everything_a_reader_needs() {
        let text = r#"{"name": "--role", "help": "What it may do", "defaults": ["read"],
            "choices": [{"name": "read", "help": "pull"}, {"name": "admin"}],
            "environment": "ROLE", "conflicts": ["--all"], "repeatable": true}"#;
        assert_eq!(
            argument(text).description(|name| format!("`{name}`")),
            "What it may do. Repeatable. One of `read` (pull), `admin`. Default: `read`. \
             Environment: `ROLE`. Not with `--all`."
        );
    }
}
