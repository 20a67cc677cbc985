//! Red Hat's entries that a pull secret does not have, and what that means.

use super::protected::{RED_HAT, RELEASES_AT, RedHatEntry, TELEMETRY, red_hat_entry};
use super::release::Release;
use crate::cli::hint_text;
use crate::hint::{self, Hint};

/// One of Red Hat's entries that a pull secret does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Which one.
    pub entry: &'static RedHatEntry,
    /// What that means.
    pub absence: Absence,
}

/// What it means that one of Red Hat's entries is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// It has been lost.
    Missing,
    /// The cluster takes no part in Telemetry: it was removed, as Red Hat documents.
    OptedOut,
    /// Such a cluster works without it; why.
    NotNeeded(String),
}

impl Absent {
    /// What is said of it.
    pub fn message(&self) -> String {
        let RedHatEntry { key, breaks } = self.entry;
        match &self.absence {
            Absence::Missing => (*breaks).to_owned(),
            Absence::OptedOut => format!(
                "a cluster without `{key}` has opted out of remote health reporting: {breaks}"
            ),
            Absence::NotNeeded(why) => why.clone(),
        }
    }
}

/// Those of Red Hat's entries that have none of these keys, and whether a cluster with such a
/// release needs them.
pub fn absent_red_hat<'k>(release: &Release, keys: impl Iterator<Item = &'k str>) -> Vec<Absent> {
    let there: Vec<_> = keys.filter_map(red_hat_entry).collect();
    let absent = RED_HAT.iter().filter(|entry| !there.contains(entry));
    absent
        .map(|entry| Absent {
            entry,
            absence: absence(entry, release, there.is_empty()),
        })
        .collect()
}

fn absence(entry: &RedHatEntry, release: &Release, has_none: bool) -> Absence {
    if !release.expects_red_hat() {
        return Absence::NotNeeded("everybody can pull the images of OKD".to_owned());
    }
    let release_mirror = release.mirrored_at();
    let is_releases = entry.key == RELEASES_AT;
    match (release_mirror, release.mirrors().of_registry(entry.key)) {
        (Some(mirror), _) if has_none || is_releases => {
            Absence::NotNeeded(format!("the nodes pull release images from {mirror}"))
        }
        (_, Some(mirror)) if !is_releases => Absence::NotNeeded(format!(
            "the nodes pull images of {} from {mirror}",
            entry.key
        )),
        _ if entry.key == TELEMETRY && !has_none => Absence::OptedOut,
        _ => Absence::Missing,
    }
}

/// What is said of mirrors that nobody here may list: they may be why an entry is not there.
pub fn unread_mirrors(release: &Release, context: &str) -> Option<String> {
    let unread = release.mirrors().unread();
    let first = unread.first()?;
    let check = hint::kubectl("auth can-i list").arg(first).at(context);
    Some(format!(
        "cannot list {} (context {context}), so every entry counts as if the nodes pulled from no \
         mirror\n  next: {}",
        unread.join(", "),
        hint_text(&Hint::from("ask for that right, then check with: ").run(check))
    ))
}

#[cfg(test)]
mod tests {
    use super::super::mirrors::tests::digests;
    use super::*;

    fn absences(release: &Release, keys: &[&str]) -> Vec<Absence> {
        let absent = absent_red_hat(release, keys.iter().copied());
        absent.into_iter().map(|absent| absent.absence).collect()
    }

    fn is_not_needed(absence: &Absence) -> bool {
        matches!(absence, Absence::NotNeeded(_))
    }

    #[test]
    fn what_nobody_mirrors_is_missing_and_okd_needs_nothing() {
        let lost = absences(&Release::default(), &["cloud.openshift.com", "quay.io"]);
        assert_eq!(lost, [Absence::Missing, Absence::Missing]);
        let desired = serde_json::json!({"image": "quay.io/okd/scos-release:4.20"});
        let okd = Release::read(&serde_json::json!({"status": {"desired": desired}}));
        assert!(absences(&okd, &[]).iter().all(is_not_needed));
    }

    #[test]
    fn what_is_mirrored_is_not_needed_and_what_is_not_is_missing() {
        let mirror = "m.example.com:8443/ocp";
        let release = |rules: &[(&str, &str)]| Release::default().with_mirrors(digests(rules));
        let disconnected = release(&[("quay.io/openshift-release-dev", mirror)]);
        let all = absences(&disconnected, &["m.example.com:8443"]);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(is_not_needed));
        // Whoever has one of Red Hat's entries pulls from Red Hat.
        let some = absences(&disconnected, &["registry.redhat.io"]);
        let [telemetry, releases, partners] = &some[..] else {
            panic!("{some:?}");
        };
        assert_eq!(*telemetry, Absence::OptedOut);
        assert!(is_not_needed(releases));
        assert_eq!(*partners, Absence::Missing);
        // Half a mirror is none.
        let half = release(&[("quay.io/openshift-release-dev/ocp-release", mirror)]);
        assert!(absences(&half, &[]).contains(&Absence::Missing));
        let operators = release(&[("registry.redhat.io/ubi8", mirror)]);
        let without = absences(&operators, &["cloud.openshift.com", "quay.io"]);
        assert_eq!(without[0], Absence::Missing);
        assert!(is_not_needed(&without[1]));
    }
}
