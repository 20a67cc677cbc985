//! Entries that are not ours to write: Red Hat's, and those of other accounts.

use super::release::Release;
use crate::dockerconfig::{Credential, Document, EntryError, is_whole_registry, registry_of_key};
use crate::kubelet::matches_image;

/// An entry that Red Hat gives every cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedHatEntry {
    /// Its key below `auths`.
    pub key: &'static str,
    /// What stops working without it.
    pub breaks: &'static str,
}

/// The entries of a pull secret from console.redhat.com.
pub const RED_HAT: [RedHatEntry; 4] = [
    RedHatEntry {
        key: TELEMETRY,
        breaks: "Telemetry and Insights stop, and the cluster leaves OpenShift Cluster Manager",
    },
    RedHatEntry {
        key: RELEASES_AT,
        breaks: "release images cannot be pulled: no upgrades, no new nodes",
    },
    RedHatEntry {
        key: "registry.connect.redhat.com",
        breaks: "certified partner images cannot be pulled",
    },
    RedHatEntry {
        key: "registry.redhat.io",
        breaks: "operators, samples and Red Hat images cannot be pulled",
    },
];

/// Why an entry is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtectedEntry {
    /// The entry is one of Red Hat's.
    #[error("`{key}` is Red Hat's: without it {breaks}")]
    RedHat {
        /// The key as it was given.
        key: String,
        /// What stops working.
        breaks: &'static str,
    },
    /// The entry would come before the one that release images are pulled with.
    #[error(
        "`{key}` is for {place}, from where the nodes pull release images: without its credential no upgrades, no new nodes"
    )]
    Releases {
        /// The key as it was given.
        key: String,
        /// From where.
        place: String,
    },
    /// The entry holds another account.
    #[error("`{key}` holds {account}")]
    Held {
        key: String,
        /// Who holds it.
        account: String,
    },
}

/// Where release images are: a key for them comes before `quay.io` to a kubelet.
const RELEASES: &str = "openshift-release-dev";
/// The registry of Red Hat's release images.
pub(super) const RELEASES_AT: &str = "quay.io";
/// Authenticates to Telemetry and Insights, and is no registry.
pub const TELEMETRY: &str = "cloud.openshift.com";

/// Red Hat's entry that `key` stands for, however it is spelled: `https://quay.io/v1/`
/// means to a kubelet what `quay.io` means, `quay.io/openshift-release-dev` stands before it,
/// and `quay.io/myorg` does neither.
pub fn red_hat_entry(key: &str) -> Option<&'static RedHatEntry> {
    let host = registry_of_key(key)?;
    let mut path = key
        .split('/')
        .skip_while(|part| part.is_empty() || part.ends_with(':'));
    let shadows = host.as_str() == "quay.io" && path.nth(1) == Some(RELEASES);
    if !is_whole_registry(key) && !shadows {
        return None;
    }
    RED_HAT.iter().find(|entry| entry.key == host.as_str())
}

/// Whether an account is a registry service account, which Red Hat's customers make for
/// themselves: its name is a number and a word, such as `11009103|acme`. It is nobody's account
/// at Red Hat, and no pull secret that Red Hat hands out holds it.
pub fn is_registry_service_account(account: &str) -> bool {
    account.split_once('|').is_some_and(|(number, name)| {
        !number.is_empty() && !name.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether the entry `key` of `document` may be written for `account`.
///
/// An entry that holds `account` already may be refreshed, a key that nobody holds may be
/// taken; whatever else needs its key in `replace`, letter by letter. Red Hat's keys are
/// never free where its release runs: one that is missing has been lost. Nor is a key that would
/// come before the entry of the mirror that releases are pulled from.
///
/// # Errors
/// Whose entry it is.
pub fn check_writable(
    document: &Document,
    key: &str,
    account: &str,
    replace: &[String],
    release: &Release,
) -> Result<(), ProtectedEntry> {
    let mut held = document
        .entries()
        .filter(|(name, _)| *name == key)
        .map(|(_, read)| read)
        .peekable();
    let exists = held.peek().is_some();
    let other = held.find_map(|read| match read {
        Ok(credential) if credential.username == account => None,
        Ok(credential) => Some(format!("`{}`", credential.username)),
        Err(EntryError::Empty) => Some("no credential".to_owned()),
        Err(error) => Some(format!("something unreadable ({error})")),
    });
    let named = replace.iter().any(|replaced| replaced == key);
    match (red_hat_entry(key), other) {
        _ if named => Ok(()),
        (Some(_), None) if exists || !release.expects_red_hat() => Ok(()),
        (Some(entry), _) => Err(ProtectedEntry::RedHat {
            key: key.to_owned(),
            breaks: entry.breaks,
        }),
        (None, other) => match (place_taken(document, key, account, release), other) {
            (Some(place), _) => Err(ProtectedEntry::Releases {
                key: key.to_owned(),
                place,
            }),
            (None, None) => Ok(()),
            (None, Some(account)) => Err(ProtectedEntry::Held {
                key: key.to_owned(),
                account,
            }),
        },
    }
}

/// The place that releases are pulled from, if an entry `key` would be used there instead of the
/// entry of another account.
fn place_taken(document: &Document, key: &str, account: &str, release: &Release) -> Option<String> {
    let place = release.place_of(key)?;
    let mut entries = document.entries();
    let is_others = |read: Result<Credential, EntryError>| {
        read.is_ok_and(|credential| credential.username != account)
    };
    let taken = entries.any(|(name, read)| {
        name.len() <= key.len() && matches_image(name, &place) && is_others(read)
    });
    taken.then(|| place.to_string())
}

/// Why the entry `key` of `document` is not removed, unless it is named in `replace`.
///
/// # Errors
/// Whose entry it is, and what stops working.
pub fn check_removable(
    document: &Document,
    key: &str,
    replace: &[String],
    release: &Release,
) -> Result<(), ProtectedEntry> {
    if replace.iter().any(|replaced| replaced == key) {
        return Ok(());
    }
    if let Some(entry) = red_hat_entry(key) {
        return Err(ProtectedEntry::RedHat {
            key: key.to_owned(),
            breaks: entry.breaks,
        });
    }
    let Some(place) = release.place_of(key) else {
        return Ok(());
    };
    // A longer key for the same place is used before this one.
    let mut entries = document.entries();
    match entries.any(|(name, _)| name.len() > key.len() && matches_image(name, &place)) {
        true => Ok(()),
        false => Err(ProtectedEntry::Releases {
            key: key.to_owned(),
            place: place.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::mirrors::tests::digests;
    use super::*;
    use crate::kubelet::Format;

    // printf acme+puller:x | base64; printf me:x | base64
    const SECRET: &str = r#"{"auths":{
        "cloud.openshift.com":{"auth":"bWU6eA=="},
        "quay.io":{"auth":"YWNtZStwdWxsZXI6eA=="},
        "registry.redhat.io":{"auth":"!!"},
        "https://quay.io/v1/":{"auth":"bWU6eA=="},
        "quay.io/acme":{"auth":"YWNtZStwdWxsZXI6eA=="},
        "quay.example.com":{"auth":"bWU6eA=="},
        "broken.example.com":{}}}"#;

    #[test]
    fn red_hats_entries_and_other_accounts_are_written_only_when_named_exactly() {
        let document = Document::parse(Format::DockerConfigJson, SECRET.as_bytes()).unwrap();
        for (key, replace, written) in [
            ("cloud.openshift.com", "", false),
            ("cloud.openshift.com", "quay.io", false),
            ("cloud.openshift.com", "cloud.openshift.com", true),
            // It holds the robot already: refreshed, not overwritten.
            ("quay.io", "", true),
            ("https://quay.io/v1/", "", false),
            ("https://quay.io/v1/", "quay.io", false),
            ("https://quay.io/v1/", "https://quay.io/v1/", true),
            ("registry.redhat.io", "", false),
            ("registry.redhat.io", "registry.redhat.io", true),
            // Missing is lost, not free.
            ("registry.connect.redhat.com", "", false),
            (
                "registry.connect.redhat.com",
                "registry.connect.redhat.com",
                true,
            ),
            ("QUAY.IO:443", "", false),
            ("quay.io/openshift-release-dev", "", false),
            (
                "https://quay.io/openshift-release-dev/ocp-release",
                "",
                false,
            ),
            ("quay.io/openshift-release-dev-x", "", true),
            ("quay.example.com/openshift-release-dev", "", true),
            ("quay.io/acme", "", true),
            ("quay.io/other", "", true),
            ("quay.example.com", "", false),
            ("quay.example.com", "quay.example.com", true),
            ("broken.example.com", "", false),
            ("new.example.com", "", true),
        ] {
            let replace: Vec<String> = replace.split_whitespace().map(str::to_owned).collect();
            let checked =
                check_writable(&document, key, "acme+puller", &replace, &Release::default());
            assert_eq!(
                checked.is_ok(),
                written,
                "{key} with {replace:?}: {checked:?}"
            );
        }
    }

    #[test]
    fn red_hats_keys_are_free_where_okd_runs_and_nobody_holds_them() {
        let desired = serde_json::json!({"image": "quay.io/okd/scos-release:4.20"});
        let okd = Release::read(&serde_json::json!({"status": {"desired": desired}}));
        let document = Document::parse(Format::DockerConfigJson, SECRET.as_bytes()).unwrap();
        let checked = |key| check_writable(&document, key, "acme+puller", &[], &okd);
        assert_eq!(checked("registry.connect.redhat.com"), Ok(()));
        assert_eq!(checked("quay.io/openshift-release-dev"), Ok(()));
        assert!(checked("cloud.openshift.com").is_err(), "somebody holds it");
        assert!(checked("registry.redhat.io").is_err(), "it is unreadable");
    }

    #[test]
    fn the_mirror_that_releases_come_from_is_guarded() {
        let rules = [("quay.io/openshift-release-dev", "quay.example.com/ocp")];
        let release = Release::default().with_mirrors(digests(&rules));
        let document = Document::parse(Format::DockerConfigJson, SECRET.as_bytes()).unwrap();
        let removable =
            |key, replace: &[String]| check_removable(&document, key, replace, &release);
        let refused = removable("quay.example.com", &[]).unwrap_err();
        assert!(refused.to_string().contains("no upgrades"), "{refused}");
        assert!(removable("quay.example.com", &["quay.example.com".to_owned()]).is_ok());
        assert!(removable("quay.io/acme", &[]).is_ok());
        let written = |key, account| check_writable(&document, key, account, &[], &release);
        assert!(written("quay.example.com/ocp", "acme+puller").is_err());
        assert!(
            written("quay.example.com/ocp", "me").is_ok(),
            "the same account"
        );
        assert!(written("quay.example.com/acme", "acme+puller").is_ok());
    }

    #[test]
    fn a_registry_service_account_is_known_by_its_name() {
        for (account, expected) in [
            ("11009103|acme-sa", true),
            ("1|a", true),
            ("|a", false),
            ("1|", false),
            ("acme|1", false),
            ("acme+puller", false),
        ] {
            assert_eq!(is_registry_service_account(account), expected, "{account}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_break() {
        let document = Document::empty(Format::DockerConfigJson);
        let refused = check_writable(
            &document,
            "cloud.openshift.com",
            "acme+puller",
            &[],
            &Release::default(),
        );
        assert!(refused.unwrap_err().to_string().contains("Telemetry"));
    }
}
