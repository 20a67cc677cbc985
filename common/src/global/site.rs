//! The authorities that a cluster's nodes trust when they pull.

use crate::cluster::{CallError, Cluster, Resource, path_of};
use crate::hint::{self, Hint, can_i};
use crate::names::RegistryHost;
use crate::registry::SiteTrust;
use futures::future::join;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::Value;

const CONFIG: &str = "config.openshift.io";
const NAMESPACE: &str = "openshift-config";
/// The key of a proxy's authorities.
const BUNDLE: &str = "ca-bundle.crt";

/// One object that names a ConfigMap of authorities.
struct Source {
    resource: Resource,
    /// The field with the ConfigMap's name.
    field: &'static str,
}

/// The authorities of single registries, by `host` or `host..port`.
const REGISTRIES: Source = Source {
    resource: Resource::v1(CONFIG, "images"),
    field: "additionalTrustedCA",
};
/// Those of a proxy that looks into connections.
const PROXY: Source = Source {
    resource: Resource::v1(CONFIG, "proxies"),
    field: "trustedCA",
};

/// What is known of whom the nodes trust.
#[derive(Debug, Clone, Default)]
pub struct Site {
    pub trust: SiteTrust,
    /// What is in the way of knowing more.
    gap: Option<Gap>,
    /// The ConfigMap with the authorities of single registries.
    registries: Option<String>,
}

/// An object that could not be read.
#[derive(Debug, Clone)]
struct Gap {
    /// Empty for what is in no namespace.
    namespace: &'static str,
    /// As in rights: `configmaps/NAME`.
    object: String,
}

/// Reads whom the nodes of the cluster trust. What is not there, or not to be read, is no failure:
/// it is told of where a registry is not trusted.
pub async fn site(cluster: &Cluster) -> Site {
    let (registries, proxy) = join(read(cluster, &REGISTRIES), read(cluster, &PROXY)).await;
    let mut site = Site::default();
    if let Some((name, data)) = site.or_gap(registries) {
        for (key, pem) in &data {
            // A colon is none of a ConfigMap's letters.
            if let Ok(host) = key.replacen("..", ":", 1).parse::<RegistryHost>() {
                site.trust.trust_at(host, pem);
            }
        }
        site.registries = Some(name);
    }
    if let Some((_, data)) = site.or_gap(proxy) {
        let bundle = data.iter().find(|(key, _)| key == BUNDLE);
        if let Some((_, pem)) = bundle {
            site.trust.trust_everywhere(pem);
        }
    }
    site
}

/// A ConfigMap's name, and what is in it.
type Named = (String, Vec<(String, String)>);

/// The ConfigMap that the object names, if it names one.
async fn read(cluster: &Cluster, source: &Source) -> Result<Option<Named>, Gap> {
    let plural = source.resource.plural();
    let object = format!("{plural}.{CONFIG}/cluster");
    let found = cluster
        .get::<Value>(&source.resource.named("cluster"))
        .await;
    let Some(found) = or_gap(cluster, found, "", object)? else {
        return Ok(None);
    };
    let name = found.pointer(&format!("/spec/{}/name", source.field));
    let Some(name) = name.and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let path = path_of::<ConfigMap>(NAMESPACE, name);
    let found = cluster.get::<ConfigMap>(&path).await;
    let found = or_gap(cluster, found, NAMESPACE, format!("configmaps/{name}"))?;
    let data = found.and_then(|found| found.data).unwrap_or_default();
    Ok(Some((name.to_owned(), data.into_iter().collect())))
}

fn or_gap<T>(
    cluster: &Cluster,
    found: Result<T, CallError>,
    namespace: &'static str,
    object: String,
) -> Result<Option<T>, Gap> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => {
            tracing::debug!(context = cluster.context(), object, %error, "not read");
            Err(Gap { namespace, object })
        }
    }
}

impl Site {
    fn or_gap<T>(&mut self, found: Result<Option<T>, Gap>) -> Option<T> {
        found.unwrap_or_else(|gap| {
            self.gap.get_or_insert(gap);
            None
        })
    }

    /// What to do about a registry with a certificate that nobody known here signed: what could
    /// not be read here names its authority, maybe; otherwise the nodes do not know it either.
    pub fn remedy(&self, context: &str, host: &RegistryHost) -> Hint {
        let pass = "pass the certificate of its authority with --registry-ca FILE";
        if let Some(Gap { namespace, object }) = &self.gap {
            let ask =
                format!("ask for the right to get {object}, which tells whom the nodes trust: ");
            let check = match namespace.is_empty() {
                true => hint::kubectl("auth can-i get").arg(object).at(context),
                false => can_i(context, namespace, "get", object),
            };
            return Hint::from(ask).run(check).say("; or ").say(pass);
        }
        let key = host.as_str().replacen(':', "..", 1);
        let place = match &self.registries {
            Some(name) => format!("add its authority to the ConfigMap {NAMESPACE}/{name}"),
            None => format!(
                "name a ConfigMap of {NAMESPACE} in spec.additionalTrustedCA of \
                 image.config.openshift.io/cluster, and add its authority there"
            ),
        };
        Hint::from(format!(
            "if the nodes cannot pull from {host} either, {place} as `{key}`; if they can, {pass}"
        ))
    }
}
