//! The resources the cluster serves.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::schema::Type;

/// Group/version, kind, plural, scope (N: in a namespace, C: cluster), short names,
/// categories, subresources.
const BUILT_IN: &[(&str, &str, &str, char, &str, &str, &str)] = &[
    ("v1", "ConfigMap", "configmaps", 'N', "cm", "", ""),
    ("v1", "Endpoints", "endpoints", 'N', "ep", "", ""),
    ("v1", "Event", "events", 'N', "ev", "", ""),
    ("v1", "LimitRange", "limitranges", 'N', "limits", "", ""),
    (
        "v1",
        "Namespace",
        "namespaces",
        'C',
        "ns",
        "",
        "finalize,status",
    ),
    ("v1", "Node", "nodes", 'C', "no", "", "status"),
    (
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        'N',
        "pvc",
        "",
        "status",
    ),
    ("v1", "Pod", "pods", 'N', "po", "all", "status"),
    (
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        'N',
        "rc",
        "all",
        "status",
    ),
    (
        "v1",
        "ResourceQuota",
        "resourcequotas",
        'N',
        "quota",
        "",
        "status",
    ),
    ("v1", "Secret", "secrets", 'N', "", "", ""),
    (
        "v1",
        "ServiceAccount",
        "serviceaccounts",
        'N',
        "sa",
        "",
        "token",
    ),
    ("v1", "Service", "services", 'N', "svc", "all", "status"),
    (
        "apps/v1",
        "ControllerRevision",
        "controllerrevisions",
        'N',
        "",
        "",
        "",
    ),
    (
        "apps/v1",
        "DaemonSet",
        "daemonsets",
        'N',
        "ds",
        "all",
        "status",
    ),
    (
        "apps/v1",
        "Deployment",
        "deployments",
        'N',
        "deploy",
        "all",
        "status",
    ),
    (
        "apps/v1",
        "ReplicaSet",
        "replicasets",
        'N',
        "rs",
        "all",
        "status",
    ),
    (
        "apps/v1",
        "StatefulSet",
        "statefulsets",
        'N',
        "sts",
        "all",
        "status",
    ),
    (
        "batch/v1", "CronJob", "cronjobs", 'N', "cj", "all", "status",
    ),
    ("batch/v1", "Job", "jobs", 'N', "", "all", "status"),
    ("coordination.k8s.io/v1", "Lease", "leases", 'N', "", "", ""),
    (
        RBAC,
        "ClusterRoleBinding",
        "clusterrolebindings",
        'C',
        "",
        "",
        "",
    ),
    (RBAC, "ClusterRole", "clusterroles", 'C', "", "", ""),
    (RBAC, "RoleBinding", "rolebindings", 'N', "", "", ""),
    (RBAC, "Role", "roles", 'N', "", "", ""),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        'C',
        "crd,crds",
        "api-extensions",
        "status",
    ),
    (
        AUTHORIZATION,
        "LocalSubjectAccessReview",
        "localsubjectaccessreviews",
        'N',
        "",
        "",
        "",
    ),
    (
        AUTHORIZATION,
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        'C',
        "",
        "",
        "",
    ),
    (
        AUTHORIZATION,
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        'C',
        "",
        "",
        "",
    ),
    (
        AUTHORIZATION,
        "SubjectAccessReview",
        "subjectaccessreviews",
        'C',
        "",
        "",
        "",
    ),
    (
        AUTHENTICATION,
        "SelfSubjectReview",
        "selfsubjectreviews",
        'C',
        "",
        "",
        "",
    ),
    (
        AUTHENTICATION,
        "TokenReview",
        "tokenreviews",
        'C',
        "",
        "",
        "",
    ),
];

const RBAC: &str = "rbac.authorization.k8s.io/v1";
const AUTHORIZATION: &str = "authorization.k8s.io/v1";
const AUTHENTICATION: &str = "authentication.k8s.io/v1";

/// All verbs of a stored resource, in the order discovery lists them.
const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// One resource in one version.
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) list_kind: String,
    pub(super) namespaced: bool,
    pub(super) short_names: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) subresources: Vec<String>,
    /// Defined by a CustomResourceDefinition.
    pub(super) custom: bool,
    pub(super) ty: Type,
}

impl Kind {
    /// `group/version`, or `version` alone for the core group.
    pub(super) fn api_version(&self) -> String {
        join(&self.group, &self.version)
    }

    /// `plural.group`.
    pub(super) fn qualified(&self) -> String {
        super::status::qualified(&self.plural, &self.group)
    }

    /// What the API server calls the group within itself.
    pub(super) fn internal_group(&self) -> &str {
        match self.group.split('.').next() {
            None | Some("") => "core",
            Some(first) => first,
        }
    }

    /// Requests are answered on the spot; nothing is stored.
    pub(super) fn is_review(&self) -> bool {
        matches!(
            self.group.as_str(),
            "authorization.k8s.io" | "authentication.k8s.io"
        )
    }

    pub(super) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    pub(super) fn is_core(&self, plural: &str) -> bool {
        self.is("", plural)
    }

    pub(super) fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|name| name == subresource)
    }

    /// `metadata.generation` counts changes to what is wanted.
    pub(super) fn counts_generations(&self) -> bool {
        self.custom
            || self.is_core("pods")
            || (self.has("status")
                && matches!(
                    self.group.as_str(),
                    "apps" | "batch" | "apiextensions.k8s.io"
                ))
    }

    pub(super) fn verbs(&self) -> Vec<&'static str> {
        if self.is_review() {
            return vec!["create"];
        }
        let keep = |verb: &&&str| !(self.is_core("namespaces") && **verb == "deletecollection");
        VERBS.iter().filter(keep).copied().collect()
    }

    pub(super) fn subresource_verbs(subresource: &str) -> &'static [&'static str] {
        match subresource {
            "token" => &["create"],
            "finalize" => &["update"],
            _ => &["get", "patch", "update"],
        }
    }
}

/// `group/version`, or `version` alone for the core group.
pub(super) fn join(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

type Served = BTreeMap<(String, String), BTreeMap<String, Arc<Kind>>>;

/// What is served: by group and version, then by plural.
pub(super) struct Kinds(RwLock<Served>);

impl Kinds {
    pub(super) fn new() -> Self {
        let kinds = Self(RwLock::default());
        for row in BUILT_IN {
            kinds.serve(built_in(row));
        }
        kinds
    }

    fn read(&self) -> RwLockReadGuard<'_, Served> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts serving a resource, or replaces what was served under its name.
    pub(super) fn serve(&self, kind: Kind) {
        let mut served = self.0.write().unwrap_or_else(PoisonError::into_inner);
        served
            .entry((kind.group.clone(), kind.version.clone()))
            .or_default()
            .insert(kind.plural.clone(), Arc::new(kind));
    }

    /// Stops serving a resource in every version.
    pub(super) fn withdraw(&self, group: &str, plural: &str) {
        let mut served = self.0.write().unwrap_or_else(PoisonError::into_inner);
        served.retain(|(of_group, _), kinds| {
            if of_group == group {
                kinds.remove(plural);
            }
            !kinds.is_empty()
        });
    }

    pub(super) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        let key = (group.to_owned(), version.to_owned());
        self.read().get(&key)?.get(plural).cloned()
    }

    /// The resources of a group in a version; `None` where there is no such version.
    pub(super) fn in_version(&self, group: &str, version: &str) -> Option<Vec<Arc<Kind>>> {
        let key = (group.to_owned(), version.to_owned());
        self.read()
            .get(&key)
            .map(|kinds| kinds.values().cloned().collect())
    }

    /// The groups and their versions, the core group included; later versions first.
    pub(super) fn groups(&self) -> BTreeMap<String, Vec<String>> {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (group, version) in self.read().keys() {
            groups
                .entry(group.clone())
                .or_default()
                .insert(0, version.clone());
        }
        groups
    }
}

fn built_in(row: &(&str, &str, &str, char, &str, &str, &str)) -> Kind {
    let (api_version, kind, plural, scope, short_names, categories, subresources) = row;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: (*kind).to_owned(),
        plural: (*plural).to_owned(),
        singular: kind.to_lowercase(),
        list_kind: format!("{kind}List"),
        namespaced: *scope == 'N',
        short_names: words(short_names),
        categories: words(categories),
        subresources: words(subresources),
        custom: false,
        ty: Type::of_kind(kind),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(',')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
