//! Which credentials the kubelet tries for an image, in which order, and from where.
//!
//! `MakeDockerKeyring` and `BasicDockerKeyring.Lookup` of Kubernetes 1.36
//! (pkg/credentialprovider). What a node has of its own is tried after these.

use super::content::{Content, ContentFault, Fault};
use super::entry::Login;
use super::format::Format;
use super::image::ImageReference;
use super::key::{Key, KeyMatch};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A pull secret as the kubelet gets it from the API server.
#[derive(Debug, Clone, Copy)]
pub struct Secret<'a> {
    pub secret_type: &'a str,
    /// What stands under the data keys of the two types, `.dockerconfigjson` and `.dockercfg`.
    pub data: [Option<&'a [u8]>; 2],
}

/// One credential that is tried.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The secret it is from, by its place in the pod's list.
    pub secret: usize,
    /// Its key as it is written there.
    pub written: String,
    /// The key as the kubelet keeps it. Of several of one key in one secret the order is
    /// random: Go's maps have none.
    pub key: Key,
    /// What the registry is shown.
    pub login: Login,
}

/// The entries of a pod's pull secrets.
#[derive(Debug, Default)]
pub struct Keyring(BTreeMap<Reverse<Key>, Vec<Attempt>>);

/// Why the kubelet does not even try to pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The secret, by its place in the pod's list.
    pub secret: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

impl<'a> Secret<'a> {
    /// The content, if the secret counts: one of another type, under the data key of the
    /// other type, or empty is passed over without a word.
    pub fn content(&self) -> Option<(Format, &'a [u8])> {
        let format = Format::of_type(self.secret_type)?;
        let [json, legacy] = self.data;
        let content = match format {
            Format::DockerConfigJson => json,
            Format::DockerCfg => legacy,
        };
        content
            .filter(|content| !content.is_empty())
            .map(|content| (format, content))
    }
}

impl Keyring {
    /// Reads the secrets of a pod, in the order in which it names them; one that is named
    /// twice counts twice.
    ///
    /// # Errors
    /// One broken entry, also of another registry, and the kubelet pulls nothing for the pod.
    pub fn of(secrets: &[Secret<'_>]) -> Result<Self, Refused> {
        let mut keyring = Self::default();
        for (secret, content) in secrets.iter().enumerate() {
            let Some((format, content)) = content.content() else {
                continue;
            };
            let refused = |fault| Refused { secret, fault };
            let of_content = |fault: ContentFault| refused(Fault::Content(fault));
            let content = Content::parse(format, content).map_err(of_content)?;
            if let Some(fault) = content.fault() {
                return Err(refused(fault));
            }
            keyring.add(secret, &content);
        }
        Ok(keyring)
    }

    /// The entries of one secret on its own.
    ///
    /// # Errors
    /// The kubelet would refuse a pod that names it.
    pub(crate) fn of_one(content: &Content) -> Result<Self, Fault> {
        let mut keyring = Self::default();
        match content.fault() {
            Some(fault) => Err(fault),
            None => {
                keyring.add(0, content);
                Ok(keyring)
            }
        }
    }

    fn add(&mut self, secret: usize, content: &Content) {
        for entry in content.entries() {
            let (Some(key), Ok(login)) = (Key::of(&entry.key), entry.login.clone()) else {
                continue;
            };
            let attempts = self.0.entry(Reverse(key.clone())).or_default();
            let written = entry.key.clone();
            attempts.push(Attempt {
                secret,
                written,
                key,
                login,
            });
        }
    }

    /// Every entry, in the order of its keys, whatever image it is for.
    pub fn entries(&self) -> impl Iterator<Item = &Attempt> {
        self.0.values().flatten()
    }

    /// What is tried for the image, one after the other until the registry lets it pull.
    /// Nothing: one pull without a credential.
    pub fn lookup(&self, image: &ImageReference) -> Vec<&Attempt> {
        let keys = self.0.iter();
        let matching = keys.filter(|(Reverse(key), _)| key.matches(image) == KeyMatch::Yes);
        let found: Vec<&Attempt> = matching.flat_map(|(_, attempts)| attempts).collect();
        if !found.is_empty() || !may_be_docker_hubs(image) {
            return found;
        }
        let hub = self.0.iter().find(|(Reverse(key), _)| key.is_docker_hub());
        hub.into_iter().flat_map(|(_, attempts)| attempts).collect()
    }
}

/// `isDefaultRegistryMatch`: also a registry without a dot and a port, like `localhost`.
fn may_be_docker_hubs(image: &ImageReference) -> bool {
    image.registry() == "docker.io" || !image.registry().contains(['.', ':'])
}
