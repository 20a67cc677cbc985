//! The signals that ask a command to end.

/// Resolves when Ctrl-C is pressed, the terminal closes (SIGHUP), or somebody ends the process
/// (SIGTERM). From the first call on, none of them kills the process by itself.
///
/// Where signals cannot be had, it never resolves, and they do what the system does by default.
pub async fn interrupted() {
    if imp::next().await.is_none() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
mod imp {
    use tokio::signal::unix::{SignalKind, signal};

    pub(super) async fn next() -> Option<()> {
        let mut pressed = signal(SignalKind::interrupt()).ok()?;
        let mut ended = signal(SignalKind::terminate()).ok()?;
        let mut closed = signal(SignalKind::hangup()).ok()?;
        tokio::select! {
            found = pressed.recv() => found,
            found = ended.recv() => found,
            found = closed.recv() => found,
        }
    }
}

#[cfg(not(unix))]
mod imp {
    pub(super) async fn next() -> Option<()> {
        tokio::signal::ctrl_c().await.ok()
    }
}
