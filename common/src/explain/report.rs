//! How it is shown: the sentence, what to type, the evidence; or a line for each pod.

use super::evidence::evidence;
use crate::cli::{Exit, Gaps, Report, Table, detail, escape_and_cut, escape_control, hint_text};
use crate::judge::{Judgement, Verdict, word};
use crate::outcome::{Outcome, gaps};
use serde::Serialize;

/// Characters of the sentence that says it.
const LONGEST_MESSAGE: usize = 1_000;

/// Everything that was explained.
#[derive(Debug, Serialize)]
pub struct Explanations {
    /// One for each pod.
    pub items: Vec<Judgement>,
    /// Clusters and namespaces that could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Outcome>,
    /// Whether every pod was meant that cannot pull now: a table then.
    #[serde(skip)]
    pub of_every_pod: bool,
}

impl Report for Explanations {
    fn text(&self) -> Option<String> {
        if self.of_every_pod {
            return None;
        }
        let texts: Vec<String> = self.items.iter().map(explained).collect();
        Some(texts.join("\n"))
    }

    fn table(&self, wide: bool) -> Table {
        Table::of(&self.items, wide)
            .context(|item| &item.context)
            .col("NAMESPACE", |item| &item.namespace)
            .col("POD", |item| {
                item.object.split_once('/').map_or("", |(_, name)| name)
            })
            .col("WHY", |item| {
                let cause = item.worst().and_then(|image| image.cause.as_ref());
                match (item.verdict, cause) {
                    (Verdict::WillPull, _) => "fixed since",
                    (_, Some(cause)) => word(cause),
                    (_, None) => "unknown",
                }
            })
            .col("DETAIL", |item| {
                detail([item.message.as_str()], item.next.as_ref())
            })
            .table()
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| item.object.clone()).collect()
    }

    fn exit(&self) -> Exit {
        let good = |item: &Judgement| item.verdict == Verdict::WillPull;
        Exit::of(self.failures.is_empty() && self.items.iter().all(good))
    }

    fn nothing(&self) -> Option<String> {
        let nothing = self.items.is_empty() && self.failures.is_empty();
        nothing.then(|| "No pod in the chosen namespaces fails to pull its images.".to_owned())
    }

    fn gaps(&self) -> Gaps {
        gaps(&self.failures, self.items.is_empty())
    }
}

/// The most important thing first.
fn explained(judged: &Judgement) -> String {
    let mut text = format!("{}\n", escape_and_cut(&judged.message, LONGEST_MESSAGE));
    if let Some(next) = &judged.next {
        text.push_str(&format!("next: {}\n", escape_control(&hint_text(next))));
    }
    format!("{text}\n{}", evidence(judged).render())
}
