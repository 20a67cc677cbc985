//! The names under which kubectl and oc find a plugin.
//!
//! `kubectl quay-robot` looks for `kubectl-quay_robot`, `kubectl quay robot` for
//! `kubectl-quay-robot`; oc looks for `oc-` first, and then for `kubectl-`.

/// All names of the binary of a package, besides its own.
pub fn of(package: &str) -> Vec<String> {
    let hosts: &[&str] = match package {
        "oc-quay-global" => &["oc", "kubectl"],
        _ => &["kubectl"],
    };
    let plugin = package
        .trim_start_matches("kubectl-")
        .trim_start_matches("oc-");
    hosts
        .iter()
        .flat_map(|host| {
            [
                format!("{host}-{}", plugin.replace('-', "_")),
                format!("{host}-{plugin}"),
            ]
        })
        .filter(|name| name != package)
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn kubectl_and_oc_find_every_plugin_by_both_spellings() {
        assert_eq!(super::of("kubectl-quay-robot"), ["kubectl-quay_robot"]);
        assert_eq!(
            super::of("oc-quay-global"),
            [
                "oc-quay_global",
                "kubectl-quay_global",
                "kubectl-quay-global"
            ]
        );
    }
}
