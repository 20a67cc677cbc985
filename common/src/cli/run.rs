//! From `main` to an exit code: parsing, logging, the runtime, the last word.

use super::completion::{self, CompletionArgs};
use super::{Console, Invocation, tree};
use crate::Failure;
use crate::failure::FailureKind;
use clap::{ArgAction, Args, Command, CommandFactory, FromArgMatches, Subcommand};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How a command ended when nothing stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All well: 0.
    Success,
    /// A target failed or a check found a problem, and the report says which: 1.
    Problem,
}

/// Flags every command of every plugin has.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Log what is done to stderr; twice for every request
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 900)]
    pub verbose: u8,

    /// Print no messages, only results, warnings and errors
    #[arg(short, long, global = true, display_order = 901)]
    pub quiet: bool,
}

/// A plugin's whole command line.
pub trait Plugin: CommandFactory + FromArgMatches {
    /// The plugin's name, such as `quay-robot`.
    const NAME: &'static str;
    /// The flags that apply whatever the command.
    fn global(&self) -> &GlobalArgs;
}

// The commands every plugin has, besides its own. (A doc comment would become the plugin's help.)
#[derive(Debug, Subcommand)]
enum Shared {
    Completion(CompletionArgs),
    /// Print the whole command line as JSON
    #[command(hide = true)]
    CommandTree,
}

/// What was asked for.
enum Asked<P> {
    Plugin(P),
    Shared(Shared, GlobalArgs),
}

/// Parses the command line, runs `body`, and turns what comes back into an exit code:
/// 0 all well, 1 something failed or a check found a problem, 2 usage.
///
/// Called by the name of a completer, it completes instead, and says nothing else.
pub fn run<P: Plugin>(body: impl AsyncFnOnce(P, &Console) -> Result<Exit, Failure>) -> ExitCode {
    // Both HTTP clients share this provider; the result only says whether one was set before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let executable = std::env::args_os().next().unwrap_or_default();
    let executable = executable.to_string_lossy();
    let invocation = Invocation::from_executable(&executable, P::NAME);
    let command = command_line::<P>(&invocation);
    if Invocation::is_completer(&executable) {
        let words = std::env::args_os().skip(1).collect();
        print(&completion::answer(command, words));
        return ExitCode::SUCCESS;
    }
    let asked = match parse::<P>(command) {
        Ok(asked) => asked,
        Err(error) => {
            print_usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let global = match &asked {
        Asked::Plugin(plugin) => plugin.global(),
        Asked::Shared(_, global) => global,
    };
    start_log(global.verbose);
    let console = Console::new(invocation, global);
    let result = match asked {
        Asked::Plugin(plugin) => on_runtime(async || body(plugin, &console).await),
        Asked::Shared(shared, _) => shared.run(command_line::<P>(console.invocation()), &console),
    };
    exit_code(result, &console)
}

impl Shared {
    fn run(&self, command: Command, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Completion(args) => completion::run(args, command, console),
            Self::CommandTree => tree::run(command, console),
        }
    }
}

fn on_runtime(work: impl AsyncFnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let result = runtime.block_on(work());
    // A hanging keyring or exec plugin must not keep us from ending.
    runtime.shutdown_background();
    result
}

/// The plugin's command line with the shared commands, under the words the user typed.
fn command_line<P: Plugin>(invocation: &Invocation) -> Command {
    let typed = invocation.typed();
    let command = P::command()
        .name(P::NAME)
        .bin_name(&typed)
        .display_name(&typed);
    Shared::augment_subcommands(command)
}

fn parse<P: Plugin>(mut command: Command) -> Result<Asked<P>, clap::Error> {
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    let asked = match matches
        .subcommand_name()
        .is_some_and(Shared::has_subcommand)
    {
        true => Shared::from_arg_matches(&matches).and_then(|shared| {
            Ok(Asked::Shared(
                shared,
                GlobalArgs::from_arg_matches(&matches)?,
            ))
        }),
        false => P::from_arg_matches(&matches).map(Asked::Plugin),
    };
    asked.map_err(|error| error.format(&mut command))
}

/// Writes to stdout; a closed stream leaves nothing to say.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Help, version or a usage error, in one piece: clap alone would write line by line.
fn print_usage(error: &clap::Error) {
    let text = error.render();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let shown = |terminal: bool| match terminal && !plain {
        true => text.ansi().to_string(),
        false => text.to_string(),
    };
    if error.use_stderr() {
        let stream = std::io::stderr();
        let text = shown(stream.is_terminal());
        // A closed stream leaves nothing to say.
        let _ = stream.lock().write_all(text.as_bytes());
    } else {
        print(&shown(std::io::stdout().is_terminal()));
    }
}

fn start_log(verbose: u8) {
    // Only our own words: the libraries below us might print what we must not.
    let level = match verbose {
        0 => return,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    tracing_subscriber::registry()
        .with(Targets::new().with_target("quay_common", level))
        .with(log)
        .init();
}

fn exit_code(result: Result<Exit, Failure>, console: &Console) -> ExitCode {
    match result {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::Problem) => ExitCode::from(1),
        Err(failure) => match failure.kind() {
            FailureKind::BrokenPipe => ExitCode::SUCCESS,
            FailureKind::Failed => {
                console.failure(&failure);
                ExitCode::from(1)
            }
            FailureKind::Usage => {
                console.failure(&failure);
                ExitCode::from(2)
            }
        },
    }
}
