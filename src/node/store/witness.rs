//! What we have cosigned for other logs, and the requests that contradicted it; judges no request.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// The newest checkpoint of a log that we have cosigned.
    WitnessState = witness_states (origin) {
        /// The log.
        origin: String,
        /// Its size.
        size: i64,
        /// Its root.
        root: [u8; 32],
        /// The note with our signature.
        note: Vec<u8>,
        /// When we signed, microseconds.
        cosigned_at: i64,
    }
}

table! {
    /// A request that contradicts what we have cosigned.
    WitnessConflict = witness_conflicts (id) {
        /// Its number here.
        id: i64,
        /// The log.
        origin: String,
        /// When it came, microseconds.
        received_at: i64,
        /// Its bytes.
        request: Vec<u8>,
        /// What is wrong.
        reason: String,
    }
}

/// Replaces the state `old` of a log; none is the first one.
///
/// # Errors
/// [`StoreError::Conflict`] if another state was cosigned meanwhile. All functions: what the database says.
pub async fn advance(
    tx: &mut Tx,
    old: Option<&WitnessState>,
    new: &WitnessState,
) -> Result<(), StoreError> {
    let Some(old) = old else { return tx.insert(new).await };
    tx.change_one(
        "-- witness_states.advance
         UPDATE witness_states SET size = $4, root = $5, note = $6, cosigned_at = $7
         WHERE origin = $1 AND size = $2 AND root = $3",
        params![&new.origin, old.size, old.root, new.size, new.root, &new.note, new.cosigned_at],
    )
    .await
}

/// The state of a log.
///
/// # Errors
/// As [`advance`].
pub async fn get(tx: &mut Tx, origin: &str) -> Result<Option<WitnessState>, StoreError> {
    tx.select_one(
        "-- witness_states.get
         SELECT * FROM witness_states WHERE origin = $1",
        params![origin],
    )
    .await
}

/// The states of all logs.
///
/// # Errors
/// As [`advance`].
pub async fn list(tx: &mut Tx) -> Result<Vec<WitnessState>, StoreError> {
    tx.select(
        "-- witness_states.list
         SELECT * FROM witness_states ORDER BY origin",
        params![],
    )
    .await
}

/// Keeps a contradiction as evidence.
///
/// # Errors
/// As [`advance`].
pub async fn add_conflict(
    tx: &mut Tx,
    origin: &str,
    received_at: i64,
    request: &[u8],
    reason: &str,
) -> Result<(), StoreError> {
    tx.change_one(
        "-- witness_conflicts.add
         INSERT INTO witness_conflicts (origin, received_at, request, reason) VALUES ($1, $2, $3, $4)",
        params![origin, received_at, request, reason],
    )
    .await
}

/// The newest `limit` contradictions.
///
/// # Errors
/// As [`advance`].
pub async fn conflicts(tx: &mut Tx, limit: i64) -> Result<Vec<WitnessConflict>, StoreError> {
    tx.select(
        "-- witness_conflicts.list
         SELECT * FROM witness_conflicts ORDER BY id DESC LIMIT $1",
        params![limit],
    )
    .await
}
