//! What a rotation is asked to do, how, and who looks on.

use crate::credentials::Session;
use crate::ledger::{Ledger, Memory, Strategy};
use crate::names::RobotName;
use crate::progress::Progress;
use std::pin::Pin;
use std::time::Duration;

/// One rotation as it was asked for.
pub struct Task<'a> {
    /// The registry, signed in.
    pub session: &'a Session,
    /// Who looks on.
    pub watcher: &'a dyn Watcher,
    pub robot: RobotName,
    /// How it is done.
    pub options: Options,
}

/// What a run writes down.
pub struct Books {
    /// The records of rotations.
    pub ledger: Ledger,
    /// Which place held which token.
    pub memory: Memory,
}

/// How a rotation is done, how it waits, and what it may leave undone.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the token is replaced.
    pub strategy: Strategy,
    /// Whether it is to be taken back.
    pub abort: bool,
    /// How long nobody may have pulled with a credential before it is given up; a kubelet
    /// queues a pull with the credential it has read before.
    pub grace: Duration,
    /// How long pulls may keep coming after that.
    pub settle_timeout: Duration,
    /// How long nodes keep a credential after their roll-out (the kubelet's cache: 5 minutes).
    pub node_grace: Duration,
    /// What may break.
    pub leave_behind: LeaveBehind,
    /// In place: what names the robot, cannot pull and has no claim may be left so.
    pub leaves_unproven: bool,
    /// The chosen namespaces as the flags say it; empty for all.
    pub scope: String,
    /// Nothing outside the chosen namespaces is looked for.
    pub scope_is_complete: bool,
    /// The global pull secret of OpenShift is part of it.
    pub global: bool,
    /// Workloads are restarted after it.
    pub restart: bool,
    /// An image is pulled by a pod after it.
    pub pull: bool,
    /// A rotation that another machine began may be carried on.
    pub take_over: bool,
    /// Contexts that may be left out if their cluster does not answer.
    pub skip_unreachable: Vec<String>,
    /// Go on though the usage log shows pulls, or cannot be read.
    pub ignore_usage: bool,
}

/// Which secrets and node pools may be left with a credential that dies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaveBehind {
    /// Every secret that cannot be written.
    pub all: bool,
    /// These: `namespace/name` of a secret, or the name of a MachineConfigPool.
    pub named: Vec<String>,
}

impl LeaveBehind {
    /// Whether this secret may be left behind.
    pub fn secret(&self, namespace: &str, name: &str) -> bool {
        let whole = format!("{namespace}/{name}");
        self.all || self.named.contains(&whole)
    }

    /// Whether this pool may be left behind; `all` speaks of secrets only.
    pub fn pool(&self, name: &str) -> bool {
        self.named.iter().any(|named| named == name)
    }
}

/// An answer that is waited for.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Option<bool>> + 'a>>;

/// Is told what happens, and decides where a person has to.
pub trait Watcher {
    /// A step begins.
    fn step(&self, text: &str);
    /// Something a person should know.
    fn warn(&self, text: &str);
    /// Where long work shows how far it is.
    fn progress(&self) -> &dyn Progress;
    /// Asks whether to go on; `None` where nobody can be asked.
    fn ask<'a>(&'a self, question: &'a str) -> Answer<'a>;
}
