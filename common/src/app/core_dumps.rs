//! No image of this process is written to a disk while secrets are in it.

/// Turns core dumps off: for this process, those it starts, and, on Linux, whatever the system is
/// told to do with them. Where that cannot be had, things are as they are for every program.
#[cfg(unix)]
pub(super) fn turn_off() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    // A limit does not count where the system pipes dumps into a program.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Elsewhere nobody has asked for dumps of single programs.
#[cfg(not(unix))]
pub(super) fn turn_off() {}
