//! Which namespaces a command works in.

use super::connection::Cluster;
use super::error::CallError;
use super::list::list_all;
use super::resource::namespaces;
use super::selection::NamespaceSelection;
use crate::Failure;
use clap::Args;
use globset::{Glob, GlobSet, GlobSetBuilder};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::params::ListParams;
use std::collections::BTreeSet;

/// The flags that choose namespaces.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Namespace options")]
pub struct NamespaceArgs {
    /// Namespace to use (repeat, or separate by commas)
    #[arg(
        short,
        long = "namespace",
        value_name = "NAMESPACE",
        value_delimiter = ','
    )]
    pub namespaces: Vec<String>,

    /// Use every namespace
    #[arg(short = 'A', long, conflicts_with_all = ["namespaces", "namespace_selector"])]
    pub all_namespaces: bool,

    /// Use the namespaces with these labels
    #[arg(
        long,
        value_name = "SELECTOR",
        conflicts_with = "namespaces",
        hide_short_help = true
    )]
    pub namespace_selector: Option<String>,

    /// Leave out namespaces that match this glob, such as `kube-*` (repeat for several)
    #[arg(long, value_name = "GLOB", hide_short_help = true)]
    pub exclude_namespace: Vec<String>,
}

impl NamespaceArgs {
    /// The globs of `--exclude-namespace`.
    pub fn excluded(&self) -> Result<GlobSet, Failure> {
        let mut globs = GlobSetBuilder::new();
        for pattern in &self.exclude_namespace {
            let glob = Glob::new(pattern).map_err(|error| {
                Failure::usage(format!(
                    "--exclude-namespace `{pattern}` is not a glob: {}",
                    error.kind()
                ))
            })?;
            globs.add(glob);
        }
        globs
            .build()
            .map_err(|error| Failure::usage(format!("--exclude-namespace: {error}")))
    }

    /// Which namespaces of `cluster` are meant; asks the cluster only for a selector.
    pub async fn resolve(&self, cluster: &Cluster) -> Result<NamespaceSelection, Failure> {
        if self.all_namespaces {
            return Ok(NamespaceSelection::All);
        }
        let excluded = self.excluded()?;
        let names: BTreeSet<String> = match &self.namespace_selector {
            Some(selector) => {
                let params = ListParams::default().labels(selector);
                list_all::<Namespace>(cluster, &namespaces(), &params)
                    .await
                    .map_err(|error| selector_failure(error, cluster, selector))?
                    .into_iter()
                    .filter_map(|namespace| namespace.metadata.name)
                    .collect()
            }
            None if self.namespaces.is_empty() => cluster.default_namespaces().clone(),
            None => self.namespaces.iter().cloned().collect(),
        };
        for name in &names {
            check_name(name)?;
        }
        Ok(NamespaceSelection::Named(
            names
                .into_iter()
                .filter(|name| !excluded.is_match(name))
                .collect(),
        ))
    }
}

fn selector_failure(error: CallError, cluster: &Cluster, selector: &str) -> Failure {
    let action = format!("list the namespaces with labels `{selector}`");
    match error {
        CallError::Api {
            code: 400, message, ..
        } => Failure::usage(format!(
            "--namespace-selector `{selector}` is not a selector: {message}"
        )),
        error if error.is_forbidden() => error
            .into_failure(cluster.context(), &action)
            .next("pass -n NAMESPACE instead"),
        error => error.into_failure(cluster.context(), &action),
    }
}

/// RFC 1123 label, the API server's rule for namespaces; checked here because the
/// name becomes a part of a path.
fn check_name(name: &str) -> Result<(), Failure> {
    let valid = name.len() <= 63 && !name.contains('.') && parse_object_name(name).is_ok();
    if valid {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "`{name}` cannot be a namespace: use lower-case letters, digits and `-`, at most 63 characters"
    )))
}

/// Reads the name of a secret, a service account or a workload: an RFC 1123 subdomain.
/// Anything else could mean something in a path or a query.
pub fn parse_object_name(name: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(|byte| allowed(*byte))
            && bytes.last().is_some_and(|byte| allowed(*byte))
            && bytes.iter().all(|byte| allowed(*byte) || *byte == b'-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "`{name}` cannot be an object's name: lower-case letters, digits, `-` and `.`, \
         at most 253 characters"
    ))
}

/// The two names in `NAMESPACE/NAME`, if they are names.
pub fn split_reference(reference: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| parse_object_name(name).is_ok();
    let parts = reference.split_once('/');
    parts.filter(|(namespace, name)| is_name(namespace) && is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_that_cannot_be_is_refused_before_any_request() {
        assert!(check_name("staging-2").is_ok());
        for bad in ["", "Staging", "a/b", "../x", "-a", "a-", &"x".repeat(64)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_that_would_mean_something_in_a_path_is_no_name() {
        assert!(parse_object_name("quay-pull-secret.v2").is_ok());
        for bad in [
            "",
            "default#",
            "a/b",
            "a?dryRun=All",
            "..",
            "a.",
            "Name",
            "a%2f",
        ] {
            assert!(parse_object_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn excluded_namespaces_are_globs() {
        let scope = NamespaceArgs {
            exclude_namespace: vec!["kube-*".into()],
            ..NamespaceArgs::default()
        };
        let excluded = scope.excluded().unwrap();
        assert!(excluded.is_match("kube-system") && !excluded.is_match("my-kube-x"));
        let broken = NamespaceArgs {
            exclude_namespace: vec!["a[".into()],
            ..NamespaceArgs::default()
        };
        assert!(broken.excluded().is_err());
    }
}
