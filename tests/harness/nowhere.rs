//! Contexts that cannot be worked on.

/// A kubeconfig of contexts that lead nowhere: `dangling` names no cluster that is there, and the
/// credential plugin of `expired` refuses.
pub const NOWHERE: &str = r#"
apiVersion: v1
kind: Config
contexts:
- {name: dangling, context: {cluster: gone, user: gone}}
- {name: expired, context: {cluster: there, user: expired}}
clusters:
- {name: there, cluster: {server: "https://127.0.0.1:1"}}
users:
- name: expired
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: "false"
      interactiveMode: Never
"#;
