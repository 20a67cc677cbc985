//! A place of its own for every test: home, environment, tokens in play.

use super::leaks::Leaks;
use super::plugins::Plugin;
use super::process::{Output, Process};
use super::running::Running;
use super::terminal;
use super::words::Words;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where a test's runs take place; gone when dropped.
pub struct TestContext {
    binary: PathBuf,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    leaks: Leaks,
}

/// One run that is being put together.
pub struct Run<'a> {
    context: &'a TestContext,
    program: Vec<String>,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    stdin: Vec<u8>,
    leaks: Leaks,
    check_files: bool,
    waits_for_hiding: bool,
}

impl TestContext {
    /// A place to run `binary` in, usually a [`Plugin`](super::plugins::Plugin).
    pub fn new(binary: impl AsRef<Path>) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("quay-test-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        for below in ["home", "run", "tmp", "files"] {
            let path = folder.join(below);
            std::fs::create_dir_all(&path)
                .unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
        }
        let mut environment = BTreeMap::new();
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        environment.insert("HOME".to_owned(), text(folder.join("home")));
        // Where a session bus would be looked for.
        environment.insert("XDG_RUNTIME_DIR".to_owned(), text(folder.join("run")));
        environment.insert("TMPDIR".to_owned(), text(folder.join("tmp")));
        environment.insert("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned());
        environment.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
        Self {
            binary: binary.as_ref().to_owned(),
            folder,
            environment,
            leaks: Leaks::default(),
        }
    }

    /// The home directory of the runs.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The variables every run has.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Sets a variable for every run from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Removes a variable for every run from now on.
    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Writes a file outside the home directory.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    /// A path outside the home directory, where nothing is yet.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join("files").join(name)
    }

    /// From now on no run may give this token away.
    pub fn watch(&mut self, token: &str) {
        self.leaks.watch(token);
    }

    /// Runs the binary with these arguments and no stdin.
    #[track_caller]
    pub fn run(&self, words: impl Words) -> Output {
        self.command(words).run()
    }

    /// Prepares a run of the binary.
    pub fn command(&self, words: impl Words) -> Run<'_> {
        Run {
            context: self,
            program: vec![self.binary.to_string_lossy().into_owned()],
            arguments: words.words(),
            environment: self.environment.clone(),
            stdin: Vec::new(),
            leaks: self.leaks.clone(),
            check_files: true,
            waits_for_hiding: false,
        }
    }

    /// The commands that a plugin's `--help` lists at each level, such as `ocm login`, and `help`.
    pub fn commands(&self, plugin: Plugin) -> BTreeSet<String> {
        let mut found = BTreeSet::from(["help".to_owned()]);
        self.add_commands(plugin, "", &mut found);
        assert!(found.len() > 5, "{found:?}");
        found
    }

    fn add_commands(&self, plugin: Plugin, above: &str, found: &mut BTreeSet<String>) {
        let help = self.program(plugin, format!("{above} --help"));
        let help = help.keeps().run();
        let help = help.expect(0).stdout;
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        // A description goes on in lines that are indented further.
        let listed = listed
            .take_while(|line| !line.is_empty())
            .filter(|line| !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help");
        let before = found.len();
        for name in listed {
            self.add_commands(plugin, &format!("{above} {name}"), found);
        }
        if found.len() == before {
            found.insert(above.trim().to_owned());
        }
    }

    /// Prepares a run of another program in the same place.
    pub fn program(&self, program: impl AsRef<Path>, words: impl Words) -> Run<'_> {
        let mut run = self.command(words);
        run.program = vec![program.as_ref().to_string_lossy().into_owned()];
        run
    }
}

impl Drop for TestContext {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl<'a> Run<'a> {
    /// Gives the run this stdin; it is closed after.
    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// Sets a variable for this run.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Lets this run print the token, as it was asked to.
    pub fn reveals(mut self, token: &str) -> Self {
        self.leaks.allow(token);
        self
    }

    /// Lets this run leave tokens in the home directory, as it was asked to.
    pub fn keeps(mut self) -> Self {
        self.check_files = false;
        self
    }

    /// Runs the program on a terminal; what it writes to stderr comes out on stdout too.
    pub fn on_terminal(mut self) -> Self {
        let mut typed = std::mem::replace(&mut self.program, vec!["script".to_owned()]);
        typed.append(&mut self.arguments);
        self.arguments = terminal::arguments(&typed, &self.tty());
        self
    }

    /// Types on the terminal once it hides what is typed.
    pub fn types_hidden(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self.waits_for_hiding = true;
        self
    }

    fn tty(&self) -> PathBuf {
        self.context.path("tty")
    }

    /// Runs it, and fails if it gave a token away.
    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts it and returns while it runs.
    pub fn spawn(self) -> Running<'a> {
        let (program, first) = self.program.split_at(1);
        let mut command = Command::new(&program[0]);
        command
            .args(first)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.context.folder.join("files"));
        let process = if self.waits_for_hiding {
            let tty = self.tty();
            let stdin = self.stdin.clone();
            Process::start_typing(command, stdin, move || terminal::is_hiding(&tty))
        } else {
            Process::start(command, &self.stdin)
        };
        Running::new(self, process)
    }

    /// Fails if the run gave a token away.
    #[track_caller]
    pub(crate) fn check_all(&self, output: &Output) {
        self.check("stdout", output.stdout.as_bytes());
        self.check("stderr", output.stderr.as_bytes());
        for below in ["run", "tmp"] {
            self.check_folder(&self.context.folder.join(below));
        }
        if self.check_files {
            self.check_folder(&self.context.home());
        }
    }

    #[track_caller]
    pub(crate) fn check(&self, stream: &str, bytes: &[u8]) {
        if let Some(found) = self.leaks.find(bytes) {
            panic!("{:?} gives away {found} on {stream}", self.arguments);
        }
    }

    #[track_caller]
    fn check_folder(&self, folder: &Path) {
        if let Some((path, found)) = self.leaks.find_below(folder) {
            panic!("{:?} leaves {found} in {}", self.arguments, path.display());
        }
    }
}
