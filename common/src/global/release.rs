//! Which release of OpenShift a cluster runs, and what follows from where that comes from.

use crate::cluster::{Cluster, Resource};
use crate::kubelet::ImageReference;
use serde_json::Value;

const CLUSTER_VERSIONS: Resource = Resource::v1("config.openshift.io", "clusterversions");

/// Red Hat's release images: whoever runs them was given Red Hat's pull secret.
const RED_HAT: (&str, &str) = ("quay.io", "openshift-release-dev/");
/// OKD's, which everybody may pull, by the registry and the beginning of the repository.
const OKD: [(&str, &str); 3] = [
    ("quay.io", "openshift/okd"),
    ("quay.io", "okd/"),
    ("registry.ci.openshift.org", "origin/"),
];

/// What a cluster's ClusterVersion says it runs, or is on its way to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    version: Option<String>,
    image: Option<String>,
}

/// Where a release image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Red Hat's own place for them.
    RedHat,
    /// OKD: no account at Red Hat is needed for it.
    Okd,
    /// A mirror, or somebody's own build.
    Elsewhere,
    /// It could not be read.
    Unknown,
}

/// The cluster's release. What cannot be read is not known, which is no failure.
pub async fn release(cluster: &Cluster) -> Release {
    match cluster
        .get::<Value>(&CLUSTER_VERSIONS.named("version"))
        .await
    {
        Ok(found) => Release::read(&found),
        Err(error) => {
            tracing::debug!(context = cluster.context(), %error, "the release is unknown");
            Release::default()
        }
    }
}

impl Release {
    pub(super) fn read(cluster_version: &Value) -> Self {
        let desired = |field: &str| {
            let path = format!("/status/desired/{field}");
            let text = cluster_version.pointer(&path)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        Self {
            version: desired("version"),
            image: desired("image"),
        }
    }

    /// Its version, such as `4.20.1`.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Where its image comes from.
    pub fn origin(&self) -> Origin {
        let Some(image) = &self.image else {
            return Origin::Unknown;
        };
        let Ok(image) = image.parse::<ImageReference>() else {
            return Origin::Elsewhere;
        };
        let is_at = |(registry, repository): &(&str, &str)| {
            image.registry() == *registry && image.repository().starts_with(repository)
        };
        match is_at(&RED_HAT) {
            true => Origin::RedHat,
            false if OKD.iter().any(is_at) => Origin::Okd,
            false => Origin::Elsewhere,
        }
    }

    /// Whether Red Hat's entries belong into the pull secret: everywhere but in OKD, also where
    /// the release is not known.
    pub fn expects_red_hat(&self) -> bool {
        self.origin() != Origin::Okd
    }

    /// Whether a change of the pull secret drains and reboots every node: so it was before 4.7.4.
    pub fn reboots_nodes(&self) -> bool {
        let mut numbers = self
            .version()
            .unwrap_or_default()
            .split(['.', '-', '+'])
            .map_while(|part| part.parse::<u32>().ok());
        let mut next = || numbers.next().unwrap_or(u32::MAX);
        (next(), next(), next()) < (4, 7, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn release(version: &str, image: &str) -> Release {
        let desired = json!({"version": version, "image": image});
        Release::read(&json!({"status": {"desired": desired}}))
    }

    #[test]
    fn nodes_are_rebooted_by_versions_before_4_7_4() {
        for old in ["4.6.61", "4.7.3", "3.11.0"] {
            assert!(release(old, "").reboots_nodes(), "{old}");
        }
        for new in [
            "4.7.4",
            "4.20.1",
            "4.20.0-rc.1",
            "5.0.0",
            "4.20.0-okd-scos.1",
            "",
        ] {
            assert!(!release(new, "").reboots_nodes(), "{new}");
        }
    }

    #[test]
    fn the_release_images_place_tells_whose_it_is() {
        let digest = format!("@sha256:{}", "0".repeat(64));
        for (image, origin) in [
            ("quay.io/openshift-release-dev/ocp-release", Origin::RedHat),
            ("quay.io/openshift/okd", Origin::Okd),
            ("quay.io/openshift/okd-content", Origin::Okd),
            ("quay.io/okd/scos-release", Origin::Okd),
            ("registry.ci.openshift.org/origin/release-scos", Origin::Okd),
            ("registry.ci.openshift.org/ocp/release", Origin::Elsewhere),
            ("quay.io/openshift/other", Origin::Elsewhere),
            (
                "mirror.example.com/openshift-release-dev/ocp-release",
                Origin::Elsewhere,
            ),
            ("mirror.example.com:5000/okd/release", Origin::Elsewhere),
        ] {
            let found = release("4.20.1", &format!("{image}{digest}"));
            assert_eq!(found.origin(), origin, "{image}");
            assert_eq!(found.expects_red_hat(), origin != Origin::Okd, "{image}");
        }
        assert_eq!(release("4.20.1", "").origin(), Origin::Unknown);
        assert_eq!(Release::read(&json!({})).origin(), Origin::Unknown);
        assert!(Release::default().expects_red_hat());
    }
}
