//! The whole of a Quay's state, and the questions asked of it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

use super::jwt::Signer;
use super::limits::Limits;
use super::model::{
    AppToken, LogEntry, OauthToken, Organization, Repository, Robot, Role, Session, User,
    Validities, Validity, role_of,
};

/// Robot and application secrets.
const UPPER: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// OAuth tokens and CSRF tokens.
const MIXED: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// How long a `last_accessed` stands before the next login moves it.
const DEBOUNCE: SignedDuration = SignedDuration::from_secs(60);

/// Configuration that changes answers; the defaults are Quay's.
#[derive(Clone, Debug)]
pub struct Switches {
    /// FEATURE_ANONYMOUS_ACCESS.
    pub anonymous_access: bool,
    /// REGISTRY_STATE `readonly`.
    pub read_only: bool,
    /// ROBOTS_DISALLOW.
    pub robots_disallowed: bool,
    /// BROWSER_API_CALLS_XHR_ONLY.
    pub browser_xhr_only: bool,
    /// FEATURE_SUPERUSERS_FULL_ACCESS.
    pub superusers_full_access: bool,
    /// FEATURE_RATE_LIMITS, with the limits of Quay's own nginx configuration.
    pub rate_limits: bool,
    /// FEATURE_USER_LAST_ACCESSED.
    pub last_accessed: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            anonymous_access: true,
            read_only: false,
            robots_disallowed: false,
            browser_xhr_only: true,
            superusers_full_access: false,
            rate_limits: false,
            last_accessed: true,
        }
    }
}

/// What the server takes for the time.
enum Clock {
    /// So much later than it is.
    Ahead(SignedDuration),
    Stopped(Timestamp),
}

/// Everything a Quay knows. Seed it with the methods below; the API changes it too.
pub struct State {
    /// Configuration that changes answers.
    pub switches: Switches,
    /// SUPER_USERS.
    pub superusers: Vec<String>,
    /// Issuers whose OIDC tokens are taken as genuine; signatures are not checked.
    pub trusted_issuers: Vec<String>,
    pub(super) hostname: String,
    pub(super) scheme: &'static str,
    clock: Clock,
    pub(super) limits: Limits,
    pub(super) users: Vec<User>,
    pub(super) organizations: Vec<Organization>,
    pub(super) robots: BTreeMap<String, Robot>,
    pub(super) repositories: BTreeMap<(String, String), Repository>,
    pub(super) tokens: HashMap<String, OauthToken>,
    pub(super) app_tokens: Vec<AppToken>,
    pub(super) sessions: HashMap<String, Session>,
    pub(super) logs: Vec<LogEntry>,
    pub(super) next_id: u64,
    pub(super) signer: Signer,
    validities: Validities,
    random: SystemRandom,
}

impl State {
    pub(super) fn new(scheme: &'static str, hostname: String) -> io::Result<Self> {
        Ok(Self {
            switches: Switches::default(),
            superusers: Vec::new(),
            trusted_issuers: Vec::new(),
            hostname,
            scheme,
            clock: Clock::Ahead(SignedDuration::ZERO),
            limits: Limits::default(),
            users: Vec::new(),
            organizations: Vec::new(),
            robots: BTreeMap::new(),
            repositories: BTreeMap::new(),
            tokens: HashMap::new(),
            app_tokens: Vec::new(),
            sessions: HashMap::new(),
            logs: Vec::new(),
            next_id: 1,
            validities: Validities::new(),
            random: SystemRandom::new(),
            signer: Signer::new()?,
        })
    }

    /// `scheme://SERVER_HOSTNAME`.
    pub(super) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.hostname)
    }

    /// The server's time.
    pub fn now(&self) -> Timestamp {
        match self.clock {
            Clock::Ahead(by) => Timestamp::now().checked_add(by).unwrap_or(Timestamp::MAX),
            Clock::Stopped(time) => time,
        }
    }

    /// Puts the server's clock to `time`; it goes on from there.
    pub fn set_clock(&mut self, time: Timestamp) {
        self.clock = Clock::Ahead(time.duration_since(Timestamp::now()));
    }

    /// Stops the server's clock at `time`, until it is set again.
    pub fn stop_clock(&mut self, time: Timestamp) {
        self.clock = Clock::Stopped(time);
    }

    /// The tokens `robot` (`org+name`) has had, oldest first.
    pub fn validity(&self, robot: &str) -> Vec<Validity> {
        self.validities.get(robot).cloned().unwrap_or_default()
    }

    pub(super) fn begin_validity(&mut self, robot: &str, token: &str) {
        let spans = self.validities.entry(robot.to_owned()).or_default();
        spans.push(Validity {
            fingerprint: crate::fingerprint(token.as_bytes()),
            from: Instant::now(),
            to: None,
        });
    }

    pub(super) fn end_validity(&mut self, robot: &str) {
        let now = Instant::now();
        let spans = self.validities.entry(robot.to_owned()).or_default();
        for span in spans.iter_mut().filter(|span| span.to.is_none()) {
            span.to = Some(now);
        }
    }

    pub(super) fn upper(&self, length: usize) -> String {
        self.draw(UPPER, length)
    }

    pub(super) fn mixed(&self, length: usize) -> String {
        self.draw(MIXED, length)
    }

    pub(super) fn uuid(&self) -> String {
        let hex = self.draw(b"0123456789abcdef", 32);
        let (a, b, c, d, e) = (
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..],
        );
        format!("{a}-{b}-4{c}-a{d}-{e}")
    }

    /// `length` characters of `alphabet`. Its slight bias matters to nobody here.
    fn draw(&self, alphabet: &[u8], length: usize) -> String {
        let mut bytes = vec![0; length];
        // The system's generator fails only where nothing else works either.
        let _ = self.random.fill(&mut bytes);
        bytes
            .iter()
            .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]))
            .collect()
    }

    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(super) fn organization(&self, name: &str) -> Option<&Organization> {
        self.organizations.iter().find(|org| org.name == name)
    }

    pub(super) fn organization_mut(&mut self, name: &str) -> Option<&mut Organization> {
        self.organizations.iter_mut().find(|org| org.name == name)
    }

    pub(super) fn repository(&self, namespace: &str, name: &str) -> Option<&Repository> {
        self.repositories
            .get(&(namespace.to_owned(), name.to_owned()))
    }

    pub(super) fn repository_mut(
        &mut self,
        namespace: &str,
        name: &str,
    ) -> Option<&mut Repository> {
        self.repositories
            .get_mut(&(namespace.to_owned(), name.to_owned()))
    }

    /// The repositories of a namespace, oldest first.
    pub(super) fn repositories_of(&self, namespace: &str) -> Vec<&Repository> {
        let all = self.repositories.values();
        let mut found: Vec<_> = all.filter(|repo| repo.namespace == namespace).collect();
        found.sort_by_key(|repo| repo.id);
        found
    }

    /// Whether a user or robot of that name exists.
    pub(super) fn account_exists(&self, name: &str) -> bool {
        self.user(name).is_some() || self.robots.contains_key(name)
    }

    pub(super) fn is_superuser(&self, user: &str) -> bool {
        self.superusers.iter().any(|name| name == user)
    }

    /// Whether `user` administers the namespace: its own, or by an admin team.
    pub(super) fn administers(&self, user: &str, namespace: &str) -> bool {
        user == namespace || self.has_team_role(user, namespace, &["admin"])
    }

    /// Whether `user` may create repositories there.
    pub(super) fn may_create(&self, user: &str, namespace: &str) -> bool {
        user == namespace || self.has_team_role(user, namespace, &["admin", "creator"])
    }

    fn has_team_role(&self, user: &str, namespace: &str, roles: &[&str]) -> bool {
        self.organization(namespace).is_some_and(|org| {
            org.teams
                .iter()
                .any(|team| roles.contains(&team.role.as_str()) && team.has(user))
        })
    }

    /// The highest role `who` has on the repository: directly, by a team, or as its namespace's
    /// administrator.
    pub(super) fn role_on(&self, who: &str, repository: &Repository) -> Option<Role> {
        if self.administers(who, &repository.namespace) {
            return Some(Role::Admin);
        }
        let direct = role_of(&repository.users, who);
        direct.max(self.team_role_on(who, repository))
    }

    pub(super) fn team_role_on(&self, who: &str, repository: &Repository) -> Option<Role> {
        let org = self.organization(&repository.namespace)?;
        let by_team = repository.teams.iter().filter_map(|(name, role)| {
            let team = org.team(name)?;
            team.has(who).then_some(*role)
        });
        by_team.max()
    }

    /// The robots whose name matches `namespace+%` as SQL's LIKE does: `_` stands for any character.
    ///
    /// Never used ones come first, then by last use, the latest first. What that leaves open is up
    /// to PostgreSQL: in the order it keeps them, or, where it sorts for a limit, the other way.
    pub(super) fn robots_like(&self, namespace: &str, limited: bool) -> Vec<&Robot> {
        let pattern: Vec<char> = namespace.chars().chain(['+']).collect();
        let matches = |name: &str| {
            let mut characters = name.chars();
            pattern.iter().all(|wanted| {
                characters
                    .next()
                    .is_some_and(|is| *wanted == '_' || *wanted == is)
            })
        };
        let mut found: Vec<_> = self
            .robots
            .values()
            .filter(|robot| matches(&robot.name))
            .collect();
        found.sort_by_key(|robot| {
            let used = robot.last_accessed.map(|time| -time.as_millisecond());
            let changed = if limited {
                u64::MAX - robot.changed
            } else {
                robot.changed
            };
            (used.is_some(), used, changed)
        });
        found
    }

    /// Moves a robot's `last_accessed`, unless it moved less than a minute ago.
    pub(super) fn touch_robot(&mut self, name: &str) {
        let (now, changed) = (self.now(), self.id());
        if !self.switches.last_accessed {
            return;
        }
        if let Some(robot) = self.robots.get_mut(name)
            && touch(&mut robot.last_accessed, now)
        {
            robot.changed = changed;
        }
    }
}

/// Moves a `last_accessed`, unless it moved less than a minute ago. Returns whether it did.
pub(super) fn touch(last: &mut Option<Timestamp>, now: Timestamp) -> bool {
    let due = last.is_none_or(|before| now.duration_since(before) > DEBOUNCE);
    if due {
        *last = Some(now);
    }
    due
}
