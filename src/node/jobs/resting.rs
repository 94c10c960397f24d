//! Which peers cannot be reached just now, so that not every row that waits for them is tried; forgotten at a restart.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::node::jobs::backoff::delay_ms;

/// The peers that rest, by name.
#[derive(Debug, Default)]
pub struct Resting(Mutex<HashMap<String, Rest>>);

#[derive(Clone, Copy, Debug)]
struct Rest {
    failures: i64,
    until: i64,
}

impl Resting {
    /// A peer could not be reached: it is left alone for a while, longer each time. `now` in microseconds.
    pub fn failed(&self, peer: &str, now: i64, jitter: u32) {
        let mut resting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = resting.get(peer).map_or(0, |rest| rest.failures);
        let until = now.saturating_add(delay_ms(failures, jitter).saturating_mul(1000));
        resting.insert(peer.to_owned(), Rest { failures: failures.saturating_add(1), until });
    }

    /// A peer is there.
    pub fn woke(&self, peer: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(peer);
    }

    /// Whether a peer is left alone at `now`.
    #[must_use]
    pub fn is_resting(&self, peer: &str, now: i64) -> bool {
        let resting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        resting.get(peer).is_some_and(|rest| now < rest.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_rests_longer_each_time_until_it_wakes() {
        let resting = Resting::default();
        assert!(!resting.is_resting("a", 0));
        resting.failed("a", 0, 0);
        assert!(resting.is_resting("a", 499_999));
        assert!(!resting.is_resting("a", 500_000));
        resting.failed("a", 500_000, 0);
        assert!(resting.is_resting("a", 1_499_999));
        assert!(!resting.is_resting("b", 1_499_999));
        resting.woke("a");
        assert!(!resting.is_resting("a", 1_499_999));
    }
}
