//! This machine's records: what it rotated, when, for whom. No secret is in them.
//!
//! One JSON object a line in `$XDG_STATE_HOME/kubectl-quay/ledger.jsonl`, written through
//! to the disk before what it announces is done.

use super::record::{Entry, Records};
use crate::Failure;
use crate::fingerprint::short_hash;
use crate::folders;
use crate::hint::Hint;
use crate::names::{RegistryHost, RobotName};
use crate::private_file;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// The file.
pub(super) struct LedgerFile {
    path: PathBuf,
}

impl LedgerFile {
    /// This user's file, whether there is one yet or not.
    pub fn open() -> Result<Self, Failure> {
        Ok(Self {
            path: folders::state()?.join("ledger.jsonl"),
        })
    }

    fn make_folder(&self) -> Result<(), Failure> {
        self.path.parent().map_or(Ok(()), private_file::make_folder)
    }

    /// Adds a line, and returns once it is on the disk.
    pub fn append(&self, entry: &Entry) -> Result<(), Failure> {
        self.make_folder()?;
        let mut line = serde_json::to_string(entry)
            .map_err(|error| Failure::new(format!("cannot write the ledger: {error}")))?;
        line.push('\n');
        let mut write = || {
            let mut file = self.file()?;
            file.lock()?;
            // A run that was killed while it wrote left a line without an end.
            if file.metadata()?.len() > 0 {
                file.seek(SeekFrom::End(-1))?;
                let mut last = [0];
                file.read_exact(&mut last)?;
                if last != *b"\n" {
                    line.insert(0, '\n');
                }
            }
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error: std::io::Error| self.failed("write", &error))
    }

    /// Every rotation, the oldest first, and which lines are none.
    pub fn records(&self) -> Result<Records, Failure> {
        let lines = private_file::read(&self.path)?.unwrap_or_default();
        let path = self.path.display().to_string();
        Ok(Records::read(&lines, &path, || {
            Hint::from("remove those lines from the file, or start a new ledger: mv ")
                .word(&path)
                .say(" ")
                .word(format!("{path}.damaged"))
        }))
    }

    /// Keeps every other run on this machine from rotating the robot until the lock is
    /// dropped, or this process ends in whatever way.
    ///
    /// # Errors
    /// When another run holds it.
    pub fn lock(&self, registry: &RegistryHost, robot: &RobotName) -> Result<FileLock, Failure> {
        self.make_folder()?;
        let name = short_hash(&format!("{registry} {robot}"), 8);
        let path = self.path.with_file_name(format!("rotation-{name}.lock"));
        let file = private_file::open_to_append(&path).map_err(|error| {
            Failure::new(format!("cannot open the lock {}: {error}", path.display()))
        })?;
        match file.try_lock() {
            Ok(()) => Ok(FileLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
                "another run on this machine is rotating {robot} at {registry}"
            ))
            .next("wait until that run ends, then run the same command again")),
            Err(TryLockError::Error(error)) => Err(Failure::new(format!(
                "cannot lock {}: {error}",
                path.display()
            ))),
        }
    }

    fn file(&self) -> std::io::Result<File> {
        private_file::open_to_append(&self.path)
    }

    fn failed(&self, action: &str, error: &std::io::Error) -> Failure {
        Failure::new(format!("cannot {action} {}: {error}", self.path.display()))
    }
}

/// Held while a robot is rotated.
pub(super) struct FileLock {
    _file: File,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::record::{Event, Record, Strategy};
    use super::*;
    use crate::fingerprint::Fingerprint;
    use crate::quay::Rights;
    use jiff::Timestamp;

    pub fn record(strategy: Strategy, replaces: &Fingerprint, events: &[Event]) -> Record {
        let began = Event::Began {
            strategy,
            by: "alice".into(),
            contexts: vec!["prod".into()],
            scope: String::new(),
            secrets: 2,
            replaces: replaces.to_string(),
            replaces_token: None,
            rights: Some(Rights::default()),
        };
        let mut record: Option<Record> = None;
        for event in [&[began][..], events].concat() {
            let entry = entry("id", event);
            record
                .get_or_insert_with(|| Record::begin(&entry))
                .add(entry);
        }
        record.unwrap()
    }

    fn entry(rotation: &str, event: Event) -> Entry {
        Entry {
            at: Timestamp::UNIX_EPOCH,
            rotation: rotation.to_owned(),
            registry: "quay.io".parse().unwrap(),
            robot: "myorg+puller".parse().unwrap(),
            event,
        }
    }

    fn ledger() -> LedgerFile {
        static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("ledger-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        LedgerFile {
            path: folder.join("ledger.jsonl"),
        }
    }

    #[test]
    fn what_was_written_is_read_and_a_line_that_broke_off_harms_nobody() {
        let ledger = ledger();
        assert_eq!(ledger.records().unwrap(), Records::default());
        ledger.append(&entry("one", Event::Crossed)).unwrap();
        let mut file = ledger.file().unwrap();
        file.write_all(br#"{"at":"2026-"#).unwrap();
        let token = "d53eda7a637c".to_owned();
        ledger
            .append(&entry("two", Event::Renewed { token }))
            .unwrap();
        ledger.append(&entry("one", Event::Finished)).unwrap();
        let Records { records, damage } = ledger.records().unwrap();
        assert_eq!(damage, None);
        let ids: Vec<&str> = records.iter().map(|r| r.rotation.as_str()).collect();
        assert_eq!(ids, ["one", "two"]);
        assert!(records[0].is_over() && !records[1].is_over());
        assert_eq!(records[1].token.as_deref(), Some("d53eda7a637c"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&ledger.path).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_robot_is_rotated_by_one_run_at_a_time() {
        let ledger = ledger();
        let (registry, robot) = (
            "quay.io".parse().unwrap(),
            "myorg+puller".parse::<RobotName>().unwrap(),
        );
        let lock = ledger.lock(&registry, &robot).unwrap();
        assert!(ledger.lock(&registry, &robot).is_err());
        assert!(
            ledger
                .lock(&registry, &"myorg+other".parse().unwrap())
                .is_ok()
        );
        drop(lock);
        assert!(ledger.lock(&registry, &robot).is_ok());
    }
}
