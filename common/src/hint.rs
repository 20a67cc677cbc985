//! Hints that hit the cluster they are about.

const PLUGIN: &str = "oc quay-global ";
/// What does not go to a cluster by its context.
const WITHOUT_CONTEXT: [&str; 2] = ["ocm", "confirm"];

/// The hint `next`, aimed at `context`: a command of this plugin names it right after its
/// first word, so that it does not run against whatever context is current.
pub(crate) fn aimed(next: &str, context: &str) -> String {
    let Some(rest) = next.strip_prefix(PLUGIN) else {
        return next.to_owned();
    };
    let end = rest.find([' ', ',']).unwrap_or(rest.len());
    let (command, more) = rest.split_at(end);
    if WITHOUT_CONTEXT.contains(&command) || more.contains("--context") {
        return next.to_owned();
    }
    format!("{PLUGIN}{command} --context {context}{more}")
}

#[cfg(test)]
mod tests {
    use super::aimed;

    #[test]
    fn a_command_of_ours_names_the_context_and_everything_else_stays() {
        for (next, expected) in [
            (
                "oc quay-global update",
                "oc quay-global update --context prod",
            ),
            (
                "oc quay-global remove a --replace-entry a",
                "oc quay-global remove --context prod a --replace-entry a",
            ),
            (
                "oc quay-global backups, and choose another",
                "oc quay-global backups --context prod, and choose another",
            ),
            (
                "oc quay-global rollback --context dev",
                "oc quay-global rollback --context dev",
            ),
            ("oc quay-global ocm login", "oc quay-global ocm login"),
            ("name another file", "name another file"),
        ] {
            assert_eq!(aimed(next, "prod"), expected);
        }
    }
}
