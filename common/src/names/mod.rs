//! The names of robots, repositories, organizations and registries, as Quay and images write them.

mod namespace;
mod registry_host;
mod repository;
mod robot;

pub use namespace::parse_namespace;
pub use registry_host::RegistryHost;
pub use repository::RepositoryName;
pub use robot::RobotName;

/// A robot and its registry: the same name elsewhere is another robot.
pub type RobotAt = (RegistryHost, RobotName);
