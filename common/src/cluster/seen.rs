//! Many clusters side by side: what was found in each, and which could not be looked at.

use super::connection::Cluster;
use super::namespace_args::NamespaceArgs;
use super::scoped::Scoped;
use crate::Failure;
use crate::failure::FailureKind;
use crate::outcome::Outcome;
use crate::place::Place;
use futures::future::join_all;

/// What belongs to one context.
pub trait InContext {
    /// The context's name.
    fn context(&self) -> &str;
}

/// A cluster that could not be looked at.
#[derive(Debug, Clone)]
pub struct Unseen {
    /// The context's name.
    pub context: String,
    /// Why.
    pub failure: Failure,
}

/// What was found in every chosen cluster, in their order, and the clusters that failed: one of
/// them stops no other.
#[derive(Debug)]
pub struct Seen<T> {
    /// What was found.
    pub reached: Vec<T>,
    /// Which could not be looked at.
    pub failed: Vec<Unseen>,
}

impl<T> Default for Seen<T> {
    /// No cluster was chosen.
    fn default() -> Self {
        Self {
            reached: Vec::new(),
            failed: Vec::new(),
        }
    }
}

impl<T> Seen<T> {
    /// Sorts the results by whether they are there.
    ///
    /// # Errors
    /// A mistake of the command line, which no cluster can make good.
    fn sorted(
        results: impl IntoIterator<Item = (String, Result<T, Failure>)>,
        failed: Vec<Unseen>,
    ) -> Result<Self, Failure> {
        let mut seen = Self {
            failed,
            ..Self::default()
        };
        for (context, result) in results {
            match result {
                Ok(found) => seen.reached.push(found),
                Err(failure) if failure.kind() == FailureKind::Usage => return Err(failure),
                Err(failure) => seen.failed.push(Unseen { context, failure }),
            }
        }
        Ok(seen)
    }

    /// The failed clusters, a line each.
    pub fn failures(&self) -> Vec<Outcome> {
        let failed =
            |unseen: &Unseen| Outcome::failed(Place::context(&unseen.context), &unseen.failure);
        self.failed.iter().map(failed).collect()
    }

    /// All of it, for a command that needs every chosen cluster.
    ///
    /// # Errors
    /// The first failure.
    pub fn all(self) -> Result<Vec<T>, Failure> {
        match self.failed.into_iter().next() {
            Some(unseen) => Err(unseen.failure),
            None => Ok(self.reached),
        }
    }
}

impl<T: InContext> Seen<T> {
    /// Looks into each cluster that was reached so far, side by side.
    ///
    /// # Errors
    /// A mistake of the command line, which no cluster can make good.
    pub async fn in_each<U>(
        self,
        look: impl AsyncFn(T) -> Result<U, Failure>,
    ) -> Result<Seen<U>, Failure> {
        let looks = self.reached.into_iter().map(async |target| {
            let context = target.context().to_owned();
            (context, look(target).await)
        });
        Seen::sorted(join_all(looks).await, self.failed)
    }
}

impl Seen<Cluster> {
    /// The same clusters, to look into.
    pub fn each(&self) -> Seen<&Cluster> {
        Seen {
            reached: self.reached.iter().collect(),
            failed: self.failed.clone(),
        }
    }

    /// Which namespaces of each cluster are meant; asks only for a selector.
    ///
    /// # Errors
    /// A mistake of the command line.
    pub async fn scoped(&self, scope: &NamespaceArgs) -> Result<Seen<Scoped<'_>>, Failure> {
        let excluded = scope.excluded()?;
        self.each()
            .in_each(async |cluster| {
                Ok(Scoped {
                    cluster,
                    selection: scope.resolve(cluster).await?,
                    excluded: excluded.clone(),
                })
            })
            .await
    }
}

impl<T: InContext> InContext for &T {
    fn context(&self) -> &str {
        (**self).context()
    }
}

impl InContext for Cluster {
    fn context(&self) -> &str {
        Self::context(self)
    }
}

impl InContext for Scoped<'_> {
    fn context(&self) -> &str {
        self.cluster.context()
    }
}
