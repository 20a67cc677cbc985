//! What a rotation is asked to do.

use super::options::Options;
use super::watcher::Watcher;
use crate::credentials::Session;
use crate::names::RobotName;

/// One rotation as it was asked for.
pub struct Task<'a> {
    /// The registry, signed in.
    pub session: &'a Session,
    /// Who looks on.
    pub watcher: &'a dyn Watcher,
    /// The robot.
    pub robot: RobotName,
    /// How it is done.
    pub options: Options,
}
