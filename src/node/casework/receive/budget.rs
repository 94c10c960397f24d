//! How many refusals a peer may make this node sign: each is a signature, a commit and a log entry for ever.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;

/// Signed refusals for one peer in one window; what is beyond is told to come again later.
pub(crate) const REFUSALS_MAX: u32 = 256;

/// The length of a window, in seconds.
pub(crate) const WINDOW_SECS: i64 = 3600;

/// Counts refusals by peer. Lost at a restart, which a peer cannot cause.
#[derive(Debug, Default)]
pub(crate) struct RefusalBudget(Mutex<HashMap<AuthorityName, (Timestamp, u32)>>);

impl RefusalBudget {
    /// Takes one refusal of a peer's budget; false if there is none left in this window.
    pub(crate) fn take(&self, peer: &AuthorityName, now: Timestamp) -> bool {
        let mut windows = self.0.lock().expect("no holder of this lock can panic");
        let (began, count) = windows.entry(peer.clone()).or_insert((now, 0));
        if now >= began.plus_secs(WINDOW_SECS) {
            (*began, *count) = (now, 0);
        }
        let has_left = *count < REFUSALS_MAX;
        *count = count.saturating_add(u32::from(has_left));
        has_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_bounded_number_of_refusals_in_a_window_and_others_keep_theirs() {
        let budget = RefusalBudget::default();
        let (xb, xc) =
            ("customs.xb.example".parse().unwrap(), "customs.xc.example".parse().unwrap());
        let now = Timestamp::from_secs(1000);
        assert!((0..REFUSALS_MAX).all(|_| budget.take(&xb, now)));
        assert!(!budget.take(&xb, now.plus_secs(WINDOW_SECS - 1)));
        assert!(budget.take(&xc, now));
        assert!(budget.take(&xb, now.plus_secs(WINDOW_SECS)));
    }
}
