//! Which arguments complete from what is out there, by the names their help shows.

use clap::{Arg, ValueHint};

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Robot,
    Organization,
    Repository,
    Registry,
    Context,
    Namespace,
    Secret,
    /// `NAMESPACE/NAME`
    SecretAnywhere,
    ServiceAccount,
    /// `KIND/NAME`
    Workload,
    /// `TYPE/NAME` of whatever pulls images, a pod also by its name alone.
    Pulling,
    /// A key of the global pull secret.
    Entry,
    /// A backup of the global pull secret.
    Backup,
    /// A path, which the shell itself completes.
    File,
}

/// By value name. A new command's argument completes if it is called like one of these.
const BY_VALUE_NAME: [(&str, Kind); 15] = [
    ("ROBOT", Kind::Robot),
    ("ORG", Kind::Organization),
    ("REPO", Kind::Repository),
    ("REPOSITORY", Kind::Repository),
    ("REPO[=ROLE]", Kind::Repository),
    ("HOST[:PORT]", Kind::Registry),
    ("CONTEXT", Kind::Context),
    ("NAMESPACE", Kind::Namespace),
    ("SECRET", Kind::Secret),
    ("NAMESPACE/NAME", Kind::SecretAnywhere),
    ("SERVICE_ACCOUNT", Kind::ServiceAccount),
    ("KIND/NAME", Kind::Workload),
    ("TYPE/NAME", Kind::Pulling),
    ("KEY", Kind::Entry),
    ("BACKUP", Kind::Backup),
];

/// By long flag, where the value name says too little.
const BY_FLAG: [(&str, Kind); 2] = [
    ("service-account", Kind::ServiceAccount),
    ("secret-name", Kind::Secret),
];

impl Kind {
    /// What the argument names, if it is known.
    pub(super) fn of(arg: &Arg) -> Option<Self> {
        if !arg.get_action().takes_values() {
            return None;
        }
        let flag = arg.get_long();
        let by_flag = BY_FLAG.iter().find(|(name, _)| Some(*name) == flag);
        if let Some((_, kind)) = by_flag {
            return Some(*kind);
        }
        let names = arg.get_value_names().unwrap_or_default();
        let by_name = BY_VALUE_NAME
            .iter()
            .find(|(known, _)| names.first().is_some_and(|name| name.as_str() == *known));
        match by_name {
            Some((_, kind)) => Some(*kind),
            None => is_path(arg).then_some(Self::File),
        }
    }
}

fn is_path(arg: &Arg) -> bool {
    let hint = arg.get_value_hint();
    matches!(
        hint,
        ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath
    ) || matches!(arg.get_value_names(), Some([name]) if matches!(name.as_str(), "FILE" | "DIR"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ArgAction;

    #[test]
    fn arguments_are_known_by_flag_then_by_value_name() {
        let named = |name| Arg::new("x").value_name(name);
        assert_eq!(Kind::of(&named("ROBOT")), Some(Kind::Robot));
        assert_eq!(Kind::of(&named("REPO[=ROLE]")), Some(Kind::Repository));
        assert_eq!(Kind::of(&named("FILE")), Some(Kind::File));
        assert_eq!(Kind::of(&named("TEXT")), None);
        let account = named("NAME").long("service-account");
        assert_eq!(Kind::of(&account), Some(Kind::ServiceAccount));
        let flag = Arg::new("robot").long("robot").action(ArgAction::SetTrue);
        assert_eq!(Kind::of(&flag), None);
    }
}
