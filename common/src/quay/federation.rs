//! Who may sign in as a robot without its token.

use super::client::Quay;
use crate::names::RobotName;
use crate::web::{ApiError, Repeat, body};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A subject of an OIDC issuer that may sign in as the robot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedSubject {
    /// The issuer's URL, letter by letter: with and without a slash at the end are two.
    pub issuer: String,
    pub subject: String,
    /// Whom the subject's tokens have to be meant for. Without any, Quay takes every token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
}

impl FederatedSubject {
    /// Whether both are the same subject of the same issuer.
    pub fn is(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.subject == other.subject
    }
}

impl Quay {
    /// Who may sign in as the robot without its token; `None` where this Quay has no federation:
    /// that takes 3.13, and 3.17.2 for robots of users.
    pub async fn federation(
        &self,
        robot: &RobotName,
    ) -> Result<Option<Vec<FederatedSubject>>, ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        match self.get(&format!("{path}/federation"), &[], needs).await {
            // Paths it does not know are redirected, then answered with the web page.
            Err(
                ApiError::Redirected { .. }
                | ApiError::Unexpected {
                    status: 404 | 405, ..
                },
            ) => Ok(None),
            result => result.map(Some),
        }
    }

    /// Makes these, and nobody else, sign in as the robot; returns what Quay stored. Quay 3.18
    /// drops the audiences, also those that are stored already.
    ///
    /// # Errors
    /// [`ApiError::Refused`] for an issuer that is no URL, and for the same subject twice.
    pub async fn set_federation(
        &self,
        robot: &RobotName,
        subjects: &[FederatedSubject],
    ) -> Result<Vec<FederatedSubject>, ApiError> {
        let (path, needs) = self.robot_path(robot).await?;
        let path = format!("{path}/federation");
        // The whole list each time: twice is once.
        let written = self.write(
            Method::POST,
            &path,
            Some(json!(subjects)),
            Repeat::Safe,
            needs,
        );
        let answer = written.await?;
        body::parse(answer.status, &answer.body)
    }
}
