//! Kubeconfig contexts, clients, namespaces, access.
