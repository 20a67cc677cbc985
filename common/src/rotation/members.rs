//! One cluster of a rotation, and the secrets in it that hold its robot.

use crate::Failure;
use crate::cluster::{Cluster, NamespaceArgs, NamespaceSelection, Scoped, Site};
use crate::dockerconfig::{Credential, Document, RegistryNames, UnclearOwner, belongs_to};
use crate::fingerprint::Fingerprint;
use crate::ledger::{Memory, Strategy};
use crate::names::RobotName;
use crate::node_secrets;
use crate::pullsecret::{Claim, PullSecret, Swap, observe};
use globset::GlobSet;
use std::collections::BTreeMap;

/// The robot of a rotation, and where its credentials count.
#[derive(Debug, Clone)]
pub struct RobotAndBridge {
    pub robot: RobotName,
    /// The robot that stands in for it meanwhile.
    pub bridge: RobotName,
    /// The hosts that the registry's `auths` keys may have, and what it claims beyond them.
    pub names: RegistryNames,
    /// Whose entries are written, and why: both accounts', unless somebody else has a robot of the
    /// bridge's name.
    pub claim: Claim,
}

impl RobotAndBridge {
    /// Whose credential every secret gets first.
    pub fn first_account(&self, strategy: Strategy) -> &RobotName {
        match strategy {
            Strategy::Bridge => &self.bridge,
            Strategy::InPlace => &self.robot,
        }
    }

    /// Whether the secret holds the robot or its bridge, or a token of theirs in any other way.
    pub fn concerns(&self, secret: &PullSecret) -> bool {
        let mut entries = self.entries(secret);
        entries.any(|(key, found)| self.claim.is_proven(secret, key, &found))
            || secret.hides_any(self.claim.tokens.iter(), &self.names.hosts)
    }

    /// The entries that name the robot or its bridge and have no claim to a token.
    fn unproven<'a>(
        &'a self,
        secret: &'a PullSecret,
    ) -> impl Iterator<Item = (&'a str, Credential)> {
        self.entries(secret).filter(|(key, found)| {
            self.claim.names(&found.username) && !self.claim.is_proven(secret, key, found)
        })
    }

    /// A write that brings every entry of the two to `to`, after which no other of their
    /// tokens may be left.
    pub fn swap(&self, to: Credential) -> Swap {
        let is_bridge = to.username == self.bridge.as_str();
        Swap {
            hosts: self.names.hosts.clone(),
            claim: self.claim.clone(),
            stands_in_for: is_bridge.then(|| self.robot.clone()),
            to,
        }
    }

    /// Notes which entries of a secret hold a token of the two that is good now; also those at a
    /// name that nobody agreed to yet.
    pub fn note_held(&self, secret: &PullSecret, memory: &mut Memory) {
        let entries = secret.document.iter().flat_map(Document::entries);
        for (key, read) in entries {
            let Ok(found) = read else { continue };
            let is_here = belongs_to(key, &self.names.hosts) || self.names.claim(key).is_some();
            if is_here
                && self.claim.names(&found.username)
                && self.claim.knows(&found.password)
                && let Some(place) = self.claim.place(secret, key)
            {
                memory.note(&place, &found.password);
            }
        }
    }

    /// An entry's key at a name that the registry claims and nobody agreed to, where the entry
    /// has a claim to a token of the robot.
    pub fn not_agreed<'a>(&self, secret: &'a PullSecret) -> Option<(&'a str, UnclearOwner)> {
        let document = secret.document.as_ref().ok()?;
        let mut entries = document.entries();
        entries.find_map(|(key, read)| {
            let claim = self.names.claim(key)?;
            let found = read.ok()?;
            self.claim
                .is_proven(secret, key, &found)
                .then_some((key, claim))
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
    /// Which namespaces it has, by identity.
    sites: BTreeMap<String, Site>,
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
    /// In the chosen namespaces: entries that name the robot or its bridge, cannot pull now, and
    /// have no claim to the new token.
    pub unproven: Vec<UnprovenEntry>,
}

/// An entry that names a robot and has no claim to its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnprovenEntry {
    pub namespace: String,
    pub secret: String,
    /// The `auths` key.
    pub key: String,
    /// The robot or its bridge.
    pub account: String,
    /// What may be shown of the password.
    pub fingerprint: Fingerprint,
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
        let scoped = Scoped {
            cluster,
            selection,
            excluded,
        };
        Ok(Self {
            sites: scoped.sites().await,
            scoped,
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
                "ask for the right to list secrets cluster-wide, or pass --scope-is-complete if \
                 no other namespace uses the robot",
            ),
        })?;
        if let Some(failure) = observed.unreadable.into_values().next() {
            return Err(failure);
        }
        let mut holders = SecretsWithRobot {
            context: self.scoped.cluster.context().to_owned(),
            ..SecretsWithRobot::default()
        };
        for mut secret in observed.secrets {
            secret.site = self.sites.get(&secret.namespace).cloned();
            if node_secrets::is_derived(&secret.namespace, &secret.name) {
                continue;
            }
            if subject.not_agreed(&secret).is_some() {
                holders.not_agreed.push(secret.clone());
            }
            if self.scoped.covers(&secret.namespace) {
                let entries = subject.unproven(&secret);
                holders
                    .unproven
                    .extend(entries.map(|(key, found)| UnprovenEntry {
                        namespace: secret.namespace.clone(),
                        secret: secret.name.clone(),
                        key: key.to_owned(),
                        fingerprint: found.fingerprint(),
                        account: found.username,
                    }));
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
