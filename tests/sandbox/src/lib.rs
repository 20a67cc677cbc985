//! Stand-ins for Quay, a small Kubernetes cluster, and Red Hat's account services.
//!
//! Both speak HTTP/1.1 and HTTP/2 over TLS on loopback, signed by a certificate
//! authority of their own, record every request, and fail on demand.

pub mod cluster;
pub mod demo;
pub mod http;
pub mod image;
pub mod ocm;
pub mod openshift;
pub mod quay;
pub mod registries;

/// The first 12 hex digits of the SHA-256 of `secret`.
pub fn fingerprint(secret: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret);
    let hex = digest.as_ref().iter().take(6);
    hex.map(|byte| format!("{byte:02x}")).collect()
}
