//! Secrets that somebody else writes: a change of ours would be undone, or fought over.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde::Serialize;
use std::borrow::Cow;

/// Who writes a secret, and where to change it instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// The tool, such as `External Secrets`, or the name it writes under.
    pub tool: Cow<'static, str>,
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

/// The writer of the secrets for its internal registry.
pub(super) const OPENSHIFT: &str = "OpenShift";

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
        place: "the sealed content of its SealedSecret",
    },
    Mark {
        tool: "Vault Secrets Operator",
        keys: &["secrets.hashicorp.com/vso-ownerRefUID"],
        place: "what it reads in Vault",
    },
    Mark {
        tool: "1Password",
        keys: &[
            "operator.1password.io/item-path",
            "operator.1password.io/item-version",
        ],
        place: "the item in 1Password",
    },
    Mark {
        tool: "Doppler",
        keys: &["secrets.doppler.com/version"],
        place: "what its DopplerSecret reads",
    },
    Mark {
        tool: "Infisical",
        keys: &["secrets.infisical.com/version"],
        place: "what its InfisicalSecret reads",
    },
    Mark {
        tool: "Bitwarden",
        keys: &["k8s.bitwarden.com/bw-secret"],
        place: "what its BitwardenSecret reads",
    },
    Mark {
        tool: "Secrets Store CSI driver",
        keys: &["secrets-store.csi.k8s.io/managed"],
        place: "the store its SecretProviderClass reads",
    },
    Mark {
        tool: "secretgen-controller",
        keys: &["secretgen.carvel.dev/image-pull-secret"],
        place: "the secret that is exported to it",
    },
    Mark {
        tool: "Config Sync",
        keys: &["configmanagement.gke.io/managed"],
        place: "the Git repository it is synced from",
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
        tool: OPENSHIFT,
        keys: &[
            "openshift.io/internal-registry-auth-token.service-account",
            "openshift.io/token-secret.name",
            "kubernetes.io/service-account.name",
        ],
        place: "nothing: OpenShift generates the secret for a service account",
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
                tool: mark.tool.into(),
                place: named(mark.place, &name),
            })
        });
        marked
            .or_else(|| managed_by(&value("app.kubernetes.io/managed-by")?))
            .or_else(|| referenced(metadata))
            .or_else(|| writers(metadata).find_map(controller))
    }

    /// Who wrote the object's data, by the names they write under, and when each did last.
    pub fn writers(metadata: &ObjectMeta) -> Vec<(String, Option<Timestamp>)> {
        let named = |entry: &ManagedFieldsEntry| {
            let time = entry.time.as_ref().map(|time| time.0);
            Some((entry.manager.clone()?, time))
        };
        writers(metadata).filter_map(named).collect()
    }

    /// Who wrote the object's data last, by the name it writes under.
    pub fn last_writer(metadata: &ObjectMeta) -> Option<String> {
        let last = writers(metadata).max_by_key(|entry| entry.time.as_ref().map(|time| time.0))?;
        last.manager.clone()
    }
}

fn managed_by(tool: &str) -> Option<Owner> {
    let (tool, place) = match tool {
        "Helm" => ("Helm", "the values of its release"),
        "hashicorp-vso" => ("Vault Secrets Operator", "what it reads in Vault"),
        "imagepullsecret-patcher" => ("imagepullsecret-patcher", "the secret it copies"),
        _ => return None,
    };
    Some(Owner {
        tool: tool.into(),
        place: place.to_owned(),
    })
}

/// Whoever made the object for another one writes it, whether it calls itself its controller
/// or not.
fn referenced(metadata: &ObjectMeta) -> Option<Owner> {
    let owners = metadata.owner_references.as_ref()?;
    let controller = owners.iter().find(|owner| owner.controller == Some(true));
    let owner = controller.or_else(|| owners.first())?;
    let tool = match owner.kind.as_str() {
        "ExternalSecret" => "External Secrets",
        "SealedSecret" => "Sealed Secrets",
        "VaultStaticSecret" | "VaultDynamicSecret" => "Vault Secrets Operator",
        "OnePasswordItem" => "1Password",
        _ => "a controller",
    };
    Some(Owner {
        tool: tool.into(),
        place: format!("{} `{}`", owner.kind, owner.name),
    })
}

/// Those who wrote the object's data, as the API server keeps them.
fn writers(metadata: &ObjectMeta) -> impl Iterator<Item = &ManagedFieldsEntry> {
    let entries = metadata.managed_fields.iter().flatten();
    entries.filter(|entry| {
        let fields = entry.fields_v1.as_ref();
        fields.is_some_and(|fields| fields.0.get("f:data").is_some())
    })
}

/// A writer whose name says that it writes again and again.
fn controller(entry: &ManagedFieldsEntry) -> Option<Owner> {
    let name = entry.manager.as_deref()?;
    let (tool, place) = match name {
        "argocd-controller" | "argocd-application-controller" => {
            ("Argo CD", "the Git repository of its application")
        }
        "kustomize-controller" | "helm-controller" => (
            "Flux",
            "the Git repository of its Kustomization or HelmRelease",
        ),
        "external-secrets" => ("External Secrets", "the store its ExternalSecret reads"),
        "manager" | "controller" | "operator" => (
            name,
            "the source that this controller \
                                                         generates it from",
        ),
        _ if ["-controller", "-operator", "-controller-manager"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            (name, "the source that this controller generates it from")
        }
        _ => return None,
    };
    Some(Owner {
        tool: tool.to_owned().into(),
        place: place.to_owned(),
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
                    Some(mark.tool.into()),
                    "{key}"
                );
                assert_eq!(
                    Owner::of(&labelled).map(|owner| owner.tool),
                    Some(mark.tool.into()),
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn a_writer_of_the_data_that_is_a_controller_is_recognised_by_its_name() {
        let written = |manager: &str, fields: &str| -> ObjectMeta {
            serde_json::from_value(serde_json::json!({"managedFields": [{
                "manager": manager, "operation": "Apply", "fieldsV1": {fields: {}},
            }]}))
            .unwrap()
        };
        for (manager, tool) in [
            ("argocd-controller", Some("Argo CD")),
            ("some-operator", Some("some-operator")),
            ("manager", Some("manager")),
            ("kubectl-client-side-apply", None),
            ("kubectl-quay-pullsecret", None),
            ("kubectl-create", None),
        ] {
            let owner = Owner::of(&written(manager, "f:data"));
            assert_eq!(
                owner.map(|owner| owner.tool),
                tool.map(Into::into),
                "{manager}"
            );
        }
        assert_eq!(Owner::of(&written("some-operator", "f:metadata")), None);
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
            (owner.tool.as_ref(), owner.place.as_str()),
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
