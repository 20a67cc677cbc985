//! A merge: a pull secret's content, and an edit of some of its entries. Nothing else is lost,
//! nothing else is gained, and the same edit again changes no byte.

mod corpus;
mod edit;
mod held;
mod letter;
mod made;

use super::kubelet::Kubelet;
use super::{generate, shrink};
use edit::{Done, Edit, Edited};
use quay_common::dockerconfig::{Credential, Document, EntryError};
use quay_common::kubelet::Format;
use quay_kubelet::{Bytes, PullSecret, Question};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One case.
#[derive(Debug, Clone)]
pub struct Merge {
    /// One secret, and an image that is pulled with it.
    pub question: Question,
    /// What is done to the secret's content.
    pub edit: Edit,
}

/// What became of a merge that is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    /// The content is none that a kubelet can read, and is left alone.
    Refused,
    /// There was nothing to do.
    Unchanged,
    /// It was written.
    Written,
}

impl Merge {
    fn of(format: Format, content: Vec<u8>, image: &str, edit: Edit) -> Self {
        let secret = PullSecret {
            name: "s".to_owned(),
            secret_type: format.secret_type().to_owned(),
            data: [(format.data_key().to_owned(), Bytes(content))].into(),
        };
        Self {
            question: Question {
                secrets: vec![secret],
                image: image.to_owned(),
            },
            edit,
        }
    }

    /// The content and its format; `None` where shrinking took the secret away.
    fn content(&self) -> Option<(Format, &[u8])> {
        let secret = self.question.secrets.first()?;
        let format = Format::of_type(&secret.secret_type)?;
        let Bytes(content) = secret.data.get(format.data_key())?;
        Some((format, content))
    }

    /// What is wrong with what became of it, also a panic. With a kubelet, by its own code too.
    fn fault(&self, kubelet: Option<&mut Kubelet>) -> Option<String> {
        let checked = catch_unwind(AssertUnwindSafe(|| self.check(kubelet)));
        match checked {
            Ok(checked) => checked.err(),
            Err(_) => Some("it panics".to_owned()),
        }
    }

    fn check(&self, kubelet: Option<&mut Kubelet>) -> Result<Became, String> {
        let Some((format, content)) = self.content() else {
            return Ok(Became::Refused);
        };
        let read = |content: &[u8]| Document::parse(format, content);
        let done = self.edit.apply(format, content);
        let (before, done) = match (read(content), done) {
            (Err(_), None) => return Ok(Became::Refused),
            (Err(fault), Some(_)) => return Err(format!("written over what is broken: {fault}")),
            (Ok(_), None) => return Err("refused, though it can be read".to_owned()),
            (Ok(before), Some(done)) => (before, done),
        };
        let after = read(&done.content).map_err(|fault| format!("what is written: {fault}"))?;
        same_but_for(&before, &after, &done.edited)?;
        self.again(format, &done)?;
        let stray = match done.writes {
            true => letter::strays(format, content, &done.content, &done.edited),
            false => None,
        };
        stray.map_or(Ok(()), Err)?;
        if let Some(kubelet) = kubelet {
            held::to_the_kubelet(kubelet, &self.question, (&before, &after), &done)?;
        }
        Ok(match done.writes && before != after {
            true => Became::Written,
            false => Became::Unchanged,
        })
    }

    /// The same edit once more changes no byte.
    fn again(&self, format: Format, done: &Done) -> Result<(), String> {
        let again = self.edit.apply(format, &done.content);
        let again = again.ok_or("the second time it is refused")?;
        match again.content == done.content {
            true => Ok(()),
            false => Err(format!(
                "the second time it becomes {}",
                again.content.escape_ascii()
            )),
        }
    }

    /// The smallest merge that is still wrong, and how.
    fn smallest(mut self, mut kubelet: Option<&mut Kubelet>) -> (Self, String) {
        loop {
            let edit = self.edit.clone();
            let fails = |question: &Question| {
                let smaller = Self {
                    question: question.clone(),
                    edit: edit.clone(),
                };
                smaller.fault(kubelet.as_deref_mut()).is_some()
            };
            self.question = shrink::smallest(self.question, fails);
            let fewer = edit.smaller().into_iter().map(|edit| Self {
                edit,
                ..self.clone()
            });
            let fewer = fewer
                .collect::<Vec<_>>()
                .into_iter()
                .find(|fewer| fewer.fault(kubelet.as_deref_mut()).is_some());
            match fewer {
                Some(fewer) => self = fewer,
                None => break,
            }
        }
        let fault = self.fault(kubelet).unwrap_or_default();
        (self, fault)
    }

    /// Fails with the smallest case that shows the same.
    fn hold(&self, kubelet: Option<&mut Kubelet>, which: &str) -> Became {
        let mut kubelet = kubelet;
        let checked = catch_unwind(AssertUnwindSafe(|| self.check(kubelet.as_deref_mut())));
        if let Ok(Ok(became)) = checked {
            return became;
        }
        let (smallest, fault) = self.clone().smallest(kubelet);
        panic!(
            "{which}: {fault}\nfor merges.jsonl: {}",
            corpus::line(&smallest, &fault)
        );
    }
}

type Reading<'a> = (&'a str, Result<Credential, EntryError>, Option<String>);

/// What was not edited reads as before, in the same order; what was edited reads as it was set.
fn same_but_for(before: &Document, after: &Document, edited: &Edited) -> Result<(), String> {
    fn others<'a>(document: &'a Document, edited: &Edited) -> Vec<Reading<'a>> {
        let entries = document.entries();
        let others = entries.filter(|(key, _)| !edited.contains_key(*key));
        others
            .map(|(key, read)| (key, read, document.email(key)))
            .collect()
    }
    let (was, is) = (others(before, edited), others(after, edited));
    if was != is {
        return Err(format!("the others were {was:?} and are {is:?}"));
    }
    if let Some((key, ..)) = was.iter().find(|(key, ..)| !after.agrees(key, before)) {
        return Err(format!("{key:?} reads the same and is not"));
    }
    for (key, wanted) in edited {
        let found = after.entries().find(|(found, _)| found == key);
        match (wanted, found) {
            (None, None) => {}
            (Some(wanted), Some((_, Ok(found)))) if found == *wanted => {}
            (_, found) => return Err(format!("{key:?} should be {wanted:?} and is {found:?}")),
        }
        if wanted
            .as_ref()
            .is_some_and(|wanted| !after.holds(key, wanted))
        {
            return Err(format!("{key:?} holds something else as well"));
        }
    }
    match (before.fault(), after.fault()) {
        (None, Some(fault)) => Err(format!("it was sound, and now: {fault}")),
        _ => Ok(()),
    }
}

pub use corpus::hold_all as hold_the_corpus;
pub use made::hold_many;
