//! Pull secrets and the service accounts that use them: observe, plan, apply, verify.

mod apply;
mod inventory;
mod logins;
mod manifest;
mod observe;
mod outcome;
mod owner;
mod plan;
mod proof;
mod recreate;
mod reference;
mod references;
mod removal;
mod remove;
mod report;
mod secret;
mod service_account;
mod sync;
mod token_source;
mod verify;
mod view;
mod wanted;
mod written;

pub use apply::{Apply, Planner, SyncPlanner, apply};
pub use inventory::{Inventory, InventoryItem};
pub use logins::{Login, add_gone_bridges, hosts, logins, standing_bridge, wanted};
pub(crate) use manifest::data;
pub use manifest::manifests;
pub use observe::{Observed, observe, service_accounts};
pub use owner::Owner;
pub use plan::plan_namespace;
pub use plan::plan_secret;
pub use plan::{
    Consent, Ensure, EntryPlan, NamespacePlan, Problem, Refusal, SecretPlan, Verdict, Write,
};
pub use plan::{Redirect, plan_redirect};
pub use proof::{Proof, Proofs};
pub use reference::ReferenceEdit;
pub use references::{ReferenceRequest, edit_references};
pub use remove::{RemovalRequest, plan_removals};
pub use report::Outcomes;
pub use secret::PullSecret;
pub use service_account::ServiceAccountRefs;
pub use sync::{ClusterPlan, Placement, Source, SyncPlan, SyncRequest, plan_sync, sync};
pub use token_source::{RobotCredential, TokenSource};
pub use verify::verify;
pub use view::{ClusterView, Found, observe_each, secrets, unseen, unseen_or_missing};
pub use wanted::{Bridge, RobotToken, Wanted, WantedRegistry};
