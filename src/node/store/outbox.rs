//! What waits to be sent to each peer, leased in order; sends nothing and sets no retry times.
//!
//! Order holds within a conversation (one peer, one case or request): a row is leased only if each older row of its
//! conversation is settled or in the same lease. A lease carries a fencing token and a number; what was leased, queued
//! anew or taken back meanwhile is passed over by who settles or postpones under an earlier one.

use std::collections::{BTreeMap, HashSet};

use crate::node::store::error::{StoreError, ensure_affected};
use crate::node::store::table::{Cell, table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

words! {
    /// What a row is sent as.
    OutboxFrame {
        /// A record with the disclosed fields and our receipt.
        Deliver = "deliver",
        /// The witnessed proof of a record that was delivered.
        Anchors = "anchors",
        /// Our card; its record hash is the card's digest.
        Card = "card",
    }
}

words! {
    /// How far a row has come.
    OutboxState {
        /// It is sent until it is settled; retry never gives up by itself.
        Queued = "queued",
        /// The peer has it.
        Delivered = "delivered",
        /// The peer refused it for good, with its signature.
        Refused = "refused",
        /// An officer or administrator took it back.
        Withdrawn = "withdrawn",
    }
}

table! {
    /// A row to be queued.
    NewOutgoing = outbox (id) {
        /// To whom.
        peer: String,
        /// Within which order holds; usually the object of the case, request or task force.
        conversation: String,
        /// The record.
        record_hash: [u8; 32],
        /// As what.
        frame: OutboxFrame,
        /// Which fields are disclosed (CBOR array of indices); null is all.
        disclosure: Option<Vec<u8>>,
        /// When it was queued, microseconds.
        queued_at: i64,
    }
}

table! {
    /// A row of the queue.
    Outgoing = outbox (id) {
        /// Its place in the queue.
        id: i64,
        /// To whom.
        peer: String,
        /// Within which order holds.
        conversation: String,
        /// The record.
        record_hash: [u8; 32],
        /// As what.
        frame: OutboxFrame,
        /// Which fields are disclosed (CBOR array of indices); null is all.
        disclosure: Option<Vec<u8>>,
        /// How far it has come.
        state: OutboxState,
        /// How often it was postponed.
        attempts: i64,
        /// Before this it is not sent again, microseconds; 0 if it never was postponed.
        next_at: i64,
        /// The token of its last lease.
        lease_token: i64,
        /// Until when it is leased, microseconds; 0 if it is not.
        lease_until: i64,
        /// Counts its leases and the times that it was queued anew, so that a batch knows the row that it took.
        lease_no: i64,
        /// Why it was postponed or refused.
        last_error: Option<String>,
        /// When it was queued, microseconds.
        queued_at: i64,
        /// When it was settled, microseconds.
        settled_at: Option<i64>,
    }
}

/// What a batch holds of a row: it may end or postpone the row only while this is the row's last lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The row.
    pub id: i64,
    /// The token of the process.
    pub token: i64,
    /// Which lease of the row.
    pub no: i64,
}

impl Outgoing {
    /// The lease under which the row was read.
    #[must_use]
    pub const fn lease(&self) -> Lease {
        Lease { id: self.id, token: self.lease_token, no: self.lease_no }
    }
}

table! {
    /// How much waits for a peer.
    Backlog = outbox (id) {
        /// The peer.
        peer: String,
        /// Rows that are not settled.
        queued: i64,
        /// When the oldest of them was queued, microseconds.
        oldest_at: i64,
        /// When the first of them may be sent, microseconds; 0 is at once.
        next_at: i64,
        /// The most attempts that one of them has seen.
        attempts: i64,
        /// 1 if the peer is pinned now; what waits for another one is not leased.
        is_paired: i64,
    }
}

/// Queues rows; what is queued or settled for the same peer as the same frame is left alone. Gives how many are new.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn enqueue(tx: &mut Tx, rows: &[NewOutgoing]) -> Result<u64, StoreError> {
    tx.insert_all_new(rows).await
}

/// The row of a record for a peer, as that frame.
///
/// # Errors
/// As [`enqueue`].
pub async fn of_frame(
    tx: &mut Tx,
    record_hash: &[u8; 32],
    peer: &str,
    frame: OutboxFrame,
) -> Result<Option<Outgoing>, StoreError> {
    tx.select_one(
        "-- outbox.of_frame
         SELECT * FROM outbox WHERE record_hash = $1 AND peer = $2 AND frame = $3",
        params![record_hash, peer, frame],
    )
    .await
}

/// Queues a row anew that discloses more fields than before, in its old place and at once.
///
/// A delivery that is under way loses its lease and is settled by the next one.
///
/// # Errors
/// [`StoreError::Conflict`] if there is no such row.
pub async fn requeue(
    tx: &mut Tx,
    id: i64,
    disclosure: Option<&[u8]>,
    at: i64,
) -> Result<(), StoreError> {
    tx.change_one(
        "-- outbox.requeue
         UPDATE outbox SET disclosure = $2, state = 'queued', queued_at = $3, settled_at = NULL,
             next_at = 0, lease_until = 0, lease_no = lease_no + 1, last_error = NULL
         WHERE id = $1",
        params![id, disclosure, at],
    )
    .await
}

/// On what terms rows are leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    /// The present, microseconds.
    pub now: i64,
    /// The most rows.
    pub limit: i64,
    /// How long.
    pub lease_ms: i64,
    /// The token of the process.
    pub token: i64,
    /// Up to which place in commit order records may leave: what is sealed, and known to be outside of the store.
    pub sealed_seq: i64,
}

/// Queues the proofs of records anew for whom they went to before; one that is on its way loses its lease. Gives how
/// many rows that were.
///
/// # Errors
/// As [`enqueue`].
pub async fn anchors_again(
    tx: &mut Tx,
    record_hashes: &[[u8; 32]],
    at: i64,
) -> Result<u64, StoreError> {
    tx.execute_in(
        "-- outbox.anchors_again
         UPDATE outbox SET state = 'queued', settled_at = NULL,
             queued_at = CASE WHEN state = 'queued' THEN queued_at ELSE $1 END,
             next_at = CASE WHEN state = 'queued' THEN next_at ELSE 0 END,
             attempts = CASE WHEN state = 'queued' THEN attempts ELSE 0 END,
             lease_until = 0, lease_no = lease_no + 1
         WHERE frame = 'anchors' AND state IN ('queued', 'delivered') AND record_hash IN",
        params![at],
        record_hashes.iter().map(Param::from).collect(),
    )
    .await
}

/// Leases rows that are due for a peer, in order.
///
/// A row is due if its peer is pinned now, its record is sealed and may leave, no lease holds it, and no older row of its
/// conversation is held back.
///
/// # Errors
/// As [`enqueue`].
pub async fn lease_due(
    tx: &mut Tx,
    peer: &str,
    terms: LeaseTerms,
) -> Result<Vec<Outgoing>, StoreError> {
    let token = terms.token;
    let mut due = unheld(tx, peer, terms).await?;
    let lease_until = terms.now.saturating_add(terms.lease_ms.saturating_mul(1000));
    let ids = due.iter().map(|row| Param::from(row.id)).collect();
    let leased = tx
        .execute_in(
            "-- outbox.lease
             UPDATE outbox SET lease_token = $1, lease_until = $2, lease_no = lease_no + 1
             WHERE state = 'queued' AND id IN",
            params![token, lease_until],
            ids,
        )
        .await?;
    ensure_affected("outbox.lease", leased, due.len() as u64)?;
    for row in &mut due {
        row.lease_token = token;
        row.lease_until = lease_until;
        row.lease_no = row.lease_no.saturating_add(1);
    }
    Ok(due)
}

/// The first rows that nothing holds back, without those behind a record that may not leave yet.
async fn unheld(tx: &mut Tx, peer: &str, terms: LeaseTerms) -> Result<Vec<Outgoing>, StoreError> {
    let rows = tx
        .fetch_all(
            "-- outbox.unheld
             SELECT o.*, CAST(CASE WHEN o.frame = 'card' OR EXISTS
                 (SELECT 1 FROM log_leaves l JOIN records r ON r.hash = l.record_hash
                  WHERE l.record_hash = o.record_hash AND r.seq <= $4)
                 THEN 1 ELSE 0 END AS BIGINT) AS is_sealed
             FROM outbox o
             WHERE o.peer = $1 AND o.state = 'queued' AND o.next_at <= $2 AND o.lease_until <= $2
               AND EXISTS (SELECT 1 FROM peers a WHERE a.authority = $1 AND a.removed_at IS NULL)
               AND NOT EXISTS (
                 SELECT 1 FROM outbox p
                 WHERE p.peer = $1 AND p.conversation = o.conversation AND p.id < o.id
                   AND p.state = 'queued' AND (p.next_at > 0 OR p.lease_until > 0)
                   AND (p.next_at > $2 OR p.lease_until > $2))
             ORDER BY o.id LIMIT $3",
            params![peer, terms.now, terms.limit, terms.sealed_seq],
        )
        .await?;
    let mut waiting = HashSet::new();
    let mut due = Vec::with_capacity(rows.len());
    for row in &rows {
        let outgoing: Outgoing = crate::node::store::value::FromRow::from_row(row)?;
        if i64::read(row, "is_sealed")? == 0 {
            waiting.insert(outgoing.conversation);
        } else if !waiting.contains(&outgoing.conversation) {
            due.push(outgoing);
        }
    }
    Ok(due)
}

/// Ends the delivery of leased rows as `state`; gives how many that were, without those whose lease is not the last.
///
/// # Errors
/// As [`enqueue`].
pub async fn settle(
    tx: &mut Tx,
    leases: &[Lease],
    state: OutboxState,
    at: i64,
    error: Option<&str>,
) -> Result<u64, StoreError> {
    let mut settled = 0;
    for ((token, no), ids) in by_number(leases) {
        settled += tx
            .execute_in(
                "-- outbox.settle
                 UPDATE outbox SET state = $3, settled_at = $4, last_error = $5, lease_until = 0
                 WHERE lease_token = $1 AND lease_no = $2 AND lease_until > 0
                   AND state = 'queued' AND id IN",
                params![token, no, state, at, error],
                ids,
            )
            .await?;
    }
    Ok(settled)
}

/// Gives leased rows back, to be sent again not before `next_at`; gives how many that were, as [`settle`] does.
///
/// # Errors
/// As [`enqueue`].
pub async fn postpone(
    tx: &mut Tx,
    leases: &[Lease],
    next_at: i64,
    error: &str,
) -> Result<u64, StoreError> {
    let mut postponed = 0;
    for ((token, no), ids) in by_number(leases) {
        postponed += tx
            .execute_in(
                "-- outbox.postpone
                 UPDATE outbox SET next_at = $3, last_error = $4, lease_until = 0,
                     attempts = attempts + 1
                 WHERE lease_token = $1 AND lease_no = $2 AND lease_until > 0
                   AND state = 'queued' AND id IN",
                params![token, no, next_at, error],
                ids,
            )
            .await?;
    }
    Ok(postponed)
}

/// Each row is matched with its own lease; rows that were leased equally often share a statement.
fn by_number(leases: &[Lease]) -> BTreeMap<(i64, i64), Vec<Param>> {
    let mut numbers: BTreeMap<_, Vec<Param>> = BTreeMap::new();
    for lease in leases {
        numbers.entry((lease.token, lease.no)).or_default().push(lease.id.into());
    }
    numbers
}

/// Takes a record that is still queued for a peer back; gives how many rows that ended.
///
/// # Errors
/// As [`enqueue`].
pub async fn withdraw(
    tx: &mut Tx,
    record_hash: &[u8; 32],
    peer: &str,
    at: i64,
) -> Result<u64, StoreError> {
    tx.execute(
        "-- outbox.withdraw
         UPDATE outbox SET state = 'withdrawn', settled_at = $3, lease_until = 0
         WHERE record_hash = $1 AND peer = $2 AND state = 'queued'",
        params![record_hash, peer, at],
    )
    .await
}

/// Makes all postponed rows of a peer due, because it is there again or an administrator says so.
///
/// # Errors
/// As [`enqueue`].
pub async fn retry_now(tx: &mut Tx, peer: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- outbox.retry_now
         UPDATE outbox SET next_at = 0 WHERE peer = $1 AND state = 'queued' AND next_at > 0",
        params![peer],
    )
    .await
}

/// Frees what is leased under another token than `token`: leases of a process that is no more.
///
/// # Errors
/// As [`enqueue`].
pub async fn release_others(tx: &mut Tx, token: i64) -> Result<u64, StoreError> {
    tx.execute(
        "-- outbox.release_others
         UPDATE outbox SET lease_until = 0
         WHERE state = 'queued' AND lease_until > 0 AND lease_token <> $1",
        params![token],
    )
    .await
}

/// How much waits for each peer that something waits for.
///
/// # Errors
/// As [`enqueue`].
pub async fn backlogs(tx: &mut Tx) -> Result<Vec<Backlog>, StoreError> {
    tx.select(
        "-- outbox.backlogs
         SELECT peer, COUNT(*) AS queued, MIN(queued_at) AS oldest_at, MIN(next_at) AS next_at,
                MAX(attempts) AS attempts, CAST(CASE WHEN EXISTS
                (SELECT 1 FROM peers p WHERE p.authority = outbox.peer AND p.removed_at IS NULL)
                THEN 1 ELSE 0 END AS BIGINT) AS is_paired
         FROM outbox WHERE state = 'queued' GROUP BY peer ORDER BY peer",
        params![],
    )
    .await
}

/// The row of that id.
///
/// # Errors
/// As [`enqueue`].
pub async fn get(tx: &mut Tx, id: i64) -> Result<Option<Outgoing>, StoreError> {
    tx.select_one(
        "-- outbox.get
         SELECT * FROM outbox WHERE id = $1",
        params![id],
    )
    .await
}

/// To whom a record goes or went.
///
/// # Errors
/// As [`enqueue`].
pub async fn of_record(tx: &mut Tx, record_hash: &[u8; 32]) -> Result<Vec<Outgoing>, StoreError> {
    tx.select(
        "-- outbox.of_record
         SELECT * FROM outbox WHERE record_hash = $1 ORDER BY id",
        params![record_hash],
    )
    .await
}

/// To whom records go or went, in no fixed order.
///
/// # Errors
/// As [`enqueue`].
pub async fn of_records(
    tx: &mut Tx,
    record_hashes: &[[u8; 32]],
) -> Result<Vec<Outgoing>, StoreError> {
    tx.select_in(
        "-- outbox.of_records\nSELECT * FROM outbox WHERE record_hash IN",
        params![],
        record_hashes.iter().map(Param::from).collect(),
    )
    .await
}

/// Up to `limit` rows after an id that are not settled, of a peer.
///
/// # Errors
/// As [`enqueue`].
pub async fn queued(
    tx: &mut Tx,
    peer: &str,
    after_id: i64,
    limit: i64,
) -> Result<Vec<Outgoing>, StoreError> {
    tx.select(
        "-- outbox.queued
         SELECT * FROM outbox WHERE peer = $1 AND state = 'queued' AND id > $2 ORDER BY id LIMIT $3",
        params![peer, after_id, limit],
    )
    .await
}
