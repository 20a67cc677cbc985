//! Pull secrets and the service accounts that use them: observe, plan, apply.

mod apply;
mod credential_state;
mod current_tokens;
mod inventory;
mod logins;
mod manifest;
mod observe;
mod outcome;
mod owner;
mod plan;
mod proved_write;
mod recreate;
mod reference;
mod references;
mod removal;
mod remove;
mod report;
mod robot_tokens;
mod secret;
mod service_account;
mod source;
mod sync;
mod token_search;
mod token_source;
mod trust;
mod unusable;
mod view;

pub use apply::{Apply, Planner, SyncPlanner, apply};
pub use credential_state::{ProofState, RegistryAnswer, TokenState};
pub use current_tokens::{Bridge, CurrentTokens, RegistryTokens, RobotAnswer, RobotToken};
pub use inventory::{Inventory, InventoryItem, InventoryState};
pub use logins::{KnownRegistry, add_gone_bridges, alias_warnings, logins, look_up};
pub(crate) use manifest::data;
pub use manifest::manifests;
pub use observe::{Observed, observe, service_accounts, types_of};
pub use owner::Owner;
pub use plan::{
    Consent, EntryPlan, NamespacePlan, PlacedCredential, Problem, Refusal, SecretPlan, Swap,
    Verdict, WriteAction, nodes_reason, plan_namespace, plan_secret, plan_swap,
};
pub(crate) use proved_write::{StoredData, proved_write};
pub use reference::ReferenceEdit;
pub use references::{ReferenceRequest, edit_references};
pub use remove::{RemovalRequest, plan_removals};
pub use report::Outcomes;
pub use robot_tokens::{robot_tokens, standing_bridge};
pub use secret::PullSecret;
pub use service_account::ServiceAccountRefs;
pub use source::{Placement, Source};
pub use sync::{ClusterPlan, SyncPlan, SyncRequest, plan_sync, sync};
pub use token_source::{RobotCredential, TokenSource};
pub use trust::{Adopted, Claim, Trust, Unproven, note_held};
pub use unusable::Unusable;
pub use view::{
    ClusterView, Found, observe_each, observe_each_located, secrets, unseen, unseen_or_missing,
};
