//! How fast somebody may ask: requests by token, failed sign-ins by network; knows no token and no officer.
//!
//! A token is 256 random bits, so nobody guesses one; what is bounded is the work that wrong tokens and runaway scripts
//! make. A token that was good lately passes from an address whose other callers fail, such as that of a proxy.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::node::throttle::Throttle;

/// How many tokens are remembered.
const REMEMBERED_MAX: usize = 4096;
/// A token that rested may ask for as many seconds at once.
const BURST_SECS: u32 = 4;

/// How fast somebody may ask.
#[derive(Clone, Copy, Debug)]
pub struct Paces {
    /// Requests under one token in a second, on average.
    pub token_requests_per_sec: u32,
    /// Wrong tokens from one network in a minute: /24 for IPv4, /56 for IPv6.
    pub sign_in_failures_per_min: u32,
}

/// Digest of a token.
type Token = [u8; 32];

/// What was asked lately.
#[derive(Debug)]
pub struct Pace {
    paces: Paces,
    tokens: Mutex<HashMap<Token, Bucket>>,
    networks: Throttle,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// The time until somebody may ask again, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFast(pub u64);

impl Pace {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new(paces: Paces) -> Self {
        let networks = Throttle::new(paces.sign_in_failures_per_min);
        Self { paces, tokens: Mutex::default(), networks }
    }

    /// Whether a token from an address may be looked up.
    ///
    /// # Errors
    /// [`TooFast`] if too many others from there were wrong, and this one was not good lately.
    pub fn admit(
        &self,
        address: Option<IpAddr>,
        token: &Token,
        now: Instant,
    ) -> Result<(), TooFast> {
        let blocked = address.and_then(|address| self.networks.blocked_for(address, now));
        let Some(rest) = blocked else { return Ok(()) };
        let is_known =
            self.tokens.lock().unwrap_or_else(PoisonError::into_inner).contains_key(token);
        if is_known { Ok(()) } else { Err(TooFast(whole(rest.as_secs_f64()))) }
    }

    /// Counts a token that was wrong; one that was good is not any more.
    pub fn failed(&self, address: Option<IpAddr>, token: &Token, now: Instant) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
        if let Some(address) = address {
            self.networks.failed(address, now);
        }
    }

    /// Counts a request under a token that is good.
    ///
    /// # Errors
    /// [`TooFast`] if it asks faster than allowed; that request is not counted.
    pub fn count(&self, token: &Token, now: Instant) -> Result<(), TooFast> {
        let rate = f64::from(self.paces.token_requests_per_sec);
        let full = rate * f64::from(BURST_SECS);
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= REMEMBERED_MAX && !tokens.contains_key(token) {
            // Whoever rested that long has a full bucket, as one that is not remembered.
            let rested = Duration::from_secs(BURST_SECS.into());
            tokens.retain(|_, bucket| now.saturating_duration_since(bucket.at) < rested);
            if tokens.len() >= REMEMBERED_MAX {
                return Ok(());
            }
        }
        let bucket = tokens.entry(*token).or_insert(Bucket { left: full, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        *bucket = Bucket { left: (bucket.left + passed * rate).min(full), at: now };
        if bucket.left < 1.0 {
            return Err(TooFast(whole((1.0 - bucket.left) / rate)));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

/// Seconds for `Retry-After`: whole ones, and never none.
fn whole(secs: f64) -> u64 {
    Duration::try_from_secs_f64(secs.ceil()).map_or(1, |rest| rest.as_secs()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACES: Paces = Paces { token_requests_per_sec: 2, sign_in_failures_per_min: 3 };

    fn token(number: u32) -> Token {
        let mut token = [0; 32];
        token[..4].copy_from_slice(&number.to_be_bytes());
        token
    }

    #[test]
    fn a_token_asks_in_a_burst_and_then_at_its_pace() {
        let (pace, now) = (Pace::new(PACES), Instant::now());
        for _ in 0..8 {
            assert_eq!(pace.count(&token(1), now), Ok(()));
        }
        assert_eq!(pace.count(&token(1), now), Err(TooFast(1)));
        assert_eq!(pace.count(&token(2), now), Ok(()), "another token is not held up");
        let later = now + Duration::from_millis(500);
        assert_eq!(pace.count(&token(1), later), Ok(()));
        assert_eq!(pace.count(&token(1), later), Err(TooFast(1)));
    }

    #[test]
    fn wrong_tokens_hold_up_their_network_but_not_a_token_that_was_good() {
        let (pace, now) = (Pace::new(PACES), Instant::now());
        let near: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        pace.count(&token(9), now).unwrap();
        for number in 0..3 {
            assert_eq!(pace.admit(near, &token(number), now), Ok(()));
            pace.failed(near, &token(number), now);
        }
        assert_eq!(pace.admit(near, &token(4), now), Err(TooFast(60)));
        assert!(pace.admit(Some("::ffff:192.0.2.200".parse().unwrap()), &token(4), now).is_err());
        assert_eq!(pace.admit(near, &token(9), now), Ok(()));
        assert_eq!(pace.admit(Some("192.0.3.1".parse().unwrap()), &token(4), now), Ok(()));
        assert_eq!(pace.admit(None, &token(4), now), Ok(()));
        // A token that is good no more is as any wrong one.
        pace.failed(near, &token(9), now);
        assert!(pace.admit(near, &token(9), now).is_err());
        assert_eq!(pace.admit(near, &token(4), now + Duration::from_mins(1)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (pace, now) = (Pace::new(PACES), Instant::now());
        for number in 0..20_000_u32 {
            pace.count(&token(number), now).unwrap();
        }
        assert_eq!(pace.tokens.lock().unwrap().len(), REMEMBERED_MAX);
        pace.count(&token(20_001), now + Duration::from_secs(5)).unwrap();
        assert_eq!(pace.tokens.lock().unwrap().len(), 1);
    }
}
