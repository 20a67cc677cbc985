//! Whose turn it is to rotate a robot: one run at a time, though machines may share nothing but
//! Quay.
//!
//! A run at work has a *marker* in Quay: a robot without any right, `org+name-run-<id>-<seconds>`,
//! whose description tells the run, its rotation and its machine. Quay makes robots atomically and
//! dates them, and lists them with their dates; it has no conditional write of any other kind. So:
//!
//! - A marker counts for a minute from its creation ([`RunMarker::is_fresh`]), by Quay's clock
//!   alone. Every 15 s the run puts up another one and takes the one before down.
//! - Whoever begins puts up a marker first, and looks at the others' after that. Of two that begin
//!   at the same moment at least one sees the other, and steps back. Markers of dead runs are taken
//!   down; where another one has appeared by then, its run is alive after all.
//! - Whoever has the turn puts up the next marker first, and looks after that whether the one
//!   before still stands. If it does not, somebody took the turn: this run has lost it, and changes
//!   nothing more. If it does, then whoever takes it down later sees the next one.
//! - The token is regenerated and the bridge removed right after such a look ([`Turn::look`]), and
//!   a secret is written only while the last marker is younger than 45 s ([`Turn::stands`]): a
//!   machine that slept, or a process that was stopped, looks before it goes on.
//!
//! A run knows the markers of earlier runs by its ledger, whose lock keeps those from being alive,
//! and takes them down however young they are.
//!
//! What remains is a run that stands still between the answer to its look and the delivery of the
//! request after it, for as long as its marker counts, while another one takes over: Quay carries
//! out what it is sent. After the regenerate the run looks again if that took long, and if it has
//! lost its turn brings the token everywhere at once, since what secrets held is dead. A bridge
//! deleted so late is gone already, unless a third rotation has made another one: that one notices
//! it within seconds and brings the robot back.

use super::request::{Task, Watcher};
use crate::Failure;
use crate::credentials::Session;
use crate::hint::{self, Hint};
use crate::ledger::Strategy;
use crate::names::RobotName;
use crate::quay::{Quay, Run, RunMarker};
use crate::web::ApiError;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A marker is replaced this often, so that two answers may be lost.
const RENEWED_EVERY: Duration = Duration::from_secs(15);
/// For so long nobody else takes the turn, whatever a second of Quay's clock is here.
const STANDS: Duration = Duration::from_secs(45);
/// A marker that cannot be taken down in the end counts for a minute, and harms nobody.
const PATIENCE: Duration = Duration::from_secs(5);

/// The turn of one run, taken or not.
pub(super) struct Turn<'a> {
    session: &'a Session,
    watcher: &'a dyn Watcher,
    robot: RobotName,
    strategy: Strategy,
    run: Run,
    /// Runs that this ledger knows. None is alive: its lock is ours.
    known_runs: Vec<String>,
    marker: RefCell<Option<Marker>>,
    /// Every marker that this run or a known one has put up, and that may stand.
    put_up: RefCell<Vec<RobotName>>,
    lost: RefCell<Option<Failure>>,
    /// Whether something is under way that has to be finished whoever's turn it is.
    hurries: Cell<bool>,
    /// Markers are replaced and looked at one at a time.
    one_at_a_time: Mutex<()>,
}

/// The marker that says that it is this run's turn.
#[derive(Clone)]
struct Marker {
    name: RobotName,
    asked: Clocks,
}

/// When something was, by every clock there is: a steady one stands still while the machine
/// sleeps, others are set.
#[derive(Clone, Copy)]
struct Clocks {
    steady: Instant,
    here: Timestamp,
    at_quay: Timestamp,
}

impl Clocks {
    fn now(quay: &Quay) -> Self {
        Self {
            steady: Instant::now(),
            here: Timestamp::now(),
            at_quay: quay.now(),
        }
    }

    /// How long ago that was at most.
    fn elapsed(self, quay: &Quay) -> Duration {
        let now = Self::now(quay);
        let here = now.here.duration_since(self.here).unsigned_abs();
        let at_quay = now.at_quay.duration_since(self.at_quay).unsigned_abs();
        self.steady.elapsed().max(here).max(at_quay)
    }
}

impl<'a> Turn<'a> {
    /// The turn of this run, which knows the markers that stand and which of the runs behind them
    /// have ended.
    pub fn new(task: &Task<'a>, run: Run, known_runs: Vec<String>, observed: &[RunMarker]) -> Self {
        let dead = observed.iter().filter(|it| known_runs.contains(&it.run.id));
        let dead = dead.map(|marker| marker.name.clone()).collect();
        Self {
            session: task.session,
            watcher: task.watcher,
            robot: task.robot.clone(),
            strategy: task.options.strategy,
            run,
            known_runs,
            marker: RefCell::default(),
            put_up: RefCell::new(dead),
            lost: RefCell::default(),
            hurries: Cell::default(),
            one_at_a_time: Mutex::default(),
        }
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.run.id
    }

    /// Takes the turn, where nobody alive has it.
    ///
    /// # Errors
    /// Somebody has, or Quay makes no robot.
    pub async fn take(&self) -> Result<(), Failure> {
        let marker = self.put_up().await.map_err(|error| self.failed(error))?;
        self.take_from_the_dead(marker).await
    }

    /// The same for a rotation that needs no robot made: a Quay that makes none is warned of.
    ///
    /// # Errors
    /// As [`Turn::take`].
    pub async fn take_if_possible(&self) -> Result<(), Failure> {
        match self.put_up().await {
            Ok(marker) => self.take_from_the_dead(marker).await,
            Err(ApiError::Refused(reason)) => {
                self.watcher.warn(&format!(
                    "no other run is kept from {}: Quay makes no robot that would tell of this one \
                     ({reason})",
                    self.robot
                ));
                Ok(())
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    async fn take_from_the_dead(&self, marker: Marker) -> Result<(), Failure> {
        let others = self.others().await.map_err(|error| self.failed(error))?;
        let now = self.session.quay.now();
        let is_known = |marker: &&RunMarker| self.known_runs.contains(&marker.run.id);
        let mut alive = others.iter().filter(|it| !is_known(it) && it.is_fresh(now));
        if let Some(alive) = alive.next() {
            return Err(self.is_anothers(alive));
        }
        let taken_down = others.iter().map(|it| self.take_down(&it.name));
        for taken_down in join_all(taken_down).await {
            taken_down.map_err(|error| self.failed(error))?;
        }
        if !others.is_empty() {
            let others = self.others().await.map_err(|error| self.failed(error))?;
            if let Some(alive) = others.first() {
                return Err(self.is_anothers(alive));
            }
        }
        self.marker.replace(Some(marker));
        Ok(())
    }

    /// Carries work out, and renews the turn meanwhile.
    ///
    /// # Errors
    /// The work's own, or the turn was lost: then the work is left where it is.
    pub async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            result = work => result,
            lost = self.renew() => Err(lost),
        }
    }

    async fn renew(&self) -> Failure {
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            if self.hurries.get() {
                continue;
            }
            // A Quay that does not answer for a moment has given the turn to nobody.
            let _ = self.look().await;
            let lost = self.lost.borrow().clone();
            if let Some(lost) = lost {
                return lost;
            }
        }
    }

    /// Makes sure that it is this run's turn, and for a while will be.
    ///
    /// # Errors
    /// It is another's, or Quay does not tell.
    pub async fn look(&self) -> Result<(), Failure> {
        let _alone = self.one_at_a_time.lock().await;
        let lost = self.lost.borrow().clone();
        if let Some(lost) = lost {
            return Err(lost);
        }
        let Some(marker) = self.marker.borrow().clone() else {
            return Ok(());
        };
        let quay = &self.session.quay;
        let is_young = marker.asked.elapsed(quay) < RENEWED_EVERY;
        let next = match is_young {
            true => None,
            false => Some(self.put_up().await.map_err(|error| self.failed(error))?),
        };
        let stands = quay.stands(&marker.name).await;
        if !stands.map_err(|error| self.failed(error))? {
            let lost = self.is_lost().await;
            self.lost.replace(Some(lost.clone()));
            return Err(lost);
        }
        if let Some(next) = next {
            self.marker.replace(Some(next));
            // What is not taken down now is in the end.
            let _ = self.take_down(&marker.name).await;
        }
        Ok(())
    }

    /// Whether nobody else can have the turn yet: as far as it was taken, it was renewed lately.
    pub fn stands(&self) -> bool {
        let (marker, quay) = (self.marker.borrow(), &self.session.quay);
        let mut marker = marker.iter();
        marker.all(|it| it.asked.elapsed(quay) < STANDS)
    }

    /// Makes sure that it is this run's turn, if it has stood still since it last was.
    ///
    /// # Errors
    /// As [`Turn::look`].
    pub async fn assure(&self) -> Result<(), Failure> {
        match self.stands() {
            true => Ok(()),
            false => self.look().await,
        }
    }

    /// From now on work is not left where it is, or it may be again.
    pub fn hurry(&self, hurries: bool) {
        self.hurries.set(hurries);
    }

    /// Takes down what this run and the known ones have put up.
    pub async fn give_back(&self) {
        const TRIES: usize = 2;
        self.marker.replace(None);
        let taken_down = async {
            for _ in 0..TRIES {
                let names = self.put_up.borrow().clone();
                join_all(names.iter().map(|name| self.take_down(name))).await;
            }
        };
        // They run out by themselves where Quay does not answer.
        let _ = tokio::time::timeout(PATIENCE, taken_down).await;
    }

    async fn put_up(&self) -> Result<Marker, ApiError> {
        let quay = &self.session.quay;
        let asked = Clocks::now(quay);
        let mut at = asked.at_quay;
        let mut name = self.run.marker_name(&self.robot, at);
        // No name is given twice: an answer may have been lost.
        while name
            .as_ref()
            .is_some_and(|it| self.put_up.borrow().contains(it))
        {
            at = at
                .saturating_add(SignedDuration::from_secs(1))
                .unwrap_or(at);
            name = self.run.marker_name(&self.robot, at);
        }
        let name = name.ok_or_else(|| {
            ApiError::InvalidName(format!("no marker can be named after `{}`", self.robot))
        })?;
        self.put_up.borrow_mut().push(name.clone());
        quay.put_up(&name, &self.run.to_string()).await?;
        Ok(Marker { name, asked })
    }

    async fn take_down(&self, name: &RobotName) -> Result<(), ApiError> {
        match self.session.quay.delete(name).await {
            Ok(()) | Err(ApiError::NotFound) => {
                self.put_up.borrow_mut().retain(|it| it != name);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The markers of other runs.
    async fn others(&self) -> Result<Vec<RunMarker>, ApiError> {
        let quay = &self.session.quay;
        let listed = quay.robots(self.robot.namespace(), false).await?;
        let mut markers = RunMarker::of(&self.robot, &listed);
        markers.retain(|marker| marker.run.id != self.run.id);
        Ok(markers)
    }

    fn failed(&self, error: ApiError) -> Failure {
        let object = format!("the marker of a run that rotates `{}`", self.robot);
        error.failure(object, &self.session.endpoint)
    }

    fn is_anothers(&self, marker: &RunMarker) -> Failure {
        let now = self.session.quay.now();
        let (reason, remedy) = is_rotated(&self.robot, marker, self.strategy, now);
        Failure::new(format!("{} stays as it is: {reason}", self.robot)).next(remedy)
    }

    async fn is_lost(&self) -> Failure {
        let others = self.others().await.unwrap_or_default();
        let newest = others.iter().max_by_key(|marker| marker.at);
        let by = newest.map_or_else(String::new, |marker| {
            format!(": run {} on {}", marker.run.id, marker.run.machine)
        });
        Failure::new(format!(
            "this run stood still for too long, and another one has taken over the rotation of \
             {}{by}; this one changes nothing more",
            self.robot
        ))
        .next(Hint::from("let the other one end, then look: ").run(hint::pullsecret("verify -A")))
    }
}

/// What is said of a robot whose turn is another run's, and what to do.
pub(super) fn is_rotated(
    robot: &RobotName,
    marker: &RunMarker,
    strategy: Strategy,
    now: Timestamp,
) -> (String, Hint) {
    let RunMarker { name, run, at } = marker;
    let Run { id, machine, .. } = run;
    let reason =
        format!("run {id} on {machine} is rotating it, and told so at {at:.0} (marker {name})");
    let left = marker.ends().duration_since(now).as_secs().max(0);
    let wait = format!(
        "let it end; if it was killed, it counts as dead from {:.0} on, which is in {left}s: ",
        marker.ends()
    );
    let again = match strategy {
        Strategy::Bridge => "--take-over",
        Strategy::InPlace => "--in-place",
    };
    let again = hint::robot("rotate").arg(robot).words(again);
    (reason, Hint::from(wait).run(again))
}
