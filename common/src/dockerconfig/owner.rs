//! Which of several registries an `auths` key belongs to.

use super::key::{belongs_to, registry_of_key};
use crate::names::RegistryHost;

/// The names of one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryNames {
    /// Its own host.
    pub registry: RegistryHost,
    /// Every host its `auths` keys may have: its own first, then the aliases agreed to.
    pub hosts: Vec<RegistryHost>,
    /// What it calls itself, where nobody agreed to that: no key belongs to it for that.
    pub not_agreed: Option<RegistryHost>,
    /// What is to be said of a name that it claims.
    pub warning: Option<String>,
}

impl RegistryNames {
    /// A registry that claims no name but those it has.
    pub fn of(registry: RegistryHost, aliases: &[RegistryHost]) -> Self {
        let hosts = std::iter::once(&registry).chain(aliases);
        Self {
            hosts: hosts.cloned().collect(),
            registry,
            not_agreed: None,
            warning: None,
        }
    }

    /// Why `key` does not belong to it, if it would once the name that it claims is agreed to.
    pub fn claim(&self, key: &str) -> Option<UnclearOwner> {
        let claimed = self.not_agreed.as_ref()?;
        let is_claimed = belongs_to(key, std::slice::from_ref(claimed));
        (is_claimed && !belongs_to(key, &self.hosts)).then(|| UnclearOwner::NotAgreed {
            registry: self.registry.clone(),
            claimed: claimed.clone(),
        })
    }
}

impl AsRef<Self> for RegistryNames {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Why a key belongs to none of several registries, though one has a claim to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnclearOwner {
    /// One calls itself so, and nobody agreed to that.
    #[error("alias not agreed: {registry} calls itself {claimed}")]
    NotAgreed {
        /// Its own host.
        registry: RegistryHost,
        /// The name.
        claimed: RegistryHost,
    },
    /// Two of them have a claim to it, or more.
    #[error("{0} and {1} both have a claim to its key, so it counts for neither")]
    Several(RegistryHost, RegistryHost),
}

/// Which of `known` the key belongs to: the one whose own host it names, else the only one
/// that has the key's host for an alias, or a host that the key's glob fits.
///
/// # Errors
/// It is none of them for certain.
pub fn owner_of<'a, T: AsRef<RegistryNames>>(
    key: &str,
    known: &'a [T],
) -> Result<Option<&'a T>, UnclearOwner> {
    let named = registry_of_key(key);
    let is_own = |known: &&T| named.as_ref() == Some(&known.as_ref().registry);
    if let Some(own) = known.iter().find(is_own) {
        return Ok(Some(own));
    }
    let mut having = known
        .iter()
        .filter(|known| belongs_to(key, &known.as_ref().hosts));
    if let Some(first) = having.next() {
        return match having.next() {
            None => Ok(Some(first)),
            Some(second) => {
                let own = |known: &T| known.as_ref().registry.clone();
                Err(UnclearOwner::Several(own(first), own(second)))
            }
        };
    }
    let mut claims = known.iter().filter_map(|known| known.as_ref().claim(key));
    claims.next().map_or(Ok(None), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> RegistryHost {
        text.parse().unwrap()
    }

    fn names(own: &str, aliases: &[&str], claims: Option<&str>) -> RegistryNames {
        let aliases: Vec<RegistryHost> = aliases.iter().map(|text| host(text)).collect();
        RegistryNames {
            not_agreed: claims.map(host),
            ..RegistryNames::of(host(own), &aliases)
        }
    }

    #[test]
    fn a_key_belongs_to_the_registry_it_names_whatever_others_call_themselves() {
        let other = names("quay.example.com", &[], None);
        for liar in [
            names("a.example.com", &["quay.example.com"], None),
            names("a.example.com", &[], Some("quay.example.com")),
        ] {
            let known = [liar, other.clone()];
            for key in ["https://quay.example.com/v1/", "quay.example.com/acme"] {
                assert_eq!(owner_of(key, &known), Ok(Some(&known[1])), "{key}");
            }
        }
    }

    #[test]
    fn a_claim_counts_once_it_was_agreed_to() {
        let claimed = [names("a.example.com", &[], Some("images.example.com"))];
        for key in ["images.example.com", "https://images.example.com/v2/"] {
            let unclear = owner_of(key, &claimed).unwrap_err();
            assert!(
                unclear.to_string().starts_with("alias not agreed"),
                "{unclear}"
            );
        }
        assert_eq!(owner_of("other.example.com", &claimed), Ok(None));
        let agreed = [names("a.example.com", &["images.example.com"], None)];
        assert_eq!(
            owner_of("images.example.com", &agreed),
            Ok(Some(&agreed[0]))
        );
    }

    #[test]
    fn two_claims_to_a_key_are_no_choice_and_neither_is_a_glob_that_fits_two() {
        let known = [
            names("a.example.com", &["images.example.org"], None),
            names("b.example.com", &["images.example.org"], None),
        ];
        for key in ["images.example.org", "*.example.com"] {
            let both = UnclearOwner::Several(host("a.example.com"), host("b.example.com"));
            assert_eq!(owner_of(key, &known), Err(both), "{key}");
        }
        assert_eq!(owner_of("b*.example.com", &known), Ok(Some(&known[1])));
    }
}
