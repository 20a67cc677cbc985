//! `sync --adopt`: whether credentials without a claim are given a robot's token all the same.

use crate::sync::SyncArgs;
use quay_common::Failure;
use quay_common::cli::Console;
use quay_common::pullsecret::Unproven;
use std::cell::Cell;
use std::collections::BTreeSet;

/// How many places are named before a question.
const SHOWN: usize = 30;

/// The user's word, asked for once.
pub struct Adoption<'a> {
    args: &'a SyncArgs,
    console: &'a Console,
    answer: Cell<Option<bool>>,
}

impl<'a> Adoption<'a> {
    pub fn new(args: &'a SyncArgs, console: &'a Console) -> Self {
        Self {
            args,
            console,
            answer: Cell::new(None),
        }
    }

    /// Whether these are written.
    ///
    /// # Errors
    /// A robot that may be able to do more than pull was named, and nobody can be asked.
    pub fn agrees(&self, unproven: &[Unproven]) -> Result<bool, Failure> {
        if let Some(answer) = self.answer.get() {
            return Ok(answer);
        }
        let answer = self.ask(unproven)?;
        self.answer.set(Some(answer));
        Ok(answer)
    }

    fn ask(&self, unproven: &[Unproven]) -> Result<bool, Failure> {
        let names_robot = self.args.names_robot();
        let is_dry = self.args.is_dry();
        if self.args.adopt && (is_dry || self.args.yes || !names_robot) {
            return Ok(true);
        }
        if is_dry || (!self.args.adopt && !self.console.can_ask()) {
            return Ok(false);
        }
        let places: Vec<String> = unproven
            .iter()
            .map(|entry| {
                let place = &entry.place;
                format!(
                    "{} {}/{}: {} at {}",
                    place.context, place.namespace, place.name, entry.account, place.key
                )
            })
            .collect();
        for place in places.iter().take(SHOWN) {
            self.console.note(place);
        }
        if places.len() > SHOWN {
            self.console
                .note(format!("and {} more", places.len() - SHOWN));
        }
        let flag = match names_robot {
            true => "--yes",
            false => "--adopt",
        };
        self.console.confirm(&question(unproven, names_robot), flag)
    }
}

fn question(unproven: &[Unproven], names_robot: bool) -> String {
    let robots: BTreeSet<&str> = unproven
        .iter()
        .map(|entry| entry.robot.1.as_str())
        .collect();
    let robots: Vec<&str> = robots.into_iter().collect();
    let which = match names_robot {
        true => "them",
        false => "those of robots that can only pull",
    };
    format!(
        "Nothing shows that {} ever held a token of {}. Update {which}?",
        match unproven.len() {
            1 => "this credential".to_owned(),
            count => format!("these {count} credentials"),
        },
        robots.join(", ")
    )
}
