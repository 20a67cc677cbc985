//! From `main` to an exit code: parsing, logging, the runtime, the last word.

use super::completion::CompletionArgs;
use super::matches::{leaf, texts};
use super::{completion, core_dumps, flags_first, help};
use crate::Failure;
use crate::cli::{Console, Exit, GlobalArgs, OutputFormat, Typed};
use crate::failure::FailureKind;
use crate::invocation::Invocation;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// A plugin's whole command line.
pub trait Plugin: CommandFactory + FromArgMatches {
    /// The plugin's name, such as `quay-robot`.
    const NAME: &'static str;
    /// The flags that apply whatever the command.
    fn global(&self) -> &GlobalArgs;
}

/// A command every plugin has, besides its own: scripts and links for completion.
const COMPLETION: &str = "completion";

/// What was asked for.
enum Asked<P> {
    Plugin(P),
    Completion(CompletionArgs, GlobalArgs),
}

/// Parses the command line, runs `body`, and turns what comes back into an exit code:
/// 0 all well, 1 something failed or a check found a problem, 2 usage.
///
/// Called by the name of a completer, it completes instead, and says nothing else.
pub fn run<P: Plugin>(body: impl AsyncFnOnce(P, &Console) -> Result<Exit, Failure>) -> ExitCode {
    core_dumps::turn_off();
    let executable = std::env::args_os().next().unwrap_or_default();
    let executable = executable.to_string_lossy();
    let invocation = Invocation::from_executable(&executable, P::NAME);
    let command = command_line::<P>(&invocation);
    if Invocation::is_completer(&executable) {
        let words = std::env::args_os().skip(1).collect();
        print(&completion::answer(command, words));
        return ExitCode::SUCCESS;
    }
    let (asked, format) = match parse::<P>(command, &invocation) {
        Ok(parsed) => parsed,
        Err(error) => {
            print_usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let global = match &asked {
        Asked::Plugin(plugin) => plugin.global(),
        Asked::Completion(_, global) => global,
    };
    start_log(global.verbose);
    let console = Console::new(invocation, global, format);
    let result = match asked {
        Asked::Plugin(plugin) => on_runtime(async || body(plugin, &console).await),
        Asked::Completion(args, _) => {
            completion::run(&args, command_line::<P>(console.invocation()), &console)
        }
    };
    exit_code(result, &console)
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

/// A plugin's whole command line, with every flag of every command, as krew's name shows it.
pub fn command<P: Plugin>() -> Command {
    let mut command = command_line::<P>(&Invocation::from_executable("", P::NAME));
    // Only then does every command have the flags of those above it.
    command.build();
    command
}

/// The plugin's command line under the words the user typed, with `completion`.
fn command_line<P: Plugin>(invocation: &Invocation) -> Command {
    let typed = invocation.typed();
    let command = P::command()
        .name(P::NAME)
        .bin_name(&typed)
        .display_name(&typed)
        .subcommand(CompletionArgs::augment_args(Command::new(COMPLETION)));
    help::in_words_typed(command, invocation)
}

/// What was asked for, and what `-o` says.
fn parse<P: Plugin>(
    mut command: Command,
    invocation: &Invocation,
) -> Result<(Asked<P>, Option<OutputFormat>), clap::Error> {
    let words = flags_first::moved(&command, std::env::args_os());
    let matches = command.try_get_matches_from_mut(words)?;
    typed(&command, &matches, invocation).remember();
    let (_, given) = leaf(&command, &matches);
    let format = given.try_get_one::<OutputFormat>("output").ok().flatten();
    let format = format.copied();
    let asked = asked(&matches).map_err(|error| error.format(&mut command))?;
    Ok((asked, format))
}

/// What hints say again.
fn typed(command: &Command, matches: &ArgMatches, invocation: &Invocation) -> Typed {
    let (_, matches) = leaf(command, matches);
    let given = |id: &str| {
        let from_line = matches.try_contains_id(id).is_ok_and(|known| known)
            && matches.value_source(id) == Some(ValueSource::CommandLine);
        match from_line {
            true => texts(matches, id),
            false => Vec::new(),
        }
    };
    let flags = [("--as", "as_user"), ("--as-group", "as_group")];
    let identity = flags.into_iter().flat_map(|(flag, id)| {
        let values = given(id).into_iter();
        values.flat_map(|value| [flag.to_owned(), value])
    });
    Typed {
        invocation: invocation.clone(),
        kubeconfig: given("kubeconfig").pop(),
        identity: identity.collect(),
    }
}

fn asked<P: Plugin>(matches: &ArgMatches) -> Result<Asked<P>, clap::Error> {
    match matches.subcommand() {
        Some((COMPLETION, below)) => Ok(Asked::Completion(
            CompletionArgs::from_arg_matches(below)?,
            GlobalArgs::from_arg_matches(matches)?,
        )),
        _ => P::from_arg_matches(matches).map(Asked::Plugin),
    }
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
            FailureKind::Failed
            | FailureKind::Unreachable
            | FailureKind::Untrusted
            | FailureKind::UnknownAuthority
            | FailureKind::NotAsked => {
                console.end(&failure);
                ExitCode::from(1)
            }
            FailureKind::Interrupted => {
                console.end(&failure);
                ExitCode::from(130)
            }
            FailureKind::Usage => {
                console.end(&failure);
                ExitCode::from(2)
            }
        },
    }
}
