//! The watchdog: a process of its own that takes a write back at its deadline.

use super::{GIVE_UP_AFTER, Pending, folder, read, undo};
use crate::Failure;
use crate::cluster::{ClusterArgs, connect_silently};
use crate::private_file;
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

/// How often it is looked whether somebody confirmed. Also what a machine that was
/// suspended over the deadline is late by.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Between two attempts to take a write back.
const PAUSE: Duration = Duration::from_secs(10);

/// One write's watchdog, which lives in a session of its own.
pub struct Watchdog {
    id: String,
    folder: PathBuf,
    /// Held until the process ends, however it ends.
    _lock: File,
}

impl Watchdog {
    /// Leaves the terminal's session, and takes the lock that shows it is there.
    ///
    /// # Errors
    /// The id is none, or the state folder cannot be written.
    pub fn begin(id: &str) -> Result<Self, Failure> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return Err(Failure::usage("this command is only for the plugin itself"));
        }
        leave_session()?;
        let failed =
            |error: std::io::Error| Failure::new(format!("cannot watch over {id}: {error}"));
        let folder = folder()?;
        let lock = File::create(folder.join(format!("{id}.lock"))).map_err(failed)?;
        // Whoever looks whether it is held holds it for a moment.
        lock.lock().map_err(failed)?;
        Ok(Self {
            id: id.to_owned(),
            folder,
            _lock: lock,
        })
    }

    /// Waits for the confirmation or the deadline; takes the write back at the latter, for
    /// as long as it takes the API server to let it.
    ///
    /// # Errors
    /// The last attempt's failure, a day after the deadline.
    pub async fn wait(self, cluster: &ClusterArgs, field_manager: &str) -> Result<(), Failure> {
        let path = self.file("json");
        loop {
            let Some(pending) = read(&path) else {
                return self.end();
            };
            let left = Timestamp::now().duration_until(pending.deadline);
            match Duration::try_from(left) {
                Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(POLL_EVERY)).await,
                _ => break,
            }
        }
        let claimed = self.file("restoring.json");
        match fs::rename(&path, &claimed) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return self.end(),
            Err(error) => return Err(Failure::new(format!("cannot claim {}: {error}", self.id))),
        }
        let Some(pending) = read(&claimed) else {
            return self.end();
        };
        let Some(left) = self.restore(&pending, cluster, field_manager).await? else {
            return self.end();
        };
        let text = serde_json::to_vec(&Pending { left, ..pending })
            .map_err(|error| Failure::new(format!("cannot finish {}: {error}", self.id)))?;
        private_file::replace(&self.file("restored.json"), &text)?;
        self.remove("restoring.json")?;
        self.end()
    }

    /// The entries that were left, or `None` if somebody acknowledged the matter meanwhile.
    async fn restore(
        &self,
        pending: &Pending,
        cluster: &ClusterArgs,
        field_manager: &str,
    ) -> Result<Option<Vec<String>>, Failure> {
        let began = Timestamp::now();
        while self.file("restoring.json").exists() {
            let failure = match attempt(pending, cluster, field_manager).await {
                Ok(left) => return Ok(Some(left)),
                Err(failure) => failure,
            };
            let tried = Duration::try_from(began.duration_until(Timestamp::now()));
            if tried.is_ok_and(|tried| tried > GIVE_UP_AFTER) {
                return Err(failure);
            }
            // Nobody reads our stderr: the next command of the user tells it.
            let told = private_file::replace(&self.file("trouble"), failure.message().as_bytes());
            tracing::info!(%failure, ?told, "trying again");
            self.pause().await;
        }
        Ok(None)
    }

    async fn pause(&self) {
        let next = tokio::time::Instant::now() + PAUSE;
        while self.file("restoring.json").exists() && tokio::time::Instant::now() < next {
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    /// A file of this write. The folder was there when it began, and is never made again: a
    /// home directory may be gone by then.
    fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.id))
    }

    fn end(self) -> Result<(), Failure> {
        self.remove("trouble")?;
        self.remove("lock")
    }

    fn remove(&self, kind: &str) -> Result<(), Failure> {
        match fs::remove_file(self.file(kind)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Failure::new(format!("cannot finish {}: {error}", self.id)))
            }
            _ => Ok(()),
        }
    }
}

async fn attempt(
    pending: &Pending,
    cluster: &ClusterArgs,
    field_manager: &str,
) -> Result<Vec<String>, Failure> {
    let mut left = Vec::new();
    for cluster in connect_silently(cluster, field_manager).await?.all()? {
        left.extend(undo(&cluster, pending).await?);
    }
    Ok(left)
}

/// Without a terminal of its own no hangup reaches the process when one is closed.
#[cfg(unix)]
fn leave_session() -> Result<(), Failure> {
    rustix::process::setsid()
        .map(drop)
        .map_err(|error| Failure::new(format!("cannot leave the terminal's session: {error}")))
}

/// Elsewhere the process was started without a console.
#[cfg(not(unix))]
fn leave_session() -> Result<(), Failure> {
    Ok(())
}
