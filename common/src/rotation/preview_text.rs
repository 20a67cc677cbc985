//! The preview as people read it.

use super::plan::Target;
use super::preview::Preview;
use crate::cli::escape_control;
use crate::receipt::Consumer;

impl Preview {
    /// The tree for people: cluster, namespace, secret, and what hangs on it.
    pub fn tree(&self) -> String {
        let mut text = format!(
            "{} at {} ({})\n",
            self.robot, self.registry, self.fingerprint
        );
        let mut place = (String::new(), String::new());
        for used in &self.secrets {
            let Target {
                context,
                namespace,
                secret,
                key,
                account,
                fingerprint,
            } = &used.target;
            if place.0 != *context {
                text += &format!("  cluster {context}\n");
                place = (context.clone(), String::new());
            }
            if place.1 != *namespace {
                text += &format!("    namespace {namespace}\n");
                place.1.clone_from(namespace);
            }
            text += &format!("      secret {secret}: {account} ({fingerprint}) at {key}\n");
            let branch = |what: &str, names: Vec<String>| match names.is_empty() {
                true => String::new(),
                false => format!("        {what} {}\n", names.join(", ")),
            };
            text += &branch("service accounts", used.service_accounts.clone());
            text += &branch("workloads", used.workloads.iter().cloned().collect());
            text += &branch("images", used.images.iter().cloned().collect());
            for caution in &used.cautions {
                text += &format!("        caution: {caution}\n");
            }
        }
        text + &self.remarks()
    }

    fn remarks(&self) -> String {
        let mut text = String::new();
        let mut section = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                text += &format!("\n{title}\n");
                text.extend(lines.iter().map(|line| format!("  {line}\n")));
            }
        };
        section(
            "Left behind: these secrets will hold a dead credential",
            self.left_behind
                .iter()
                .map(|left| {
                    format!(
                        "{} {}/{}: {}; {}",
                        left.context, left.namespace, left.secret, left.reason, left.remedy
                    )
                })
                .collect(),
        );
        section(
            "Left as they are: these credentials cannot pull, and nothing shows that they ever \
             held the robot's token",
            self.unproven.iter().map(Target::line).collect(),
        );
        section(
            "Clients that pulled with the robot lately: notify any that are outside the chosen \
             clusters",
            self.consumers
                .iter()
                .flatten()
                .map(Consumer::line)
                .collect(),
        );
        section("Unknown", self.unknown.clone());
        section(
            "Reasons to refuse the rotation",
            self.refusals.iter().map(ToString::to_string).collect(),
        );
        let number = |(at, step): (usize, &String)| format!("{}. {step}", at + 1);
        section("Plan", self.steps.iter().enumerate().map(number).collect());
        section(
            "Needs",
            vec![
                format!("scopes of the API token: {}", self.scopes.join(", ")),
                format!("rights in each cluster: {}", self.rights.join(", ")),
            ],
        );
        let lines = text
            .lines()
            .map(|line| escape_control(line).into_owned() + "\n");
        lines.collect()
    }
}

impl Target {
    /// One line about it.
    pub fn line(&self) -> String {
        format!(
            "{} {}/{}: {} ({}) at {}",
            self.context, self.namespace, self.secret, self.account, self.fingerprint, self.key
        )
    }
}

impl Consumer {
    /// One line about it.
    pub fn line(&self) -> String {
        format!(
            "{} ({}): {} pulls of {}, last {}",
            self.ip,
            self.agent,
            self.pulls,
            self.repositories.join(", "),
            self.last.strftime("%Y-%m-%d %H:%M UTC")
        )
    }
}
