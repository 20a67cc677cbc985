//! How far Red Hat is with a rotation: what counts is what it hands out.

use super::client::{Account, Ocm, Rotation};
use crate::Failure;
use crate::cli::{Report, Table, span};
use crate::dockerconfig::Document;
use crate::folders;
use crate::hint::{self, Hint};
use crate::private_file;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// So much may lie between our clock and Red Hat's.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(30);

/// Red Hat is never asked more often.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// What is remembered of a rotation that was requested from here. No secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationRecord {
    /// The account's id.
    pub account: String,
    /// When it was requested.
    pub requested: Timestamp,
    /// The fingerprints of what Red Hat handed out then, by key.
    pub before: BTreeMap<String, String>,
}

impl RotationRecord {
    /// What is handed out now, before a rotation.
    pub fn new(account: &Account, pull_secret: &Document) -> Self {
        Self {
            account: account.id.clone(),
            requested: Timestamp::now(),
            before: fingerprints(pull_secret),
        }
    }

    /// The record of this account's last request, if it was made from here.
    ///
    /// # Errors
    /// It cannot be read. It is not passed over: a request is made once.
    pub fn load(account: &Account) -> Result<Option<Self>, Failure> {
        let path = file()?;
        let Some(text) = private_file::read(&path)? else {
            return Ok(None);
        };
        let record: Self = serde_json::from_slice(&text).map_err(|error| {
            let remedy = Hint::from(
                "delete the file, and this machine forgets its earlier \
                                     request: rm ",
            );
            Failure::new(format!("cannot use {}: {error}", path.display()))
                .next(remedy.word(path.display()))
        })?;
        Ok(Some(record).filter(|record| record.account == account.id))
    }

    /// Whether it is of an earlier rotation than one of these.
    fn is_outdated(&self, rotations: &[Rotation]) -> bool {
        let requested = self.requested.saturating_add(CLOCKS_APART);
        let requested = requested.unwrap_or(Timestamp::MAX);
        let mut created = rotations.iter().filter_map(|rotation| rotation.created_at);
        created.any(|created| created > requested)
    }

    /// Takes it back: the older one is stored again, if there was any.
    pub fn withdraw(older: Option<&Self>) -> Result<(), Failure> {
        let Some(older) = older else {
            let path = file()?;
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::new(format!(
                    "cannot remove {}: {error}",
                    path.display()
                ))),
                _ => Ok(()),
            };
        };
        older.store()
    }

    /// Stores it in place of an older one.
    pub fn store(&self) -> Result<(), Failure> {
        private_file::make_folder(&folders::state()?)?;
        let text = serde_json::to_vec(self)
            .map_err(|error| Failure::new(format!("cannot write the record: {error}")))?;
        private_file::replace(&file()?, &text)
    }
}

/// One entry that Red Hat hands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryState {
    pub key: String,
    /// The fingerprint when the rotation was requested, where that was done from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The fingerprint now.
    pub now: String,
}

/// How a rotation is waited for.
#[derive(Debug, Clone, Copy)]
pub struct RotationPace {
    /// No longer than this.
    pub timeout: Duration,
    /// Asking this often.
    pub interval: Duration,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationStatus {
    /// The account's name.
    pub account: String,
    /// What Red Hat knows of requests.
    pub rotations: Vec<Rotation>,
    /// Whether another secret is handed out than when it was requested; nothing where that
    /// was not done from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swapped: Option<bool>,
    /// Every entry.
    pub entries: Vec<EntryState>,
}

impl RotationStatus {
    /// Whether a request is under way: any state counts that nobody knows, until the
    /// secret has changed.
    pub fn is_pending(&self) -> bool {
        self.swapped != Some(true) && (self.swapped.is_some() || !self.rotations.is_empty())
    }
}

impl Ocm {
    /// Whose login it is.
    ///
    /// # Errors
    /// Red Hat's services refuse or do not answer.
    pub async fn owner(&self) -> Result<Account, Failure> {
        let account = self.account().await;
        account.map_err(|error| error.failure("find the account"))
    }

    /// What Red Hat hands out to the account now.
    ///
    /// # Errors
    /// Red Hat's services refuse or do not answer.
    pub async fn handed_out(&self) -> Result<Document, Failure> {
        let downloaded = self.pull_secret().await;
        downloaded.map_err(|error| error.failure("download the pull secret"))
    }

    /// How far the account's rotation is.
    ///
    /// # Errors
    /// Red Hat's services refuse or do not answer.
    pub async fn status(
        &self,
        account: &Account,
        record: Option<&RotationRecord>,
    ) -> Result<RotationStatus, Failure> {
        let rotations = self.requested(account).await?;
        Ok(compare(
            account,
            rotations,
            &self.handed_out().await?,
            record,
        ))
    }

    /// The rotations that were requested.
    ///
    /// # Errors
    /// Red Hat's services refuse or do not answer.
    pub async fn requested(&self, account: &Account) -> Result<Vec<Rotation>, Failure> {
        let rotations = self.rotations(account).await;
        rotations.map_err(|error| error.failure("list the requested rotations"))
    }

    /// Requests a rotation, and remembers what was handed out before it.
    ///
    /// # Errors
    /// Red Hat's services refuse or do not answer; the request may have arrived all the same,
    /// which the failure says.
    pub async fn rotate(&self, account: &Account, record: &RotationRecord) -> Result<(), Failure> {
        let older = RotationRecord::load(account)?;
        record.store()?;
        let Err(error) = self.request_rotation(account).await else {
            return Ok(());
        };
        let failure = error.failure("request the rotation");
        if error.is_doubtful() {
            // It may have been carried out, and once is enough.
            let look = Hint::from(
                "before you request it again, check whether the request \
                                   arrived: ",
            );
            return Err(failure.next(look.run(hint::global("ocm status"))));
        }
        RotationRecord::withdraw(older.as_ref())?;
        Err(failure)
    }

    /// Waits until another pull secret is handed out than before.
    ///
    /// # Errors
    /// No rotation is under way, or the time is up.
    pub async fn wait(
        &self,
        account: &Account,
        mut now: RotationStatus,
        pace: RotationPace,
        again: impl Fn(&Failure),
    ) -> Result<RotationStatus, Failure> {
        if !now.is_pending() && now.swapped.is_none() {
            return Err(Failure::new("no rotation is in progress").next(hint::global("ocm rotate")));
        }
        let mut record = RotationRecord::load(account)?;
        if now.swapped.is_none() {
            // It was requested elsewhere: what is handed out now is what it is compared with.
            let seen = RotationRecord::new(account, &self.handed_out().await?);
            seen.store()?;
            record = Some(seen);
        }
        let began = Instant::now();
        while now.is_pending() {
            if began.elapsed() > pace.timeout {
                return Err(Failure::new(format!(
                    "Red Hat did not rotate the pull secret within {}",
                    span(pace.timeout)
                ))
                .next(hint::global("ocm status")));
            }
            tokio::time::sleep(pace.interval.max(SHORTEST_INTERVAL)).await;
            match self.status(account, record.as_ref()).await {
                Ok(later) => now = later,
                // Hours go by: a service that is away for a moment is asked again.
                Err(failure) => again(&failure),
            }
        }
        Ok(now)
    }
}

fn compare(
    account: &Account,
    rotations: Vec<Rotation>,
    document: &Document,
    record: Option<&RotationRecord>,
) -> RotationStatus {
    let now = fingerprints(document);
    let record = record.filter(|record| !record.is_outdated(&rotations));
    RotationStatus {
        account: account.username.clone(),
        rotations,
        swapped: record.map(|record| record.before != now),
        entries: now
            .into_iter()
            .map(|(key, now)| EntryState {
                before: record.and_then(|record| record.before.get(&key).cloned()),
                key,
                now,
            })
            .collect(),
    }
}

fn fingerprints(document: &Document) -> BTreeMap<String, String> {
    let entries = document.entries();
    let shown = entries.filter_map(|(key, read)| {
        let fingerprint = read.ok()?.fingerprint();
        Some((key.to_owned(), fingerprint.to_string()))
    });
    shown.collect()
}

fn file() -> Result<PathBuf, Failure> {
    Ok(folders::state()?.join("ocm-rotation.json"))
}

impl Report for RotationStatus {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.entries, wide)
            .col("KEY", |entry| &entry.key)
            .col("BEFORE", |entry| {
                entry.before.as_deref().unwrap_or_default()
            })
            .col("NOW", |entry| &entry.now)
            .col("STATE", |entry| match &entry.before {
                None => "current",
                Some(before) if *before == entry.now => "not rotated yet",
                Some(_) => "rotated",
            })
            .table()
    }

    fn names(&self) -> Vec<String> {
        let name = |rotation: &Rotation| format!("pullsecretrotation/{}", rotation.id);
        self.rotations.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerconfig::Credential;
    use crate::kubelet::Format;
    use crate::ocm::RotationState;
    use secrecy::SecretString;

    fn pull_secret(letter: &str) -> Document {
        let mut document = Document::empty(Format::DockerConfigJson);
        let token = SecretString::from(letter.repeat(64));
        document.set("quay.io", &Credential::new("me", token));
        document
    }

    #[test]
    fn only_another_secret_ends_a_rotation_whatever_its_state_is_called() {
        let account = Account {
            id: "1".to_owned(),
            username: "me".to_owned(),
            email: String::new(),
            organization: None,
        };
        let rotation = |status: &str| Rotation {
            id: "r".to_owned(),
            status: RotationState::from(status.to_owned()),
            created_at: None,
        };
        let record = RotationRecord::new(&account, &pull_secret("A"));
        for (rotations, now, known, swapped, pending) in [
            (vec![rotation("pending")], "A", true, Some(false), true),
            (vec![rotation("queued")], "A", true, Some(false), true),
            // Nothing is listed any more, and the secret is still the old one.
            (Vec::new(), "A", true, Some(false), true),
            (Vec::new(), "B", true, Some(true), false),
            (vec![rotation("pending")], "B", true, Some(true), false),
            (vec![rotation("completed")], "B", false, None, true),
            (Vec::new(), "B", false, None, false),
        ] {
            let record = known.then_some(&record);
            let status = compare(&account, rotations, &pull_secret(now), record);
            assert_eq!((status.swapped, status.is_pending()), (swapped, pending));
        }
    }

    #[test]
    fn a_record_of_an_earlier_rotation_says_nothing_of_a_later_one() {
        let account = Account {
            id: "1".to_owned(),
            username: "me".to_owned(),
            email: String::new(),
            organization: None,
        };
        let record = RotationRecord::new(&account, &pull_secret("A"));
        let created = |hours: i64| Rotation {
            id: "r".to_owned(),
            status: RotationState::Pending,
            created_at: Some(record.requested + SignedDuration::from_hours(hours)),
        };
        for (hours, swapped) in [(-1, Some(true)), (0, Some(true)), (1, None)] {
            let status = compare(
                &account,
                vec![created(hours)],
                &pull_secret("B"),
                Some(&record),
            );
            assert_eq!(status.swapped, swapped, "{hours}");
        }
    }
}
