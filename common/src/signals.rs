//! The signals that ask a command to end.

use std::cell::Cell;

/// Resolves when Ctrl-C is pressed, the terminal closes (SIGHUP), or somebody ends the process
/// (SIGTERM). From the first call on, none of them kills the process by itself.
///
/// Where signals cannot be had, it never resolves, and they do what the system does by default.
pub async fn interrupted() {
    if imp::next().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Whether somebody asked for the end of work that ends at the next safe point.
#[derive(Debug, Default)]
pub struct Ending(Cell<bool>);

impl Ending {
    /// Carries work out, and listens meanwhile: no signal ends it by itself any more.
    pub async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        let listen = async {
            loop {
                interrupted().await;
                self.0.set(true);
            }
        };
        tokio::select! {
            done = work => done,
            never = listen => never,
        }
    }

    /// Whether to begin nothing more.
    pub fn is_asked_for(&self) -> bool {
        self.0.get()
    }
}

#[cfg(unix)]
mod imp {
    use std::io::IsTerminal;
    use std::sync::OnceLock;
    use tokio::signal::unix::{SignalKind, signal};

    pub(super) async fn next() -> Option<()> {
        let mut pressed = signal(SignalKind::interrupt()).ok()?;
        let mut ended = signal(SignalKind::terminate()).ok()?;
        let mut closed = match ignores_hangups() {
            true => None,
            false => Some(signal(SignalKind::hangup()).ok()?),
        };
        tokio::select! {
            found = pressed.recv() => found,
            found = ended.recv() => found,
            found = async { closed.as_mut()?.recv().await }, if closed.is_some() => found,
        }
    }

    /// Whether the process was started not to listen to SIGHUP, as `nohup` does. Asked once,
    /// before a handler hides it.
    fn ignores_hangups() -> bool {
        static IGNORED: OnceLock<bool> = OnceLock::new();
        *IGNORED.get_or_init(|| match ignored_signals() {
            Some(mask) => mask & 1 != 0,
            // Nohup leaves no stream at the terminal.
            None => {
                !std::io::stdin().is_terminal()
                    && !std::io::stdout().is_terminal()
                    && !std::io::stderr().is_terminal()
            }
        })
    }

    /// `SigIgn` of proc(5): bit 0 is signal 1, SIGHUP. Only Linux tells.
    fn ignored_signals() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }
}

#[cfg(not(unix))]
mod imp {
    pub(super) async fn next() -> Option<()> {
        tokio::signal::ctrl_c().await.ok()
    }
}
