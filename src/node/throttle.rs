//! Remembers networks whose handshakes or sign-ins fail again and again; refuses nothing itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many networks are remembered.
const NETWORKS_MAX: usize = 4096;
/// How long failures count.
const WINDOW: Duration = Duration::from_mins(1);

/// Failures by network: /24 for IPv4, /56 for IPv6.
#[derive(Debug)]
pub(crate) struct Throttle {
    failures_max: u32,
    networks: Mutex<HashMap<u64, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    since: Instant,
}

impl Throttle {
    pub(crate) fn new(failures_max: u32) -> Self {
        Self { failures_max, networks: Mutex::new(HashMap::new()) }
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, address: IpAddr, now: Instant) {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let network = network(address);
        if networks.len() >= NETWORKS_MAX && !networks.contains_key(&network) {
            networks.retain(|_, failures| !failures.is_over(now));
            if networks.len() >= NETWORKS_MAX {
                return;
            }
        }
        let failures = networks.entry(network).or_insert(Failures { count: 0, since: now });
        if failures.is_over(now) {
            *failures = Failures { count: 0, since: now };
        }
        failures.count = failures.count.saturating_add(1);
    }

    /// How long the network is still blocked; none if it has not failed too often within the last minute.
    pub(crate) fn blocked_for(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = networks.get(&network(address))?;
        let rest = WINDOW.saturating_sub(now.saturating_duration_since(failures.since));
        (!rest.is_zero() && failures.count >= self.failures_max).then_some(rest)
    }
}

impl Failures {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= WINDOW
    }
}

/// The network of an address as a number; an IPv4 address that arrives in IPv6 clothing counts as IPv4.
fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        // No IPv6 network that is routed has its first 16 bits all set.
        IpAddr::V4(v4) => 0xffff_0000_0000_0000 | u64::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 72).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_blocked_after_its_failures_and_free_a_minute_later() {
        let throttle = Throttle::new(2);
        let now = Instant::now();
        let near: IpAddr = "192.0.2.1".parse().unwrap();
        throttle.failed(near, now);
        assert_eq!(throttle.blocked_for(near, now), None);
        throttle.failed("::ffff:192.0.2.200".parse().unwrap(), now);
        assert_eq!(throttle.blocked_for(near, now), Some(WINDOW));
        assert_eq!(throttle.blocked_for("192.0.3.1".parse().unwrap(), now), None);
        assert_eq!(throttle.blocked_for(near, now + WINDOW), None);
    }

    #[test]
    fn the_number_of_networks_is_bounded() {
        let throttle = Throttle::new(1);
        let now = Instant::now();
        for network in 0..20_000_u32 {
            throttle.failed(IpAddr::V4((network << 8).into()), now);
        }
        assert_eq!(throttle.networks.lock().unwrap().len(), NETWORKS_MAX);
    }
}
