//! Robots without a token of their own: who signs in as one, and whether that works.

mod change;
mod check;
mod issuer;
mod plan;

pub use change::{Federation, FederationChanges, FederationRequest, change, federation_of};
pub use check::{CheckRequest, FederationCheck, check};
pub use issuer::{Doubt, Issuer, ServiceAccount, identity_token, issuer_of, service_accounts};
pub use plan::{FederationEdit, FederationPlan, SubjectChange, SubjectPlan};
