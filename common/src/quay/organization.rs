//! Organizations that do not exist, and those that were meant.

use super::client::Quay;
use crate::web::ApiError;
use serde::de::IgnoredAny;

/// An organization that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchOrganization {
    /// The user's own whose name is nearest to it, if one is near.
    pub meant: Option<String>,
}

impl Quay {
    /// Whether Quay says that there is no such organization; everybody may ask. `None`: there is
    /// one, or it does not tell.
    pub async fn no_such_organization(&self, name: &str) -> Option<NoSuchOrganization> {
        // A user's own namespace is there, and is no organization.
        if self.is_own(name).await != Ok(false) {
            return None;
        }
        let path = format!("/api/v1/organization/{name}");
        let found = self.get::<IgnoredAny>(&path, &[], "org:admin").await;
        if found != Err(ApiError::NotFound) {
            return None;
        }
        let user = self.current_user().await.ok().flatten();
        let own = user.into_iter().flat_map(|user| user.organizations);
        let own: Vec<String> = own.map(|organization| organization.name).collect();
        Some(NoSuchOrganization {
            meant: nearest(name, own),
        })
    }
}

/// The name that differs least, if it differs in no more than a third of its letters.
fn nearest(typed: &str, names: Vec<String>) -> Option<String> {
    let near = names.into_iter().map(|name| (distance(typed, &name), name));
    let (distance, name) = near.min()?;
    (distance <= (name.chars().count() / 3).max(1)).then_some(name)
}

/// Levenshtein's: how many letters are inserted, removed or replaced.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (column, wanted) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_meant_and_none_that_is_far() {
        let own = || ["myorg", "other", "platform"].map(str::to_owned).to_vec();
        for (typed, meant) in [
            ("myorgg", Some("myorg")),
            ("my-org", Some("myorg")),
            ("plattfrom", None),
            ("platfrom", Some("platform")),
            ("quay", None),
        ] {
            assert_eq!(nearest(typed, own()).as_deref(), meant, "{typed}");
        }
        assert_eq!(nearest("myorg", Vec::new()), None);
    }
}
