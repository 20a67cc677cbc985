//! The ledger: what was rotated, and who is at work; of this machine, or shared by several.

use super::folder::{FileLock, LedgerFile};
use super::lease::Lease;
use super::record::{Entry, Record, Records};
use super::state_secret::StateSecret;
use crate::Failure;
use crate::names::{RegistryHost, RobotName};
use std::rc::Rc;

/// Records of rotations.
pub struct Ledger(Store);

enum Store {
    File(LedgerFile),
    Secret(Rc<StateSecret>),
}

/// Held while a robot is rotated.
pub struct Lock(Held);

enum Held {
    File(#[expect(dead_code, reason = "held until it is dropped")] FileLock),
    Lease(Lease),
}

impl Ledger {
    /// The shared ledger, or this machine's where none is named, whether there is one yet or not.
    ///
    /// # Errors
    /// There is no place for it on this machine.
    pub fn open(shared: Option<Rc<StateSecret>>) -> Result<Self, Failure> {
        Ok(Self(match shared {
            Some(secret) => Store::Secret(secret),
            None => Store::File(LedgerFile::open()?),
        }))
    }

    /// Adds a line, and returns once it is kept.
    ///
    /// # Errors
    /// It cannot be.
    pub async fn append(&self, entry: &Entry) -> Result<(), Failure> {
        match &self.0 {
            Store::File(file) => file.append(entry),
            Store::Secret(secret) => secret.append(entry).await,
        }
    }

    /// Every rotation, the oldest first, and which lines of the ledger are none.
    ///
    /// # Errors
    /// The ledger cannot be read at all.
    pub async fn records(&self) -> Result<Records, Failure> {
        match &self.0 {
            Store::File(file) => file.records(),
            Store::Secret(secret) => secret.records().await,
        }
    }

    /// The rotations of the robot, the oldest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn of(
        &self,
        registry: &RegistryHost,
        robot: &RobotName,
    ) -> Result<Vec<Record>, Failure> {
        let mut records = self.records().await?.records;
        records.retain(|record| record.registry == *registry && record.robot == *robot);
        Ok(records)
    }

    /// Keeps every other run that has this ledger from rotating the robot: on this machine until
    /// the lock is dropped, or this process ends in whatever way; of a shared ledger by a Lease,
    /// which runs out where it is not [kept](Lock::keep).
    ///
    /// # Errors
    /// Another run holds it.
    pub async fn lock(&self, registry: &RegistryHost, robot: &RobotName) -> Result<Lock, Failure> {
        Ok(Lock(match &self.0 {
            Store::File(file) => Held::File(file.lock(registry, robot)?),
            Store::Secret(secret) => {
                let secret = Rc::clone(secret);
                Held::Lease(Lease::acquire(secret, registry, robot).await?)
            }
        }))
    }
}

impl Lock {
    /// Carries work out while the lock is held, and gives it back.
    ///
    /// # Errors
    /// The work's own, or the lock was lost: then the work is left where it is.
    pub async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match &self.0 {
            Held::File(_) => work.await,
            Held::Lease(lease) => lease.keep(work).await,
        }
    }
}
