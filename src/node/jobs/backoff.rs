//! How long to wait after a failed delivery: doubling from a second to five minutes, with jitter, for ever; pure.

/// The first wait, milliseconds.
const FIRST_MS: i64 = 1_000;
/// The longest wait, milliseconds.
const LONGEST_MS: i64 = 300_000;

/// The wait in milliseconds before attempt `attempts + 1`; `jitter` is a random number.
///
/// Half of it is fixed and half random, so that many senders do not come back at the same moment.
#[must_use]
pub fn delay_ms(attempts: i64, jitter: u32) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or(20);
    let full = FIRST_MS.saturating_mul(1_i64 << doublings).min(LONGEST_MS);
    let half = full / 2;
    half + i64::from(jitter) % (half + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_five_minutes_and_never_ends() {
        for jitter in [0, 1, u32::MAX] {
            assert!((500..=1_000).contains(&delay_ms(0, jitter)));
            assert!((2_000..=4_000).contains(&delay_ms(2, jitter)));
            assert!((150_000..=300_000).contains(&delay_ms(9, jitter)));
            assert!((150_000..=300_000).contains(&delay_ms(i64::MAX, jitter)));
        }
        assert_ne!(delay_ms(3, 7), delay_ms(3, 8));
    }
}
