//! What both stand-ins share: TLS, the request log, faults.
