//! The labels and annotations the suite writes or reads on secrets.

/// What `kubectl apply` keeps of the last manifest, credential included.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// On a secret that holds bridges: the robots they stand in for, separated by commas.
pub(crate) const BRIDGE: &str = "kubectl-quay/bridge";
/// Marks secrets this suite created.
pub(crate) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubectl-quay");
