//! Ctrl-C ends the commands that run, and then this one in good order.
//!
//! The terminal sends it to every process in the foreground; all that is left to do
//! here is to live on until temporary folders are gone.

use anyhow::{Result, ensure};
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on SIGINT and SIGTERM are noted instead of ending the process.
pub fn watch() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Without one the signals do what they always did.
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            loop {
                signal().await;
                INTERRUPTED.store(true, Ordering::SeqCst);
            }
        });
    });
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Fails once the user wants out.
pub fn check() -> Result<()> {
    ensure!(!INTERRUPTED.load(Ordering::SeqCst), "interrupted");
    Ok(())
}
