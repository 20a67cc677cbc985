//! Where secrets of ours live: OS keyring, environment, Secret, prompt.

mod fingerprint;

pub use fingerprint::Fingerprint;
