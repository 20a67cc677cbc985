//! Who is asking: bearer tokens, service account tokens, impersonation.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use ring::rand::{SecureRandom, SystemRandom};

use super::status::{Outcome, Status};

/// The group whose members may do everything.
pub(super) const MASTERS: &str = "system:masters";

const AUTHENTICATED: &str = "system:authenticated";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Somebody who sends requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) groups: Vec<String>,
    pub(super) extra: BTreeMap<String, Vec<String>>,
}

impl User {
    fn person(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            uid: name.to_owned(),
            groups: vec![AUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    fn anonymous() -> Self {
        Self {
            name: "system:anonymous".into(),
            groups: vec!["system:unauthenticated".into()],
            ..Self::default()
        }
    }

    fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            name: format!("{SERVICE_ACCOUNT}{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}"),
                AUTHENTICATED.into(),
            ],
            ..Self::default()
        }
    }

    pub(super) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|of| of == group)
    }
}

/// The tokens and whose they are.
#[derive(Default)]
pub(super) struct Users {
    by_token: Mutex<HashMap<String, User>>,
}

impl Users {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, User>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token of a person, the same every time.
    pub(super) fn token(&self, name: &str) -> String {
        let user = User::person(name);
        let mut known = self.lock();
        if let Some((token, _)) = known.iter().find(|(_, of)| **of == user) {
            return token.clone();
        }
        let token = random_text(32);
        known.insert(token.clone(), user);
        token
    }

    /// A new token for a service account.
    pub(super) fn service_account_token(&self, namespace: &str, name: &str, uid: &str) -> String {
        let token = random_text(32);
        let user = User {
            uid: uid.to_owned(),
            ..User::service_account(namespace, name)
        };
        self.lock().insert(token.clone(), user);
        token
    }

    /// Whose token this is.
    pub(super) fn of_token(&self, token: &str) -> Option<User> {
        self.lock().get(token).cloned()
    }

    /// Who sent a request with these headers, impersonation not yet considered.
    ///
    /// # Errors
    /// 401 for a token nobody has.
    pub(super) fn sender(&self, headers: &HeaderMap) -> Outcome<User> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Ok(User::anonymous());
        };
        let token = value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        match token {
            None => Ok(User::anonymous()),
            Some(token) => self.of_token(token).ok_or_else(Status::unauthorized),
        }
    }
}

/// Somebody a request wants to act as.
pub(super) struct Impersonated {
    pub(super) user: User,
    /// The rights this takes: verb `impersonate` on resource, namespace, name.
    pub(super) needs: Vec<(&'static str, String, String)>,
}

/// Reads the `Impersonate-*` headers; `None` where there are none.
///
/// # Errors
/// 400 for a group, uid or extra without a user.
pub(super) fn impersonated(headers: &HeaderMap) -> Outcome<Option<Impersonated>> {
    let all = |name: &str| -> Vec<String> {
        let values = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values.map(str::to_owned).collect()
    };
    let groups = all("impersonate-group");
    let uid = all("impersonate-uid")
        .into_iter()
        .next()
        .unwrap_or_default();
    let Some(name) = all("impersonate-user")
        .into_iter()
        .next()
        .filter(|name| !name.is_empty())
    else {
        if groups.is_empty() && uid.is_empty() {
            return Ok(None);
        }
        return Err(Status::internal(
            "requested groups or uid without impersonating a user",
        ));
    };
    let mut user = User {
        uid,
        groups: groups.clone(),
        name: name.clone(),
        ..User::default()
    };
    let account = name
        .strip_prefix(SERVICE_ACCOUNT)
        .and_then(|rest| rest.split_once(':'));
    let mut needs = vec![match account {
        Some((namespace, account)) => {
            if groups.is_empty() {
                user.groups = User::service_account(namespace, account).groups;
            }
            ("serviceaccounts", namespace.to_owned(), account.to_owned())
        }
        None => ("users", String::new(), name),
    }];
    needs.extend(
        groups
            .into_iter()
            .map(|group| ("groups", String::new(), group)),
    );
    if user.name != User::anonymous().name && !user.is_in(AUTHENTICATED) {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    Ok(Some(Impersonated { user, needs }))
}

/// Hexadecimal text of this many random bytes.
pub(super) fn random_text(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    if SystemRandom::new().fill(&mut buffer).is_err() {
        panic!("the system has no random numbers");
    }
    buffer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A random version 4 UUID.
pub(super) fn uid() -> String {
    let text = random_text(16);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-4{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

/// What the API server adds to `generateName`.
pub(super) fn name_suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut buffer = [0_u8; 5];
    if SystemRandom::new().fill(&mut buffer).is_err() {
        panic!("the system has no random numbers");
    }
    let letter = |byte: &u8| {
        LETTERS
            .get(usize::from(*byte) % LETTERS.len())
            .copied()
            .map(char::from)
    };
    buffer.iter().filter_map(letter).collect()
}
