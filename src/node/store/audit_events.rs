//! Who did or saw what, each row chained to the one before by its hash; decides not what is worth noting.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;
use crate::record::trail::TrailEntry;

table! {
    /// Something that was done, seen or refused.
    NewAuditEvent = audit_events (seq) {
        /// When, microseconds.
        at: i64,
        /// Who: a pseudonym, `node` or `operator`.
        actor: String,
        /// In which role.
        role: String,
        /// What was done.
        action: String,
        /// To which object.
        object: Option<String>,
        /// For which purpose.
        purpose: Option<String>,
        /// Whether it was allowed, done, refused.
        outcome: String,
        /// What else must be known; no personal data.
        detail: Option<String>,
    }
}

table! {
    /// An event in its chain.
    AuditEvent = audit_events (seq) {
        /// Its place in the chain.
        seq: i64,
        /// When, microseconds.
        at: i64,
        /// Who: a pseudonym, `node` or `operator`.
        actor: String,
        /// In which role.
        role: String,
        /// What was done.
        action: String,
        /// To which object.
        object: Option<String>,
        /// For which purpose.
        purpose: Option<String>,
        /// Whether it was allowed, done, refused.
        outcome: String,
        /// What else must be known.
        detail: Option<String>,
        /// The hash of the event before; zeros for the first.
        prev: [u8; 32],
        /// The hash of this one, see [`chained_hash`].
        hash: [u8; 32],
    }
}

impl AuditEvent {
    /// Whether the hash fits the event and the event before.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let event = NewAuditEvent {
            at: self.at,
            actor: self.actor.clone(),
            role: self.role.clone(),
            action: self.action.clone(),
            object: self.object.clone(),
            purpose: self.purpose.clone(),
            outcome: self.outcome.clone(),
            detail: self.detail.clone(),
        };
        self.hash == chained_hash(&self.prev, &event)
    }
}

/// The hash of an event over the one before.
#[must_use]
pub fn chained_hash(prev: &[u8; 32], event: &NewAuditEvent) -> [u8; 32] {
    let entry = TrailEntry {
        at: event.at,
        actor: &event.actor,
        role: &event.role,
        action: &event.action,
        object: event.object.as_deref(),
        purpose: event.purpose.as_deref(),
        outcome: &event.outcome,
        detail: event.detail.as_deref(),
    };
    entry.chained(prev)
}

/// Adds an event to the chain; gives its place.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn append(tx: &mut Tx, event: &NewAuditEvent) -> Result<i64, StoreError> {
    let prev = last(tx).await?.map_or([0; 32], |last| last.hash);
    let hash = chained_hash(&prev, event);
    tx.fetch_one(
        "-- audit_events.append
         INSERT INTO audit_events
             (at, actor, role, action, object, purpose, outcome, detail, prev, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq",
        params![
            event.at,
            &event.actor,
            &event.role,
            &event.action,
            &event.object,
            &event.purpose,
            &event.outcome,
            &event.detail,
            prev,
            hash
        ],
    )
    .await?
    .int(0)
}

/// The newest event.
///
/// # Errors
/// As [`append`].
pub async fn last(tx: &mut Tx) -> Result<Option<AuditEvent>, StoreError> {
    tx.select_one(
        "-- audit_events.last
         SELECT * FROM audit_events ORDER BY seq DESC LIMIT 1",
        params![],
    )
    .await
}

/// Up to `limit` events after a place, in order.
///
/// # Errors
/// As [`append`].
pub async fn after(tx: &mut Tx, seq: i64, limit: i64) -> Result<Vec<AuditEvent>, StoreError> {
    tx.select(
        "-- audit_events.after
         SELECT * FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![seq, limit],
    )
    .await
}

/// Up to `limit` events about an object after a place, in order.
///
/// # Errors
/// As [`append`].
pub async fn of_object(
    tx: &mut Tx,
    object: &str,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<AuditEvent>, StoreError> {
    tx.select(
        "-- audit_events.of_object
         SELECT * FROM audit_events WHERE object = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        params![object, after_seq, limit],
    )
    .await
}

/// Up to `limit` events of an actor after a place, in order.
///
/// # Errors
/// As [`append`].
pub async fn of_actor(
    tx: &mut Tx,
    actor: &str,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<AuditEvent>, StoreError> {
    tx.select(
        "-- audit_events.of_actor
         SELECT * FROM audit_events WHERE actor = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        params![actor, after_seq, limit],
    )
    .await
}

/// Up to `limit` newest events before a place, newest first; 0 begins at the end.
///
/// # Errors
/// As [`append`].
pub async fn newest_before(
    tx: &mut Tx,
    seq: i64,
    limit: i64,
) -> Result<Vec<AuditEvent>, StoreError> {
    tx.select(
        "-- audit_events.newest_before
         SELECT * FROM audit_events WHERE $1 = 0 OR seq < $1 ORDER BY seq DESC LIMIT $2",
        params![seq, limit],
    )
    .await
}

/// The place of the first event at this time or later; a walk through the trail.
///
/// # Errors
/// As [`append`].
pub async fn first_since(tx: &mut Tx, at: i64) -> Result<Option<i64>, StoreError> {
    let sql = "-- audit_events.first_since
               SELECT seq FROM audit_events WHERE at >= $1 ORDER BY seq LIMIT 1";
    tx.fetch_optional(sql, params![at]).await?.map(|row| row.int(0)).transpose()
}

/// The place of the last event at this time or earlier.
///
/// # Errors
/// As [`append`].
pub async fn last_until(tx: &mut Tx, at: i64) -> Result<Option<i64>, StoreError> {
    let sql = "-- audit_events.last_until
               SELECT seq FROM audit_events WHERE at <= $1 ORDER BY seq DESC LIMIT 1";
    tx.fetch_optional(sql, params![at]).await?.map(|row| row.int(0)).transpose()
}

/// The place of the event before a place.
///
/// # Errors
/// As [`append`].
pub async fn place_before(tx: &mut Tx, seq: i64) -> Result<Option<i64>, StoreError> {
    let sql = "-- audit_events.place_before
               SELECT seq FROM audit_events WHERE seq < $1 ORDER BY seq DESC LIMIT 1";
    tx.fetch_optional(sql, params![seq]).await?.map(|row| row.int(0)).transpose()
}

/// The place of the event after a place.
///
/// # Errors
/// As [`append`].
pub async fn place_after(tx: &mut Tx, seq: i64) -> Result<Option<i64>, StoreError> {
    let sql = "-- audit_events.place_after
               SELECT seq FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT 1";
    tx.fetch_optional(sql, params![seq]).await?.map(|row| row.int(0)).transpose()
}
