//! Whether a pod may use an image that is on its node already.
//!
//! `MustAttemptImagePull` of Kubernetes 1.36 (pkg/kubelet/images/pullmanager) and
//! `EnsureImageExists` before it. What a kubelet remembers of its pulls cannot be asked for, so
//! it is an input here.

/// The container's `imagePullPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// The registry is asked at each start.
    Always,
    /// Only an image that is not there is pulled.
    IfNotPresent,
    /// Nothing is pulled.
    Never,
}

/// The kubelet's `imagePullCredentialsVerificationPolicy`, which counts with the feature
/// `KubeletEnsureSecretPulledImages` (on since 1.35).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Whatever is on the node may be used; so it was before 1.35.
    NeverVerify,
    /// What the kubelet did not pull itself may be used; the default.
    NeverVerifyPreloadedImages,
    /// These images may be used, whoever pulled them: names, or all below one (`prefix/*`).
    NeverVerifyAllowlistedImages(Vec<String>),
    /// Nothing may be used unverified.
    AlwaysVerify,
}

/// What the kubelet remembers of an image that is on the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Nothing: somebody else put it there.
    Preloaded,
    /// That it pulled it under another name, or began to pull it under this one.
    Unproven,
    /// That it pulled it as nobody, or with the node's own credential: it is for every pod.
    AnyPod,
    /// The credentials that it was pulled with.
    PulledWith(Vec<Proof>),
}

/// A credential that an image was pulled with, or that a pod has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// SHA-256 of user, password and email.
    pub credential: String,
    /// UID, namespace and name of the secret it is from.
    pub secret: [String; 3],
}

/// What a start of the container does about its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageStep {
    /// The image on the node is used.
    Use,
    /// The registry is asked.
    Pull,
    /// The pod fails with `ErrImageNeverPull`.
    NeverPulled,
    /// The pod fails with the error of a pull secret that cannot be read.
    BrokenPullSecret,
}

/// More credentials than these are not remembered for one image, and of a changed one the
/// secret's coordinates do not count then.
const MOST_REMEMBERED: usize = 100;

/// What is done about an image. `record` is `None` where it is not on the node; `proofs` are
/// those of the pod's credentials that match the image, `None` where one of its pull secrets
/// cannot be read.
///
/// A secret that was changed in place keeps its UID, so its pods go on using the image even
/// with a dead token; a secret that was made anew does not.
pub fn image_step(
    policy: PullPolicy,
    verification: &Verification,
    image: &str,
    record: Option<&Record>,
    proofs: Option<&[Proof]>,
) -> ImageStep {
    let pull = match proofs {
        Some(_) => ImageStep::Pull,
        None => ImageStep::BrokenPullSecret,
    };
    let Some(record) = record.filter(|_| policy != PullPolicy::Always) else {
        return match policy {
            PullPolicy::Never => ImageStep::NeverPulled,
            PullPolicy::Always | PullPolicy::IfNotPresent => pull,
        };
    };
    let proved = match (record, proofs) {
        _ if !verifies(verification, image, record) => true,
        (Record::AnyPod, _) => true,
        (Record::PulledWith(recorded), None) if !recorded.is_empty() => {
            return ImageStep::BrokenPullSecret;
        }
        (Record::PulledWith(recorded), Some(proofs)) => is_proved(recorded, proofs),
        _ => false,
    };
    match policy {
        _ if proved => ImageStep::Use,
        PullPolicy::Never => ImageStep::NeverPulled,
        PullPolicy::Always | PullPolicy::IfNotPresent => pull,
    }
}

fn verifies(verification: &Verification, image: &str, record: &Record) -> bool {
    match verification {
        Verification::NeverVerify => false,
        Verification::NeverVerifyPreloadedImages => *record != Record::Preloaded,
        Verification::NeverVerifyAllowlistedImages(allowed) => {
            !allowed.iter().any(|allowed| is_allowed(allowed, image))
        }
        Verification::AlwaysVerify => true,
    }
}

/// A name without tag and digest, or all names below one: `quay.io/acme/*`.
fn is_allowed(allowed: &str, image: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(prefix) => image.starts_with(prefix),
        None => allowed == image,
    }
}

fn is_proved(recorded: &[Proof], proofs: &[Proof]) -> bool {
    let room = recorded.len() < MOST_REMEMBERED;
    recorded.iter().any(|recorded| {
        proofs.iter().any(|proof| {
            proof.credential == recorded.credential || room && proof.secret == recorded.secret
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Verification = Verification::NeverVerifyPreloadedImages;
    const IMAGE: &str = "quay.io/acme/app";

    fn proof(credential: &str, uid: &str) -> Proof {
        Proof {
            credential: credential.to_owned(),
            secret: [uid, "shop", "pull"].map(str::to_owned),
        }
    }

    fn step(policy: PullPolicy, record: Option<&Record>, proofs: Option<&[Proof]>) -> ImageStep {
        image_step(policy, &DEFAULT, IMAGE, record, proofs)
    }

    #[test]
    fn a_secret_changed_in_place_keeps_the_image_and_a_new_one_does_not() {
        let record = Record::PulledWith(vec![proof("old", "1")]);
        for (proofs, expected) in [
            (vec![proof("old", "1")], ImageStep::Use),
            (vec![proof("dead", "1")], ImageStep::Use),
            (vec![proof("old", "2")], ImageStep::Use),
            (vec![proof("new", "2")], ImageStep::Pull),
            (vec![], ImageStep::Pull),
        ] {
            let found = step(PullPolicy::IfNotPresent, Some(&record), Some(&proofs));
            assert_eq!(found, expected, "{proofs:?}");
        }
        let full = Record::PulledWith(vec![proof("old", "1"); MOST_REMEMBERED]);
        let changed = [proof("dead", "1")];
        let found = step(PullPolicy::IfNotPresent, Some(&full), Some(&changed));
        assert_eq!(found, ImageStep::Pull);
    }

    #[test]
    fn the_policies_decide_whether_the_image_on_the_node_counts() {
        use ImageStep::{NeverPulled, Pull, Use};
        for (policy, record, expected) in [
            (PullPolicy::Always, Some(Record::AnyPod), Pull),
            (PullPolicy::IfNotPresent, None, Pull),
            (PullPolicy::Never, None, NeverPulled),
            (PullPolicy::Never, Some(Record::Preloaded), Use),
            (PullPolicy::Never, Some(Record::AnyPod), Use),
            (PullPolicy::Never, Some(Record::Unproven), NeverPulled),
            (PullPolicy::IfNotPresent, Some(Record::Unproven), Pull),
        ] {
            let found = step(policy, record.as_ref(), Some(&[]));
            assert_eq!(found, expected, "{policy:?} {record:?}");
        }
    }

    #[test]
    fn verification_can_be_wanted_for_more_or_less() {
        let allowed =
            |name: &str| Verification::NeverVerifyAllowlistedImages(vec![name.to_owned()]);
        for (verification, record, expected) in [
            (Verification::NeverVerify, Record::Unproven, ImageStep::Use),
            (
                Verification::AlwaysVerify,
                Record::Preloaded,
                ImageStep::Pull,
            ),
            (allowed("quay.io/acme/*"), Record::Unproven, ImageStep::Use),
            (
                allowed("quay.io/acme/app"),
                Record::Preloaded,
                ImageStep::Use,
            ),
            (allowed("quay.io/ac/*"), Record::Preloaded, ImageStep::Pull),
        ] {
            let policy = PullPolicy::IfNotPresent;
            let found = image_step(policy, &verification, IMAGE, Some(&record), Some(&[]));
            assert_eq!(found, expected, "{verification:?} {record:?}");
        }
    }

    #[test]
    fn a_broken_pull_secret_fails_a_pod_whose_image_is_there() {
        let pulled = Record::PulledWith(vec![proof("old", "1")]);
        for (policy, record, expected) in [
            (
                PullPolicy::IfNotPresent,
                Some(&pulled),
                ImageStep::BrokenPullSecret,
            ),
            (
                PullPolicy::Never,
                Some(&pulled),
                ImageStep::BrokenPullSecret,
            ),
            (PullPolicy::IfNotPresent, None, ImageStep::BrokenPullSecret),
            (
                PullPolicy::IfNotPresent,
                Some(&Record::Preloaded),
                ImageStep::Use,
            ),
        ] {
            assert_eq!(
                step(policy, record, None),
                expected,
                "{policy:?} {record:?}"
            );
        }
    }
}
