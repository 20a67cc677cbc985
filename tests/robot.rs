//! `kubectl quay-robot` against a stand-in Quay.
