//! What `rotate` says while it works.

use quay_common::cli::{Console, hint_text};
use quay_common::names::RobotName;
use quay_common::progress::Progress;
use quay_common::receipt::{Consumer, End, Receipt, USAGE_DAYS};
use quay_common::rotation::{Answer, Plan, Preview, Stage, Target, TriedWrite, Watcher};
use std::time::Duration;

/// How many of those who pull with the robot are named.
const CONSUMERS: usize = 10;
/// How many copies are.
const CAUTIONS: usize = 20;

/// Tells on stderr what happens, and asks on a terminal.
pub struct Narrator<'a> {
    console: &'a Console,
}

impl<'a> Narrator<'a> {
    /// On this console.
    pub fn new(console: &'a Console) -> Self {
        Self { console }
    }

    /// What a person should know before it begins.
    pub fn before(&self, preview: &Preview, plan: &Plan, robot: &RobotName) {
        if plan.stage != Stage::NotBegun {
            self.console.note(format!(
                "an earlier rotation of {robot} did not finish: this run continues it"
            ));
        }
        for context in &plan.skipped {
            self.console.warn(format!(
                "the cluster of context {context} does not answer: the rotation leaves it out"
            ));
        }
        for unknown in &preview.unknown {
            self.console.warn(format!("unknown: {unknown}"));
        }
        let unproven: Vec<String> = preview.unproven.iter().map(Target::line).collect();
        self.list(
            CAUTIONS,
            "credentials that stay as they are, because they cannot pull and nothing shows that they \
             ever held the robot's token:",
            &unproven,
        );
        let cautions = preview.cautions();
        self.list(
            CAUTIONS,
            "copies of the secrets that change later, or never:",
            &cautions,
        );
        let consumers: Vec<String> = preview
            .consumers
            .iter()
            .flatten()
            .map(Consumer::line)
            .collect();
        if preview.consumers.as_ref().is_some_and(Vec::is_empty) {
            self.console.note(format!(
                "Quay's usage log shows no pull by {robot} in the last {USAGE_DAYS} days"
            ));
        }
        let title = format!(
            "these clients pulled as {robot} in the last {USAGE_DAYS} days; notify any that are \
             outside the chosen clusters:"
        );
        self.list(CONSUMERS, &title, &consumers);
    }

    fn list(&self, most: usize, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let mut text = title.to_owned();
        for line in lines.iter().take(most) {
            text += &format!("\n  {line}");
        }
        if lines.len() > most {
            text += &format!("\n  and {} more", lines.len() - most);
        }
        self.console.note(text);
    }

    /// The closing summary. `looked` is how long the checks took before anything changed.
    pub fn summary(&self, receipt: &Receipt, looked: Duration, skipped: &[String]) {
        for statement in receipt
            .statements
            .iter()
            .filter(|statement| !statement.holds)
        {
            self.console.warn(format!(
                "check failed: {} ({})",
                statement.claim, statement.seen
            ));
        }
        for pull in &receipt.pulls {
            let text = format!(
                "{} in {}/{}: {}",
                pull.image, pull.context, pull.namespace, pull.message
            );
            match (pull.ok, &pull.next) {
                (true, _) => self.console.note(text),
                (false, None) => self.console.warn(text),
                (false, Some(next)) => self
                    .console
                    .warn(format!("{text}; next: {}", hint_text(next))),
            }
        }
        for restarted in &receipt.restarted {
            let line = format!(
                "{} {}: {}",
                restarted.context, restarted.workload, restarted.result
            );
            self.console.note(line);
        }
        for context in skipped {
            self.console.warn(format!(
                "the cluster of context {context} did not answer, so its secrets hold a dead token; next: \
                 kubectl quay-pullsecret sync -A --context {context}"
            ));
        }
        self.console.note(last_line(receipt, looked));
    }
}

/// `1 place`, `2 places`.
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// What the API servers say of the writes that were tried.
pub fn tried_text(writes: &[TriedWrite]) -> String {
    let refused = writes.iter().filter(|write| !write.taken).count();
    let all = count(writes.len(), "secret");
    match (writes.len(), refused) {
        (0, _) => {
            "no write was tried: there is nothing to write, or nothing can be written".to_owned()
        }
        (_, 0) => format!("the API servers would accept the first write to every secret ({all})"),
        _ => format!("the API servers would refuse the first write to {refused} of {all}"),
    }
}

fn last_line(receipt: &Receipt, looked: Duration) -> String {
    let places = match receipt.contexts.is_empty() {
        true => "no cluster".to_owned(),
        false => count(receipt.targets.len(), "place"),
    };
    let took = receipt.ended.duration_since(receipt.began);
    let took = format!(
        "{:.1}s, after {:.1}s of checks",
        took.as_secs_f64(),
        looked.as_secs_f64()
    );
    let robot = &receipt.robot;
    let window = match receipt.window_ms {
        Some(window) => format!("; pulls could fail for {:.2}s", window as f64 / 1e3),
        None => String::new(),
    };
    match receipt.outcome {
        End::Aborted if receipt.before != receipt.after.as_ref().map(ToString::to_string) => {
            format!(
                "somebody else regenerated the token of {robot} during the rotation: {places} now hold theirs; took {took}"
            )
        }
        End::Aborted => format!("{robot} is as it was before, in {places}; took {took}"),
        End::Finished => {
            let fingerprint = receipt.after.as_ref();
            let fingerprint = fingerprint.map(ToString::to_string).unwrap_or_default();
            format!("{robot} has a new token ({fingerprint}) in {places}; took {took}{window}")
        }
    }
}

impl Watcher for Narrator<'_> {
    fn step(&self, text: &str) {
        self.console.note(format!("{text} …"));
    }

    fn warn(&self, text: &str) {
        self.console.warn(text);
    }

    fn progress(&self) -> &dyn Progress {
        self.console.progress()
    }

    fn ask<'a>(&'a self, question: &'a str) -> Answer<'a> {
        Box::pin(async move {
            if !self.console.can_ask() {
                return None;
            }
            let asked = self.console.confirm_meanwhile(question, "--ignore-usage");
            asked.await.ok()
        })
    }
}
