//! Marks what this process starts, so that a later run can tell what a dead one left.

use sha2::{Digest, Sha256};
use std::path::Path;

/// This process among all that ever ran: where it runs, and its id there. `None` where
/// the system does not tell.
pub(super) fn of_this_run() -> Option<String> {
    Some(format!("{}-{}", place()?, std::process::id()))
}

/// Whether the marked process ran here and no longer does. One that ran elsewhere may
/// still run.
pub(super) fn has_ended(mark: &str) -> bool {
    let Some((of, id)) = mark.split_once('-') else {
        return false;
    };
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id && place().as_deref() == Some(of) && !Path::new("/proc").join(id).exists()
}

/// Where process ids are unique: one boot of a machine, and in it one PID namespace.
fn place() -> Option<String> {
    let boot = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let place = Sha256::new()
        .chain_update(boot)
        .chain_update(namespace.as_os_str().as_encoded_bytes())
        .finalize();
    Some(
        place[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_ended_only_if_it_ran_here_and_is_gone() {
        let ours = of_this_run().unwrap();
        let (here, _) = ours.split_once('-').unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = child.id();
        child.wait().unwrap();
        for (mark, ended) in [
            (ours.clone(), false),
            (format!("{here}-{id}"), true),
            (format!("000000000000-{id}"), false),
            (format!("{here}-"), false),
            (format!("{here}-../self"), false),
            (String::new(), false),
        ] {
            assert_eq!(has_ended(&mark), ended, "{mark}");
        }
    }
}
