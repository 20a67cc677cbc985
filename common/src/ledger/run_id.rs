//! Who runs: what others are shown of a run and its machine.

use std::hash::{BuildHasher, Hasher};

/// A DNS label or name is hardly ever longer, and a robot's description has an end.
const LONGEST: usize = 63;

/// Something random, as 8 hex digits.
pub fn random_id() -> String {
    let random = std::hash::RandomState::new().build_hasher().finish();
    format!("{:08x}", random & 0xffff_ffff)
}

/// What this machine calls itself, as one word.
pub fn machine() -> String {
    let name = name();
    let word = name.chars().filter(char::is_ascii_graphic).take(LONGEST);
    match word.collect::<String>() {
        word if word.is_empty() => "unknown".to_owned(),
        word => word,
    }
}

#[cfg(unix)]
fn name() -> String {
    let told = rustix::system::uname();
    told.nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
