//! Whether a robot can do more than pull.

use super::client::Quay;
use super::right::{Degree, Right};
use super::role::Role;
use crate::names::RobotName;
use crate::web::ApiError;

impl Quay {
    /// Whether this is a robot of an organization that reads and nothing else, now and on
    /// repositories to come. What a team of its may do is not looked at: a member counts as one
    /// that can do more.
    ///
    /// # Errors
    /// Its rights cannot be read.
    pub async fn only_reads(&self, robot: &RobotName) -> Result<bool, ApiError> {
        let namespace = robot.namespace();
        if self.is_own(namespace).await? {
            return Ok(false);
        }
        let roster = self.roster(namespace).await?;
        let rights = self.rights_in(&roster, &[robot], Vec::new()).await?;
        let reads = |(right, degree): (&Right, Degree)| match (right, degree) {
            (Right::Default(right), _) => right.role == Role::Read,
            (Right::Repository(_), Degree::Role(role)) => role == Role::Read,
            (Right::Repository(_) | Right::Team(_), _) => false,
        };
        Ok(rights.iter().all(|rights| rights.iter().all(reads)))
    }
}
