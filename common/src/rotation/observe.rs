//! Everything a rotation has to know before it changes anything. Only reads.

use super::members::{Member, RobotAndBridge, SecretsWithRobot};
use super::request::{Books, Options, Task};
use crate::Failure;
use crate::cluster::{Cluster, NamespaceArgs, Seen, Unseen, denied};
use crate::credentials::{Session, names};
use crate::failure::FailureKind;
use crate::fingerprint::Fingerprint;
use crate::global::{Pools, Topology, topology};
use crate::hint::{self, Hint};
use crate::ledger::{Record, Strategy};
use crate::pullsecret::{Adopted, Claim, Trust};
use crate::quay::{BridgeMark, Pull, Rights, Roster, RunMarker, bridge_name};
use crate::receipt::{Consumer, USAGE_DAYS, consumers};
use crate::web::ApiError;
use futures::future::{join, join_all};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::collections::BTreeSet;

/// What was found.
pub struct Observed {
    /// The robot, its bridge's name, and where they count.
    pub subject: RobotAndBridge,
    /// Whose API token is used.
    pub by: String,
    /// The robot's token now.
    pub token: SecretString,
    /// The robot's own description names it a bridge.
    pub is_bridge: bool,
    /// What it may do.
    pub rights: Rights,
    /// The bridge that stands, if one does.
    pub bridge: StandingBridge,
    /// Each cluster, or why it does not answer.
    pub clusters: Vec<ObservedCluster>,
    /// Who pulled with it lately, or why nobody knows.
    pub consumers: Result<Vec<Consumer>, String>,
    /// What this machine's ledger has of its newest rotation.
    pub record: Option<Record>,
    /// The runs that this ledger knows. They are not alive where its lock is held.
    pub known_runs: Vec<String>,
    /// What the runs that work on the robot, or died of it, have put up in Quay.
    pub markers: Vec<RunMarker>,
    /// What time it was at Quay then.
    pub at: Timestamp,
}

/// What Quay has under the bridge's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandingBridge {
    /// Nothing.
    None,
    /// A bridge that a rotation made.
    Ours(BridgeMark),
    /// A robot that no rotation made.
    Foreign,
}

/// One cluster, by the name of its context.
pub struct ObservedCluster {
    /// The name.
    pub context: String,
    /// How it is now, or why it does not answer.
    pub state: Result<ClusterState, Failure>,
}

/// One cluster as it is now.
pub struct ClusterState {
    /// The secrets that hold the robot or its bridge.
    pub holders: SecretsWithRobot,
    /// Namespaces that were named and do not exist here.
    pub missing: Vec<String>,
    /// Namespaces of those where the user may not patch secrets.
    pub unwritable: Vec<String>,
    /// What kind of OpenShift it is, and its node pools; asked only with `--global`.
    pub nodes: Option<Nodes>,
}

/// The nodes of an OpenShift cluster.
pub struct Nodes {
    /// Where its control plane is.
    pub topology: Topology,
    /// Its pools, or why they are not known; `None` where it has none.
    pub pools: Result<Option<Pools>, Failure>,
}

/// Looks at Quay and at every cluster, side by side.
///
/// # Errors
/// When Quay does not tell about the robot; a cluster that does not answer is part of the
/// result.
pub async fn observe<'a>(
    task: &Task<'_>,
    clusters: &'a Seen<Cluster>,
    scope: &NamespaceArgs,
    books: &mut Books,
) -> Result<(Observed, Vec<Member<'a>>), Failure> {
    let Task {
        session,
        robot,
        options,
        ..
    } = task;
    let quay = &session.quay;
    let failed = |object: String| move |error: ApiError| error.failure(object, &session.endpoint);
    let object = || format!("robot `{robot}`");
    let bridge = bridge_name(robot)
        .ok_or_else(|| Failure::new(format!("`{robot}` is too long for a bridge's name")))?;
    let (names, by) = join(
        names(&session.registry, &session.endpoint),
        quay.check_token(),
    )
    .await;
    let by = by.map_err(failed(object()))?;
    // What it calls itself tells where else its robots may stand; it is remembered from above.
    let told = session.registry.server_config().await;
    told.map_err(failed("the registry's own name".to_owned()))?;
    let since = quay.now() - SignedDuration::from_hours(24 * USAGE_DAYS);
    let (found, roster, pulls) = futures::join!(
        quay.robot(robot),
        quay.roster(robot.namespace()),
        quay.pulls(robot, since),
    );
    let roster = match roster {
        Err(ApiError::MissingScope { .. }) => return Err(lacking(task).await),
        roster => roster.map_err(failed("the robots".to_owned()))?,
    };
    let (markers, at) = (RunMarker::of(robot, roster.robots()), quay.now());
    let standing = match roster.find(&bridge) {
        Some(standing) => BridgeMark::parse(&standing.description)
            .map_or(StandingBridge::Foreign, StandingBridge::Ours),
        None => StandingBridge::None,
    };
    let accounts = match standing {
        StandingBridge::Foreign => vec![robot.clone()],
        StandingBridge::None | StandingBridge::Ours(_) => vec![robot.clone(), bridge.clone()],
    };
    let mut subject = RobotAndBridge {
        robot: robot.clone(),
        bridge,
        names,
        claim: Claim {
            robot: (session.endpoint.registry.clone(), robot.clone()),
            accounts,
            tokens: found.iter().map(|found| found.token.clone()).collect(),
            trust: Trust {
                places: books.memory.known(),
                replacing: books.memory.replacing(),
                adopted: Adopted::Nothing,
            },
        },
    };
    if matches!(standing, StandingBridge::Ours(_)) {
        let bridge = quay.robot(&subject.bridge).await;
        subject.claim.know(&bridge.map_err(failed(object()))?.token);
    }
    let (rights, observed) = join(
        rights(task, &roster),
        observe_clusters(clusters, scope, options, &subject),
    )
    .await;
    let found = match (found, &standing) {
        (Err(ApiError::NotFound), StandingBridge::Ours(_)) => {
            return Err(lost(&subject));
        }
        (found, _) => found.map_err(failed(object()))?,
    };
    let rights = rights?;
    let (clusters, members) = observed?;
    for state in clusters
        .iter()
        .filter_map(|cluster| cluster.state.as_ref().ok())
    {
        let holders = &state.holders;
        let secrets = holders.inside.iter().chain(&holders.global);
        for secret in secrets.chain(&holders.not_agreed) {
            subject.note_held(secret, &mut books.memory);
        }
    }
    let registry = &session.endpoint.registry;
    let mut records = books.ledger.of(registry, robot).await?;
    let runs = records.iter().flat_map(Record::runs);
    let observed = Observed {
        known_runs: runs.map(str::to_owned).collect(),
        markers,
        at,
        by,
        is_bridge: BridgeMark::parse(&found.description).is_some(),
        token: found.token,
        rights,
        bridge: standing,
        clusters,
        consumers: pulls
            .map(|pulls: Vec<Pull>| consumers(&pulls))
            .map_err(|error| error.to_string()),
        record: records.pop(),
        subject,
    };
    Ok((observed, members))
}

/// What the robot may do. In place its roles are only tried, so a token that may not read them
/// is enough; a bridge is given the same.
async fn rights(task: &Task<'_>, roster: &Roster) -> Result<Rights, Failure> {
    let (robot, quay) = (&task.robot, &task.session.quay);
    let copies = task.options.strategy == Strategy::Bridge;
    match quay.rights_in(roster, &[robot], Vec::new()).await {
        Ok(mut rights) => {
            let rights = rights.pop().unwrap_or_default();
            // No role was there to read, and so nothing tells yet that roles may be given.
            if copies && rights.repositories().is_empty() {
                check_scopes(task).await?;
            }
            Ok(rights)
        }
        Err(ApiError::MissingScope { .. }) if copies => Err(lacking(task).await),
        Err(ApiError::MissingScope { .. }) => Ok(Rights::default()),
        // Said by the robot itself.
        Err(ApiError::NotFound) => Ok(Rights::default()),
        Err(error) => {
            let object = format!("the rights of `{robot}`");
            Err(error.failure(object, &task.session.endpoint))
        }
    }
}

/// The failure that names every scope that the token lacks.
async fn lacking(task: &Task<'_>) -> Failure {
    match check_scopes(task).await {
        Err(failure) => failure,
        Ok(()) => {
            let error = ApiError::MissingScope {
                needs: "org:admin repo:admin",
            };
            error.failure(format!("robot `{}`", task.robot), &task.session.endpoint)
        }
    }
}

async fn check_scopes(task: &Task<'_>) -> Result<(), Failure> {
    let session = task.session;
    let copies = task.options.strategy == Strategy::Bridge;
    let scopes = session.quay.missing_for_rotation(&task.robot, copies).await;
    let scopes = scopes.map_err(|error| error.failure("the API token", &session.endpoint))?;
    match scopes.is_empty() {
        true => Ok(()),
        false => Err(missing(&scopes, session)),
    }
}

/// Somebody deleted the robot while its bridge carries its pulls.
fn lost(subject: &RobotAndBridge) -> Failure {
    let RobotAndBridge { robot, bridge, .. } = subject;
    Failure::new(format!(
        "somebody deleted robot {robot} during its rotation; secrets hold its bridge {bridge}"
    ))
    .next(
        hint::robot("create")
            .arg(robot)
            .say(" with its roles, then run the same command again"),
    )
}

fn missing(scopes: &[&str], session: &Session) -> Failure {
    let registry = &session.endpoint.registry;
    Failure::new(format!(
        "the API token for {registry} lacks scopes that a rotation needs: {}",
        scopes.join(", ")
    ))
    .next(
        Hint::from(
            "create a token with these scopes (Organization, Applications, Generate \
                    Token), then ",
        )
        .run(hint::robot("login --registry").arg(registry)),
    )
}

async fn observe_clusters<'a>(
    clusters: &'a Seen<Cluster>,
    scope: &NamespaceArgs,
    options: &Options,
    subject: &RobotAndBridge,
) -> Result<(Vec<ObservedCluster>, Vec<Member<'a>>), Failure> {
    let states = clusters.reached.iter().map(|cluster| async move {
        let state = observe_cluster(cluster, scope, options, subject).await;
        (cluster.context().to_owned(), state)
    });
    let (mut observed, mut members) = (Vec::new(), Vec::new());
    for (context, state) in join_all(states).await {
        if let Err(failure) = &state
            && failure.kind() == FailureKind::Usage
        {
            return Err(failure.clone());
        }
        let state = state.map(|(member, state)| {
            members.push(member);
            state
        });
        observed.push(ObservedCluster { context, state });
    }
    observed.extend(clusters.failed.iter().map(ObservedCluster::unconnected));
    Ok((observed, members))
}

async fn observe_cluster<'a>(
    cluster: &'a Cluster,
    scope: &NamespaceArgs,
    options: &Options,
    subject: &RobotAndBridge,
) -> Result<(Member<'a>, ClusterState), Failure> {
    let mut member = Member::of(cluster, scope, options.scope_is_complete).await?;
    let holders = member.holders(subject).await?;
    let missing = member.missing_namespaces(&scope.namespaces).await?;
    let namespaces: BTreeSet<String> = holders
        .inside
        .iter()
        .chain(&holders.global)
        .map(|secret| secret.namespace.clone())
        .collect();
    let unwritable = denied(cluster, "patch", "secrets", &namespaces)
        .await
        .map_err(|error| {
            error.into_failure(cluster.context(), "ask for the right to patch secrets")
        })?;
    let nodes = match options.global {
        true => Some(Nodes {
            topology: topology(cluster).await?,
            pools: Pools::observe(cluster).await,
        }),
        false => None,
    };
    member.holds_global = !holders.global.is_empty();
    let pools = nodes.as_ref().map(|nodes| &nodes.pools);
    member.has_pools = matches!(pools, Some(Ok(Some(_))));
    let state = ClusterState {
        holders,
        missing,
        unwritable,
        nodes,
    };
    Ok((member, state))
}

impl ObservedCluster {
    /// A context that leads nowhere, or whose credential plugin fails, is a cluster that does
    /// not answer.
    fn unconnected(unseen: &Unseen) -> Self {
        let failure = Failure::unreachable(unseen.failure.message());
        let failure = match unseen.failure.next_step() {
            Some(next) => failure.next(next.clone()),
            None => failure,
        };
        Self {
            context: unseen.context.clone(),
            state: Err(failure),
        }
    }
}

impl Observed {
    /// The fingerprint of the robot's token.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.token)
    }

    /// The marker of another run that is alive, for all that can be told.
    pub fn other_run(&self) -> Option<&RunMarker> {
        let mut markers = self.markers.iter();
        markers.find(|it| it.is_fresh(self.at) && !self.known_runs.contains(&it.run.id))
    }

    /// The clusters that answered.
    pub fn reached(&self) -> impl Iterator<Item = &ClusterState> {
        self.clusters
            .iter()
            .filter_map(|cluster| cluster.state.as_ref().ok())
    }
}
