//! Which registries have to be asked, and about what.

use super::case::Case;
use super::heard::Heard;
use crate::kubelet::{Attempt, ImageReference, Keyring};
use crate::names::RegistryHost;
use crate::pullsecret::KnownRegistry;
use crate::registry::{OtherRegistries, Registry};
use std::collections::{BTreeMap, BTreeSet};

/// Questions to one registry at once. It limits requests for each credential, not in all.
pub(super) const AT_ONCE: usize = 8;

/// Registries at once, so that slow ones keep nobody else waiting.
pub(super) const REGISTRIES_AT_ONCE: usize = 32;

/// An image that a pod pulls.
pub(super) struct Wanted {
    pub(super) image: ImageReference,
    /// Whether its kubelet cannot pull it now.
    pub(super) fails: bool,
}

/// Every pull that a kubelet may try for these pods, and for new ones in their place: with each
/// entry that matches, and without one.
pub(super) fn for_each_pull(cases: &[&Case], mut found: impl FnMut(&Wanted, Option<&Attempt>)) {
    for case in cases {
        let images = wanted(case);
        let later = Some(case.later()).filter(|names| !names.is_empty());
        let own: Vec<Vec<&str>> = [case.used()].into_iter().chain(later).collect();
        let own = own.iter().filter_map(|names| case.keyring(names).1.ok());
        let own: Vec<Keyring> = own.collect();
        let global = case.global_keyring();
        let global = global.and_then(|(_, keyring)| keyring.ok());
        for keyring in own.iter().chain(&global) {
            for image in &images {
                let tried = keyring.lookup(&image.image);
                tried.iter().for_each(|attempt| found(image, Some(attempt)));
            }
        }
        for image in &images {
            let mut own = own.iter();
            if own.any(|keyring| keyring.lookup(&image.image).is_empty()) {
                found(image, None);
            }
        }
    }
}

/// The images of a pod, each once.
fn wanted(case: &Case) -> Vec<Wanted> {
    let mut images: BTreeMap<ImageReference, bool> = BTreeMap::new();
    for container in &case.subject.containers {
        if let Ok(image) = container.image.parse() {
            *images.entry(image).or_default() |= matches!(container.heard, Heard::Failed { .. });
        }
    }
    let images = images.into_iter();
    images
        .map(|(image, fails)| Wanted { image, fails })
        .collect()
}

/// The questions, those to one registry together.
pub(super) fn by_registry<'a, Q>(
    questions: impl Iterator<Item = Q>,
    registry: impl Fn(&Q) -> &'a RegistryHost,
) -> Vec<(&'a RegistryHost, Vec<Q>)> {
    let mut all: BTreeMap<&RegistryHost, Vec<Q>> = BTreeMap::new();
    for question in questions {
        all.entry(registry(&question)).or_default().push(question);
    }
    all.into_iter().collect()
}

/// The connections to these registries.
pub(super) fn connect(
    hosts: &BTreeSet<&RegistryHost>,
    logins: &[KnownRegistry<'_>],
    others: &OtherRegistries,
) -> BTreeMap<RegistryHost, Result<Registry, String>> {
    let of = |host: &RegistryHost| {
        let login = login_at(logins, host);
        match login {
            Some(login) => Ok(login.session.registry.asked_until_silent()),
            None => others
                .at(host)
                .map_err(|failure| failure.message().to_owned()),
        }
    };
    hosts.iter().map(|&host| (host.clone(), of(host))).collect()
}

pub(super) fn login_at<'a, 'b>(
    logins: &'a [KnownRegistry<'b>],
    host: &RegistryHost,
) -> Option<&'a KnownRegistry<'b>> {
    logins
        .iter()
        .find(|login| login.session.endpoint.registry == *host)
}
