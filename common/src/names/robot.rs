//! A robot account's name.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A robot as Quay writes it: `org+name`, where `org` is an organization or a user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RobotName {
    full: String,
    plus: usize,
}

impl RobotName {
    /// Quay's limit for the whole name, in characters.
    pub const MAX_LENGTH: usize = 255;

    /// `org+name`.
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// The organization or user the robot belongs to.
    pub fn namespace(&self) -> &str {
        &self.full[..self.plus]
    }

    /// The part after the `+`, as it stands in API paths.
    pub fn short(&self) -> &str {
        &self.full[self.plus + 1..]
    }

    /// Whether `text` is a name Quay gives to robots, and not to people or tokens.
    pub fn is_robot(text: &str) -> bool {
        text.parse::<Self>().is_ok()
    }
}

impl FromStr for RobotName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((namespace, short)) = text.split_once('+') else {
            return Err(format!(
                "`{text}` is not a robot: write it as Quay does, like myorg+{text}"
            ));
        };
        if text.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(format!(
                "`{text}` has upper-case letters, which Quay refuses; did you mean `{}`?",
                text.to_ascii_lowercase()
            ));
        }
        for part in [namespace, short] {
            if !is_name(part) {
                return Err(format!(
                    "`{text}` is not a robot: both sides of the + are 2 to 255 lower-case letters \
                     and digits, with single `.`, `_` or `-` between them"
                ));
            }
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(format!(
                "`{text}` is longer than the {} characters Quay allows",
                Self::MAX_LENGTH
            ));
        }
        Ok(Self {
            full: text.to_owned(),
            plus: namespace.len(),
        })
    }
}

/// Quay's `^([a-z0-9]+(?:[._-][a-z0-9]+)*)$`, 2 to 255 characters (util/validation.py).
pub(super) fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (2..=255).contains(&bytes.len())
        && bytes.iter().enumerate().all(|(at, byte)| {
            alphanumeric(*byte)
                || (matches!(byte, b'.' | b'_' | b'-')
                    && at > 0
                    && alphanumeric(bytes[at - 1])
                    && bytes.get(at + 1).is_some_and(|next| alphanumeric(*next)))
        })
}

impl TryFrom<String> for RobotName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RobotName> for String {
    fn from(name: RobotName) -> Self {
        name.full
    }
}

impl fmt::Display for RobotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_the_plus() {
        let robot: RobotName = "myorg+k8s_prod_puller".parse().unwrap();
        assert_eq!(
            (robot.namespace(), robot.short()),
            ("myorg", "k8s_prod_puller")
        );
    }

    #[test]
    fn names_quay_would_refuse_are_refused_here() {
        let long = format!("org+{}", "x".repeat(252));
        for bad in [
            "k8s",
            "myorg+",
            "+x",
            "myorg+a",
            "my+or+g",
            "myorg+a__b",
            "myorg+-ab",
            "myorg+ab.",
            "myorg+ab\n",
            &long,
        ] {
            assert!(bad.parse::<RobotName>().is_err(), "{bad}");
        }
        let shouted = "MyOrg+puller".parse::<RobotName>().unwrap_err();
        assert!(shouted.contains("`myorg+puller`"), "{shouted}");
    }
}
