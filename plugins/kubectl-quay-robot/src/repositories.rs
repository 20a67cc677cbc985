//! Repositories as they are typed, and what is said of those that do not exist.

use crate::connection::failed;
use quay_common::Failure;
use quay_common::credentials::Session;
use quay_common::names::{RepositoryName, RobotName};
use quay_common::quay::NotBegun;

/// The repositories of the robot's namespace that were typed, each once.
pub fn parse(robot: &RobotName, typed: &[String]) -> Result<Vec<RepositoryName>, Failure> {
    let mut names = Vec::new();
    for text in typed {
        let name = RepositoryName::of(robot.namespace(), text).map_err(Failure::usage)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The failure of a command that wrote nothing; `undone` says what it did not do.
pub fn not_begun(reason: NotBegun, undone: &str, robot: &RobotName, session: &Session) -> Failure {
    match reason {
        NotBegun::UnknownRepositories(unknown) => {
            let names: Vec<String> = unknown.iter().map(|name| format!("`{name}`")).collect();
            Failure::new(format!(
                "{undone}: {} has no repository {}",
                session.endpoint.registry,
                names.join(", ")
            ))
            .next(look(session))
        }
        NotBegun::Unclear(repository, error) => {
            failed(session, format!("repository `{repository}`"))(error).context(undone)
        }
        NotBegun::Refused(error) => failed(session, format!("robot `{robot}`"))(error),
        NotBegun::Interrupted => Failure::interrupted(),
    }
}

/// What to do about a repository that does not exist. No command lists repositories; Quay does.
pub fn look(session: &Session) -> String {
    format!(
        "correct the name, or create the repository first; {}/repository/ lists all repositories",
        session.endpoint.api
    )
}
