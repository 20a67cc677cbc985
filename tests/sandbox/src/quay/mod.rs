//! A stand-in for Quay.
