//! Who shall sign in as a robot, from who does now. No I/O.

use crate::quay::FederatedSubject;
use serde::Serialize;
use std::fmt;

/// What shall be true afterwards.
#[derive(Debug, Clone)]
pub enum FederationEdit {
    /// These sign in, and nobody else.
    Set(Vec<FederatedSubject>),
    /// These sign in too.
    Add(Vec<FederatedSubject>),
    /// These do not sign in any more.
    Remove(Vec<FederatedSubject>),
}

/// What happens to one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectChange {
    /// It signs in already.
    Unchanged,
    /// It will sign in.
    Added,
    /// Its tokens have to be meant for others than before.
    Updated,
    /// It will sign in no more.
    Removed,
    /// It was to be removed, and is not there.
    Absent,
}

/// One subject's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPlan {
    pub subject: FederatedSubject,
    pub change: SubjectChange,
}

/// What happens to all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationPlan {
    /// Every subject before and after.
    pub subjects: Vec<SubjectPlan>,
}

impl FederationPlan {
    /// Plans the edit of what is there. A subject that stays keeps its audiences, unless others
    /// are wanted.
    pub fn of(current: &[FederatedSubject], edit: &FederationEdit) -> Self {
        let (FederationEdit::Set(wanted)
        | FederationEdit::Add(wanted)
        | FederationEdit::Remove(wanted)) = edit;
        let named = |held: &FederatedSubject| wanted.iter().find(|wanted| wanted.is(held));
        let mut subjects: Vec<SubjectPlan> = current
            .iter()
            .map(|held| match (edit, named(held)) {
                (FederationEdit::Remove(_), Some(_)) | (FederationEdit::Set(_), None) => {
                    SubjectPlan::new(held, SubjectChange::Removed)
                }
                (FederationEdit::Set(_) | FederationEdit::Add(_), Some(wanted))
                    if !wanted.audiences.is_empty() && wanted.audiences != held.audiences =>
                {
                    SubjectPlan::new(wanted, SubjectChange::Updated)
                }
                _ => SubjectPlan::new(held, SubjectChange::Unchanged),
            })
            .collect();
        let new = match edit {
            FederationEdit::Remove(_) => SubjectChange::Absent,
            FederationEdit::Set(_) | FederationEdit::Add(_) => SubjectChange::Added,
        };
        for wanted in wanted {
            if !subjects.iter().any(|plan| plan.subject.is(wanted)) {
                subjects.push(SubjectPlan::new(wanted, new));
            }
        }
        Self { subjects }
    }

    /// Whether anything is to be written.
    pub fn has_changes(&self) -> bool {
        let mut changes = self.subjects.iter().map(|plan| plan.change);
        changes.any(|change| !matches!(change, SubjectChange::Unchanged | SubjectChange::Absent))
    }

    /// Whether somebody who signs in now will not any more.
    pub fn removes(&self) -> bool {
        let mut changes = self.subjects.iter().map(|plan| plan.change);
        changes.any(|change| change == SubjectChange::Removed)
    }

    /// Who signs in afterwards.
    pub fn after(&self) -> Vec<FederatedSubject> {
        let stays = |plan: &&SubjectPlan| {
            !matches!(plan.change, SubjectChange::Removed | SubjectChange::Absent)
        };
        let after = self.subjects.iter().filter(stays);
        after.map(|plan| plan.subject.clone()).collect()
    }

    /// Subjects that stay, and whose stored audiences a write may erase.
    pub fn at_risk(&self) -> Vec<&FederatedSubject> {
        let stays = self
            .subjects
            .iter()
            .filter(|plan| plan.change == SubjectChange::Unchanged);
        let with = stays.filter(|plan| !plan.subject.audiences.is_empty());
        with.map(|plan| &plan.subject).collect()
    }
}

impl fmt::Display for SubjectChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "unchanged",
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Absent => "absent",
        })
    }
}

impl SubjectPlan {
    fn new(subject: &FederatedSubject, change: SubjectChange) -> Self {
        Self {
            subject: subject.clone(),
            change,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str, audiences: &[&str]) -> FederatedSubject {
        FederatedSubject {
            issuer: "https://oidc.example.com".to_owned(),
            subject: name.to_owned(),
            audiences: audiences.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn changes(edit: FederationEdit) -> Vec<(String, SubjectChange)> {
        let current = [subject("a", &["quay"]), subject("b", &[])];
        let plan = FederationPlan::of(&current, &edit);
        let named = plan.subjects.into_iter();
        named
            .map(|plan| (plan.subject.subject, plan.change))
            .collect()
    }

    fn planned(list: &[(&str, SubjectChange)]) -> Vec<(String, SubjectChange)> {
        let list = list.iter();
        list.map(|(name, change)| ((*name).to_owned(), *change))
            .collect()
    }

    #[test]
    fn set_add_and_remove_say_what_becomes_of_each_subject() {
        use SubjectChange::{Absent, Added, Removed, Unchanged, Updated};
        let (a, c) = (subject("a", &[]), subject("c", &[]));
        assert_eq!(
            changes(FederationEdit::Set(vec![a.clone(), c.clone()])),
            planned(&[("a", Unchanged), ("b", Removed), ("c", Added)])
        );
        assert_eq!(
            changes(FederationEdit::Add(vec![c.clone()])),
            planned(&[("a", Unchanged), ("b", Unchanged), ("c", Added)])
        );
        assert_eq!(
            changes(FederationEdit::Remove(vec![a, c])),
            planned(&[("a", Removed), ("b", Unchanged), ("c", Absent)])
        );
        assert_eq!(
            changes(FederationEdit::Add(vec![subject("b", &["quay"])])),
            planned(&[("a", Unchanged), ("b", Updated)])
        );
    }

    #[test]
    fn a_slash_at_the_end_makes_another_issuer() {
        let mut slashed = subject("a", &[]);
        slashed.issuer.push('/');
        let current = [subject("a", &[])];
        let plan = FederationPlan::of(&current, &FederationEdit::Add(vec![slashed]));
        assert_eq!(plan.after().len(), 2);
    }

    #[test]
    fn audiences_that_a_write_may_erase_are_known_before_it() {
        let current = [subject("a", &["quay"]), subject("b", &[])];
        let add = FederationPlan::of(&current, &FederationEdit::Add(vec![subject("c", &[])]));
        assert_eq!(add.at_risk(), [&current[0]]);
        let remove = FederationEdit::Remove(vec![current[0].clone()]);
        assert!(FederationPlan::of(&current, &remove).at_risk().is_empty());
    }
}
