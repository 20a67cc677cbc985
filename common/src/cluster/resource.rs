//! Where an API server has its objects. No other file spells such a path.

use k8s_openapi::api::core::v1::Namespace;
use kube::Resource as _;
use kube::core::{ApiResource, DynamicObject};

/// A kind of object, as its API serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    group: &'static str,
    version: &'static str,
    plural: &'static str,
}

impl Resource {
    /// A kind of Kubernetes itself.
    pub const fn of<K: k8s_openapi::Resource>() -> Self {
        Self {
            group: K::GROUP,
            version: K::VERSION,
            plural: K::URL_PATH_SEGMENT,
        }
    }

    /// A kind of OpenShift's, in version `v1` of its group.
    pub const fn v1(group: &'static str, plural: &'static str) -> Self {
        Self {
            group,
            version: "v1",
            plural,
        }
    }

    /// A kind of an API that is at another version.
    pub const fn of_version(
        group: &'static str,
        version: &'static str,
        plural: &'static str,
    ) -> Self {
        Self {
            group,
            version,
            plural,
        }
    }

    /// `apps`; empty for the core group.
    pub fn group(self) -> &'static str {
        self.group
    }

    /// `deployments`, as in rights.
    pub fn plural(self) -> &'static str {
        self.plural
    }

    /// The path of all that the cluster has.
    pub fn everywhere(self) -> String {
        self.path(None)
    }

    /// The path of those in a namespace.
    pub fn within(self, namespace: &str) -> String {
        self.path(Some(namespace))
    }

    /// The path of one that is in no namespace.
    pub fn named(self, name: &str) -> String {
        format!("{}/{name}", self.everywhere())
    }

    /// The path of one in a namespace.
    pub fn object(self, namespace: &str, name: &str) -> String {
        format!("{}/{name}", self.within(namespace))
    }

    fn path(self, namespace: Option<&str>) -> String {
        let api_version = match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        };
        let api = ApiResource {
            group: self.group.to_owned(),
            version: self.version.to_owned(),
            api_version,
            kind: String::new(),
            plural: self.plural.to_owned(),
        };
        DynamicObject::url_path(&api, namespace)
    }
}

/// The path of a namespace's objects of this kind.
pub fn collection<K: k8s_openapi::Resource>(namespace: &str) -> String {
    Resource::of::<K>().within(namespace)
}

/// The path of one object in a namespace.
pub fn path_of<K: k8s_openapi::Resource>(namespace: &str, name: &str) -> String {
    Resource::of::<K>().object(namespace, name)
}

/// The path of all namespaces.
pub(crate) fn namespaces() -> String {
    Resource::of::<Namespace>().everywhere()
}

/// The path of one namespace.
pub(super) fn namespace(name: &str) -> String {
    Resource::of::<Namespace>().named(name)
}

/// Where an API server says which tokens it issues (OpenID Connect Discovery 1.0).
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The path of an API group, which everybody may read where the cluster has it.
pub(crate) fn api_group(group: &str) -> String {
    format!("/apis/{group}")
}

/// The path of a version of an API group: the list of its kinds, which everybody may read.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    format!("/apis/{group}/{version}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::{Node, Secret};

    #[test]
    fn paths_are_those_of_the_api_server() {
        let pools = Resource::v1("machineconfiguration.openshift.io", "machineconfigpools");
        for (path, expected) in [
            (
                collection::<Secret>("shop"),
                "/api/v1/namespaces/shop/secrets",
            ),
            (
                path_of::<Deployment>("shop", "web"),
                "/apis/apps/v1/namespaces/shop/deployments/web",
            ),
            (Resource::of::<Node>().named("a"), "/api/v1/nodes/a"),
            (namespace("shop"), "/api/v1/namespaces/shop"),
            (
                pools.everywhere(),
                "/apis/machineconfiguration.openshift.io/v1/machineconfigpools",
            ),
        ] {
            assert_eq!(path, expected);
        }
    }
}
