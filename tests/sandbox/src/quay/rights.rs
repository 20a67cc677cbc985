//! What a robot may do, for tests to compare.

use super::model::{Delegate, role_of};
use super::state::State;

impl State {
    /// Every right of a robot (`org+name`) as a line of text, in alphabetical order: direct
    /// roles, teams, and the default permissions that name it, which it sees as itself.
    pub fn rights_of(&self, robot: &str) -> Vec<String> {
        let namespace = robot.split('+').next().unwrap_or_default();
        let mut rights: Vec<String> = self
            .repositories
            .values()
            .filter_map(|repository| {
                let role = role_of(&repository.users, robot)?;
                Some(format!("role {} on {}", role.name(), repository.name))
            })
            .collect();
        if let Some(organization) = self.organization(namespace) {
            let teams = organization.teams.iter().filter(|team| team.has(robot));
            rights.extend(teams.map(|team| format!("team {}", team.name)));
            for prototype in &organization.prototypes {
                let role = prototype.role.name();
                let delegate = match &prototype.delegate {
                    Delegate::User(name) | Delegate::Team(name) => name,
                };
                if delegate == robot {
                    rights.push(format!("default {role}"));
                } else if prototype.activating_user.as_deref() == Some(robot) {
                    rights.push(format!("default {role} for {delegate}"));
                }
            }
        }
        rights.sort();
        rights
    }
}
