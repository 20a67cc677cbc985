//! `verify --pull`: a real pod pulls an image.

use clap::Args;
use quay_common::cli::{Console, Exit, Gaps, Report, Table};
use quay_common::cluster::{Seen, parse_duration};
use quay_common::kubelet::parse_image;
use quay_common::names::RobotName;
use quay_common::pullsecret::ClusterView;
use quay_common::pulltest::{PullOrder, Pulls, prove_pulls};
use quay_common::verify::Proofs;
use serde::{Serialize, Serializer};
use std::time::Duration;

#[derive(Args)]
pub struct PullArgs {
    /// Also start a pod that pulls this image, in one namespace of each cluster
    ///
    /// It is the first namespace that has a pull secret for the image, and the pod uses only
    /// this secret. The pod runs nothing of the image, and verify always deletes it.
    #[arg(long, value_name = "IMAGE", value_parser = parse_image)]
    pull: Option<String>,

    /// Wait this long for the pull, such as `30s` or `2m`
    #[arg(long, value_name = "DURATION", default_value = "60s", requires = "pull", value_parser = parse_duration, hide_short_help = true)]
    pull_timeout: Duration,
}

/// Everything `verify` found out, as one document.
#[derive(Serialize)]
pub struct Verified {
    #[serde(flatten)]
    pub proofs: Proofs,
    #[serde(skip_serializing_if = "is_empty", serialize_with = "items")]
    pub pulls: Pulls,
}

fn is_empty(pulls: &Pulls) -> bool {
    pulls.items.is_empty()
}

fn items<S: Serializer>(pulls: &Pulls, serializer: S) -> Result<S::Ok, S::Error> {
    pulls.items.serialize(serializer)
}

impl PullArgs {
    /// Pulls what was asked for; nothing without `--pull`.
    pub async fn run(
        &self,
        seen: &Seen<ClusterView<'_>>,
        robot: Option<&RobotName>,
        console: &Console,
    ) -> Pulls {
        let Some(image) = &self.pull else {
            return Pulls::default();
        };
        let views = seen.reached.iter();
        let clusters: Vec<_> = views
            .map(|view| (view.scoped.cluster, view.observed.secrets.as_slice()))
            .collect();
        let order = PullOrder {
            image,
            robot,
            timeout: self.pull_timeout,
        };
        let pulls = prove_pulls(&clusters, &order, console.progress()).await;
        for proof in &pulls.items {
            for pod in &proof.leftovers {
                console.note(format!(
                    "deleted the test pod {pod}, which an earlier run left in namespace {} (context {})",
                    proof.namespace, proof.context
                ));
            }
        }
        pulls
    }
}

impl Report for Verified {
    fn table(&self, wide: bool) -> Table {
        self.proofs.table(wide)
    }

    fn more_tables(&self, wide: bool) -> Vec<Table> {
        let pulls = (!self.pulls.items.is_empty()).then(|| self.pulls.table(wide));
        let images = self.proofs.more_tables(wide);
        images.into_iter().chain(pulls).collect()
    }

    fn names(&self) -> Vec<String> {
        self.proofs.names()
    }

    fn exit(&self) -> Exit {
        match self.pulls.all_ok() {
            true => self.proofs.exit(),
            false => Exit::Problem,
        }
    }

    fn nothing(&self) -> Option<String> {
        self.proofs.nothing()
    }

    fn gaps(&self) -> Gaps {
        self.proofs.gaps()
    }
}
