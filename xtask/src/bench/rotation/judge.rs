//! Whether a secret ever held a credential that Quay did not accept.

use super::watcher::Histories;
use quay_sandbox::fingerprint;
use quay_sandbox::quay::Validity;
use std::time::{Duration, Instant};

/// What came of all versions of all secrets.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    pub versions: usize,
    /// Versions that were held while Quay did not accept their credential.
    pub outside: usize,
    /// For how long, summed over the secrets.
    pub exposed: Duration,
    /// And the longest of these times.
    pub longest: Duration,
}

/// Holds every version, from when it was seen until the next one was, against the times
/// in which Quay accepted its credential.
pub fn judge(
    histories: &Histories,
    until: Instant,
    validity: impl Fn(&str) -> Vec<Validity>,
) -> Judgement {
    let mut judgement = Judgement::default();
    for history in histories.values() {
        let ends = history.iter().skip(1).map(|next| next.at).chain([until]);
        for (version, end) in history.iter().zip(ends) {
            let credential = &version.credential;
            let print = fingerprint(credential.password.as_bytes());
            let accepted = validity(&credential.account)
                .iter()
                .filter(|span| span.fingerprint == print)
                .map(|span| overlap((version.at, end), span))
                .sum();
            let exposed = end.duration_since(version.at).saturating_sub(accepted);
            judgement.versions += 1;
            judgement.outside += usize::from(!exposed.is_zero());
            judgement.exposed += exposed;
            judgement.longest = judgement.longest.max(exposed);
        }
    }
    judgement
}

fn overlap((from, to): (Instant, Instant), span: &Validity) -> Duration {
    let end = span.to.map_or(to, |end| end.min(to));
    end.saturating_duration_since(span.from.max(from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rotation::watcher::{Credential, Version};

    /// One secret that held `passwords` from these seconds on, judged at second 10; "old"
    /// was accepted until second 5, "new" from then on.
    fn judged(passwords: &[(&str, u64)]) -> Judgement {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let versions = passwords.iter().map(|&(password, second)| Version {
            credential: Credential {
                account: "myorg+robot".into(),
                password: password.into(),
            },
            at: at(second),
            resource: String::new(),
        });
        let histories = Histories::from([("shop".to_owned(), versions.collect())]);
        let span = |password: &str, from, to: Option<u64>| Validity {
            fingerprint: fingerprint(password.as_bytes()),
            from: at(from),
            to: to.map(at),
        };
        judge(&histories, at(10), |_| {
            vec![span("old", 0, Some(5)), span("new", 5, None)]
        })
    }

    #[test]
    fn a_credential_replaced_before_it_died_was_never_outside() {
        let judgement = judged(&[("old", 1), ("new", 5)]);
        assert_eq!((judgement.versions, judgement.outside), (2, 0));
        assert_eq!(judgement.exposed, Duration::ZERO);
    }

    #[test]
    fn a_dead_credential_counts_until_it_is_replaced() {
        let judgement = judged(&[("old", 1), ("new", 7)]);
        assert_eq!((judgement.versions, judgement.outside), (2, 1));
        assert_eq!(judgement.exposed, Duration::from_secs(2));
    }

    #[test]
    fn a_credential_that_quay_never_had_is_outside_from_first_to_last() {
        let judgement = judged(&[("wrong", 2)]);
        assert_eq!((judgement.versions, judgement.outside), (1, 1));
        assert_eq!(judgement.longest, Duration::from_secs(8));
    }
}
