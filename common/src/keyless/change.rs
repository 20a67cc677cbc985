//! Federation changed: read, planned, written, and held against what Quay stored.

use super::plan::{FederationEdit, FederationPlan, SubjectChange, SubjectPlan};
use crate::Failure;
use crate::cli::{Console, Exit, Report, Table};
use crate::credentials::Session;
use crate::hint;
use crate::names::{RegistryHost, RobotName};
use crate::quay::FederatedSubject;
use serde::Serialize;

/// What is wanted of a robot, and what is allowed for it.
#[derive(Debug)]
pub struct FederationRequest<'a> {
    pub robot: &'a RobotName,
    pub edit: FederationEdit,
    /// Write although that may erase audiences that are stored already.
    pub erase_audiences: bool,
    /// Do not ask before somebody is removed.
    pub yes: bool,
    pub dry_run: Option<&'static str>,
}

/// What became of each subject.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FederationChanges {
    pub registry: RegistryHost,
    pub robot: RobotName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<&'static str>,
    pub items: Vec<SubjectOutcome>,
}

/// One subject's line.
#[derive(Debug, Serialize)]
pub struct SubjectOutcome {
    #[serde(flatten)]
    pub subject: FederatedSubject,
    pub result: SubjectChange,
}

/// Carries the request out.
///
/// # Errors
/// Quay has no federation for the robot, refuses, or stored something else; nothing is written
/// that would erase audiences unasked.
pub async fn change(
    session: &Session,
    request: FederationRequest<'_>,
    console: &Console,
) -> Result<FederationChanges, Failure> {
    let robot = request.robot;
    let current = federation(session, robot).await?;
    let plan = FederationPlan::of(&current, &request.edit);
    if plan.has_changes() && request.dry_run.is_none() {
        check_audiences(&plan, &request)?;
        if plan.removes() && !request.yes {
            ask(&plan, robot, console)?;
        }
        write(session, robot, &plan, console).await?;
    }
    Ok(FederationChanges {
        registry: session.endpoint.registry.clone(),
        robot: robot.clone(),
        dry_run: request.dry_run,
        items: plan
            .subjects
            .into_iter()
            .map(SubjectOutcome::from)
            .collect(),
    })
}

/// Who signs in as the robot, as a report.
///
/// # Errors
/// There is no such robot, or this Quay has no federation for it.
pub async fn federation_of(session: &Session, robot: &RobotName) -> Result<Federation, Failure> {
    Ok(Federation {
        registry: session.endpoint.registry.clone(),
        robot: robot.clone(),
        items: federation(session, robot).await?,
    })
}

/// Who signs in as a robot.
#[derive(Debug, Serialize)]
pub struct Federation {
    pub registry: RegistryHost,
    pub robot: RobotName,
    pub items: Vec<FederatedSubject>,
}

impl Report for Federation {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .col("SUBJECT", |item| &item.subject)
            .col("ISSUER", |item| &item.issuer)
            .col("AUDIENCES", |item| item.audiences.join(", "))
            .table()
    }

    fn nothing(&self) -> Option<String> {
        self.items.is_empty().then(|| nobody(&self.robot))
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("subject/{}", item.subject))
            .collect()
    }
}

fn nobody(robot: &RobotName) -> String {
    format!("Nobody signs in as {robot} without its token.")
}

/// Who signs in as the robot without its token.
///
/// # Errors
/// There is no such robot, or this Quay has no federation for it.
pub(super) async fn federation(
    session: &Session,
    robot: &RobotName,
) -> Result<Vec<FederatedSubject>, Failure> {
    let object = || format!("robot `{robot}`");
    let fail = |error: crate::web::ApiError| error.failure(object(), &session.endpoint);
    if let Some(found) = session.quay.federation(robot).await.map_err(fail)? {
        return Ok(found);
    }
    session.quay.robot(robot).await.map_err(fail)?;
    let own = session.quay.is_own(robot.namespace()).await.map_err(fail)?;
    let registry = &session.endpoint.registry;
    Err(Failure::new(format!(
        "{registry} has no federation for robot `{robot}`: that takes Quay {} or later",
        if own {
            "3.17.2, for a robot of a user,"
        } else {
            "3.13"
        }
    ))
    .next("update Quay, or give workloads the robot's token in a pull secret"))
}

fn check_audiences(plan: &FederationPlan, request: &FederationRequest<'_>) -> Result<(), Failure> {
    let at_risk = plan.at_risk();
    if at_risk.is_empty() || request.erase_audiences {
        return Ok(());
    }
    let named = at_risk.iter().map(|subject| subject.subject.as_str());
    let named: Vec<&str> = named.collect();
    Err(Failure::new(format!(
        "nothing was written: {} has audiences, which Quay's API may erase with any write of the \
         list; then Quay takes any token of the subject",
        named.join(", ")
    ))
    .next("pass --erase-audiences to write all the same"))
}

fn ask(plan: &FederationPlan, robot: &RobotName, console: &Console) -> Result<(), Failure> {
    let removed = plan
        .subjects
        .iter()
        .filter(|plan| plan.change == SubjectChange::Removed);
    for SubjectPlan { subject, .. } in removed {
        let FederatedSubject {
            issuer, subject, ..
        } = subject;
        console.note(format!(
            "{subject} of {issuer} will no longer sign in as {robot}"
        ));
    }
    match console.confirm("Remove them?", "--yes")? {
        true => Ok(()),
        false => Err(Failure::new("nothing was written: you answered no")),
    }
}

/// Writes the list, and holds what Quay stored against it.
async fn write(
    session: &Session,
    robot: &RobotName,
    plan: &FederationPlan,
    console: &Console,
) -> Result<(), Failure> {
    let after = plan.after();
    let stored = session.quay.set_federation(robot, &after).await;
    let stored =
        stored.map_err(|error| error.failure(format!("robot `{robot}`"), &session.endpoint))?;
    let in_both = |subject: &FederatedSubject| stored.iter().any(|stored| stored.is(subject));
    if stored.len() != after.len() || !after.iter().all(in_both) {
        let look = hint::robot("federation get").arg(robot);
        return Err(Failure::new(format!(
            "Quay stored another list of subjects for robot `{robot}` than this command sent"
        ))
        .next(look));
    }
    let dropped = after.iter().filter(|wanted| {
        let kept = |stored: &&FederatedSubject| stored.is(wanted);
        let kept = stored.iter().find(kept);
        kept.is_some_and(|stored| stored.audiences != wanted.audiences)
    });
    for FederatedSubject { subject, .. } in dropped {
        console.warn(format!(
            "this Quay's API does not store audiences, so it takes any token of {subject}, also \
             the one that is mounted in its pods"
        ));
    }
    Ok(())
}

impl From<SubjectPlan> for SubjectOutcome {
    fn from(plan: SubjectPlan) -> Self {
        Self {
            subject: plan.subject,
            result: plan.change,
        }
    }
}

impl Report for FederationChanges {
    fn table(&self, wide: bool) -> Table {
        let dry = match self.dry_run {
            Some(_) => " (dry run)",
            None => "",
        };
        Table::of(&self.items, wide)
            .col("SUBJECT", |item| &item.subject.subject)
            .col("ISSUER", |item| &item.subject.issuer)
            .col("AUDIENCES", |item| item.subject.audiences.join(", "))
            .col("RESULT", |item| {
                let changes = item.result != SubjectChange::Unchanged;
                format!("{}{}", item.result, if changes { dry } else { "" })
            })
            .table()
    }

    fn nothing(&self) -> Option<String> {
        self.items.is_empty().then(|| nobody(&self.robot))
    }

    fn exit(&self) -> Exit {
        let absent = |item: &SubjectOutcome| item.result == SubjectChange::Absent;
        Exit::of(!self.items.iter().any(absent))
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("subject/{}", item.subject.subject))
            .collect()
    }
}
