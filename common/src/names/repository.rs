//! A repository of one namespace.

use serde::Serialize;
use std::fmt;

/// A repository as image names have it: `org/name`, where `name` may hold slashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct RepositoryName {
    full: String,
    slash: usize,
}

impl RepositoryName {
    /// Reads `text` as a repository of `namespace`: `name`, `team/name`, or with
    /// the namespace in front. A robot can only be given repositories of its own namespace.
    ///
    /// # Errors
    /// A sentence that says how a repository is written.
    pub fn of(namespace: &str, text: &str) -> Result<Self, String> {
        let name = text
            .strip_prefix(namespace)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(text);
        if let Some((name, tag)) = name.split_once([':', '@']) {
            return Err(format!(
                "`{text}` names an image: roles apply to the repository `{name}`, without `{tag}`"
            ));
        }
        if !name.split('/').all(is_component) {
            return Err(format!(
                "`{text}` is not a repository: write it like my-app, team/my-app or {namespace}/my-app"
            ));
        }
        Ok(Self {
            full: format!("{namespace}/{name}"),
            slash: namespace.len(),
        })
    }

    /// `org/name`.
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// The organization or user.
    pub fn namespace(&self) -> &str {
        &self.full[..self.slash]
    }

    /// The part after the namespace.
    pub fn name(&self) -> &str {
        &self.full[self.slash + 1..]
    }
}

/// What may stand between two slashes; keeps paths of requests what they look like.
fn is_component(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.full
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_may_be_left_out() {
        for text in ["team/app", "myorg/team/app"] {
            let name = RepositoryName::of("myorg", text).unwrap();
            assert_eq!(name.as_str(), "myorg/team/app");
            assert_eq!((name.namespace(), name.name()), ("myorg", "team/app"));
        }
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        for bad in [
            "", "/", "myorg/", "a//b", "../x", "a/..", "a b", "a?b", ".hidden",
        ] {
            assert!(RepositoryName::of("myorg", bad).is_err(), "{bad}");
        }
        let image = RepositoryName::of("myorg", "my-app:v1").unwrap_err();
        assert!(image.contains("`my-app`"), "{image}");
    }
}
