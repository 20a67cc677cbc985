//! The Quay HTTP API.

mod body;
mod bridge;
mod client;
mod details;
mod error;
mod logs;
mod namespace;
mod pace;
mod permissions;
mod provision;
mod repository_name;
mod right;
mod rights;
mod robot_name;
mod robots;
mod role;
mod scopes;
pub(crate) mod transport;

pub(crate) use body::{error_text as problem_text, parse as parse_body, secret as secret_text};
pub use bridge::{BridgeMark, bridge_name};
pub use client::Quay;
pub(crate) use client::url as request_url;
pub use details::{DefaultPermission, FederatedSubject, RobotDetails};
pub use error::ApiError;
pub use logs::Pull;
pub use namespace::{Organization, ServerConfig, User, parse_namespace};
pub use permissions::Grant;
pub use provision::{
    Creation, GrantOutcome, GrantState, NotCreated, Provisioned, create_robot, grant_all,
    revoke_all,
};
pub use repository_name::RepositoryName;
pub use right::{DefaultRight, Degree, Party, Right, Rights};
pub use robot_name::RobotName;
pub use robots::{ListedRobot, Robot};
pub use role::Role;
pub use scopes::{Held, Scope, ScopeReport};
