//! The domain of the Quay plugins.
