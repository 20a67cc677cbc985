//! Secrets that no kubelet gets anything from: broken ones, and those of a wrong type that pods
//! or service accounts name.

use super::observe::Pulling;
use super::proof::{Findings, Proof};
use crate::hint::{self, Hint, edit_secret};
use crate::judge::SecretSeen;
use crate::kubelet::{Fault, Unused, asked_for};
use crate::pullsecret::PullSecret;

/// Secrets that make the kubelet refuse a pod that names them: one such entry is enough.
pub(super) fn broken(pulling: &Pulling<'_>, counts: impl Fn(&str) -> bool) -> Vec<Proof> {
    let secrets = pulling.view.observed.secrets.iter();
    let secrets = secrets.filter(|secret| counts(&secret.name));
    secrets
        .filter_map(|secret| refused(pulling, secret))
        .collect()
}

/// Secrets that pods or service accounts name, and that no kubelet gets anything from.
pub(super) fn useless(pulling: &Pulling<'_>, counts: impl Fn(&str) -> bool) -> Vec<Proof> {
    let named = pulling.named.iter().filter(|((_, name), _)| counts(name));
    let useless = named.filter_map(|((namespace, name), seen)| match seen {
        SecretSeen::Found(found) => match found.as_kubelet().unused()? {
            why @ (Unused::OtherType | Unused::ConfigJsonInDockercfg) => {
                Some(unused(pulling, namespace, name, why))
            }
            Unused::NoContent | Unused::NoEntries => None,
        },
        SecretSeen::Unreadable(reason) => Some(unreadable(pulling, namespace, name, reason)),
        SecretSeen::Missing => None,
    });
    useless.collect()
}

fn refused(pulling: &Pulling<'_>, secret: &PullSecret) -> Option<Proof> {
    let context = pulling.view.context();
    let (key, reason) = match &secret.document {
        Err(error) => (String::new(), error.to_string()),
        Ok(document) => match document.fault()? {
            Fault::Content(fault) => (String::new(), fault.to_string()),
            Fault::Entry(key, fault) => (key, fault.to_string()),
        },
    };
    let mut findings = Findings::default();
    let edit = edit_secret(&secret.namespace, &secret.name).at(context);
    findings.problem(
        format!("{reason}: pods that use this secret cannot pull anything"),
        Hint::from(edit),
    );
    let proof = Proof::of_secret(context, &secret.namespace, &secret.name);
    Some(findings.into_proof(Proof { key, ..proof }))
}

fn unused(pulling: &Pulling<'_>, namespace: &str, name: &str, why: Unused) -> Proof {
    let context = pulling.view.context();
    let mut findings = Findings::default();
    let by = named_by(pulling, namespace, name);
    let delete = hint::kubectl_in(namespace, "delete secret").arg(name);
    let again = hint::pullsecret("sync -n")
        .arg(namespace)
        .words("--robot ORG+ROBOT --secret-name")
        .arg(name);
    let next = delete
        .say(" (its type cannot be changed), then: ")
        .run(again)
        .at(context);
    findings.problem(format!("{by} uses the secret, but it {why}"), next);
    findings.into_proof(Proof::of_secret(context, namespace, name))
}

fn unreadable(pulling: &Pulling<'_>, namespace: &str, name: &str, reason: &str) -> Proof {
    let context = pulling.view.context();
    let mut findings = Findings::default();
    let by = named_by(pulling, namespace, name);
    let right = hint::can_i(context, namespace, "list", "secrets");
    findings.unknown(
        format!("{by} uses the secret, but it is unreadable: {reason}"),
        Hint::from(right),
    );
    findings.into_proof(Proof::of_secret(context, namespace, name))
}

/// Whoever names the secret: a service account before a pod.
fn named_by(pulling: &Pulling<'_>, namespace: &str, name: &str) -> String {
    let mut accounts = pulling.accounts.iter();
    let account = accounts.find(|account| account.references(namespace, name));
    if let Some(account) = account {
        return format!("service account `{}`", account.name);
    }
    let mut cases = pulling.cases.iter();
    let pods = cases.find(|pods| {
        let subject = &pods.case.subject;
        subject.namespace == namespace && asked_for(&subject.listed).any(|own| own == name)
    });
    pods.map_or_else(|| "something".to_owned(), |pods| pods.object.clone())
}
