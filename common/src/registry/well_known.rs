//! Registries that everybody knows, and where they hand out tokens.

use crate::names::RegistryHost;

/// One well-known registry.
struct WellKnown {
    /// The hosts it goes by; whatever is below one of them belongs to it too.
    hosts: &'static [&'static str],
    /// Where it hands out tokens, if that is none of those hosts. The pairs are those of the
    /// registries' own documentation.
    token_service: Option<&'static str>,
}

/// No other registry can have one of these names.
const TABLE: &[WellKnown] = &[
    WellKnown {
        hosts: &["docker.io", "registry.hub.docker.com", "hub.docker.com"],
        token_service: Some("auth.docker.io"),
    },
    known(&["quay.io"]),
    known(&["redhat.io", "registry.access.redhat.com"]),
    known(&["registry.connect.redhat.com", "sso.redhat.com"]),
    known(&["cloud.openshift.com", "registry.ci.openshift.org"]),
    known(&["ghcr.io", "docker.pkg.github.com"]),
    known(&["gcr.io", "pkg.dev"]),
    known(&["registry.k8s.io"]),
    known(&["mcr.microsoft.com"]),
    known(&["public.ecr.aws"]),
    WellKnown {
        hosts: &["registry.gitlab.com"],
        token_service: Some("gitlab.com"),
    },
];

const fn known(hosts: &'static [&'static str]) -> WellKnown {
    WellKnown {
        hosts,
        token_service: None,
    }
}

impl WellKnown {
    fn has(&self, host: &RegistryHost) -> bool {
        self.hosts.iter().any(|own| {
            let host = host.host();
            let above = host.strip_suffix(own);
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        })
    }
}

/// Whether the host is a well-known registry's, or where one hands out tokens.
pub fn is_well_known(host: &RegistryHost) -> bool {
    let mut table = TABLE.iter();
    table.any(|known| known.has(host) || known.token_service == Some(host.host()))
}

/// The host that serves the images of this registry, where it is another than in their names:
/// Docker Hub's (moby, registry/config.go).
pub fn served_at(registry: RegistryHost) -> RegistryHost {
    match registry.as_str() {
        "docker.io" | "index.docker.io" => "registry-1.docker.io".parse().unwrap_or(registry),
        _ => registry,
    }
}

/// Whether `service` is where the registry is known to hand out its tokens.
pub(super) fn hands_out_tokens_for(service: &RegistryHost, registry: &RegistryHost) -> bool {
    let mut table = TABLE.iter();
    table.any(|known| known.token_service == Some(service.as_str()) && known.has(registry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> RegistryHost {
        text.parse().unwrap()
    }

    #[test]
    fn well_known_registries_are_known_by_all_their_names() {
        for name in [
            "quay.io",
            "quay.io:8443",
            "registry.redhat.io",
            "registry.connect.redhat.com",
            "cloud.openshift.com",
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "auth.docker.io",
            "ghcr.io",
            "eu.gcr.io",
        ] {
            assert!(is_well_known(&host(name)), "{name}");
        }
        for name in [
            "quay.example.com",
            "myquay.io",
            "localhost:8443",
            "redhat.io.example.com",
        ] {
            assert!(!is_well_known(&host(name)), "{name}");
        }
    }

    #[test]
    fn a_token_service_belongs_to_its_own_registry_alone() {
        let of = |service, registry| hands_out_tokens_for(&host(service), &host(registry));
        assert!(of("auth.docker.io", "docker.io"));
        assert!(of("auth.docker.io", "index.docker.io"));
        assert!(of("gitlab.com", "registry.gitlab.com"));
        assert!(!of("auth.docker.io", "quay.io"));
        assert!(!of("auth.docker.io:8443", "docker.io"));
        assert!(!of("quay.io", "ghcr.io"));
    }
}
