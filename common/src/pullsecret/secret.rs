//! A pull secret as a cluster holds it now.

use super::owner::{OPENSHIFT, Owner};
use crate::cluster::{Site, path_of};
use crate::dockerconfig::{Document, DocumentError};
use crate::kubelet::Format;
use crate::labels::{BRIDGE, LAST_APPLIED, MANAGED_BY};
use crate::names::RobotName;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use secrecy::{SecretSlice, SecretString};
use std::collections::BTreeSet;

/// A secret of one of the two pull secret types.
#[derive(Debug, Clone)]
pub struct PullSecret {
    pub namespace: String,
    pub name: String,
    /// Its namespace's identity, where that was looked up.
    pub site: Option<Site>,
    /// Its identity: a new secret of the same name has another one.
    pub uid: String,
    /// The version that was read; a write of another version is refused by the server.
    pub resource_version: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Which of the two types.
    pub format: Format,
    /// Its content, or why that cannot be read.
    pub document: Result<Document, DocumentError>,
    /// The content that cannot be read.
    pub(super) unreadable: Option<SecretSlice<u8>>,
    /// `immutable: true`: its data can never change.
    pub immutable: bool,
    /// Who else writes it.
    pub owner: Option<Owner>,
    /// Who wrote its content last, by the name it writes under.
    pub last_writer: Option<String>,
    /// Whether this suite created it.
    pub managed: bool,
    /// The robots that bridges in it stand in for, as rotations noted.
    pub bridged: BTreeSet<RobotName>,
    /// The last-applied-configuration annotation, which holds the credential once more.
    pub(super) last_applied: Option<SecretString>,
}

impl PullSecret {
    /// Reads a secret; `None` if it is of another type.
    pub fn read(secret: Secret) -> Option<Self> {
        let secret_type = secret.type_.as_deref()?;
        let format = Format::of_type(secret_type)?;
        let content = secret
            .data
            .as_ref()
            .and_then(|data| data.get(format.data_key()));
        let document = content
            .ok_or(DocumentError::Missing(format.data_key()))
            .and_then(|content| Document::parse(format, &content.0));
        let unreadable = content.filter(|_| document.is_err());
        let unreadable = unreadable.map(|content| SecretSlice::from(content.0.clone()));
        let metadata = secret.metadata;
        let owner = Owner::of(&metadata);
        let last_writer = Owner::last_writer(&metadata);
        let managed = metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get(MANAGED_BY.0))
            .is_some_and(|value| value == MANAGED_BY.1);
        let mut annotations = metadata.annotations.unwrap_or_default();
        let last_applied = annotations.remove(LAST_APPLIED).map(SecretString::from);
        let bridged = annotations.remove(BRIDGE);
        Some(Self {
            namespace: metadata.namespace?,
            name: metadata.name?,
            site: None,
            uid: metadata.uid.unwrap_or_default(),
            resource_version: metadata.resource_version.unwrap_or_default(),
            created: metadata.creation_timestamp.map(|time| time.0),
            format,
            document,
            unreadable,
            immutable: secret.immutable == Some(true),
            owner,
            last_writer,
            managed,
            bridged: bridged
                .iter()
                .flat_map(|names| names.split(','))
                .filter_map(|name| name.parse().ok())
                .collect(),
            last_applied,
        })
    }

    /// Its content as it stands there; `None` where there is none.
    pub fn content(&self) -> Option<SecretSlice<u8>> {
        match &self.document {
            Ok(document) => Some(document.to_json()),
            Err(_) => self.unreadable.clone(),
        }
    }

    /// Whether OpenShift generates it, for its internal registry.
    pub fn is_generated(&self) -> bool {
        let mut owner = self.owner.iter();
        owner.any(|owner| owner.tool == OPENSHIFT)
    }

    /// The path of the secret on its API server.
    pub fn path(&self) -> String {
        path_of::<Secret>(&self.namespace, &self.name)
    }
}
