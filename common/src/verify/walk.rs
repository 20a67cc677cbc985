//! The whole walk: observe, ask, judge.

use super::credentials::{Known, judge_credential};
use super::held::{HeldCredential, facts, held, questions};
use super::images::{EntryPlace, judge_all};
use super::notes::notes;
use super::observe::{PodCase, look};
use super::report::Proofs;
use super::unusable::{broken, useless};
use crate::cluster::Seen;
use crate::dockerconfig::RegistryNames;
use crate::judge::{Case, ImageJudgement, ask_rights};
use crate::kubelet::asked_for;
use crate::names::RobotName;
use crate::progress::Progress;
use crate::pullsecret::{ClusterView, CurrentTokens, KnownRegistry, secrets, unseen_or_missing};
use crate::quay::bridge_name;
use crate::registry::OtherRegistries;
use futures::future::{join, join_all};

/// What is asked for.
pub struct Request<'a> {
    /// Only this robot.
    pub robot: Option<&'a RobotName>,
    /// Only secrets of this name.
    pub secret: Option<&'a str>,
    /// Whether what is not known of registries without a login is no problem.
    pub allow_unknown: bool,
}

impl Request<'_> {
    /// Whether the image is pulled, or was meant to be, with what is asked for.
    fn counts(&self, pods: &PodCase, image: &ImageJudgement) -> bool {
        let named = self.secret.is_none_or(|secret| {
            let case = &pods.case;
            let mut names = asked_for(&case.subject.listed);
            names.any(|name| name == secret)
        });
        let robots = self.robot.map(|robot| (robot.as_str(), bridge_name(robot)));
        let held = robots.is_none_or(|(robot, bridge)| {
            let bridge = bridge.as_ref().map(RobotName::as_str);
            let mut entries = image.entries.iter();
            entries.any(|entry| entry.account == robot || Some(entry.account.as_str()) == bridge)
        });
        named && held
    }

    /// What was asked for by name and is nowhere in scope.
    fn missing(&self, seen: &Seen<ClusterView<'_>>, held: &[HeldCredential<'_>]) -> Option<String> {
        let is_there = match (self.robot, self.secret) {
            (None, None) => true,
            (Some(_), _) => !held.is_empty(),
            (None, Some(name)) => secrets(seen).iter().any(|secret| secret.name == name),
        };
        if is_there {
            return None;
        }
        let secret = self.secret.map(|name| format!("is named `{name}`"));
        let robot = self.robot.map(|robot| format!("holds {robot}"));
        let words: Vec<String> = secret.into_iter().chain(robot).collect();
        Some(format!(
            "No pull secret in the chosen namespaces {}.",
            words.join(" and ")
        ))
    }
}

/// Verifies what is in scope. `wanted` is what Quay says of the robots that secrets hold; `others`
/// are the registries without a login.
pub async fn verify(
    seen: &Seen<ClusterView<'_>>,
    request: &Request<'_>,
    logins: &[KnownRegistry<'_>],
    wanted: &CurrentTokens,
    others: &OtherRegistries,
    progress: &dyn Progress,
) -> Proofs {
    let known: Vec<RegistryNames> = logins.iter().map(|login| login.names.clone()).collect();
    let named = |name: &str| request.secret.is_none_or(|secret| secret == name);
    let held = held(&seen.reached, |secret| named(&secret.name), wanted, &known);
    let looks = join_all(seen.reached.iter().map(look));
    let (pulling, facts) = join(looks, facts(&held, logins, wanted)).await;
    let cases = pulling.iter().flat_map(|pulling| &pulling.cases);
    let cases: Vec<&Case> = cases.map(|pods| &pods.case).collect();
    let robots = facts
        .iter()
        .map(|(robot, (facts, _))| (robot.clone(), facts.clone()));
    let answers = ask_rights(
        &cases,
        questions(&held, &facts),
        robots.collect(),
        logins,
        &known,
        others,
        progress,
    )
    .await;
    let counts = |pods: &PodCase, image: &ImageJudgement| request.counts(pods, image);
    let images = judge_all(&pulling, counts, &known, &answers);
    let credentials = held.iter().map(|entry| {
        let known = Known {
            wanted,
            answers: &answers,
            facts: entry.robot().and_then(|robot| facts.get(&robot)),
            used: images.uses.get(&place(entry)).cloned().unwrap_or_default(),
        };
        judge_credential(entry, &known)
    });
    let whole = pulling.iter().flat_map(|pulling| {
        let useless = match request.robot {
            None => useless(pulling, named),
            Some(_) => Vec::new(),
        };
        broken(pulling, named).into_iter().chain(useless)
    });
    let mut failures = unseen_or_missing(seen);
    failures.extend(pulling.iter().flat_map(|pulling| pulling.failures.clone()));
    let mut proofs = Proofs {
        items: credentials.chain(whole).collect(),
        images: images.items,
        images_checked: images.checked,
        pods_checked: images.pods,
        notes: pulling.iter().flat_map(notes).collect(),
        failures,
        missing: request.missing(seen, &held),
    };
    proofs.pass(request.allow_unknown);
    proofs.sort();
    proofs
}

fn place(entry: &HeldCredential<'_>) -> EntryPlace {
    (
        entry.view.context().to_owned(),
        entry.secret.namespace.clone(),
        entry.secret.name.clone(),
        entry.key.to_owned(),
    )
}
