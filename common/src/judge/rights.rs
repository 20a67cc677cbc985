//! Asks the registries what each credential may pull: once, however many pods and secrets have
//! it, and without a pull where the registry tells.

use super::answers::{Answers, Asker, Question, RobotFacts, password_of};
use super::ask::pull;
use super::case::Case;
use super::judgement::Answer;
use super::questions::{AT_ONCE, REGISTRIES_AT_ONCE, by_registry, connect, for_each_pull};
use super::robots::ask_quay;
use crate::Failure;
use crate::dockerconfig::RegistryNames;
use crate::names::{RegistryHost, RobotAt};
use crate::progress::Progress;
use crate::pullsecret::KnownRegistry;
use crate::registry::{OtherRegistries, Registry, Rights};
use futures::stream::{self, StreamExt};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};

/// A credential whose rights are asked for, whatever pods pull with it.
#[derive(Debug, Clone)]
pub struct Held {
    /// Who is asked.
    pub asker: Asker,
    pub password: SecretString,
    /// What it should be able to pull.
    pub repositories: BTreeSet<String>,
}

/// What is asked on behalf of one credential, or of nobody.
#[derive(Default)]
struct Asked {
    password: Option<SecretString>,
    repositories: BTreeSet<String>,
    images: BTreeSet<Question>,
    /// Those that a kubelet cannot pull now: of these the tag is asked for too.
    failing: BTreeSet<Question>,
}

/// Asks what these pods' credentials may pull, and those that are `held`. A pull is tried only
/// where a registry does not tell, or a kubelet cannot pull now. `robots` is what is known of
/// robots already; `others` are the registries without a login.
pub async fn ask_rights(
    cases: &[&Case],
    held: Vec<Held>,
    robots: BTreeMap<RobotAt, RobotFacts>,
    logins: &[KnownRegistry<'_>],
    known: &[RegistryNames],
    others: &OtherRegistries,
    progress: &dyn Progress,
) -> Answers {
    let asked = collect(cases, held, known);
    let hosts: BTreeSet<&RegistryHost> = asked.keys().map(|asker| &asker.at).collect();
    let registries = connect(&hosts, logins, others);
    progress.begin("asking the registries", asked.len());
    let mut answers = Answers {
        robots,
        ..Answers::default()
    };
    let told = stream::iter(by_registry(asked.iter(), |(asker, _)| &asker.at))
        .map(|(host, asked)| {
            let registry = registries.get(host);
            let each = stream::iter(asked).map(move |(asker, asked)| async move {
                let told = about(registry, asker, asked).await;
                progress.advance();
                (asker.clone(), told)
            });
            each.buffer_unordered(AT_ONCE).collect::<Vec<_>>()
        })
        .buffer_unordered(REGISTRIES_AT_ONCE);
    for (asker, (rights, pulls)) in told.collect::<Vec<_>>().await.into_iter().flatten() {
        answers.rights.insert(asker, rights);
        answers.pulls.extend(pulls);
    }
    progress.end();
    ask_quay(cases, logins, known, &mut answers).await;
    answers
}

fn collect(cases: &[&Case], held: Vec<Held>, known: &[RegistryNames]) -> BTreeMap<Asker, Asked> {
    let mut all: BTreeMap<Asker, Asked> = BTreeMap::new();
    for_each_pull(cases, |wanted, attempt| {
        let Ok(question) = Question::of(attempt, &wanted.image, known) else {
            return;
        };
        let asked = all.entry(question.asker.clone()).or_default();
        asked.password = attempt.map(password_of);
        asked.repositories.insert(question.repository.clone());
        if wanted.fails {
            asked.failing.insert(question.clone());
        }
        asked.images.insert(question);
    });
    for held in held {
        let asked = all.entry(held.asker).or_default();
        asked.password = Some(held.password);
        asked.repositories.extend(held.repositories);
    }
    all
}

/// What the registry says of one credential, or of nobody.
async fn about(
    registry: Option<&Result<Registry, String>>,
    asker: &Asker,
    asked: &Asked,
) -> (Result<Rights, Failure>, BTreeMap<Question, Answer>) {
    let registry = match registry {
        Some(Ok(registry)) => registry,
        Some(Err(reason)) => return (Err(Failure::new(reason)), BTreeMap::new()),
        None => return (Err(Failure::new("no connection")), BTreeMap::new()),
    };
    let login = asker.who.as_ref().zip(asked.password.as_ref());
    let login = login.map(|((account, _), password)| (account.as_str(), password));
    let repositories: Vec<String> = asked.repositories.iter().cloned().collect();
    let rights = registry.rights(login, &repositories).await;
    let pulls = match &rights {
        Ok(Rights::Untold) => &asked.images,
        Ok(Rights::Pullable(_)) => &asked.failing,
        Ok(Rights::Refused(_)) | Err(_) => return (rights, BTreeMap::new()),
    };
    let pulls = stream::iter(pulls)
        .map(async |question| {
            let answer = pull(registry, question, asked.password.as_ref()).await;
            (question.clone(), answer)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    (rights, pulls)
}
