//! What a command changed at Quay, object by object.

use crate::connection::failed;
use crate::repositories;
use quay_common::cli::{Console, Exit, Report, Table};
use quay_common::cluster::ClientDryRun;
use quay_common::credentials::Session;
use quay_common::names::{RegistryHost, RobotName};
use quay_common::outcome::Verb;
use quay_common::quay::{GrantOutcome, GrantState, Role};
use quay_common::web::ApiError;
use serde::Serialize;

/// The report of `create`, `delete`, `grant` and `revoke`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    registry: RegistryHost,
    robot: RobotName,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<&'static str>,
    changes: Vec<Change>,
}

/// One object.
#[derive(Serialize)]
struct Change {
    /// `robot/org+name` or `repository/org/name`.
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    result: Verb,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Changes {
    /// No changes yet.
    pub fn new(session: &Session, robot: &RobotName, dry_run: ClientDryRun) -> Self {
        Self {
            registry: session.endpoint.registry.clone(),
            robot: robot.clone(),
            dry_run: dry_run.label(),
            changes: Vec::new(),
        }
    }

    /// What became of the robot itself.
    pub fn robot(&mut self, result: Verb) {
        self.changes.push(Change {
            object: format!("robot/{}", self.robot),
            role: None,
            result,
            reason: None,
        });
    }

    /// What became of each repository; failures are also told on stderr.
    pub fn repositories(
        &mut self,
        outcomes: Vec<GrantOutcome>,
        session: &Session,
        console: &Console,
    ) {
        for GrantOutcome {
            repository,
            role,
            state,
        } in outcomes
        {
            let (role, result, reason) = match state {
                GrantState::Changed if role.is_some() => (role, Verb::Granted, None),
                GrantState::Changed => (None, Verb::Revoked, None),
                GrantState::Unchanged(held) => (held, Verb::Unchanged, None),
                GrantState::Skipped => (role, Verb::Skipped, Some("interrupted".to_owned())),
                GrantState::Failed(error) => {
                    let reason = error.to_string();
                    let is_gone = matches!(error, ApiError::NotFound);
                    let object = format!("repository `{repository}`");
                    let failure = failed(session, object)(error);
                    console.failure(&match is_gone {
                        true => failure.next(repositories::look(session)),
                        false => failure,
                    });
                    (role, Verb::Failed, Some(reason))
                }
            };
            self.changes.push(Change {
                object: format!("repository/{repository}"),
                role,
                result,
                reason,
            });
        }
    }
}

impl Report for Changes {
    fn table(&self, wide: bool) -> Table {
        let dry = if self.dry_run.is_some() {
            " (dry run)"
        } else {
            ""
        };
        Table::of(&self.changes, wide)
            .col("OBJECT", |change| &change.object)
            .col("ROLE", |change| {
                change.role.map(|role| role.to_string()).unwrap_or_default()
            })
            .col("RESULT", |change| format!("{}{dry}", change.result))
            .wide("REASON", |change| {
                change.reason.as_deref().unwrap_or_default()
            })
            .table()
    }

    fn exit(&self) -> Exit {
        Exit::of(!self.changes.iter().any(|change| change.result.is_failure()))
    }

    fn names(&self) -> Vec<String> {
        let done = self.changes.iter().filter(|change| change.reason.is_none());
        done.map(|change| change.object.clone()).collect()
    }
}
