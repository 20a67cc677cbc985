//! Creating a robot with its roles, and giving or taking several roles at once.

use super::client::Quay;
use super::permissions::no_such_robot;
use super::role::Role;
use crate::names::{RepositoryName, RobotName};
use crate::signals::Ending;
use crate::web::ApiError;
use futures::{StreamExt, stream};
use std::collections::BTreeMap;

/// Requests prepared ahead of the transport's own limit.
const AHEAD: usize = 8;

/// A robot as it should be.
#[derive(Debug, Clone)]
pub struct Creation {
    /// `org+name`.
    pub robot: RobotName,
    /// What it is for, at most 255 characters.
    pub description: String,
    /// The roles it should have at least.
    pub grants: Vec<(RepositoryName, Role)>,
    /// Whether a robot that exists is brought up to `grants` instead of refused.
    pub exists_ok: bool,
}

/// What became of a [`Creation`].
#[derive(Debug)]
pub struct Provisioned {
    /// Whether the robot was there before.
    pub existed: bool,
    /// One entry a grant asked for, in the order asked.
    pub grants: Vec<GrantOutcome>,
}

/// What became of one repository.
#[derive(Debug)]
pub struct GrantOutcome {
    pub repository: RepositoryName,
    /// The role in question; `None` where one is taken away.
    pub role: Option<Role>,
    /// What became of it.
    pub state: GrantState,
}

/// What became of the role on one repository.
#[derive(Debug)]
pub enum GrantState {
    /// Written, or would be in a dry run.
    Changed,
    /// It was so before; holds the role there is.
    Unchanged(Option<Role>),
    /// Not written.
    Failed(ApiError),
    /// Not written, because the command was asked to end.
    Skipped,
}

/// Why nothing was written at all.
#[derive(Debug)]
pub enum NotBegun {
    /// These repositories do not exist.
    UnknownRepositories(Vec<RepositoryName>),
    /// Whether this repository exists cannot be told.
    Unclear(RepositoryName, ApiError),
    /// Quay said no.
    Refused(ApiError),
    /// The command was asked to end.
    Interrupted,
}

impl From<ApiError> for NotBegun {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Looks every repository up, so that a wrong name is told before anything is written.
async fn check_repositories(
    quay: &Quay,
    repositories: impl Iterator<Item = &RepositoryName>,
    ending: &Ending,
) -> Result<(), NotBegun> {
    let mut missing = Vec::new();
    let mut checks = stream::iter(repositories)
        .map(|repository| async move { (repository, quay.repository_exists(repository).await) })
        .buffered(AHEAD);
    while let Some((repository, exists)) = checks.next().await {
        match exists {
            Ok(true) => {}
            Ok(false) => missing.push(repository.clone()),
            Err(error) => return Err(NotBegun::Unclear(repository.clone(), error)),
        }
    }
    match missing.is_empty() {
        true if ending.is_asked_for() => Err(NotBegun::Interrupted),
        true => Ok(()),
        false => Err(NotBegun::UnknownRepositories(missing)),
    }
}

/// Creates the robot and gives it its roles, once every repository was found; `dry_run` only
/// looks. A signal ends it after the writes in flight.
pub async fn create_robot(
    quay: &Quay,
    creation: &Creation,
    dry_run: bool,
) -> Result<Provisioned, NotBegun> {
    let ending = Ending::default();
    let work = create_unless_ended(quay, creation, dry_run, &ending);
    ending.watch(work).await
}

async fn create_unless_ended(
    quay: &Quay,
    creation: &Creation,
    dry_run: bool,
    ending: &Ending,
) -> Result<Provisioned, NotBegun> {
    let repositories = creation.grants.iter().map(|(repository, _)| repository);
    check_repositories(quay, repositories, ending).await?;
    let existed = if dry_run {
        match quay.robot(&creation.robot).await {
            Ok(_) => true,
            Err(ApiError::NotFound) => false,
            Err(error) => return Err(error.into()),
        }
    } else {
        match quay.create(&creation.robot, &creation.description).await {
            Ok(_) => false,
            Err(ApiError::Exists) => true,
            Err(error) => return Err(error.into()),
        }
    };
    if existed && !creation.exists_ok {
        return Err(ApiError::Exists.into());
    }
    let held = if existed && !creation.grants.is_empty() {
        held_roles(quay, creation).await?
    } else {
        BTreeMap::new()
    };
    let (done, wanted): (Vec<_>, Vec<_>) = creation
        .grants
        .iter()
        .cloned()
        .map(|(repository, role)| (held.get(repository.as_str()).copied(), repository, role))
        .partition(|(held, _, role)| held.is_some_and(|held| held >= *role));
    let mut grants: Vec<GrantOutcome> = done
        .into_iter()
        .map(|(held, repository, role)| GrantOutcome {
            repository,
            role: Some(role),
            state: GrantState::Unchanged(held),
        })
        .collect();
    let wanted = wanted
        .into_iter()
        .map(|(_, repository, role)| (repository, role))
        .collect::<Vec<_>>();
    grants.extend(write_grants(quay, &creation.robot, &wanted, dry_run, ending).await);
    let order = |outcome: &GrantOutcome| {
        let mut asked = creation.grants.iter();
        asked.position(|(repository, _)| *repository == outcome.repository)
    };
    grants.sort_by_key(order);
    Ok(Provisioned { existed, grants })
}

async fn held_roles(quay: &Quay, creation: &Creation) -> Result<BTreeMap<String, Role>, ApiError> {
    let names: Vec<String> = creation
        .grants
        .iter()
        .map(|(repository, _)| repository.name().to_owned())
        .collect();
    let grants = quay.roles_of(&creation.robot, &names).await?;
    Ok(grants
        .into_iter()
        .map(|grant| (grant.repository, grant.role))
        .collect())
}

async fn write_grants(
    quay: &Quay,
    robot: &RobotName,
    grants: &[(RepositoryName, Role)],
    dry_run: bool,
    ending: &Ending,
) -> Vec<GrantOutcome> {
    let writes = grants.iter().map(|(repository, role)| {
        let write = async move {
            match dry_run {
                true => Ok(GrantState::Changed),
                false => grant_unless_ended(quay, robot, repository, *role, ending).await,
            }
        };
        (repository, Some(*role), write)
    });
    outcomes(writes).await
}

async fn grant_unless_ended(
    quay: &Quay,
    robot: &RobotName,
    repository: &RepositoryName,
    role: Role,
    ending: &Ending,
) -> Result<GrantState, ApiError> {
    if ending.is_asked_for() {
        return Ok(GrantState::Skipped);
    }
    quay.grant(robot, repository, role).await?;
    Ok(GrantState::Changed)
}

/// What becomes of each repository and its role, a few at a time; one that fails does not stop the
/// others.
async fn outcomes<'a, W: Future<Output = Result<GrantState, ApiError>>>(
    writes: impl Iterator<Item = (&'a RepositoryName, Option<Role>, W)>,
) -> Vec<GrantOutcome> {
    let outcomes = stream::iter(writes).map(|(repository, role, write)| async move {
        GrantOutcome {
            repository: repository.clone(),
            role,
            state: write.await.unwrap_or_else(GrantState::Failed),
        }
    });
    outcomes.buffered(AHEAD).collect().await
}

/// Gives the robot `role` on each repository, once every one of them was found; a write that
/// fails does not stop the others. A signal ends it after the writes in flight.
///
/// # Errors
/// A repository does not exist, or that cannot be told; then nothing was written.
pub async fn grant_all(
    quay: &Quay,
    robot: &RobotName,
    repositories: &[RepositoryName],
    role: Role,
    dry_run: bool,
) -> Result<Vec<GrantOutcome>, NotBegun> {
    let ending = &Ending::default();
    let work = async {
        check_repositories(quay, repositories.iter(), ending).await?;
        let writes = repositories.iter().map(|repository| {
            let write = async move {
                match dry_run {
                    true => preview_grant(quay, robot, repository, role).await,
                    false => grant_unless_ended(quay, robot, repository, role, ending).await,
                }
            };
            (repository, Some(role), write)
        });
        Ok(outcomes(writes).await)
    };
    ending.watch(work).await
}

async fn preview_grant(
    quay: &Quay,
    robot: &RobotName,
    repository: &RepositoryName,
    role: Role,
) -> Result<GrantState, ApiError> {
    match quay.role_on(robot, repository).await? {
        Some(held) if held == role => Ok(GrantState::Unchanged(Some(held))),
        Some(_) => Ok(GrantState::Changed),
        None => {
            check_robot(quay, robot).await?;
            Ok(GrantState::Changed)
        }
    }
}

/// Takes the robot's role on each repository away, once every one of them was found; a write that
/// fails does not stop the others.
///
/// # Errors
/// As [`grant_all`].
pub async fn revoke_all(
    quay: &Quay,
    robot: &RobotName,
    repositories: &[RepositoryName],
    dry_run: bool,
) -> Result<Vec<GrantOutcome>, NotBegun> {
    let ending = &Ending::default();
    let work = async {
        check_repositories(quay, repositories.iter(), ending).await?;
        let writes = repositories.iter().map(|repository| {
            let write = async move {
                match ending.is_asked_for() {
                    true => Ok(GrantState::Skipped),
                    false => revoke_one(quay, robot, repository, dry_run).await,
                }
            };
            (repository, None, write)
        });
        Ok(outcomes(writes).await)
    };
    ending.watch(work).await
}

async fn revoke_one(
    quay: &Quay,
    robot: &RobotName,
    repository: &RepositoryName,
    dry_run: bool,
) -> Result<GrantState, ApiError> {
    let found = if dry_run {
        quay.role_on(robot, repository).await?.is_some()
    } else {
        match quay.revoke(robot, repository).await {
            Ok(()) => true,
            Err(ApiError::NotFound) => false,
            Err(error) => return Err(error),
        }
    };
    if found {
        return Ok(GrantState::Changed);
    }
    check_robot(quay, robot).await?;
    Ok(GrantState::Unchanged(None))
}

/// Quay says "no permission" also of robots that do not exist: a misspelt name must not pass for
/// a change already made.
async fn check_robot(quay: &Quay, robot: &RobotName) -> Result<(), ApiError> {
    match quay.robot(robot).await {
        Err(ApiError::NotFound) => Err(no_such_robot(robot)),
        // Reading robots takes another scope than changing roles.
        _ => Ok(()),
    }
}
