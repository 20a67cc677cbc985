//! Which pull secrets count for a pod.

/// The secrets that a new pod is given: its own list if it has one, else all of its service
/// account's. The account is asked when the pod is created, and never again
/// (plugin/pkg/admission/serviceaccount).
pub fn admitted<'a>(pod: &'a [String], account: &'a [String]) -> &'a [String] {
    if pod.is_empty() { account } else { pod }
}

/// The secrets that the kubelet asks for, of those a pod names: an empty name is passed over,
/// one that is named twice is asked for twice (`getPullSecretsForPod`). One that is not there
/// is an event, and the others count.
pub fn asked_for(names: &[String]) -> impl Iterator<Item = &str> {
    names
        .iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
}
