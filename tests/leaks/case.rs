//! One run of the sweep.

/// What is wrong while a run takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Nothing,
    /// Quay answers 401 to the API token that is given.
    WrongToken,
    /// Quay answers 500 with a page.
    QuayBroken,
    /// Every answer of Quay holds a credential and cannot be read.
    QuayGarbled,
    /// Every answer of the cluster does.
    ClusterGarbled,
}

/// One run of a plugin.
#[derive(Clone)]
pub struct Case {
    pub arguments: Vec<String>,
    pub trouble: Trouble,
    pub succeeds: bool,
    pub stdin: String,
    pub environment: Vec<(&'static str, String)>,
    /// Whether it may leave a token in the home directory, as it was asked to.
    pub keeps: bool,
}

impl Case {
    /// A run that succeeds; the words of the command line are separated by spaces.
    pub fn succeeds(line: &str) -> Self {
        Self {
            arguments: line.split_whitespace().map(str::to_owned).collect(),
            trouble: Trouble::Nothing,
            succeeds: true,
            stdin: String::new(),
            environment: Vec::new(),
            keeps: false,
        }
    }

    /// A run that fails, though nothing is wrong but what it is asked.
    pub fn fails(line: &str) -> Self {
        Self {
            succeeds: false,
            ..Self::succeeds(line)
        }
    }

    /// A run that fails because of this.
    pub fn fails_with(trouble: Trouble, line: &str) -> Self {
        Self {
            trouble,
            ..Self::fails(line)
        }
    }

    pub fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    pub fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    pub fn keeps(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// The subcommand.
    pub fn command(&self) -> &str {
        &self.arguments[0]
    }
}

/// Without what may be secret.
impl std::fmt::Debug for Case {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} ({:?}, has to succeed: {})",
            self.arguments.join(" "),
            self.trouble,
            self.succeeds
        )
    }
}
