//! The connections that are open, judged again when trust or time changes; opens none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use quinn::Connection;
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::peer::close::CloseCode;
use crate::node::peer::judge::{Judge, JudgeError, Judged, Role};
use crate::node::peer::limits::PeerLimits;

/// All open connections of the node, of both directions.
#[derive(Debug)]
pub(crate) struct Live {
    state: Mutex<State>,
    per_peer_max: usize,
    peer_budget_kib: usize,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    entries: HashMap<u64, Entry>,
    budgets: HashMap<AuthorityName, Arc<Semaphore>>,
}

#[derive(Debug)]
struct Entry {
    connection: Connection,
    chain: Arc<[CertificateDer<'static>]>,
    role: Role,
    judged: Judged,
}

/// A place in the registry, given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    live: Arc<Live>,
    key: u64,
}

impl Live {
    pub(crate) fn new(limits: &PeerLimits) -> Self {
        Self {
            state: Mutex::default(),
            per_peer_max: limits.connections_per_peer_max,
            peer_budget_kib: limits.request_bytes_per_peer_max / 1024,
        }
    }

    /// Adds a connection whose chain was accepted. The oldest accepted connection of the same peer ends when there
    /// are too many: a peer that was started anew must not be locked out by the connections it has forgotten.
    pub(crate) fn enter(
        self: &Arc<Self>,
        connection: &Connection,
        chain: Arc<[CertificateDer<'static>]>,
        role: Role,
        judged: Judged,
    ) -> Place {
        let mut state = self.lock();
        let key = state.next;
        state.next = state.next.wrapping_add(1);
        if role == Role::Client {
            let mut held: Vec<u64> = state.accepted_from(&judged.authority).collect();
            held.sort_unstable();
            let surplus = (held.len() + 1).saturating_sub(self.per_peer_max);
            for oldest in held.into_iter().take(surplus) {
                if let Some(entry) = state.entries.remove(&oldest) {
                    CloseCode::Replaced.close(&entry.connection);
                }
            }
        }
        let connection = connection.clone();
        state.entries.insert(key, Entry { connection, chain, role, judged });
        drop(state);
        Place { live: Arc::clone(self), key }
    }

    /// The number of connections that others hold open.
    pub(crate) fn accepted(&self) -> usize {
        self.lock().entries.values().filter(|entry| entry.role == Role::Client).count()
    }

    /// The requests of one peer that may be in memory, in KiB; shared by all its connections.
    pub(crate) fn budget(&self, peer: &AuthorityName) -> Arc<Semaphore> {
        let mut state = self.lock();
        // Budgets of peers without requests are forgotten, so that the map is no larger than the peers at work.
        state.budgets.retain(|name, budget| name == peer || Arc::strong_count(budget) > 1);
        let budget = state
            .budgets
            .entry(peer.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(self.peer_budget_kib)));
        Arc::clone(budget)
    }

    /// Ends the connections whose chain would not be accepted now. Chains are verified again only if their time has
    /// passed or the peer's anchors are others than before.
    pub(crate) fn judge(&self, judge: &Judge, now: Timestamp) {
        let mut state = self.lock();
        // Those that ended by themselves are of no interest; their users find out when they ask.
        state.entries.retain(|_, entry| entry.connection.close_reason().is_none());
        state.entries.retain(|_, entry| match entry.still_good(judge, now) {
            Ok(()) => true,
            Err(error) => {
                let code =
                    if error.is_expiry() { CloseCode::Expired } else { CloseCode::NotTrusted };
                tracing::warn!(
                    peer.authority = %entry.judged.authority,
                    reason = %error,
                    "a live connection is closed"
                );
                metrics::counter!("sealane_peer_connections_judged_out_total").increment(1);
                code.close(&entry.connection);
                false
            }
        });
    }

    /// Ends all connections.
    pub(crate) fn close_all(&self, code: CloseCode) {
        for (_, entry) in self.lock().entries.drain() {
            code.close(&entry.connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn accepted_from(&self, peer: &AuthorityName) -> impl Iterator<Item = u64> {
        self.entries
            .iter()
            .filter(move |(_, it)| it.role == Role::Client && it.judged.authority == *peer)
            .map(|(key, _)| *key)
    }
}

impl Entry {
    fn still_good(&mut self, judge: &Judge, now: Timestamp) -> Result<(), JudgeError> {
        let peer = judge.trust().peer(&self.judged.authority);
        let same_anchors =
            peer.is_some_and(|peer| peer.anchors_fingerprint() == self.judged.anchors_fingerprint);
        if !same_anchors || now.as_secs() > self.judged.valid_until.as_secs() {
            self.judged = judge.judge(&self.chain, &self.role, now)?;
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let entry = self.live.lock().entries.remove(&self.key);
        // The handle may be the last one: it closes the connection and must not do so under the lock.
        drop(entry);
    }
}
