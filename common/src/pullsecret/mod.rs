//! Pull secrets: observe, plan, apply, verify.
