//! Stand-ins for Quay and a small Kubernetes cluster.
//!
//! Both speak HTTP/1.1 and HTTP/2 over TLS on loopback, signed by a certificate
//! authority of their own, record every request, and fail on demand.

pub mod cluster;
pub mod http;
pub mod quay;
