//! OAuth scopes.

use std::fmt;

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scopes(u8);

/// A scope, and how consent pages present it.
pub(super) struct Scope {
    pub(super) name: &'static str,
    bit: u8,
    pub(super) title: &'static str,
    pub(super) icon: &'static str,
    pub(super) dangerous: bool,
    pub(super) description: &'static str,
}

impl Scopes {
    pub(super) const ORG_ADMIN: Self = Self(1);
    pub(super) const REPO_ADMIN: Self = Self(2);
    pub(super) const REPO_CREATE: Self = Self(4);
    pub(super) const REPO_READ: Self = Self(8);
    pub(super) const REPO_WRITE: Self = Self(16);
    pub(super) const SUPER_USER: Self = Self(32);
    pub(super) const USER_ADMIN: Self = Self(64);
    pub(super) const USER_READ: Self = Self(128);
    pub(super) const ALL: Self = Self(255);

    /// Names separated by spaces or commas; one unknown name makes the whole text invalid.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut set = Self(0);
        for name in text.split([' ', ',']).filter(|name| !name.is_empty()) {
            let scope = SCOPES.iter().find(|scope| scope.name == name)?;
            set.0 |= scope.bit;
        }
        (set.0 != 0).then_some(set)
    }

    /// Whether at least one scope of `other` is in the set.
    pub(super) fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every scope of `other` is in the set.
    pub(super) fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The scopes in the order consent pages list them.
    pub(super) fn listed(self) -> impl Iterator<Item = &'static Scope> {
        SCOPES.iter().filter(move |scope| self.0 & scope.bit != 0)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.listed().map(|scope| scope.name).collect();
        names.sort_unstable();
        f.write_str(&names.join(" "))
    }
}

const SCOPES: [Scope; 8] = [
    Scope {
        name: "repo:write",
        bit: Scopes::REPO_WRITE.0,
        title: "Read/Write to any accessible repositories",
        icon: "fa-hdd-o",
        dangerous: false,
        description: "This application will be able to view, push and pull to all repositories \
            to which the granting user has write access",
    },
    Scope {
        name: "repo:read",
        bit: Scopes::REPO_READ.0,
        title: "View all visible repositories",
        icon: "fa-hdd-o",
        dangerous: false,
        description: "This application will be able to view and pull all repositories visible \
            to the granting user",
    },
    Scope {
        name: "repo:admin",
        bit: Scopes::REPO_ADMIN.0,
        title: "Administer Repositories",
        icon: "fa-hdd-o",
        dangerous: false,
        description: "This application will have administrator access to all repositories to \
            which the granting user has access",
    },
    Scope {
        name: "user:read",
        bit: Scopes::USER_READ.0,
        title: "Read User Information",
        icon: "fa-user",
        dangerous: false,
        description: "This application will be able to read user information such as username \
            and email address.",
    },
    Scope {
        name: "org:admin",
        bit: Scopes::ORG_ADMIN.0,
        title: "Administer Organization",
        icon: "fa-gear",
        dangerous: true,
        description: "This application will be able to administer your organizations including \
            creating robots, creating teams, adjusting team membership, and changing billing \
            settings. You should have absolute trust in the requesting application before \
            granting this permission.",
    },
    Scope {
        name: "user:admin",
        bit: Scopes::USER_ADMIN.0,
        title: "Administer User",
        icon: "fa-gear",
        dangerous: true,
        description: "This application will be able to administer your account including \
            creating robots and granting them permissions to your repositories. You should have \
            absolute trust in the requesting application before granting this permission.",
    },
    Scope {
        name: "super:user",
        bit: Scopes::SUPER_USER.0,
        title: "Super User Access",
        icon: "fa-street-view",
        dangerous: true,
        description: "This application will be able to administer your installation including \
            managing users, managing organizations and other features found in the superuser \
            panel. You should have absolute trust in the requesting application before granting \
            this permission.",
    },
    Scope {
        name: "repo:create",
        bit: Scopes::REPO_CREATE.0,
        title: "Create Repositories",
        icon: "fa-plus",
        dangerous: false,
        description: "This application will be able to create repositories in all namespaces \
            that the granting user is allowed to create repositories",
    },
];
