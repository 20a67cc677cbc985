//! What plans come to.

use super::plan::{EntryPlan, NamespacePlan, Problem, Refusal, SecretPlan, Verdict, WriteAction};
use super::unusable::unused_key;
use crate::credentials::clear_up;
use crate::hint::{self, Hint, edit_secret};
use crate::outcome::{Outcome, Verb};
use crate::place::Place;

/// What plans that are not carried out come to.
pub(super) fn of_plans(context: &str, plans: &[NamespacePlan]) -> Vec<Outcome> {
    plans
        .iter()
        .flat_map(|plan| of_namespace(context, plan))
        .collect()
}

fn of_namespace(context: &str, plan: &NamespacePlan) -> Vec<Outcome> {
    let secrets = plan.secrets.iter();
    let mut outcomes: Vec<Outcome> = secrets
        .flat_map(|secret| of_plan(context, secret))
        .collect();
    if let Some((name, accounts)) = &plan.attach
        && let Some(outcome) = outcomes
            .iter_mut()
            .find(|outcome| outcome.place.name == *name)
        && outcome.result != Verb::Unchanged
    {
        outcome.references = accounts
            .iter()
            .map(|account| format!("serviceaccount/{account}"))
            .collect();
    }
    outcomes
}

/// What a plan says of each of its entries, assuming that it is carried out.
pub(super) fn of_plan(context: &str, plan: &SecretPlan) -> Vec<Outcome> {
    plan.entries
        .iter()
        .map(|entry| of_entry(context, plan, entry))
        .collect()
}

fn of_entry(context: &str, plan: &SecretPlan, entry: &EntryPlan) -> Outcome {
    let written = match plan.write {
        WriteAction::Create(_) => Verb::Created,
        _ => Verb::Updated,
    };
    let (result, message) = match (&entry.verdict, &plan.refusal) {
        (Verdict::Current, _) => (Verb::Unchanged, String::new()),
        (Verdict::Bridged(robot), _) => (
            Verb::Bridged,
            format!("bridge of {robot}, until its rotation ends"),
        ),
        (Verdict::Unproven(_), _) => (
            Verb::Unproven,
            "the credential cannot pull, and nothing shows that it ever held the robot's token"
                .to_owned(),
        ),
        (Verdict::Keyless, _) => (
            Verb::Unchanged,
            "keyless: the credential expires, and whatever wrote it renews it".to_owned(),
        ),
        (Verdict::Unknown, _) => (
            Verb::Unknown,
            "you are not logged in to its registry".to_owned(),
        ),
        (Verdict::Problem(problem), _) => (Verb::Failed, problem.to_string()),
        (_, Some(refusal)) => (Verb::Refused, refusal.reason.clone()),
        (Verdict::Replaced(other), None) => (written, format!("instead of {other}")),
        (Verdict::Stale | Verdict::Missing, None) => (written, extra(plan)),
    };
    let unused = entry.unused.as_ref();
    let unused = unused.map(|why| unused_key(&entry.key, why));
    let said = [message, unused.unwrap_or_default()];
    let said = said.into_iter().filter(|text| !text.is_empty());
    let message = said.collect::<Vec<String>>().join("; ");
    let place = Place::secret(context, &plan.namespace, &plan.name).key(&entry.key);
    Outcome {
        account: entry.account.clone(),
        before: entry.before.clone(),
        after: entry.after.clone(),
        next: next_step(plan, entry, result).map(|next| next.at(context)),
        message,
        ..Outcome::new(place, result)
    }
}

fn extra(plan: &SecretPlan) -> String {
    match plan.write {
        WriteAction::Update {
            clean_last_applied: true,
            ..
        } => "removed last-applied-configuration, which held the old credential".to_owned(),
        WriteAction::Recreate(_) => "the old secret was immutable and was replaced".to_owned(),
        _ => String::new(),
    }
}

fn next_step(plan: &SecretPlan, entry: &EntryPlan, result: Verb) -> Option<Hint> {
    let (namespace, name) = (&plan.namespace, &plan.name);
    if result == Verb::Refused {
        return plan.refusal.as_ref().map(Refusal::hint);
    }
    let hint = match &entry.verdict {
        Verdict::Unproven(robot) => {
            let sync = hint::pullsecret("sync -n").arg(namespace);
            let delete = hint::pullsecret("delete --robot").arg(robot);
            Hint::from("if this namespace should have the robot's token: ")
                .run(sync.words("--robot").arg(robot))
                .say("; if not: ")
                .run(delete.words("-n").arg(namespace))
        }
        Verdict::Problem(Problem::NoSuchRobot(robot)) => {
            let delete = hint::pullsecret("delete --robot").arg(robot);
            hint::robot("create")
                .arg(robot)
                .say(", or ")
                .run(delete.words("-n").arg(namespace))
        }
        Verdict::Problem(Problem::TokenUnknown(_)) => hint::robot("whoami").into(),
        Verdict::Problem(Problem::Unreadable(_)) => edit_secret(namespace, name).into(),
        Verdict::Problem(Problem::Unclear(owner)) => clear_up(owner),
        Verdict::Problem(Problem::Unusable(why)) => why.remedy_of_sync(namespace, name),
        _ if entry.unused.is_some() => {
            Hint::from("correct or remove that key: ").run(edit_secret(namespace, name))
        }
        _ => return None,
    };
    Some(hint)
}
