//! One cluster of a rotation, and the secrets in it that hold its robot.

use crate::Failure;
use crate::cluster::{Cluster, NamespaceArgs, NamespaceSelection, Scoped};
use crate::dockerconfig::{Credential, RegistryNames, UnclearOwner, belongs_to};
use crate::ledger::Strategy;
use crate::names::RobotName;
use crate::node_secrets;
use crate::pullsecret::{PullSecret, Swap, observe};
use globset::GlobSet;
use secrecy::{ExposeSecret, SecretString};

/// The robot of a rotation, and where its credentials count.
#[derive(Debug, Clone)]
pub struct RobotAndBridge {
    /// The robot.
    pub robot: RobotName,
    /// The robot that stands in for it meanwhile.
    pub bridge: RobotName,
    /// Whose entries are written: both, unless somebody else has a robot of the bridge's name.
    pub accounts: Vec<RobotName>,
    /// The hosts that the registry's `auths` keys may have, and what it claims beyond them.
    pub names: RegistryNames,
    /// Every token of the two that this run has seen.
    pub tokens: Vec<SecretString>,
}

impl RobotAndBridge {
    /// Whose credential every secret gets first.
    pub fn first_account(&self, strategy: Strategy) -> &RobotName {
        match strategy {
            Strategy::Bridge => &self.bridge,
            Strategy::InPlace => &self.robot,
        }
    }

    /// Whether the account is one whose entries are written.
    pub fn is_ours(&self, account: &str) -> bool {
        self.accounts.iter().any(|robot| robot.as_str() == account)
    }

    /// Whether the secret holds a robot of the bridge's name that no rotation wrote into it.
    pub fn holds_a_stranger(&self, secret: &PullSecret) -> bool {
        let noted = secret.bridged.contains(&self.robot);
        let bridge = self.bridge.as_str();
        !noted
            && self.is_ours(bridge)
            && self
                .entries(secret)
                .any(|(_, found)| found.username == bridge)
    }

    /// Whether the secret holds the robot or its bridge, or a token of theirs in any other way.
    /// A mere name in what cannot be read is no reason: anybody can write a name.
    pub fn concerns(&self, secret: &PullSecret) -> bool {
        let mut entries = self.entries(secret);
        entries.any(|(_, found)| self.is_ours(&found.username))
            || secret.hides_any(&self.tokens, &self.names.hosts)
    }

    /// A write that brings every entry of the two to `to`, after which no other of their
    /// tokens may be left.
    pub fn swap(&self, to: Credential) -> Swap {
        let is_bridge = to.username == self.bridge.as_str();
        let others = self.tokens.iter();
        let dying = others.filter(|token| token.expose_secret() != to.password.expose_secret());
        Swap {
            hosts: self.names.hosts.clone(),
            from: self.accounts.clone(),
            dying: dying.cloned().collect(),
            stands_in_for: is_bridge.then(|| self.robot.clone()),
            to,
        }
    }

    /// Keeps a token in mind.
    pub fn know(&mut self, token: &SecretString) {
        let is_new = |known: &SecretString| known.expose_secret() != token.expose_secret();
        if self.tokens.iter().all(is_new) {
            self.tokens.push(token.clone());
        }
    }

    /// An entry's key at a name that the registry claims and nobody agreed to, where the entry
    /// is of the robot's or its bridge's name.
    pub fn not_agreed<'a>(&self, secret: &'a PullSecret) -> Option<(&'a str, UnclearOwner)> {
        let document = secret.document.as_ref().ok()?;
        let mut entries = document.entries();
        entries.find_map(|(key, read)| {
            let claim = self.names.claim(key)?;
            self.is_ours(&read.ok()?.username).then_some((key, claim))
        })
    }

    /// The secret's readable entries at this registry.
    pub fn entries<'a>(
        &'a self,
        secret: &'a PullSecret,
    ) -> impl Iterator<Item = (&'a str, Credential)> {
        let document = secret.document.as_ref().ok();
        document
            .into_iter()
            .flat_map(|document| document.entries())
            .filter(|(key, _)| belongs_to(key, &self.names.hosts))
            .filter_map(|(key, read)| Some((key, read.ok()?)))
    }
}

/// One cluster, and which of its namespaces the rotation covers.
pub struct Member<'a> {
    /// The cluster and its namespaces.
    pub scoped: Scoped<'a>,
    /// Whether the rest of the cluster is looked at too.
    looks_beyond: bool,
    /// Whether its nodes pull with the robot, as it was observed.
    pub holds_global: bool,
    /// Whether its node pools tell when they have a new secret, as it was observed.
    pub has_pools: bool,
}

/// The secrets of one cluster that hold the robot or its bridge, by namespace and name.
#[derive(Debug, Default)]
pub struct SecretsWithRobot {
    /// The context of the cluster.
    pub context: String,
    /// In the chosen namespaces.
    pub inside: Vec<PullSecret>,
    /// In others.
    pub outside: Vec<PullSecret>,
    /// Secrets that nodes pull with, on OpenShift.
    pub global: Vec<PullSecret>,
    /// Wherever they are: those that hold it at a name of the registry's that was not agreed
    /// to, and so would keep a credential that dies.
    pub not_agreed: Vec<PullSecret>,
}

impl<'a> Member<'a> {
    /// Resolves the scope; without any namespace flag it is the whole cluster.
    pub async fn of(
        cluster: &'a Cluster,
        scope: &NamespaceArgs,
        scope_is_complete: bool,
    ) -> Result<Self, Failure> {
        let named = !scope.namespaces.is_empty() || scope.namespace_selector.is_some();
        let selection = match named {
            true => scope.resolve(cluster).await?,
            false => NamespaceSelection::All,
        };
        let excluded = scope.excluded()?;
        let looks_beyond = !scope_is_complete && (named || !excluded.is_empty());
        Ok(Self {
            scoped: Scoped {
                cluster,
                selection,
                excluded,
            },
            looks_beyond,
            holds_global: false,
            has_pools: false,
        })
    }

    /// The context's name.
    pub fn context(&self) -> &str {
        self.scoped.cluster.context()
    }

    /// Lists the secrets that hold the robot or its bridge.
    ///
    /// # Errors
    /// When not everything that has to be seen can be: what nobody sees would break.
    pub async fn holders(&self, subject: &RobotAndBridge) -> Result<SecretsWithRobot, Failure> {
        let everything = (NamespaceSelection::All, GlobSet::empty());
        let (selection, excluded) = match self.looks_beyond {
            true => (&everything.0, &everything.1),
            false => (&self.scoped.selection, &self.scoped.excluded),
        };
        let observed = observe(self.scoped.cluster, selection, excluded).await;
        let observed = observed.map_err(|failure| match self.looks_beyond {
            false => failure,
            true => failure.next(
                "ask for the right to list secrets cluster-wide, or state with \
                 --scope-is-complete that the robot is in no other namespace",
            ),
        })?;
        if let Some(failure) = observed.unreadable.into_values().next() {
            return Err(failure);
        }
        let mut holders = SecretsWithRobot {
            context: self.scoped.cluster.context().to_owned(),
            ..SecretsWithRobot::default()
        };
        for secret in observed.secrets {
            if node_secrets::is_derived(&secret.namespace, &secret.name) {
                continue;
            }
            if subject.not_agreed(&secret).is_some() {
                holders.not_agreed.push(secret.clone());
            }
            if !subject.concerns(&secret) {
                continue;
            }
            let place = if node_secrets::is_global(&secret.namespace, &secret.name) {
                &mut holders.global
            } else if self.scoped.covers(&secret.namespace) {
                &mut holders.inside
            } else {
                &mut holders.outside
            };
            place.push(secret);
        }
        Ok(holders)
    }

    /// Those of the named namespaces that do not exist; where the user may not ask, a
    /// namespace counts as existing.
    pub async fn missing_namespaces(&self, named: &[String]) -> Result<Vec<String>, Failure> {
        let named = named.iter().cloned().collect();
        let missing = self.scoped.missing(named).await?;
        Ok(missing.into_iter().collect())
    }
}
