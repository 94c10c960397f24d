//! Delivers what is queued: a batch at a time, up to four at once for each peer, in order within a conversation.
//!
//! A peer that cannot be reached holds up nobody else: its rows wait for their next time, for ever if need be.

mod batch;
mod frame;
mod judge;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::drill::Drill;
use crate::node::jobs::resting::Resting;
use crate::node::jobs::roster::Roster;
use crate::node::jobs::seam::{Leaves, Outcomes};
use crate::node::peer::Courier;
use crate::node::rng::Rng;
use crate::node::signals::Signals;
use crate::node::store::outbox::{self, LeaseTerms, Outgoing};
use crate::node::store::{Store, StoreError, leases};

/// Rows that one batch takes.
const BATCH_ROWS_MAX: i64 = 256;
/// Batches of one peer at the same time; they are of different conversations.
const BATCHES_PER_PEER_MAX: usize = 4;
/// A lease outlives the longest exchange; a process that is no more is known by its token at once.
const LEASE_MS: i64 = 180_000;
/// How often postponed rows are looked for.
const TICK: Duration = Duration::from_secs(1);
/// How long batches in flight may go on when the node stops.
const DRAIN: Duration = Duration::from_secs(1);

/// The name of the lease under which outbox rows are leased.
const LEASE_NAME: &str = "deliver";

/// What delivery works with.
#[derive(Clone)]
pub struct DeliverParts {
    /// The node's own authority.
    pub authority: AuthorityName,
    /// The store.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub rng: Arc<dyn Rng>,
    /// Wake-ups.
    pub signals: Arc<Signals>,
    /// The peers' keys.
    pub roster: Arc<Roster>,
    /// The way to the peers.
    pub courier: Arc<dyn Courier>,
    /// The records.
    pub leaves: Arc<dyn Leaves>,
    /// Who is told.
    pub outcomes: Arc<dyn Outcomes>,
    /// Peers that cannot be reached just now.
    pub resting: Arc<Resting>,
    /// Where the node ends itself, if a drill says so.
    pub drill: Drill,
}

/// Takes due rows and hands them to batches.
pub struct Deliverer {
    parts: DeliverParts,
    token: i64,
    in_flight: HashMap<String, usize>,
    batches: JoinSet<String>,
}

impl Deliverer {
    /// Takes over the queue: what another process had leased is due again.
    ///
    /// # Errors
    /// What the store says.
    pub async fn take_over(parts: DeliverParts) -> Result<Self, StoreError> {
        let now = parts.clock.now().0;
        let holder = parts.authority.to_string();
        let token = parts
            .store
            .write_with("deliver_take_over", holder, move |tx, holder| {
                Box::pin(async move {
                    let until = now.saturating_add(LEASE_MS.saturating_mul(1000));
                    let token = leases::acquire(tx, LEASE_NAME, holder, now, until).await?;
                    let token = token.ok_or(StoreError::Conflict("deliver_take_over"))?;
                    outbox::release_others(tx, token).await?;
                    Ok::<_, StoreError>(token)
                })
            })
            .await?;
        Ok(Self { parts, token, in_flight: HashMap::new(), batches: JoinSet::new() })
    }

    /// Delivers until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.start_due().await {
                tracing::error!(error = %error, "the outbox could not be read; trying again");
            }
            let signals = Arc::clone(&self.parts.signals);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.batches.join_next(), if !self.batches.is_empty() => {
                    self.ended(ended.ok());
                }
                () = signals.outbox.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
        let drain = async { while self.batches.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drain).await.is_err() {
            self.batches.abort_all();
        }
    }

    /// Delivers what is due now and returns when it is done: for tests and for a node that is about to end.
    ///
    /// # Errors
    /// What the store says.
    pub async fn run_once(&mut self) -> Result<(), StoreError> {
        loop {
            self.start_due().await?;
            match self.batches.join_next().await {
                Some(ended) => self.ended(ended.ok()),
                None => return Ok(()),
            }
        }
    }

    fn ended(&mut self, peer: Option<String>) {
        if let Some(peer) = peer {
            if let Some(count) = self.in_flight.get_mut(&peer) {
                *count = count.saturating_sub(1);
            }
        } else {
            // A batch that panicked does not say whose it was: the count begins anew.
            tracing::error!(
                "a delivery ended in a panic; its rows are due again when their lease ends"
            );
            self.in_flight.clear();
        }
    }

    async fn start_due(&mut self) -> Result<(), StoreError> {
        loop {
            let now = self.parts.clock.now().0;
            let backlogs = self
                .parts
                .store
                .read("outbox_backlogs", |tx| Box::pin(async move { outbox::backlogs(tx).await }))
                .await?;
            let has_place =
                |peer: &str| self.in_flight.get(peer).copied().unwrap_or(0) < BATCHES_PER_PEER_MAX;
            let peers = backlogs.into_iter().filter(|one| {
                let is_resting = self.parts.resting.is_resting(&one.peer, now);
                let is_due = one.is_paired == 1 && one.next_at <= now;
                is_due && !is_resting && has_place(&one.peer)
            });
            let leased = join_all(peers.map(|one| self.lease(one.peer, now))).await;
            let mut has_started = false;
            for (peer, rows) in leased.into_iter().collect::<Result<Vec<_>, _>>()? {
                if rows.is_empty() {
                    continue;
                }
                has_started = true;
                *self.in_flight.entry(peer.clone()).or_default() += 1;
                let batch = batch::Batch::new(self.parts.clone());
                self.batches.spawn(async move {
                    batch.run(&peer, rows).await;
                    peer
                });
            }
            if !has_started {
                return Ok(());
            }
        }
    }

    async fn lease(&self, peer: String, now: i64) -> Result<(String, Vec<Outgoing>), StoreError> {
        let terms = LeaseTerms {
            now,
            limit: BATCH_ROWS_MAX,
            lease_ms: LEASE_MS,
            token: self.token,
            // A seal is said when the high-water file knows it: no peer sees what a restored node would not know of.
            sealed_seq: self.parts.signals.sealed(),
        };
        let leased = self.parts.store.write_with("outbox_lease", peer.clone(), move |tx, peer| {
            Box::pin(async move { outbox::lease_due(tx, peer, terms).await })
        });
        Ok((peer, leased.await?))
    }
}
