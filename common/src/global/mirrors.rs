//! From where a cluster's nodes pull instead of the registries that image names say.

use crate::cluster::{CallError, Cluster, Resource, list_all};
use crate::kubelet::ImageReference;
use futures::future::join_all;
use kube::core::params::ListParams;
use serde_json::Value;

/// A kind of object that names mirrors.
struct Kind {
    resource: Resource,
    /// Where in an object its rules are.
    rules: &'static str,
    /// Whether its mirrors serve images named by digest, as all of a release are, or by tag.
    digests: bool,
}

const CONFIG: &str = "config.openshift.io";

const KINDS: [Kind; 3] = [
    Kind {
        resource: Resource::v1(CONFIG, "imagedigestmirrorsets"),
        rules: "/spec/imageDigestMirrors",
        digests: true,
    },
    Kind {
        resource: Resource::v1(CONFIG, "imagetagmirrorsets"),
        rules: "/spec/imageTagMirrors",
        digests: false,
    },
    Kind {
        resource: Resource::of_version(
            "operator.openshift.io",
            "v1alpha1",
            "imagecontentsourcepolicies",
        ),
        rules: "/spec/repositoryDigestMirrors",
        digests: true,
    },
];

/// The mirrors that a cluster's configuration names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors {
    rules: Vec<Rule>,
    /// The kinds that could not be read, as in rights.
    unread: Vec<String>,
}

/// Whose images come from elsewhere, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// A registry, a repository, or a part of its path; `*.example.com` for whole domains.
    source: String,
    mirrors: Vec<String>,
    digests: bool,
}

/// The cluster's mirrors. A cluster without such kinds has none; what cannot be read is told of
/// by [`Mirrors::unread`], which is no failure.
pub(super) async fn mirrors(cluster: &Cluster) -> Mirrors {
    let lists = KINDS.iter().map(async |kind| {
        let path = kind.resource.everywhere();
        let listed = list_all::<Value>(cluster, &path, &ListParams::default()).await;
        (kind, listed)
    });
    let mut found = Mirrors::default();
    for (kind, listed) in join_all(lists).await {
        match listed {
            Ok(objects) => found.read(kind, &objects),
            Err(error) if error.is_not_found() => {}
            Err(error) => found.miss(cluster, kind, &error),
        }
    }
    found
}

impl Mirrors {
    fn read(&mut self, kind: &Kind, objects: &[Value]) {
        let rules = objects
            .iter()
            .filter_map(|object| object.pointer(kind.rules)?.as_array())
            .flatten();
        self.rules
            .extend(rules.filter_map(|rule| Rule::read(rule, kind.digests)));
    }

    fn miss(&mut self, cluster: &Cluster, kind: &Kind, error: &CallError) {
        let plural = kind.resource.plural();
        tracing::debug!(context = cluster.context(), plural, %error, "mirrors are unknown");
        self.unread
            .push(format!("{plural}.{}", kind.resource.group()));
    }

    /// The kinds that could not be read, as `oc auth can-i list` takes them.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }

    /// Where the nodes look for an image before they look where its name says. Of several rules
    /// the one with the longest source counts, as it does for the nodes.
    pub fn of(&self, image: &ImageReference) -> Vec<ImageReference> {
        let digest = image.reference().contains(':');
        let rules = self.rules.iter().filter(|rule| rule.digests == digest);
        let fitting = rules.filter_map(|rule| Some((rule, rule.rest_of(image)?)));
        let longest = fitting
            .clone()
            .map(|(rule, _)| rule.source.len())
            .max()
            .unwrap_or_default();
        let rules = fitting.filter(|(rule, _)| rule.source.len() == longest);
        let mirrored = rules.flat_map(|(rule, rest)| {
            let separator = if digest { '@' } else { ':' };
            let places = rule.mirrors.iter();
            places.map(move |mirror| format!("{mirror}{rest}{separator}{}", image.reference()))
        });
        mirrored.filter_map(|name| name.parse().ok()).collect()
    }

    /// Where images of a registry come from, if that is elsewhere for some of them.
    pub fn of_registry(&self, host: &str) -> Option<&str> {
        let mut rules = self.rules.iter();
        let rule = rules
            .find(|rule| rule.source.split('/').next() == Some(host) || rule.is_in_domain(host))?;
        rule.mirrors.first().map(String::as_str)
    }
}

impl Rule {
    fn read(rule: &Value, digests: bool) -> Option<Self> {
        let mirrors = rule.get("mirrors")?.as_array()?.iter();
        let mirrors: Vec<String> = mirrors
            .filter_map(|mirror| Some(mirror.as_str()?.trim_end_matches('/').to_owned()))
            .collect();
        let source = rule.get("source")?.as_str()?.trim_end_matches('/');
        (!source.is_empty() && !mirrors.is_empty()).then(|| Self {
            source: source.to_owned(),
            mirrors,
            digests,
        })
    }

    /// What a mirror's name is followed by, if the rule is about the image.
    fn rest_of(&self, image: &ImageReference) -> Option<String> {
        let name = image.to_string();
        if self.is_in_domain(image.registry()) {
            return Some(format!("/{}", image.repository()));
        }
        let rest = name.strip_prefix(&self.source)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    }

    fn is_in_domain(&self, host: &str) -> bool {
        let domain = self.source.strip_prefix('*');
        domain.is_some_and(|domain| domain.starts_with('.') && host.ends_with(domain))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// Mirrors of images named by digest.
    pub fn digests(rules: &[(&str, &str)]) -> Mirrors {
        let rules: Vec<Value> = rules
            .iter()
            .map(|(source, mirror)| json!({"source": source, "mirrors": [mirror]}))
            .collect();
        let mut mirrors = Mirrors::default();
        let object = json!({"spec": {"imageDigestMirrors": rules}});
        mirrors.read(&KINDS[0], &[object]);
        mirrors
    }

    fn of(mirrors: &Mirrors, image: &str) -> Vec<String> {
        let image = image.parse().unwrap();
        mirrors.of(&image).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_image_comes_from_the_mirror_of_its_longest_source() {
        let mirrors = digests(&[
            ("quay.io", "m:5000/quay"),
            ("quay.io/openshift-release-dev", "m:5000/ocp/"),
            ("*.redhat.io", "m:5000"),
        ]);
        let digest = format!("@sha256:{}", "0".repeat(64));
        for (image, expected) in [
            (
                "quay.io/openshift-release-dev/ocp-release",
                "m:5000/ocp/ocp-release",
            ),
            (
                "quay.io/openshift-release-dev-x/a",
                "m:5000/quay/openshift-release-dev-x/a",
            ),
            ("registry.redhat.io/ubi8/ubi", "m:5000/ubi8/ubi"),
            ("quay.io.example.com/a/b", ""),
            ("redhat.io/a/b", ""),
        ] {
            let found = of(&mirrors, &format!("{image}{digest}"));
            assert_eq!(found.concat(), expected, "{image}");
        }
        assert!(of(&mirrors, "quay.io/a/b:latest").is_empty(), "a tag");
        assert_eq!(mirrors.of_registry("registry.redhat.io"), Some("m:5000"));
        assert_eq!(mirrors.of_registry("registry.connect.redhat.com"), None);
    }

    #[test]
    fn what_is_no_rule_mirrors_nothing() {
        let mut mirrors = Mirrors::default();
        for object in [
            json!({}),
            json!({"spec": {"imageDigestMirrors": {}}}),
            json!({"spec": {"imageDigestMirrors": [1, {"source": "", "mirrors": ["m"]},
                {"source": "quay.io", "mirrors": []}, {"source": "quay.io"}]}}),
        ] {
            mirrors.read(&KINDS[0], &[object]);
        }
        assert_eq!(mirrors, Mirrors::default());
    }
}
