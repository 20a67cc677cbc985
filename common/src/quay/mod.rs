//! The Quay HTTP API.

mod robot_name;

pub use robot_name::RobotName;
