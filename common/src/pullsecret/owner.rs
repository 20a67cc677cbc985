//! Secrets that somebody else writes: a change of ours would be undone, or fought over.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// Who writes a secret, and where to change it instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// The tool, such as `External Secrets`.
    pub tool: &'static str,
    /// What to change instead, with the object's name where the secret tells it.
    pub place: String,
}

/// How a tool marks the objects it writes.
struct Mark {
    tool: &'static str,
    /// Annotations or labels, of which one is enough.
    keys: &'static [&'static str],
    place: &'static str,
}

const MARKS: &[Mark] = &[
    Mark {
        tool: "External Secrets",
        keys: &[
            "reconcile.external-secrets.io/created-by",
            "reconcile.external-secrets.io/managed",
            "reconcile.external-secrets.io/data-hash",
        ],
        place: "the store its ExternalSecret reads",
    },
    Mark {
        tool: "Sealed Secrets",
        keys: &[
            "sealedsecrets.bitnami.com/cluster-wide",
            "sealedsecrets.bitnami.com/managed",
        ],
        place: "its SealedSecret, sealed anew",
    },
    Mark {
        tool: "reflector",
        keys: &["reflector.v1.k8s.emberstack.com/reflects"],
        place: "the secret it reflects",
    },
    Mark {
        tool: "kubernetes-replicator",
        keys: &[
            "replicator.v1.mittwald.de/replicate-from",
            "replicator.v1.mittwald.de/replicated-from-version",
        ],
        place: "the secret it is replicated from",
    },
    Mark {
        tool: "kubed",
        keys: &["kubed.appscode.com/origin"],
        place: "the secret it is synced from",
    },
    Mark {
        tool: "Kyverno",
        keys: &["generate.kyverno.io/policy-name"],
        place: "the source of its generate policy",
    },
    Mark {
        tool: "Hierarchical Namespaces",
        keys: &["hnc.x-k8s.io/inherited-from"],
        place: "the secret of the parent namespace",
    },
    Mark {
        tool: "Argo CD",
        keys: &[
            "argocd.argoproj.io/tracking-id",
            "argocd.argoproj.io/instance",
        ],
        place: "the Git repository of its application",
    },
    Mark {
        tool: "Flux",
        keys: &[
            "kustomize.toolkit.fluxcd.io/name",
            "helm.toolkit.fluxcd.io/name",
        ],
        place: "the Git repository of its Kustomization or HelmRelease",
    },
    Mark {
        tool: "Helm",
        keys: &["meta.helm.sh/release-name"],
        place: "the values of its release",
    },
    Mark {
        tool: "OpenShift",
        keys: &[
            "openshift.io/internal-registry-auth-token.service-account",
            "openshift.io/token-secret.name",
            "kubernetes.io/service-account.name",
        ],
        place: "nothing: OpenShift generates it for a service account",
    },
];

impl Owner {
    /// The tool that writes the object, if its metadata tells of one.
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        let value = |key: &str| {
            let from = |map: &Option<std::collections::BTreeMap<String, String>>| {
                map.as_ref().and_then(|map| map.get(key)).cloned()
            };
            from(&metadata.annotations).or_else(|| from(&metadata.labels))
        };
        let marked = MARKS.iter().find_map(|mark| {
            let name = mark.keys.iter().find_map(|key| value(key))?;
            Some(Self {
                tool: mark.tool,
                place: named(mark.place, &name),
            })
        });
        marked
            .or_else(|| helm_label(&value))
            .or_else(|| controller(metadata))
    }
}

fn helm_label(value: &impl Fn(&str) -> Option<String>) -> Option<Owner> {
    (value("app.kubernetes.io/managed-by")? == "Helm").then(|| Owner {
        tool: "Helm",
        place: "the values of its release".to_owned(),
    })
}

/// Any controller's ownerReference: what it owns, it writes.
fn controller(metadata: &ObjectMeta) -> Option<Owner> {
    let owner = metadata
        .owner_references
        .as_ref()?
        .iter()
        .find(|owner| owner.controller == Some(true))?;
    let tool = match owner.kind.as_str() {
        "ExternalSecret" => "External Secrets",
        "SealedSecret" => "Sealed Secrets",
        _ => "a controller",
    };
    Some(Owner {
        tool,
        place: format!("{} `{}`", owner.kind, owner.name),
    })
}

fn named(place: &str, name: &str) -> String {
    // Hashes, booleans and counters say nothing to a person.
    let readable = !name.is_empty()
        && name.len() <= 63
        && !matches!(name, "true" | "false")
        && !name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if readable {
        format!("{place} ({name})")
    } else {
        place.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

    fn annotated(key: &str, value: &str) -> ObjectMeta {
        ObjectMeta {
            annotations: Some([(key.to_owned(), value.to_owned())].into()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn every_mark_is_recognised_as_annotation_and_as_label() {
        for mark in MARKS {
            for key in mark.keys {
                let annotated = annotated(key, "x/y");
                let labelled = ObjectMeta {
                    labels: annotated.annotations.clone(),
                    ..ObjectMeta::default()
                };
                assert_eq!(
                    Owner::of(&annotated).map(|owner| owner.tool),
                    Some(mark.tool),
                    "{key}"
                );
                assert_eq!(
                    Owner::of(&labelled).map(|owner| owner.tool),
                    Some(mark.tool),
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn a_controllers_reference_names_its_object() {
        let reference = OwnerReference {
            kind: "ExternalSecret".to_owned(),
            name: "quay".to_owned(),
            controller: Some(true),
            ..OwnerReference::default()
        };
        let metadata = ObjectMeta {
            owner_references: Some(vec![reference]),
            ..ObjectMeta::default()
        };
        let owner = Owner::of(&metadata).unwrap();
        assert_eq!(
            (owner.tool, owner.place.as_str()),
            ("External Secrets", "ExternalSecret `quay`")
        );
    }

    #[test]
    fn a_secret_of_nobody_has_no_owner() {
        assert_eq!(Owner::of(&annotated("team", "platform")), None);
        assert_eq!(
            Owner::of(&annotated("app.kubernetes.io/managed-by", "kubectl-quay")),
            None
        );
    }
}
