//! Logins kept in a real keyring.
