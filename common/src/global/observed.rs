//! The global pull secret of one cluster as it is now.

use super::release::Release;
use super::topology::{Topology, forbidden_or, topology};
use crate::Failure;
use crate::cluster::{Cluster, path_of};
use crate::dockerconfig::{Document, DocumentError};
use crate::hint::{self, Hint};
use crate::kubelet::Format;
use crate::labels::LAST_APPLIED;
use crate::node_secrets::{GLOBAL_PULL_SECRET, SecretName};
use crate::pullsecret::{Owner, PullSecret};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretSlice};

/// The secret of one cluster, and what decides how it may be written.
#[derive(Debug)]
pub struct Observed {
    /// Where the control plane is.
    pub topology: Topology,
    /// Which release it runs, where somebody looked.
    pub release: Release,
    /// The secret that is written.
    pub name: SecretName,
    /// What is there; nothing where a hosted cluster has no additional secret yet.
    pub current: Option<Current>,
    /// On a hosted control plane: what its owner gave it, and what wins for every key.
    pub original: Option<Document>,
}

/// An existing secret.
#[derive(Debug)]
pub struct Current {
    /// The secret, read.
    pub secret: PullSecret,
    /// It carries a copy of an earlier content in an annotation.
    pub(super) has_last_applied: bool,
    /// Who wrote its content, by the names they write under, and when each did last.
    pub(super) writers: Vec<(String, Option<Timestamp>)>,
    content: SecretSlice<u8>,
}

impl Current {
    /// The content as it is, whether it can be read or not.
    pub(super) fn content(&self) -> &[u8] {
        self.content.expose_secret()
    }

    pub(super) fn read(secret: Secret) -> Option<Self> {
        let content = secret
            .data
            .as_ref()
            .and_then(|data| data.get(Format::DockerConfigJson.data_key()))
            .map(|content| content.0.clone())
            .unwrap_or_default();
        let annotations = secret.metadata.annotations.as_ref();
        let has_last_applied =
            annotations.is_some_and(|annotations| annotations.contains_key(LAST_APPLIED));
        let writers = Owner::writers(&secret.metadata);
        let secret = PullSecret::read(secret)?;
        (secret.format == Format::DockerConfigJson).then(|| Self {
            secret,
            has_last_applied,
            writers,
            content: SecretSlice::from(content),
        })
    }
}

impl Observed {
    /// The content, where there is one that can be read.
    pub fn document(&self) -> Option<&Document> {
        self.current.as_ref()?.secret.document.as_ref().ok()
    }

    /// Every content that counts on the nodes, and whose it is: on a hosted control plane what
    /// its owner gave it stands first.
    pub fn documents(&self) -> impl Iterator<Item = (SecretName, &Document)> {
        let written = self.document().map(|document| (self.name, document));
        self.originals().chain(written)
    }

    /// The same, once `written` is in the secret.
    pub(super) fn documents_with<'a>(
        &'a self,
        written: &'a Document,
    ) -> impl Iterator<Item = (SecretName, &'a Document)> {
        self.originals().chain([(self.name, written)])
    }

    fn originals(&self) -> impl Iterator<Item = (SecretName, &Document)> {
        let original = self.original.iter();
        original.map(|document| (GLOBAL_PULL_SECRET, document))
    }

    /// Why the content cannot be read, where that is so.
    pub fn unreadable(&self) -> Option<&DocumentError> {
        self.current.as_ref()?.secret.document.as_ref().err()
    }
}

/// Reads the secret that users of this cluster write.
///
/// # Errors
/// The cluster is not OpenShift, the secret is of another type, or a right is missing.
pub async fn observe(cluster: &Cluster) -> Result<Observed, Failure> {
    let topology = topology(cluster).await?;
    if topology == Topology::NotOpenShift {
        return Err(not_openshift(cluster));
    }
    let name = topology.secret();
    let current = get(cluster, name).await?;
    let original = match topology {
        Topology::HostedControlPlane => get(cluster, GLOBAL_PULL_SECRET)
            .await?
            .and_then(|original| original.secret.document.ok()),
        _ => None,
    };
    Ok(Observed {
        topology,
        release: Release::default(),
        name,
        current,
        original,
    })
}

fn not_openshift(cluster: &Cluster) -> Failure {
    let context = cluster.context();
    Failure::new(format!(
        "context {context} does not lead to an OpenShift cluster: {GLOBAL_PULL_SECRET} does not \
         exist"
    ))
    .next(
        Hint::from("for the pull secrets of namespaces: ")
            .run(hint::pullsecret("sync -A").at(context)),
    )
}

/// `None` where there is no such secret.
pub(super) async fn get(cluster: &Cluster, name: SecretName) -> Result<Option<Current>, Failure> {
    let path = path_of::<Secret>(name.namespace, name.name);
    let secret: Secret = match cluster.get(&path).await {
        Ok(secret) => secret,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(forbidden_or(error, cluster, name, "get")),
    };
    let found = secret.type_.clone().unwrap_or_default();
    Current::read(secret).map(Some).ok_or_else(|| {
        let wanted = Format::DockerConfigJson.secret_type();
        Failure::new(format!(
            "{name} (context {}) has the type `{found}` instead of `{wanted}`",
            cluster.context()
        ))
        .next(
            hint::get(name.namespace, "secret")
                .arg(name.name)
                .at(cluster.context()),
        )
    })
}
