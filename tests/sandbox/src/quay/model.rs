//! What a Quay keeps, as far as the API shows it.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;

/// A right on a repository; each includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Pull.
    Read,
    /// Push.
    Write,
    /// Change settings and permissions.
    Admin,
}

impl Role {
    /// The name the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uuid: String,
    pub(super) email: String,
    pub(super) password: String,
    pub(super) encrypted_password: String,
    pub(super) failed_logins: u32,
    pub(super) last_failure: Option<Timestamp>,
}

/// An organization with what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) teams: Vec<Team>,
    pub(super) prototypes: Vec<Prototype>,
    pub(super) applications: Vec<Application>,
}

impl Organization {
    pub(super) fn team(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.name == name)
    }

    pub(super) fn team_mut(&mut self, name: &str) -> Option<&mut Team> {
        self.teams.iter_mut().find(|team| team.name == name)
    }

    /// Whether `who`, user or robot, is in one of the teams.
    pub(super) fn has_member(&self, who: &str) -> bool {
        self.teams.iter().any(|team| team.has(who))
    }
}

/// A team; its role (`member`, `creator` or `admin`) holds for the whole organization.
#[derive(Clone, Debug)]
pub(super) struct Team {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) role: String,
    pub(super) members: Vec<String>,
}

impl Team {
    pub(super) fn has(&self, who: &str) -> bool {
        self.members.iter().any(|member| member == who)
    }
}

/// Who gets a permission: a user or robot, or a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delegate {
    User(String),
    Team(String),
}

/// A default permission, given on repositories created after it.
#[derive(Clone, Debug)]
pub(super) struct Prototype {
    pub(super) id: String,
    pub(super) role: Role,
    pub(super) activating_user: Option<String>,
    pub(super) delegate: Delegate,
}

/// An OAuth application.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) application_uri: String,
    pub(super) redirect_uri: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

/// An OAuth access token.
#[derive(Clone, Debug)]
pub(super) struct OauthToken {
    pub(super) id: u64,
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) scopes: super::scopes::Scopes,
    pub(super) user: String,
    pub(super) client_id: String,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) last_accessed: Option<Timestamp>,
    pub(super) secret: String,
}

/// An application-specific token, used as the password of `$app`.
#[derive(Clone, Debug)]
pub(super) struct AppToken {
    pub(super) uuid: String,
    pub(super) title: String,
    pub(super) user: String,
    pub(super) created: Timestamp,
    pub(super) last_accessed: Option<Timestamp>,
    pub(super) code: String,
}

/// A robot account.
#[derive(Clone, Debug)]
pub(super) struct Robot {
    pub(super) name: String,
    /// Changes with every regenerate, and with it the avatar.
    pub(super) email: String,
    pub(super) token: String,
    pub(super) created: Timestamp,
    pub(super) last_accessed: Option<Timestamp>,
    pub(super) description: String,
    pub(super) metadata: Option<Value>,
    pub(super) federation: Vec<Binding>,
    pub(super) mirrored: bool,
    /// Grows with every change to any robot; the order in which PostgreSQL keeps them.
    pub(super) changed: u64,
}

/// An OIDC subject that may act as a robot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The `iss` of the subject's tokens, character by character.
    pub issuer: String,
    /// Their `sub`.
    pub subject: String,
    /// Their `aud` has one of these, if there are any. The API shows them, and cannot write them.
    pub audiences: Vec<String>,
}

/// A repository with the permissions on it.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) public: bool,
    pub(super) status_token: String,
    pub(super) users: Vec<(String, Role)>,
    pub(super) teams: Vec<(String, Role)>,
    /// All of its tags; they are of the same image.
    pub(super) tags: Vec<String>,
}

/// Gives `who` the role, in place of the one it had.
pub(super) fn upsert(list: &mut Vec<(String, Role)>, who: &str, role: Role) {
    match list.iter_mut().find(|(name, _)| name == who) {
        Some(entry) => entry.1 = role,
        None => list.push((who.to_owned(), role)),
    }
}

/// The role `who` has in the list.
pub(super) fn role_of(list: &[(String, Role)], who: &str) -> Option<Role> {
    let found = list.iter().find(|(name, _)| name == who);
    found.map(|(_, role)| *role)
}

/// A browser session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) user: Option<String>,
    pub(super) csrf: String,
}

/// A line of a usage log.
#[derive(Clone, Debug)]
pub(super) struct LogEntry {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) performer: Option<String>,
    pub(super) ip: String,
    pub(super) time: Timestamp,
    pub(super) metadata: Value,
}

/// A time during which a robot's token was the right one.
#[derive(Clone, Debug)]
pub struct Validity {
    /// The first 12 hex digits of the token's SHA-256.
    pub fingerprint: String,
    /// From when.
    pub from: Instant,
    /// Until when; `None` while it still is.
    pub to: Option<Instant>,
}

/// Every token each robot ever had, also of robots that are gone.
pub(super) type Validities = BTreeMap<String, Vec<Validity>>;
