//! Whether a service account can pull as a robot: each step from the cluster to the registry.

use super::change::federation;
use super::issuer::{Issuer, ServiceAccount, identity_token, issuer_of};
use crate::Failure;
use crate::cli::{Exit, Gaps, Report, Table, detail, serialize_next};
use crate::cluster::{Cluster, Seen};
use crate::credentials::Session;
use crate::hint::{self, Hint};
use crate::names::{RepositoryName, RobotName};
use crate::outcome::{Outcome, gaps};
use crate::quay::FederatedSubject;
use crate::registry::{ExchangeError, HourToken, Probe};
use secrecy::SecretString;
use serde::Serialize;
use std::fmt;

/// What is checked.
#[derive(Debug)]
pub struct CheckRequest<'a> {
    pub robot: &'a RobotName,
    pub account: &'a ServiceAccount,
    /// Whom the service account's token is meant for.
    pub audience: &'a str,
    /// The repository that is to be pulled; by default one that the robot may read.
    pub repository: Option<&'a RepositoryName>,
}

/// The steps, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The cluster issues tokens that Quay can check.
    Issuer,
    /// Quay lets the service account sign in as the robot.
    Federation,
    /// The cluster gives the service account a token.
    Token,
    /// Quay exchanges the token.
    Exchange,
    /// The registry lets it pull.
    Pull,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Ok,
    /// It works here, and may not work from Quay.
    Doubtful,
    Failed,
    /// A step before it failed.
    Skipped,
}

/// One step's line.
#[derive(Debug, Serialize)]
pub struct StepOutcome {
    /// The cluster, by the name of its context.
    pub context: String,
    pub step: Step,
    pub state: StepState,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_next"
    )]
    pub next: Option<Hint>,
}

/// All steps in every cluster.
#[derive(Debug, Serialize)]
pub struct FederationCheck {
    pub items: Vec<StepOutcome>,
    /// Clusters that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
}

/// Takes every step until one fails, in every cluster.
///
/// # Errors
/// A mistake of the command line. A cluster that cannot be looked at is one of the failures.
pub async fn check(
    session: &Session,
    clusters: &Seen<Cluster>,
    request: &CheckRequest<'_>,
) -> Result<FederationCheck, Failure> {
    let checked = clusters.each().in_each(async |cluster| {
        let mut steps = Steps {
            context: cluster.context(),
            taken: Vec::new(),
        };
        let taken = steps.take(session, cluster, request).await;
        if let Err((step, failure)) = taken {
            steps.failed(step, &failure);
        }
        steps.skip_the_rest();
        Ok(steps.taken)
    });
    let checked = checked.await?;
    Ok(FederationCheck {
        failures: checked.failures(),
        items: checked.reached.into_iter().flatten().collect(),
    })
}

type Stopped = (Step, Failure);

/// The steps in one cluster.
struct Steps<'a> {
    context: &'a str,
    taken: Vec<StepOutcome>,
}

impl Steps<'_> {
    async fn take(
        &mut self,
        session: &Session,
        cluster: &Cluster,
        request: &CheckRequest<'_>,
    ) -> Result<(), Stopped> {
        let at = |step: Step| move |failure: Failure| (step, failure);
        let issuer = issuer_of(cluster).await.map_err(at(Step::Issuer))?;
        self.issuer(&issuer);
        let subject = issuer.subject(request.account, &[]);
        let listed = federation(session, request.robot).await;
        let listed = listed.map_err(at(Step::Federation))?;
        is_listed(&listed, &subject, request).map_err(at(Step::Federation))?;
        self.ok(
            Step::Federation,
            format!("{} may sign in as {}", subject.subject, request.robot),
        );
        let token = identity_token(cluster, request.account, request.audience).await;
        let token = token.map_err(at(Step::Token))?;
        self.ok(Step::Token, format!("meant for {}", request.audience));
        let hour = exchange(session, request, &issuer, &token).await;
        let hour = hour.map_err(at(Step::Exchange))?;
        self.ok(
            Step::Exchange,
            match hour.expires {
                Some(expires) => format!("Quay gave a token of {} until {expires}", request.robot),
                None => format!("Quay gave a token of {}", request.robot),
            },
        );
        let pulled = pull(session, request, &hour.token).await;
        self.ok(Step::Pull, pulled.map_err(at(Step::Pull))?);
        Ok(())
    }

    fn push(&mut self, step: Step, state: StepState, message: String, next: Option<Hint>) {
        self.taken.push(StepOutcome {
            context: self.context.to_owned(),
            step,
            state,
            message,
            next: next.map(|next| next.at(self.context)),
        });
    }

    fn ok(&mut self, step: Step, message: String) {
        self.push(step, StepState::Ok, message, None);
    }

    fn failed(&mut self, step: Step, failure: &Failure) {
        let message = failure.message().to_owned();
        self.push(
            step,
            StepState::Failed,
            message,
            failure.next_step().cloned(),
        );
    }

    /// Quay's own answer decides, so a doubt stops nothing.
    fn issuer(&mut self, issuer: &Issuer) {
        let doubts = issuer.doubts();
        let Some(first) = doubts.first() else {
            return self.ok(Step::Issuer, issuer.url.clone());
        };
        let texts: Vec<String> = doubts.iter().map(ToString::to_string).collect();
        let message = format!("{}: {}", issuer.url, texts.join("; "));
        let next = Some(first.remedy().into());
        self.push(Step::Issuer, StepState::Doubtful, message, next);
    }

    fn skip_the_rest(&mut self) {
        let steps = [
            Step::Issuer,
            Step::Federation,
            Step::Token,
            Step::Exchange,
            Step::Pull,
        ];
        for step in steps.into_iter().skip(self.taken.len()) {
            self.push(step, StepState::Skipped, String::new(), None);
        }
    }
}

fn is_listed(
    listed: &[FederatedSubject],
    subject: &FederatedSubject,
    request: &CheckRequest<'_>,
) -> Result<(), Failure> {
    if listed.iter().any(|listed| listed.is(subject)) {
        return Ok(());
    }
    let same = |url: &str| url.trim_end_matches('/') == subject.issuer.trim_end_matches('/');
    let slashed = listed
        .iter()
        .find(|listed| listed.subject == subject.subject && same(&listed.issuer));
    let reason = match slashed {
        Some(listed) => format!(
            "Quay has {} of {}, but the issuer is {}: a slash at the end counts",
            listed.subject, listed.issuer, subject.issuer
        ),
        None => format!(
            "{} of {} may not sign in as {}",
            subject.subject, subject.issuer, request.robot
        ),
    };
    let add = hint::robot("federation add").arg(request.robot);
    Err(Failure::new(reason).next(add.words("--service-account").arg(request.account)))
}

async fn exchange(
    session: &Session,
    request: &CheckRequest<'_>,
    issuer: &Issuer,
    token: &SecretString,
) -> Result<HourToken, Failure> {
    let exchanged = session.registry.exchange(request.robot, token).await;
    exchanged.map_err(|error| {
        let failure = Failure::new(error.to_string());
        match error {
            ExchangeError::NoAnswer(_) => failure.next(format!(
                "on the machine of Quay, open {}/.well-known/openid-configuration: it has to come \
                 over https, with a certificate that Quay trusts, within 5 seconds",
                issuer.url.trim_end_matches('/')
            )),
            ExchangeError::Unsupported => {
                failure.next(super::Doubt::Algorithms(Vec::new()).remedy())
            }
            ExchangeError::Refused(_) | ExchangeError::Api(_) => {
                failure.next(hint::robot("federation get").arg(request.robot))
            }
        }
    })
}

async fn pull(
    session: &Session,
    request: &CheckRequest<'_>,
    token: &SecretString,
) -> Result<String, Failure> {
    let robot = request.robot;
    let repository = match request.repository {
        Some(named) => named.clone(),
        None => first_role(session, robot).await?,
    };
    let asked = [repository.to_string()];
    let probed = session.registry.probe(robot.as_str(), token, &asked);
    match probed.await? {
        Probe::Refused { reason } => Err(Failure::new(format!(
            "the registry refuses the exchanged token: {reason}"
        ))),
        Probe::Accepted { refused, .. } if refused.is_empty() => {
            Ok(format!("{robot} may pull {repository}"))
        }
        Probe::Accepted { .. } => Err(Failure::new(format!("{robot} may not pull {repository}"))
            .next(hint::robot("grant").arg(robot).arg(repository.name()))),
    }
}

/// The first repository that the robot has a role on.
async fn first_role(session: &Session, robot: &RobotName) -> Result<RepositoryName, Failure> {
    let grants = session.quay.grants(robot).await.unwrap_or_default();
    let mut named = grants
        .iter()
        .filter_map(|grant| RepositoryName::of(robot.namespace(), &grant.repository).ok());
    named.next().ok_or_else(|| {
        Failure::new(format!("{robot} has no role on any repository"))
            .next(hint::robot("grant").arg(robot).arg("REPOSITORY"))
    })
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "issuer",
            Self::Federation => "federation",
            Self::Token => "token",
            Self::Exchange => "exchange",
            Self::Pull => "pull",
        })
    }
}

impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Doubtful => "doubtful",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        })
    }
}

impl Report for FederationCheck {
    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("STEP", |item| item.step)
            .col("STATE", |item| item.state)
            .col("DETAIL", |item| {
                detail([item.message.as_str()], item.next.as_ref())
            })
            .table()
    }

    fn exit(&self) -> Exit {
        let bad = |item: &StepOutcome| matches!(item.state, StepState::Failed | StepState::Skipped);
        Exit::of(self.failures.is_empty() && !self.items.iter().any(bad))
    }

    fn gaps(&self) -> Gaps {
        gaps(&self.failures, self.items.is_empty())
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| format!("step/{}", item.step))
            .collect()
    }
}
