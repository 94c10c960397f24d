//! Who did or saw what, each row chained to the one before by its hash; decides not what is worth noting.

use sha2::{Digest, Sha256};

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

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

/// SHA-256 over the hash before, the time, and each text with its length before it (all ones for a text that is absent).
#[must_use]
pub fn chained_hash(prev: &[u8; 32], event: &NewAuditEvent) -> [u8; 32] {
    let texts = [
        Some(&event.actor),
        Some(&event.role),
        Some(&event.action),
        event.object.as_ref(),
        event.purpose.as_ref(),
        Some(&event.outcome),
        event.detail.as_ref(),
    ];
    let mut hasher = Sha256::new();
    hasher.update(prev);
    hasher.update(event.at.to_be_bytes());
    for text in texts {
        hasher.update(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
        hasher.update(text.map_or(&[][..], |text| text.as_bytes()));
    }
    hasher.finalize().into()
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
