//! What to type next, as data: text and commands, which `cli` renders in the words the user typed.

use std::fmt;

/// What a command line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `kubectl quay-robot`.
    Robot,
    /// `kubectl quay-pullsecret`.
    PullSecret,
    /// `oc quay-global`.
    Global,
    /// kubectl itself, or oc for whoever typed `oc`.
    Kubectl,
}

/// One command to type: a program, its words, and the cluster it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    program: Program,
    words: Vec<String>,
    context: Option<String>,
}

/// One or more things to do: commands, and the text around them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hint {
    parts: Vec<Part>,
}

/// A piece of a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Shown as it is.
    Text(String),
    /// One word of a command line, such as a flag's value, whatever is in it.
    Word(String),
    /// Shown so that it can be pasted into a shell.
    Command(Command),
}

/// A command of `kubectl quay-robot`; `words` are separated by spaces.
pub fn robot(words: &str) -> Command {
    Command::new(Program::Robot, words)
}

/// A command of `kubectl quay-pullsecret`; `words` are separated by spaces.
pub fn pullsecret(words: &str) -> Command {
    Command::new(Program::PullSecret, words)
}

/// A command of `oc quay-global`; `words` are separated by spaces.
pub fn global(words: &str) -> Command {
    Command::new(Program::Global, words)
}

/// A command of kubectl; `words` are separated by spaces.
pub fn kubectl(words: &str) -> Command {
    Command::new(Program::Kubectl, words)
}

/// A command of kubectl for one namespace; `words` are separated by spaces.
pub fn kubectl_in(namespace: &str, words: &str) -> Command {
    kubectl("-n").arg(namespace).words(words)
}

/// Asks an API server whether one may do something in a namespace.
pub fn can_i(context: &str, namespace: &str, verb: &str, object: &str) -> Command {
    let can_i = kubectl_in(namespace, "auth can-i");
    can_i.arg(verb).arg(object).at(context)
}

/// Opens a secret in an editor.
pub fn edit_secret(namespace: &str, name: &str) -> Command {
    kubectl_in(namespace, "edit secret").arg(name)
}

/// Shows an object of a namespace.
pub fn get(namespace: &str, object: &str) -> Command {
    kubectl_in(namespace, "get").words(object)
}

impl Command {
    fn new(program: Program, words: &str) -> Self {
        Self {
            program,
            words: words.split_whitespace().map(str::to_owned).collect(),
            context: None,
        }
    }

    /// With one more word, whatever is in it.
    #[must_use]
    pub fn arg(mut self, word: impl fmt::Display) -> Self {
        self.words.push(word.to_string());
        self
    }

    /// With more words, separated by spaces.
    #[must_use]
    pub fn words(mut self, words: &str) -> Self {
        self.words
            .extend(words.split_whitespace().map(str::to_owned));
        self
    }

    /// About the cluster of this context, where the command goes to a cluster.
    #[must_use]
    pub fn at(mut self, context: &str) -> Self {
        self.context.get_or_insert_with(|| context.to_owned());
        self
    }

    /// About the clusters of these contexts. A name may hold a comma, so each has its own flag.
    #[must_use]
    pub fn at_each(self, contexts: &[&str]) -> Self {
        match contexts {
            [only] => self.at(only),
            _ => contexts.iter().fold(self, |command, context| {
                command.arg("--context").arg(context)
            }),
        }
    }

    /// The command, and text after it.
    #[must_use]
    pub fn say(self, text: &str) -> Hint {
        Hint::from(self).say(text)
    }

    /// What the command line begins with.
    pub fn program(&self) -> Program {
        self.program
    }

    /// The words after the program's.
    pub fn arguments(&self) -> &[String] {
        &self.words
    }

    /// The context of the cluster it is about.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }
}

impl Hint {
    /// With text after it.
    #[must_use]
    pub fn say(mut self, text: &str) -> Self {
        self.parts.push(Part::Text(text.to_owned()));
        self
    }

    /// With a word of a command line after it, quoted where a shell needs it.
    #[must_use]
    pub fn word(mut self, word: impl fmt::Display) -> Self {
        self.parts.push(Part::Word(word.to_string()));
        self
    }

    /// With a command after it.
    #[must_use]
    pub fn run(mut self, command: Command) -> Self {
        self.parts.push(Part::Command(command));
        self
    }

    /// With another hint after it.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// About the cluster of this context, as far as its commands go to a cluster and none is
    /// named yet.
    #[must_use]
    pub fn at(mut self, context: &str) -> Self {
        for part in &mut self.parts {
            if let Part::Command(command) = part {
                command.context.get_or_insert_with(|| context.to_owned());
            }
        }
        self
    }

    /// Its pieces, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl From<Command> for Hint {
    fn from(command: Command) -> Self {
        Self {
            parts: vec![Part::Command(command)],
        }
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Self::default().say(text)
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self {
            parts: vec![Part::Text(text)],
        }
    }
}

impl From<&Self> for Hint {
    fn from(hint: &Self) -> Self {
        hint.clone()
    }
}
