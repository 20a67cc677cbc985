//! Bridges: the robots that carry another robot's pulls while its token changes.

use crate::fingerprint::{Fingerprint, short_hash};
use crate::names::RobotName;
use std::fmt;

const SUFFIX: &str = "-bridge";

/// What a bridge's description says before the rotation's id.
const PREFIX: &str = "kubectl-quay rotation ";
const REPLACES: &str = " replaces ";
const CLUSTERS: &str = ", clusters: ";

/// The name of the robot that stands in for `robot`: `org+name-bridge`.
pub fn bridge_name(robot: &RobotName) -> Option<RobotName> {
    name_beside(robot, SUFFIX)
}

/// The name of a robot that serves `robot` for a while: its own, and `suffix`. A name that Quay
/// would find too long is cut and told apart by 8 hex digits of the whole name's SHA-256.
pub(super) fn name_beside(robot: &RobotName, suffix: &str) -> Option<RobotName> {
    let plain = format!("{robot}{suffix}");
    if plain.len() <= RobotName::MAX_LENGTH {
        return plain.parse().ok();
    }
    let end = format!("-{}{suffix}", short_hash(robot.as_str(), 4));
    let room = RobotName::MAX_LENGTH.saturating_sub(end.len());
    let cut = robot.as_str().get(..room)?;
    let cut = cut.trim_end_matches(['.', '_', '-']);
    format!("{cut}{end}").parse().ok()
}

/// What a bridge's description tells about the rotation it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeMark {
    /// The rotation's id.
    pub rotation: String,
    /// The fingerprint of the token that is being replaced.
    pub replaces: String,
    /// In how many clusters it began.
    pub clusters: usize,
}

impl BridgeMark {
    /// The mark of a rotation that replaces `token` in so many clusters.
    pub fn new(rotation: &str, token: &Fingerprint, clusters: usize) -> Self {
        Self {
            rotation: rotation.to_owned(),
            replaces: token.to_string(),
            clusters,
        }
    }

    /// Reads a robot's description; `None` if it is no bridge of ours.
    pub fn parse(description: &str) -> Option<Self> {
        let (rotation, rest) = description.strip_prefix(PREFIX)?.split_once(REPLACES)?;
        let (replaces, clusters) = rest.split_once(CLUSTERS)?;
        let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        (is_word(rotation) && is_word(replaces)).then_some(Self {
            rotation: rotation.to_owned(),
            replaces: replaces.to_owned(),
            clusters: clusters.parse().ok()?,
        })
    }
}

impl fmt::Display for BridgeMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rotation,
            replaces,
            clusters,
        } = self;
        write!(
            f,
            "{PREFIX}{rotation}{REPLACES}{replaces}{CLUSTERS}{clusters}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn robot(text: &str) -> RobotName {
        text.parse().unwrap()
    }

    #[test]
    fn a_bridge_is_named_after_its_robot() {
        let bridge = bridge_name(&robot("myorg+puller")).unwrap();
        assert_eq!(bridge.as_str(), "myorg+puller-bridge");
    }

    #[test]
    fn names_that_would_be_too_long_are_cut_and_stay_distinct() {
        for length in 240..=RobotName::MAX_LENGTH - 6 {
            let one = robot(&format!("myorg+{}", "x".repeat(length)));
            let bridge = bridge_name(&one).unwrap();
            assert!(bridge.as_str().len() <= RobotName::MAX_LENGTH);
            assert!(bridge.short().ends_with(SUFFIX));
        }
        let long = |last: &str| robot(&format!("myorg+{}{last}", "x".repeat(247)));
        assert_ne!(bridge_name(&long("a")), bridge_name(&long("b")));
        let separator = robot(&format!("myorg+{}.{}", "x".repeat(226), "y".repeat(20)));
        assert!(bridge_name(&separator).is_some());
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_nothing_else_is_one() {
        let mark = BridgeMark {
            rotation: "20261125-3f9c2a71".to_owned(),
            replaces: "d53eda7a637c".to_owned(),
            clusters: 3,
        };
        assert_eq!(BridgeMark::parse(&mark.to_string()), Some(mark));
        for other in [
            "",
            "prod pulls",
            "kubectl-quay rotation ",
            "kubectl-quay rotation a b replaces c, clusters: 1",
            "kubectl-quay rotation a replaces c, clusters: many",
        ] {
            assert_eq!(BridgeMark::parse(other), None, "{other}");
        }
    }
}
