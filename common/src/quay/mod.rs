//! The Quay HTTP API.

mod bridge;
mod client;
mod details;
mod federation;
mod logs;
mod namespace;
mod organization;
mod pages;
mod permissions;
mod provision;
mod read_only;
mod right;
mod rights;
mod robots;
mod role;
mod run_marker;
mod scopes;

pub use bridge::{BridgeMark, bridge_name};
pub use client::Quay;
pub use details::{DefaultPermission, RobotDetails};
pub use federation::FederatedSubject;
pub use logs::Pull;
pub use namespace::{Organization, User};
pub use organization::NoSuchOrganization;
pub use permissions::Grant;
pub use provision::{
    Creation, GrantOutcome, GrantState, NotBegun, Provisioned, create_robot, grant_all, revoke_all,
};
pub use right::{DefaultRight, Degree, Party, Right, Rights};
pub use rights::{RolesOn, Roster, agree};
pub use robots::{ListedRobot, Robot};
pub use role::Role;
pub use run_marker::{Run, RunMarker};
pub use scopes::{Held, OAuthScope, ScopeReport};
