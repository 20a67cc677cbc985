//! Which release of OpenShift a cluster runs, and what follows from where that comes from.

use super::mirrors::{Mirrors, mirrors};
use crate::cluster::{Cluster, Resource};
use crate::kubelet::{ImageReference, matches_image};
use futures::future::join;
use serde_json::Value;

const CLUSTER_VERSIONS: Resource = Resource::v1("config.openshift.io", "clusterversions");

/// Red Hat's release images: whoever runs them was given Red Hat's pull secret.
const RED_HAT: (&str, &str) = ("quay.io", "openshift-release-dev/");
/// What a release of Red Hat's is made of: itself, and all that it names. Its nodes pull both.
const PARTS: [&str; 2] = [
    "quay.io/openshift-release-dev/ocp-release",
    "quay.io/openshift-release-dev/ocp-v4.0-art-dev",
];
/// OKD's, which everybody may pull, by the registry and the beginning of the repository.
const OKD: [(&str, &str); 3] = [
    ("quay.io", "openshift/okd"),
    ("quay.io", "okd/"),
    ("registry.ci.openshift.org", "origin/"),
];

/// What a cluster's ClusterVersion says it runs, or is on its way to, and from where its nodes
/// pull that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    version: Option<String>,
    image: Option<String>,
    mirrors: Mirrors,
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
    let path = CLUSTER_VERSIONS.named("version");
    let (found, mirrors) = join(cluster.get::<Value>(&path), mirrors(cluster)).await;
    let release = match found {
        Ok(found) => Release::read(&found),
        Err(error) => {
            tracing::debug!(context = cluster.context(), %error, "the release is unknown");
            Release::default()
        }
    };
    release.with_mirrors(mirrors)
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
            mirrors: Mirrors::default(),
        }
    }

    /// Its version, such as `4.20.1`.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The same in a cluster with these mirrors.
    #[must_use]
    pub(super) fn with_mirrors(self, mirrors: Mirrors) -> Self {
        Self { mirrors, ..self }
    }

    /// The mirrors of its cluster.
    pub fn mirrors(&self) -> &Mirrors {
        &self.mirrors
    }

    /// The places besides Red Hat's own and OKD's that the nodes pull the release from: an entry
    /// for one of them is what upgrades and new nodes need.
    pub fn places(&self) -> Vec<ImageReference> {
        let named = self.image.iter().filter_map(|image| image.parse().ok());
        let named = named.filter(|_| self.origin() == Origin::Elsewhere);
        let mirrored = self.images().into_iter();
        let mirrored = mirrored.flat_map(|image| self.mirrors.of(&image));
        let mut places: Vec<ImageReference> = named.chain(mirrored).collect();
        places.sort();
        places.dedup();
        places
    }

    /// The place that an entry of this key is for.
    pub fn place_of(&self, key: &str) -> Option<ImageReference> {
        let mut places = self.places().into_iter();
        places.find(|place| matches_image(key, place))
    }

    /// The release image, where the nodes look for it first.
    pub fn image(&self) -> Vec<ImageReference> {
        let named = self.image.as_ref().and_then(|image| image.parse().ok());
        let Some(image) = named else {
            return Vec::new();
        };
        match self.mirrors.of(&image) {
            mirrored if !mirrored.is_empty() => mirrored,
            _ => vec![image],
        }
    }

    /// The mirror that all of a release of Red Hat's comes from; nothing if any of it comes from
    /// Red Hat.
    pub fn mirrored_at(&self) -> Option<ImageReference> {
        let images = self.images();
        let mut mirrored = images.iter().map(|image| self.mirrors.of(image));
        let first = mirrored.next()?.into_iter().next()?;
        mirrored.all(|places| !places.is_empty()).then_some(first)
    }

    /// The images that stand for all that is Red Hat's in a release.
    fn images(&self) -> Vec<ImageReference> {
        let named = self.image.as_ref().and_then(|image| image.parse().ok());
        let digest = "0".repeat(64);
        let parts = PARTS.iter().map(|part| format!("{part}@sha256:{digest}"));
        let parts = parts.filter_map(|part| part.parse().ok());
        match (self.origin(), named) {
            (Origin::Okd, named) => named.into_iter().collect(),
            // Its image is named elsewhere already; what it is made of is not.
            (Origin::Elsewhere, _) => parts.skip(1).collect(),
            (Origin::RedHat | Origin::Unknown, _) => parts.collect(),
        }
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
    use super::super::mirrors::tests::digests;
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
    fn places(release: &Release) -> Vec<String> {
        release.places().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_mirrored_release_comes_from_its_mirrors() {
        let digest = format!("@sha256:{}", "0".repeat(64));
        let image = format!("{}{digest}", PARTS[0]);
        let mirrored =
            |rules: &[(&str, &str)]| release("4.20.1", &image).with_mirrors(digests(rules));
        let all = mirrored(&[("quay.io/openshift-release-dev", "m.example.com:8443/ocp")]);
        assert_eq!(
            places(&all),
            [
                "m.example.com:8443/ocp/ocp-release",
                "m.example.com:8443/ocp/ocp-v4.0-art-dev"
            ]
        );
        assert!(all.mirrored_at().is_some());
        for key in ["m.example.com:8443", "m.example.com:8443/ocp"] {
            assert!(all.place_of(key).is_some(), "{key}");
        }
        for key in ["m.example.com", "m.example.com:8443/other", "quay.io"] {
            assert!(all.place_of(key).is_none(), "{key}");
        }
        let half = mirrored(&[(PARTS[0], "m.example.com/release")]);
        assert_eq!(places(&half), ["m.example.com/release"]);
        assert_eq!(half.mirrored_at(), None);
        assert_eq!(mirrored(&[]).mirrored_at(), None);
    }

    #[test]
    fn a_release_that_is_named_elsewhere_comes_from_there() {
        let digest = format!("@sha256:{}", "0".repeat(64));
        let named = release("4.20.1", &format!("m.example.com/ocp/release{digest}"));
        assert_eq!(places(&named), ["m.example.com/ocp/release"]);
        assert_eq!(named.mirrored_at(), None, "its parts are Red Hat's still");
        let okd = release("4.20.1", &format!("quay.io/okd/scos-release{digest}"));
        assert!(okd.places().is_empty());
    }
}
