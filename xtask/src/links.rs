//! The names under which kubectl and oc find a plugin.
//!
//! `kubectl quay-robot` looks for `kubectl-quay_robot`, `kubectl quay robot` for
//! `kubectl-quay-robot`; oc looks for `oc-` first, and then for `kubectl-`.

use anyhow::{Context, Result};
use std::path::Path;

/// All names of the binary of a package, besides its own: those that run it, and those
/// that complete it (`kubectl_complete-…`; oc asks for `oc_complete-…` whatever it runs).
pub fn of(package: &str) -> Vec<String> {
    let hosts: &[&str] = match package {
        "oc-quay-global" => &["oc-", "kubectl-"],
        _ => &["kubectl-"],
    };
    let completers = ["kubectl_complete-", "oc_complete-"];
    let plugin = package
        .trim_start_matches("kubectl-")
        .trim_start_matches("oc-");
    hosts
        .iter()
        .chain(&completers)
        .flat_map(|start| {
            [
                format!("{start}{}", plugin.replace('-', "_")),
                format!("{start}{plugin}"),
            ]
        })
        .filter(|name| name != package)
        .collect()
}

/// Makes `link` lead to `target`, which is relative to the link's folder or absolute.
#[cfg(unix)]
pub fn make(target: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, link)
        .with_context(|| format!("cannot link {}", link.display()))
}

/// Links take a right of their own on Windows: a copy does as well.
#[cfg(not(unix))]
pub fn make(target: &Path, link: &Path) -> Result<()> {
    let folder = link.parent().unwrap_or(Path::new(""));
    std::fs::copy(folder.join(target), link)
        .map(drop)
        .with_context(|| format!("cannot write {}", link.display()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn kubectl_and_oc_find_and_complete_every_plugin_by_both_spellings() {
        assert_eq!(
            super::of("kubectl-quay-robot"),
            [
                "kubectl-quay_robot",
                "kubectl_complete-quay_robot",
                "kubectl_complete-quay-robot",
                "oc_complete-quay_robot",
                "oc_complete-quay-robot"
            ]
        );
        let global = super::of("oc-quay-global");
        let runs = [
            "oc-quay_global",
            "kubectl-quay_global",
            "kubectl-quay-global",
        ];
        assert_eq!(global[..3], runs);
        assert!(global.contains(&"oc_complete-quay_global".to_owned()));
    }
}
