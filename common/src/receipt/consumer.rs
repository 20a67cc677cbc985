//! Who else pulls with the robot, as Quay's usage log has it.

use crate::quay::Pull;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// How far back the usage log is searched for others who pull with the robot.
pub const USAGE_DAYS: i64 = 30;

/// Somebody who pulled with a robot: one address with one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consumer {
    /// The address.
    pub ip: String,
    /// The program, as it calls itself.
    pub agent: String,
    /// What was pulled.
    pub repositories: Vec<String>,
    /// How often.
    pub pulls: usize,
    pub last: Timestamp,
}

/// Pulls by address and program, the most recent first.
pub fn consumers(pulls: &[Pull]) -> Vec<Consumer> {
    let mut found: BTreeMap<(String, String), Consumer> = BTreeMap::new();
    for pull in pulls {
        let unknown = || "unknown".to_owned();
        let ip = pull.ip.clone().unwrap_or_else(unknown);
        let agent = pull.agent.clone().unwrap_or_else(unknown);
        let consumer = found
            .entry((ip.clone(), agent.clone()))
            .or_insert_with(|| Consumer {
                ip,
                agent,
                repositories: Vec::new(),
                pulls: 0,
                last: pull.at,
            });
        consumer.pulls += 1;
        consumer.last = consumer.last.max(pull.at);
        if let Some(repository) = &pull.repository
            && !consumer.repositories.contains(repository)
        {
            consumer.repositories.push(repository.clone());
        }
    }
    let mut consumers: Vec<Consumer> = found.into_values().collect();
    consumers.sort_by_key(|consumer| std::cmp::Reverse(consumer.last));
    consumers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulls_are_told_by_who_made_them() {
        let pull = |second: i64, ip: &str, repository: &str| Pull {
            at: Timestamp::from_second(second).unwrap(),
            repository: Some(repository.to_owned()),
            ip: Some(ip.to_owned()),
            agent: None,
        };
        let found = consumers(&[
            pull(1, "10.0.0.1", "myorg/a"),
            pull(3, "10.0.0.1", "myorg/b"),
            pull(5, "10.0.0.2", "myorg/a"),
        ]);
        assert_eq!(found[0].ip, "10.0.0.2");
        assert_eq!(found[1].pulls, 2);
        assert_eq!(found[1].last.as_second(), 3);
        assert_eq!(found[1].repositories, ["myorg/a", "myorg/b"]);
    }
}
