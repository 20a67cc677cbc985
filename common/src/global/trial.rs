//! Entries, tried at their registries before they go to every node.

use super::protected::TELEMETRY;
use super::site::site;
use super::view::SecretView;
use crate::Failure;
use crate::dockerconfig::{Document, registry_of_key};
use crate::failure::FailureKind;
use crate::hint::{Command, Hint};
use crate::names::RegistryHost;
use crate::registry::{OtherRegistries, Probe, SiteTrust};
use futures::future::join_all;

/// Why an entry is not known to be good.
enum Trouble {
    Refused {
        registry: RegistryHost,
        reason: String,
    },
    NoAnswer {
        registry: RegistryHost,
        failure: Failure,
    },
}

/// The registries as they are trusted in all of these clusters, to which the entries go.
pub async fn registries_of(
    clusters: &[SecretView<'_>],
    others: &OtherRegistries,
) -> OtherRegistries {
    let sites = clusters.iter().map(async |view| site(view.cluster).await);
    let mut trust = SiteTrust::default();
    for site in join_all(sites).await {
        trust.add(&site.trust);
    }
    others.trusting(trust)
}

/// Asks each registry whether it accepts its entry. `unchecked` is the command that writes
/// without asking.
///
/// # Errors
/// A registry refuses its entry, or gives no answer.
pub async fn try_entries(
    document: &Document,
    registries: &OtherRegistries,
    unchecked: Command,
) -> Result<(), Failure> {
    let entries = document.entries().filter_map(|(key, read)| {
        let registry = registry_of_key(key).filter(|host| host.as_str() != TELEMETRY)?;
        Some((registry, read.ok()?))
    });
    let tried = entries.map(async |(registry, held)| {
        let probed = match registries.at(&registry) {
            Ok(found) => found.probe(&held.username, &held.password, &[]).await,
            Err(failure) => Err(failure),
        };
        match probed {
            Ok(Probe::Accepted { .. }) => None,
            Ok(Probe::Refused { reason }) => Some(Trouble::Refused { registry, reason }),
            Err(failure) => Some(Trouble::NoAnswer { registry, failure }),
        }
    });
    let troubles: Vec<Trouble> = join_all(tried).await.into_iter().flatten().collect();
    match troubles.is_empty() {
        true => Ok(()),
        false => Err(untried(&troubles, unchecked)),
    }
}

fn untried(troubles: &[Trouble], unchecked: Command) -> Failure {
    let texts = troubles.iter().map(|trouble| match trouble {
        Trouble::Refused { registry, reason } => {
            format!("{registry} refuses the credential: {reason}")
        }
        Trouble::NoAnswer { failure, .. } => failure.message().to_owned(),
    });
    let texts: Vec<String> = texts.collect();
    let failure = Failure::new(format!("nothing was written: {}", texts.join("; ")));
    let is_refused = |trouble: &Trouble| matches!(trouble, Trouble::Refused { .. });
    let remedy = match troubles.iter().any(is_refused) {
        // Right after a rotation they may not know the new one yet.
        true => {
            "run the same command again in a few minutes, or write it all the same: ".to_owned()
        }
        false => without_answer(troubles),
    };
    failure.next(Hint::from(remedy).run(unchecked))
}

fn without_answer(troubles: &[Trouble]) -> String {
    let silent = troubles.iter().filter_map(|trouble| match trouble {
        Trouble::NoAnswer { registry, failure } => Some((registry.as_str(), failure.kind())),
        Trouble::Refused { .. } => None,
    });
    let (names, kinds): (Vec<&str>, Vec<FailureKind>) = silent.unzip();
    let remedy = match kinds.contains(&FailureKind::UnknownAuthority) {
        true => "pass the certificate of their authority with --registry-ca FILE".to_owned(),
        false => format!(
            "run the same command on a machine that can reach {}",
            names.join(", ")
        ),
    };
    format!("{remedy}, or write without asking: ")
}
