//! A limit on requests per minute and caller: a bucket that a request takes from and time refills.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::error::ApiError;

/// One bucket per caller. Callers are known identities, and one bucket for everybody unknown, so there are few.
#[derive(Debug)]
pub(super) struct Limiter {
    per_minute: f64,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Limiter {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute.max(1)), buckets: Mutex::default() }
    }

    /// Lets one request of `caller` through, or says how many seconds to wait.
    pub(super) fn admit(&self, caller: &str, now: Instant) -> Result<(), ApiError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket { tokens: self.per_minute, at: now };
        let bucket = buckets.entry(caller.to_owned()).or_insert(full);
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = passed.mul_add(self.per_minute / 60.0, bucket.tokens).min(self.per_minute);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = ((1.0 - bucket.tokens) * 60.0 / self.per_minute).ceil().clamp(1.0, 60.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 1..=60 just above"
        )]
        Err(ApiError::rate_limited(wait as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_caller_waits_and_others_do_not() {
        let limiter = Limiter::new(2);
        let start = Instant::now();
        assert!(limiter.admit("ana", start).is_ok());
        assert!(limiter.admit("ana", start).is_ok());
        let refused = limiter.admit("ana", start).unwrap_err();
        assert_eq!(refused.retry_after(), Some(30));
        assert!(limiter.admit("ben", start).is_ok());
        assert!(limiter.admit("ana", start + Duration::from_secs(29)).is_err());
        assert!(limiter.admit("ana", start + Duration::from_secs(30)).is_ok());
    }
}
