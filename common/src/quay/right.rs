//! What a robot may do, as values that can be compared, copied and written down.

use super::role::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One thing a robot can be given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Right {
    /// A direct role on the repository `org/name`.
    Repository(String),
    /// Membership of a team of its organization.
    Team(String),
    /// A default permission that names it.
    Default(DefaultRight),
}

/// How much of a [`Right`] a robot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Degree {
    /// This role.
    Role(Role),
    /// It is in the team.
    Member,
    /// Quay accepts the same default permission more than once.
    Times(usize),
}

/// What an organization gives on every repository created from now on, as the robot
/// it is looked at for sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefaultRight {
    /// The role given.
    pub role: Role,
    /// Who gets it.
    pub delegate: Party,
    /// On whose new repositories; everybody's where nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activating: Option<Party>,
}

/// Somebody a default permission names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Party {
    /// The robot itself.
    Itself,
    /// Another user or robot.
    User(String),
    /// A team.
    Team(String),
}

/// A robot's direct roles, teams and default permissions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Right, Degree)>", into = "Vec<(Right, Degree)>")]
pub struct Rights(BTreeMap<Right, Degree>);

impl From<Vec<(Right, Degree)>> for Rights {
    fn from(list: Vec<(Right, Degree)>) -> Self {
        Self(list.into_iter().collect())
    }
}

impl From<Rights> for Vec<(Right, Degree)> {
    fn from(rights: Rights) -> Self {
        rights.0.into_iter().collect()
    }
}

impl Rights {
    /// Each right and its degree, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Right, Degree)> {
        self.0.iter().map(|(right, degree)| (right, *degree))
    }

    /// How much of `right` there is.
    pub fn degree(&self, right: &Right) -> Option<Degree> {
        self.0.get(right).copied()
    }

    /// How many rights there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The repositories with a direct role, `org/name`.
    pub fn repositories(&self) -> Vec<String> {
        let name = |right: &Right| match right {
            Right::Repository(name) => Some(name.clone()),
            Right::Team(_) | Right::Default(_) => None,
        };
        self.0.keys().filter_map(name).collect()
    }

    /// Sets or removes one right.
    pub fn set(&mut self, right: Right, degree: Option<Degree>) {
        match degree {
            Some(degree) => self.0.insert(right, degree),
            None => self.0.remove(&right),
        };
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(name) => write!(f, "repository {name}"),
            Self::Team(name) => write!(f, "team {name}"),
            Self::Default(right) => write!(
                f,
                "default permission {} for {}",
                right.role, right.delegate
            ),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself => f.write_str("itself"),
            Self::User(name) | Self::Team(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_survive_being_written_down() {
        let mut rights = Rights::default();
        rights.set(
            Right::Repository("myorg/a".into()),
            Some(Degree::Role(Role::Read)),
        );
        rights.set(Right::Team("devs".into()), Some(Degree::Member));
        let right = DefaultRight {
            role: Role::Read,
            delegate: Party::Itself,
            activating: None,
        };
        rights.set(Right::Default(right), Some(Degree::Times(2)));
        let text = serde_json::to_string(&rights).unwrap();
        assert_eq!(serde_json::from_str::<Rights>(&text).unwrap(), rights);
    }
}
