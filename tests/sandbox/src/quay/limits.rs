//! The request rates of Quay's own nginx configuration (`conf/nginx/rate-limiting.conf.jnj`).

use std::collections::HashMap;

use jiff::Timestamp;

/// A leaky bucket as nginx's `limit_req` keeps it, `nodelay`.
struct Bucket {
    excess: f64,
    last: Timestamp,
}

/// The buckets of a server, by zone and key.
#[derive(Default)]
pub(super) struct Limits {
    buckets: HashMap<String, Bucket>,
}

/// Requests per second, and how many more may come at once.
pub(super) struct Rate {
    per_second: f64,
    burst: f64,
}

/// `/api/` over HTTP/1.1, by client address.
pub(super) const API_HTTP1: Rate = Rate {
    per_second: 5.0,
    burst: 25.0,
};
/// `/api/` over HTTP/2, by connection; here by client address too.
pub(super) const API_HTTP2: Rate = Rate {
    per_second: 50.0,
    burst: 100.0,
};
/// `/v2/auth`, by `Authorization` header.
pub(super) const REGISTRY: Rate = Rate {
    per_second: 120.0,
    burst: 2.0,
};

impl Limits {
    /// Whether one more request fits.
    pub(super) fn admit(&mut self, key: &str, rate: &Rate, now: Timestamp) -> bool {
        let Some(bucket) = self.buckets.get_mut(key) else {
            let fresh = Bucket {
                excess: 0.0,
                last: now,
            };
            self.buckets.insert(key.to_owned(), fresh);
            return true;
        };
        let elapsed = now.duration_since(bucket.last).as_secs_f64().max(0.0);
        let excess = (bucket.excess - elapsed * rate.per_second).max(0.0) + 1.0;
        if excess > rate.burst {
            return false;
        }
        bucket.excess = excess;
        bucket.last = now;
        true
    }
}
