//! Entries, tried at their registries before they go to every node.

use super::changes::PlannedChanges;
use super::protected::TELEMETRY;
use super::site::site;
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

impl PlannedChanges<'_> {
    /// Asks each registry, as the clusters to which the entries go trust it, whether it accepts its
    /// entry; nobody, if nothing is to be written. `unchecked` is the command that writes without
    /// asking.
    ///
    /// # Errors
    /// A registry refuses its entry, or gives no answer.
    pub async fn try_entries(
        &self,
        given: &Document,
        others: &OtherRegistries,
        unchecked: Command,
    ) -> Result<(), Failure> {
        if !self.has_writes() {
            return Ok(());
        }
        let mut trust = SiteTrust::default();
        for site in join_all(self.clusters().map(site)).await {
            trust.add(&site.trust);
        }
        try_at(given, &others.trusting(trust), unchecked).await
    }
}

async fn try_at(
    given: &Document,
    registries: &OtherRegistries,
    unchecked: Command,
) -> Result<(), Failure> {
    let entries = given.entries().filter_map(|(key, read)| {
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
