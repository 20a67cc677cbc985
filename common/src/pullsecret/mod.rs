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
mod removal;
mod secret;
mod service_account;
mod sync;
mod verify;
mod wanted;
mod written;

pub use apply::{Apply, Planner, SyncPlanner, apply};
pub use inventory::{Inventory, InventoryItem};
pub use logins::{Login, add_gone_bridges, hosts, logins, standing_bridge, wanted};
pub(crate) use manifest::data;
pub use manifest::manifests;
pub use observe::{Observed, observe, observe_service_accounts};
pub use outcome::{Outcome, Outcomes, Verb};
pub use owner::Owner;
pub use plan::{
    Consent, Ensure, EntryPlan, NamespacePlan, Problem, Redirect, Refusal, SecretPlan, Verdict,
    Write, plan_namespace, plan_redirect, plan_secret,
};
pub use proof::{Proof, Proofs};
pub use recreate::finish_replacements;
pub use reference::{Attachment, Holder};
pub use removal::{RemovalPlan, plan_removal, registries_of};
pub use secret::PullSecret;
pub(crate) use secret::{LAST_APPLIED, MANAGED_BY};
pub use service_account::ServiceAccountRefs;
pub use sync::{ClusterView, existing_views, views};
pub use verify::verify;
pub use wanted::{Bridge, RobotToken, Wanted, WantedRegistry};
