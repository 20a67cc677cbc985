//! How far the nodes of every cluster are, and waiting until they have the secret.

use super::contents::some_of;
use super::observed::observe;
use super::progress::Progress;
use super::rendered::Rendered;
use super::rollout::Rollout;
use crate::Failure;
use crate::cli::{Bars, Console, Exit, Gaps, Report, Table, span};
use crate::cluster::{Cluster, InContext, Seen};
use crate::hint;
use crate::outcome::{Outcome, gaps};
use futures::future::join_all;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How often the pools are looked at.
const POLL_EVERY: Duration = Duration::from_secs(2);

/// One cluster whose nodes are followed.
struct Followed<'a> {
    cluster: &'a Cluster,
    rendered: Rendered,
    rollout: Rollout,
}

/// The clusters whose nodes are followed.
pub struct RolloutWatch<'a> {
    seen: Seen<Followed<'a>>,
    /// Whoever waits wants to know that it arrived.
    waited: bool,
}

/// How far the nodes of every cluster are.
#[derive(Debug, Serialize)]
pub struct RolloutStatus {
    #[serde(flatten)]
    rollout: Rollout,
    /// Clusters that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
    /// Somebody waited until every node has the secret, which cannot be told.
    #[serde(skip)]
    waited_blindly: bool,
}

impl InContext for Followed<'_> {
    fn context(&self) -> &str {
        self.cluster.context()
    }
}

impl Followed<'_> {
    /// Looks again; what the secret holds may have changed.
    async fn look(&mut self) -> Result<(), Failure> {
        let observed = observe(self.cluster).await?;
        let mut rollout = Rollout::default();
        rollout
            .look(self.cluster, &observed, &mut self.rendered)
            .await?;
        self.rollout = rollout;
        Ok(())
    }
}

impl<'a> RolloutWatch<'a> {
    /// Looks at the nodes of every cluster, side by side.
    ///
    /// # Errors
    /// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
    pub async fn begin(clusters: &'a Seen<Cluster>) -> Result<Self, Failure> {
        let each = clusters.each();
        let looked = each.in_each(async |cluster| {
            let mut followed = Followed {
                cluster,
                rendered: Rendered::default(),
                rollout: Rollout::default(),
            };
            followed.look().await?;
            Ok(followed)
        });
        Ok(Self {
            seen: looked.await?,
            waited: false,
        })
    }

    /// Waits until every node has the secret that can, in the clusters that were reached.
    ///
    /// # Errors
    /// The time is up.
    pub async fn wait(&mut self, timeout: Duration, console: &Console) -> Result<(), Failure> {
        self.waited = true;
        let began = Instant::now();
        let mut bars = Bars::new(console.progress());
        while !self.is_settled() {
            self.show(&mut bars);
            if began.elapsed() > timeout {
                return Err(self.out_of_time(timeout));
            }
            tokio::time::sleep(POLL_EVERY).await;
            let looks = self.seen.reached.iter_mut().map(Followed::look);
            for failure in join_all(looks).await.into_iter().filter_map(Result::err) {
                // A cluster that does not answer for a moment is asked again.
                tracing::info!(%failure, "looking again");
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        let mut followed = self.seen.reached.iter();
        followed.all(|followed| followed.rollout.is_settled())
    }

    fn show(&self, bars: &mut Bars<'_>) {
        let rollouts = self.seen.reached.iter().map(|followed| &followed.rollout);
        for item in rollouts.flat_map(|rollout| &rollout.items) {
            let name = match self.seen.reached.len() {
                1 => item.name.clone(),
                _ => format!("{} {}", item.context, item.name),
            };
            bars.show(&name, item.updated, item.nodes);
        }
    }

    fn out_of_time(&self, timeout: Duration) -> Failure {
        let behind = self.seen.reached.iter();
        let behind = behind.filter(|followed| !followed.rollout.is_settled());
        let contexts: Vec<&str> = behind.clone().map(InContext::context).collect();
        let items = behind.flat_map(|followed| &followed.rollout.items);
        let items = items.filter(|item| item.state != Progress::Updated);
        let names: Vec<String> = items
            .map(|item| format!("{} (context {})", item.name, item.context))
            .collect();
        let of = match names.is_empty() {
            true => String::new(),
            false => format!(" of {}", some_of(&names)),
        };
        Failure::new(format!(
            "not all nodes{of} got the secret within {}",
            span(timeout)
        ))
        .next(hint::global("status").at_each(&contexts))
    }

    /// How far they were when they were last looked at.
    pub fn status(self) -> RolloutStatus {
        let failures = self.seen.failures();
        let mut rollout = Rollout::default();
        let mut is_blind = false;
        for followed in self.seen.reached {
            is_blind |= followed.rollout.is_blind;
            rollout.items.extend(followed.rollout.items);
            rollout.unseen.extend(followed.rollout.unseen);
        }
        RolloutStatus {
            rollout,
            failures,
            waited_blindly: self.waited && is_blind,
        }
    }
}

impl Report for RolloutStatus {
    fn table(&self, wide: bool) -> Table {
        self.rollout.table(wide)
    }

    fn exit(&self) -> Exit {
        let is_well = self.failures.is_empty() && !self.waited_blindly;
        Exit::of(is_well && !self.rollout.is_blocked())
    }

    fn nothing(&self) -> Option<String> {
        let nothing = "The state of the nodes is unknown.".to_owned();
        self.rollout.items.is_empty().then_some(nothing)
    }

    fn gaps(&self) -> Gaps {
        let mut gaps = gaps(&self.failures, self.rollout.items.is_empty());
        gaps.warnings.extend(self.rollout.unseen.iter().cloned());
        gaps
    }

    fn names(&self) -> Vec<String> {
        self.rollout.names()
    }
}
