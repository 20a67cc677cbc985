//! Seeding and steering: what tests and the demo do behind the API's back.

use std::io;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::images::TAG;
use super::model::{
    AppToken, Application, Binding, Delegate, LogEntry, OauthToken, Organization, Prototype,
    Repository, Robot, Role, Session, Team, User, upsert,
};
use super::scopes::Scopes;
use super::state::State;

/// Ten years, the life of a token nobody limited.
pub(super) const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(315_576_000);

fn missing(what: &str, name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("no {what} {name}"))
}

impl State {
    /// Adds a user who signs in with `password`.
    pub fn add_user(&mut self, name: &str, password: &str) {
        let email = format!("{name}@example.com");
        self.insert_user(name, password, email);
    }

    pub(super) fn insert_user(&mut self, name: &str, password: &str, email: String) {
        self.users.push(User {
            name: name.to_owned(),
            uuid: self.uuid(),
            email,
            password: password.to_owned(),
            encrypted_password: self.mixed(64),
            failed_logins: 0,
            last_failure: None,
        });
    }

    /// Adds an organization; `owner` becomes the member of its team `owners`.
    pub fn add_organization(&mut self, name: &str, owner: &str) {
        let email = format!("{name}@example.com");
        self.insert_organization(name, owner, email);
    }

    pub(super) fn insert_organization(&mut self, name: &str, owner: &str, email: String) {
        self.organizations.push(Organization {
            name: name.to_owned(),
            email,
            teams: vec![Team {
                name: "owners".into(),
                description: String::new(),
                role: "admin".into(),
                members: vec![owner.to_owned()],
            }],
            prototypes: Vec::new(),
            applications: Vec::new(),
        });
    }

    /// Adds a team whose role is `member`, `creator` or `admin`, with users and robots in it.
    ///
    /// # Errors
    /// When the organization does not exist.
    pub fn add_team(
        &mut self,
        org: &str,
        name: &str,
        role: &str,
        members: &[&str],
    ) -> io::Result<()> {
        let found = self.organization_mut(org);
        found
            .ok_or_else(|| missing("organization", org))?
            .teams
            .push(Team {
                name: name.to_owned(),
                description: String::new(),
                role: role.to_owned(),
                members: members.iter().map(|&who| who.to_owned()).collect(),
            });
        Ok(())
    }

    /// Adds a repository without the creator's permission or default permissions. It holds one
    /// image, with the tag `v1`.
    pub fn add_repository(&mut self, namespace: &str, name: &str, public: bool) {
        let id = self.id();
        let repository = Repository {
            id,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            public,
            status_token: self.uuid(),
            users: Vec::new(),
            teams: Vec::new(),
            tags: vec![TAG.to_owned()],
        };
        self.repositories
            .insert((namespace.to_owned(), name.to_owned()), repository);
    }

    /// Adds the robot `namespace+name` and returns its token.
    pub fn add_robot(&mut self, full: &str) -> String {
        self.insert_robot(full, "", None)
    }

    pub(super) fn insert_robot(
        &mut self,
        full: &str,
        description: &str,
        metadata: Option<Value>,
    ) -> String {
        let token = self.upper(64);
        let robot = Robot {
            name: full.to_owned(),
            email: self.uuid(),
            token: token.clone(),
            created: self.now(),
            last_accessed: None,
            description: description.to_owned(),
            metadata,
            federation: Vec::new(),
            mirrored: false,
            changed: self.id(),
        };
        self.end_validity(full);
        self.robots.insert(full.to_owned(), robot);
        self.begin_validity(full, &token);
        token
    }

    /// The names of the robots of a namespace, sorted.
    pub fn robots_of(&self, namespace: &str) -> Vec<&str> {
        let own = format!("{namespace}+");
        let names = self.robots.keys().map(String::as_str);
        names.filter(|name| name.starts_with(&own)).collect()
    }

    /// Gives the robot a new token and returns it; the old one is dead at once.
    ///
    /// # Errors
    /// When the robot does not exist.
    pub fn regenerate(&mut self, full: &str) -> io::Result<String> {
        let (token, email, changed) = (self.upper(64), self.uuid(), self.id());
        let robot = self.robots.get_mut(full);
        let robot = robot.ok_or_else(|| missing("robot", full))?;
        robot.token.clone_from(&token);
        robot.email = email;
        robot.changed = changed;
        self.end_validity(full);
        self.begin_validity(full, &token);
        Ok(token)
    }

    /// Deletes a robot with its permissions, memberships and default permissions.
    /// Returns whether there was one.
    pub fn delete_robot(&mut self, full: &str) -> bool {
        if self.robots.remove(full).is_none() {
            return false;
        }
        self.end_validity(full);
        for repository in self.repositories.values_mut() {
            repository.users.retain(|(who, _)| who != full);
        }
        let itself = Delegate::User(full.to_owned());
        for org in &mut self.organizations {
            for team in &mut org.teams {
                team.members.retain(|who| who != full);
            }
            org.prototypes.retain(|prototype| {
                prototype.delegate != itself && prototype.activating_user.as_deref() != Some(full)
            });
        }
        true
    }

    /// The robot's current token.
    pub fn token_of(&self, full: &str) -> Option<&str> {
        self.robots.get(full).map(|robot| robot.token.as_str())
    }

    /// Gives a user or robot a role on a repository; `None` takes it away.
    ///
    /// # Errors
    /// When the repository does not exist.
    pub fn set_permission(
        &mut self,
        namespace: &str,
        repository: &str,
        who: &str,
        role: Option<Role>,
    ) -> io::Result<()> {
        let found = self.repository_mut(namespace, repository);
        let users = &mut found
            .ok_or_else(|| missing("repository", repository))?
            .users;
        match role {
            Some(role) => upsert(users, who, role),
            None => users.retain(|(name, _)| name != who),
        }
        Ok(())
    }

    /// Gives a team a role on a repository.
    ///
    /// # Errors
    /// When the repository does not exist.
    pub fn set_team_permission(
        &mut self,
        namespace: &str,
        repository: &str,
        team: &str,
        role: Role,
    ) -> io::Result<()> {
        let found = self.repository_mut(namespace, repository);
        let teams = &mut found
            .ok_or_else(|| missing("repository", repository))?
            .teams;
        upsert(teams, team, role);
        Ok(())
    }

    /// Adds a default permission for a user or robot and returns its id.
    ///
    /// # Errors
    /// When the organization does not exist.
    pub fn add_prototype(
        &mut self,
        org: &str,
        delegate: &str,
        role: Role,
        activating_user: Option<&str>,
    ) -> io::Result<String> {
        let id = self.uuid();
        let found = self.organization_mut(org);
        found
            .ok_or_else(|| missing("organization", org))?
            .prototypes
            .push(Prototype {
                id: id.clone(),
                role,
                activating_user: activating_user.map(str::to_owned),
                delegate: Delegate::User(delegate.to_owned()),
            });
        Ok(id)
    }

    /// Adds an OAuth application and returns its client id.
    ///
    /// # Errors
    /// When the organization does not exist.
    pub fn add_application(&mut self, org: &str, name: &str) -> io::Result<String> {
        let client_id = self.upper(20);
        let application = Application {
            name: name.to_owned(),
            description: String::new(),
            application_uri: String::new(),
            redirect_uri: String::new(),
            client_id: client_id.clone(),
            client_secret: self.upper(40),
        };
        let found = self.organization_mut(org);
        found
            .ok_or_else(|| missing("organization", org))?
            .applications
            .push(application);
        Ok(client_id)
    }

    /// Makes an API token of 40 characters for `user`.
    ///
    /// # Errors
    /// When a scope is unknown.
    pub fn mint_token(&mut self, user: &str, scopes: &str) -> io::Result<String> {
        let parsed = Scopes::parse(scopes).ok_or_else(|| missing("scope", scopes))?;
        let token = self.insert_token(user, parsed, "sandbox", "", TOKEN_LIFE);
        Ok(token.secret)
    }

    pub(super) fn insert_token(
        &mut self,
        user: &str,
        scopes: Scopes,
        name: &str,
        client_id: &str,
        life: SignedDuration,
    ) -> OauthToken {
        let created = self.now();
        let token = OauthToken {
            id: self.id(),
            uuid: self.uuid(),
            name: name.to_owned(),
            scopes,
            user: user.to_owned(),
            client_id: client_id.to_owned(),
            created,
            expires: created.checked_add(life).unwrap_or(Timestamp::MAX),
            last_accessed: None,
            secret: self.mixed(40),
        };
        self.tokens.insert(token.secret.clone(), token.clone());
        token
    }

    /// Lets an API token expire now. Returns whether there was one.
    pub fn expire_token(&mut self, token: &str) -> bool {
        let now = self.now();
        let found = self.tokens.get_mut(token);
        found.map(|token| token.expires = now).is_some()
    }

    /// Revokes an API token. Returns whether there was one.
    pub fn revoke_token(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some()
    }

    /// Makes an application-specific token for `user`, the password of `$app`.
    pub fn add_app_token(&mut self, user: &str, title: &str) -> String {
        let token = AppToken {
            uuid: self.uuid(),
            title: title.to_owned(),
            user: user.to_owned(),
            created: self.now(),
            last_accessed: None,
            code: self.upper(120),
        };
        let code = token.code.clone();
        self.app_tokens.push(token);
        code
    }

    /// Opens a browser session; returns the cookie's value and the CSRF token that goes with it.
    pub fn open_session(&mut self, user: Option<&str>) -> (String, String) {
        let (cookie, csrf) = (self.mixed(48), self.mixed(64));
        let session = Session {
            user: user.map(str::to_owned),
            csrf: csrf.clone(),
        };
        self.sessions.insert(cookie.clone(), session);
        (cookie, csrf)
    }

    /// Sets when a robot last logged in to the registry. Returns whether there is one.
    pub fn set_last_accessed(&mut self, full: &str, time: Option<Timestamp>) -> bool {
        let robot = self.robots.get_mut(full);
        robot.map(|robot| robot.last_accessed = time).is_some()
    }

    /// Sets when a robot was created. Returns whether there is one.
    pub fn set_created(&mut self, full: &str, time: Timestamp) -> bool {
        let robot = self.robots.get_mut(full);
        robot.map(|robot| robot.created = time).is_some()
    }

    /// Sets a robot's description. Returns whether there is one.
    pub fn set_description(&mut self, full: &str, description: &str) -> bool {
        let robot = self.robots.get_mut(full);
        robot
            .map(|robot| robot.description = description.to_owned())
            .is_some()
    }

    /// Sets which OIDC subjects may act as a robot. Returns whether there is one.
    pub fn set_federation(&mut self, full: &str, bindings: Vec<Binding>) -> bool {
        let robot = self.robots.get_mut(full);
        robot.map(|robot| robot.federation = bindings).is_some()
    }

    /// Marks a robot as used by a repository mirror, which keeps it from being deleted.
    /// Returns whether there is one.
    pub fn set_mirrored(&mut self, full: &str, mirrored: bool) -> bool {
        let robot = self.robots.get_mut(full);
        robot.map(|robot| robot.mirrored = mirrored).is_some()
    }

    /// Writes a pull of `namespace/repository` by `robot` into the namespace's usage log, now.
    pub fn log_pull(
        &mut self,
        robot: &str,
        namespace: &str,
        repository: &str,
        ip: &str,
        agent: &str,
    ) {
        let entry = LogEntry {
            kind: "pull_repo",
            namespace: namespace.to_owned(),
            performer: Some(robot.to_owned()),
            ip: ip.to_owned(),
            time: self.now(),
            metadata: json!({
                "repo": repository,
                "namespace": namespace,
                "user-agent": agent,
                "tag": "latest",
                "username": robot,
                "is_robot": robot.contains('+'),
                "resolved_ip": { "provider": "internet", "service": null, "sync_token": null },
            }),
        };
        self.logs.push(entry);
    }
}
