//! A pull secret's content.
