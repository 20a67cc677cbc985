//! Who is calling the API, and what they may do there.

use axum::http::Method;

use super::call::{Authorization, Call};
use super::errors::Failure;
use super::jwt;
use super::model::Role;
use super::scopes::Scopes;
use super::state::{State, touch};

/// Who is calling.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// `None` is anonymous; a missing, wrong, expired or revoked token makes nobody else.
    pub(super) user: Option<String>,
    pub(super) scopes: Option<Scopes>,
    /// The secret of the OAuth token that was shown, if it was a valid one.
    pub(super) token: Option<String>,
    /// The cookie of the session that was shown, if there is one.
    pub(super) session: Option<String>,
}

/// What a call needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need<'a> {
    /// Administer this organization, or the caller's own namespace.
    OrgAdmin(&'a str),
    /// Belong to this organization.
    OrgMember(&'a str),
    /// See this team.
    Team(&'a str, &'a str),
    RepoAdmin(&'a str, &'a str),
    RepoRead(&'a str, &'a str),
    RepoWrite(&'a str, &'a str),
    CreateRepo(&'a str),
    UserAdmin,
    UserRead,
    Superuser,
}

impl Caller {
    /// Reads the credentials of an API call. Basic credentials are no credentials there.
    pub(super) fn of(state: &mut State, call: &Call) -> Result<Self, Failure> {
        let now = state.now();
        let mut caller = Self::default();
        if let Authorization::Bearer(secret) = call.authorization() {
            if let Some(issuer) = jwt::issuer(&secret) {
                let error = format!("Issuer {issuer} not configured");
                return Err(Failure::labelled_html(401, &error));
            }
            let token = state.tokens.get_mut(&secret);
            if let Some(token) = token.filter(|token| token.expires > now) {
                touch(&mut token.last_accessed, now);
                caller.user = Some(token.user.clone());
                caller.scopes = Some(token.scopes);
                caller.token = Some(secret);
                return Ok(caller);
            }
        }
        let cookie = call.session_cookie();
        if let Some((cookie, session)) =
            cookie.and_then(|cookie| Some((cookie, state.sessions.get(cookie)?)))
        {
            caller.user.clone_from(&session.user);
            caller.scopes = session.user.as_ref().map(|_| Scopes::ALL);
            caller.session = Some(cookie.to_owned());
        }
        Ok(caller)
    }

    /// The caller's name.
    pub(super) fn name(&self) -> Result<&str, Failure> {
        self.user.as_deref().ok_or_else(Failure::unauthenticated)
    }

    pub(super) fn has(&self, scope: Scopes) -> bool {
        self.scopes.is_some_and(|scopes| scopes.any(scope))
    }

    /// Refuses writes without an OAuth token or the session's CSRF token.
    pub(super) fn check_csrf(&self, state: &State, call: &Call) -> Result<(), Failure> {
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS];
        if reads.contains(&call.method) || self.token.is_some() {
            return Ok(());
        }
        let session = self.session.as_ref().and_then(|it| state.sessions.get(it));
        let given = call
            .header("x-csrf-token")
            .map(str::to_owned)
            .or_else(|| call.form("_csrf_token"));
        match (session, given) {
            (Some(session), Some(given)) if session.csrf == given => Ok(()),
            _ => Err(Failure::csrf(self.user.as_deref())),
        }
    }

    /// Whether a superuser's token reaches into everybody's namespaces.
    pub(super) fn has_full_access(&self, state: &State) -> bool {
        state.switches.superusers_full_access
            && self.has(Scopes::SUPER_USER)
            && self
                .user
                .as_ref()
                .is_some_and(|user| state.is_superuser(user))
    }

    pub(super) fn can(&self, state: &State, need: Need<'_>) -> bool {
        let Some(user) = self.user.as_deref() else {
            return matches!(need, Need::RepoRead(namespace, name)
                if state.repository(namespace, name).is_some_and(|repo| repo.public));
        };
        let full = self.has_full_access(state);
        match need {
            Need::OrgAdmin(org) => {
                full || self.has(Scopes::ORG_ADMIN) && state.administers(user, org)
            }
            Need::OrgMember(org) => {
                self.can(state, Need::OrgAdmin(org))
                    || self.has(Scopes::ORG_ADMIN)
                        && state
                            .organization(org)
                            .is_some_and(|org| org.has_member(user))
            }
            Need::Team(org, team) => {
                self.can(state, Need::OrgAdmin(org))
                    || self.has(Scopes::ORG_ADMIN)
                        && state
                            .organization(org)
                            .and_then(|org| org.team(team))
                            .is_some_and(|team| team.has(user))
            }
            Need::RepoAdmin(namespace, name) => {
                full || self.has(Scopes::REPO_ADMIN)
                    && has_role(state, user, namespace, name, Role::Admin)
            }
            Need::RepoRead(namespace, name) => {
                let reading = Scopes::REPO_READ
                    .union(Scopes::REPO_WRITE)
                    .union(Scopes::REPO_ADMIN);
                full || state
                    .repository(namespace, name)
                    .is_some_and(|it| it.public)
                    || self.has(reading) && has_role(state, user, namespace, name, Role::Read)
            }
            Need::RepoWrite(namespace, name) => {
                let writing = Scopes::REPO_WRITE.union(Scopes::REPO_ADMIN);
                full || self.has(writing) && has_role(state, user, namespace, name, Role::Write)
            }
            Need::CreateRepo(namespace) => {
                full || self.has(Scopes::REPO_CREATE) && state.may_create(user, namespace)
            }
            Need::UserAdmin => self.has(Scopes::USER_ADMIN),
            Need::UserRead => self.has(Scopes::USER_READ.union(Scopes::USER_ADMIN)),
            Need::Superuser => self.has(Scopes::SUPER_USER) && state.is_superuser(user),
        }
    }

    /// The one gate of the API: 401 for nobody, 403 for somebody without the right.
    pub(super) fn authorize(&self, state: &State, need: Need<'_>) -> Result<(), Failure> {
        if self.can(state, need) {
            Ok(())
        } else if self.user.is_none() {
            Err(Failure::unauthenticated())
        } else {
            Err(Failure::unauthorized())
        }
    }
}

/// The namespace's administrator has every role, also on repositories that do not exist.
fn has_role(state: &State, user: &str, namespace: &str, name: &str, role: Role) -> bool {
    state.administers(user, namespace)
        || state
            .repository(namespace, name)
            .is_some_and(|repo| state.role_on(user, repo) >= Some(role))
}
