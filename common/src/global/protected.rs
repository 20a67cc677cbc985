//! Entries that are not ours to write: Red Hat's, and those of other accounts.

use super::release::Release;
use crate::dockerconfig::{Document, EntryError, is_whole_registry, registry_of_key};

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
        key: "cloud.openshift.com",
        breaks: "Telemetry and Insights stop, and the cluster leaves OpenShift Cluster Manager",
    },
    RedHatEntry {
        key: "quay.io",
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

/// Those of Red Hat's entries that belong into the pull secret of such a release, and have none
/// of these keys.
pub fn missing_red_hat<'k>(
    release: &Release,
    keys: impl Iterator<Item = &'k str>,
) -> Vec<&'static RedHatEntry> {
    let there: Vec<_> = keys.filter_map(red_hat_entry).collect();
    let expected = RED_HAT.iter().filter(|_| release.expects_red_hat());
    expected.filter(|entry| !there.contains(entry)).collect()
}

/// Whether the entry `key` of `document` may be written for `account`.
///
/// An entry that holds `account` already may be refreshed, a key that nobody holds may be
/// taken; whatever else needs its key in `replace`, letter by letter. Red Hat's keys are
/// never free where its release runs: one that is missing has been lost.
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
        (None, None) => Ok(()),
        (Some(_), None) if exists || !release.expects_red_hat() => Ok(()),
        (Some(entry), _) => Err(ProtectedEntry::RedHat {
            key: key.to_owned(),
            breaks: entry.breaks,
        }),
        (None, Some(account)) => Err(ProtectedEntry::Held {
            key: key.to_owned(),
            account,
        }),
    }
}

#[cfg(test)]
mod tests {
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
        let keys = || document.entries().map(|(key, _)| key);
        assert!(missing_red_hat(&okd, keys()).is_empty());
        let missing = missing_red_hat(&Release::default(), keys());
        assert_eq!(missing.len(), 1);
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
