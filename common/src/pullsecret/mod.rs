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
mod verify;
mod view;
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
pub use plan::plan_namespace;
pub use plan::plan_secret;
pub use plan::{
    Consent, Ensure, EntryPlan, NamespacePlan, Problem, Refusal, SecretPlan, Verdict, Write,
};
pub use plan::{Redirect, plan_redirect};
pub use proof::{Proof, Proofs};
pub use recreate::finish_replacements;
pub use reference::{Attachment, Holder};
pub use removal::{RemovalPlan, plan_removal, registries_of};
pub use secret::PullSecret;
pub use service_account::ServiceAccountRefs;
pub use verify::verify;
pub use view::{ClusterView, existing_views, views};
pub use wanted::{Bridge, RobotToken, Wanted, WantedRegistry};
