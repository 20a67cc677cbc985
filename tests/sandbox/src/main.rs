//! `quay-sandbox`: a seeded Quay and a small cluster on loopback, until Ctrl-C.
//!
//! Prints one line of shell that points kubectl and the plugins at them.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use quay_sandbox::demo::{Demo, DemoOptions};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A seeded Quay and a small cluster to try the plugins on.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Quay's port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Add so many namespaces, ns-000 and up
    #[arg(long, value_name = "N", default_value_t = 0)]
    namespaces: usize,

    /// Stop when standard input ends, not only at Ctrl-C
    #[arg(long)]
    until_eof: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell where standard error is closed.
            drop(say(&mut io::stderr(), &format!("error: {error}")));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let demo = Demo::start(DemoOptions {
        port: arguments.port,
        namespaces: arguments.namespaces,
    })
    .await?;
    let directory = private_directory()?;
    let line = write_files(directory.path(), &demo)?;
    say(&mut io::stdout(), &line)?;
    let ended = async {
        if arguments.until_eof {
            end_of_input().await;
        } else {
            std::future::pending().await
        }
    };
    tokio::select! {
        () = ended => {}
        stopped = stop_signal() => stopped?,
    }
    directory.close()
}

fn say(out: &mut dyn Write, line: &str) -> io::Result<()> {
    writeln!(out, "{line}")?;
    out.flush()
}

/// A directory nobody else can look into.
fn private_directory() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("quay-sandbox-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}

/// Writes kubeconfig, CA certificate and `env`; returns what `env` says.
fn write_files(directory: &Path, demo: &Demo) -> io::Result<String> {
    let (config, authority) = (directory.join("kubeconfig"), directory.join("ca.pem"));
    write_private(&config, &demo.cluster.kubeconfig("admin"))?;
    write_private(&authority, demo.quay.ca_pem())?;
    let line = format!(
        "export KUBECONFIG='{}' QUAY_URL='{}' QUAY_CA_FILE='{}' QUAY_API_TOKEN='{}' \
        QUAY_CLIENT_ID='{}'",
        config.display(),
        demo.quay.url(),
        authority.display(),
        demo.api_token,
        demo.client_id,
    );
    write_private(&directory.join("env"), &format!("{line}\n"))?;
    Ok(line)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// Ends with standard input. A thread waits for it, since it may never end.
async fn end_of_input() {
    let (ended, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = [0; 1024];
        while matches!(input.read(&mut buffer), Ok(1..)) {}
        let _ = ended.send(());
    });
    drop(wait.await);
}

/// Ctrl-C, or the signal a process manager sends.
async fn stop_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
