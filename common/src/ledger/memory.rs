//! Where places are remembered: a file of this machine, or a Secret that machines share.

use super::books::Ledger;
use super::places::{CredentialPlace, Places};
use super::state_secret::StateSecret;
use crate::Failure;
use crate::fingerprint::TokenHash;
use crate::hint::Hint;
use crate::names::RobotAt;
use crate::{folders, private_file};
use jiff::Timestamp;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// What is known of places, and what this run adds.
pub struct Memory {
    store: Store,
    known: Arc<Places>,
    replacing: Arc<Replacing>,
    news: Places,
    trouble: Option<Failure>,
    ledger_trouble: Option<Failure>,
}

/// The token that each robot's newest rotation was replacing, if that ended early.
pub type Replacing = BTreeMap<RobotAt, TokenHash>;

enum Store {
    File(PathBuf),
    Secret(Rc<StateSecret>),
    /// There is nowhere to keep anything.
    Nowhere,
}

impl Memory {
    /// The shared memory, or this machine's where none is named. One that cannot be read is
    /// empty: then nothing is proven by it, and [`Memory::trouble`] says so.
    pub async fn open(shared: Option<Rc<StateSecret>>) -> Self {
        let (replacing, ledger_trouble) = replacing(shared.clone()).await;
        let store = match shared {
            Some(secret) => Ok(Store::Secret(secret)),
            None => folders::state().map(|folder| Store::File(folder.join("places.json"))),
        };
        let (store, places) = match store {
            Ok(store) => {
                let places = store.read().await;
                (store, places)
            }
            Err(failure) => (Store::Nowhere, Err(failure)),
        };
        let (known, trouble) = match places {
            Ok(places) => (places, None),
            Err(failure) => (Places::default(), Some(failure)),
        };
        Self {
            store,
            known: Arc::new(known),
            replacing: Arc::new(replacing),
            news: Places::default(),
            trouble,
            ledger_trouble,
        }
    }

    /// What was known when it was opened.
    pub fn known(&self) -> Arc<Places> {
        Arc::clone(&self.known)
    }

    /// The tokens that rotations were replacing when they ended early.
    pub fn replacing(&self) -> Arc<Replacing> {
        Arc::clone(&self.replacing)
    }

    /// Why nothing can be remembered.
    pub fn trouble(&self) -> Option<&Failure> {
        self.trouble.as_ref()
    }

    /// Why the ledger beside it is not believed, or not all of it.
    pub fn ledger_trouble(&self) -> Option<&Failure> {
        self.ledger_trouble.as_ref()
    }

    /// Notes that this token stands there and is the robot's now, or its bridge's.
    pub fn note(&mut self, place: &CredentialPlace<'_>, token: &SecretString) {
        let now = Timestamp::now();
        if let Some(token) = TokenHash::of(token)
            && !self.known.is_fresh(place, &token, now)
        {
            self.news.note(place, token, now);
        }
    }

    /// Writes down what is new, and returns once it is kept.
    ///
    /// # Errors
    /// It cannot be. What was kept before stays.
    pub async fn save(&mut self) -> Result<(), Failure> {
        if self.news.is_empty() {
            return Ok(());
        }
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        self.store.write(&self.news).await?;
        let mut known = std::mem::take(&mut self.news);
        known.add_older(Places::clone(&self.known));
        self.known = Arc::new(known);
        Ok(())
    }
}

impl Store {
    async fn read(&self) -> Result<Places, Failure> {
        match self {
            Self::File(path) => read(path),
            Self::Secret(secret) => secret.places().await,
            Self::Nowhere => Ok(Places::default()),
        }
    }

    async fn write(&self, news: &Places) -> Result<(), Failure> {
        match self {
            Self::File(path) => write(path, news),
            Self::Secret(secret) => secret.add(news).await,
            Self::Nowhere => Ok(()),
        }
    }
}

/// What rotations were replacing, and what is wrong with the ledger: what cannot be read in it
/// proves nothing.
async fn replacing(shared: Option<Rc<StateSecret>>) -> (Replacing, Option<Failure>) {
    let found = match Ledger::open(shared) {
        Ok(ledger) => ledger.records().await,
        Err(failure) => Err(failure),
    };
    let found = match found {
        Ok(found) => found,
        Err(failure) => return (Replacing::new(), Some(failure)),
    };
    let mut replacing = Replacing::new();
    for record in found.records {
        let token = record.replacing().cloned();
        let robot = (record.registry, record.robot);
        match token {
            Some(token) => replacing.insert(robot, token),
            None => replacing.remove(&robot),
        };
    }
    (replacing, found.damage)
}

fn read(path: &Path) -> Result<Places, Failure> {
    let unused = |failure: Failure| {
        failure.context(
            "cannot use what this machine remembers of pull \
                                            secrets",
        )
    };
    let failed = |reason: &str| {
        let remedy = Hint::from("delete the file, and the next run creates it again: rm ")
            .word(path.display());
        unused(Failure::new(format!("{}: {reason}", path.display())).next(remedy))
    };
    let Some(file) = private_file::open(path).map_err(unused)? else {
        return Ok(Places::default());
    };
    // Whoever may write it could claim any place.
    if private_file::is_open_to_others(&file).map_err(|error| failed(&error.to_string()))? {
        return Err(failed("other users can read or write it"));
    }
    let text = private_file::content(path, file).map_err(unused)?;
    serde_json::from_slice(&text).map_err(|error| failed(&error.to_string()))
}

/// One run at a time: each adds to what the other has written.
fn write(path: &Path, news: &Places) -> Result<(), Failure> {
    let failed = |failure: Failure| failure.context("cannot remember what this run saw");
    let _turn = private_file::turn(path).map_err(failed)?;
    let mut places = news.clone();
    places.add_older(read(path)?);
    places.forget(Timestamp::now());
    let text = serde_json::to_vec(&places)
        .map_err(|error| failed(Failure::new(format!("{}: {error}", path.display()))))?;
    private_file::replace(path, &text)
}
