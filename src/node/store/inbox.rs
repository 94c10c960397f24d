//! Which records came from which peer and what we answered, for as long as the log lives; decides no answer.

use crate::node::store::error::StoreError;
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

words! {
    /// What became of a record that came.
    InboxOutcome {
        /// It is kept and answered with a receipt.
        Stored = "stored",
        /// It was refused for good.
        Refused = "refused",
        /// It is kept and receipted, but this version does not understand its kind.
        UnknownKind = "unknown_kind",
    }
}

table! {
    /// A record that came from a peer.
    Incoming = inbox (record_hash, peer) {
        /// From whom.
        peer: String,
        /// The record.
        record_hash: [u8; 32],
        /// When it first came, microseconds.
        received_at: i64,
        /// What became of it.
        outcome: InboxOutcome,
        /// The answer's bytes, repeated whenever it comes again; a stored record's receipt is among the receipts.
        answer: Option<Vec<u8>>,
    }
}

/// Keeps that a record came; false if it had come before.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn keep(tx: &mut Tx, row: &Incoming) -> Result<bool, StoreError> {
    tx.insert_new(row).await
}

/// Keeps that records came; gives how many had not come before.
///
/// # Errors
/// As [`keep`].
pub async fn keep_all(tx: &mut Tx, rows: &[Incoming]) -> Result<u64, StoreError> {
    tx.insert_all_new(rows).await
}

/// Changes what became of a record, after an upgrade understands it or when its answer is known.
///
/// # Errors
/// [`StoreError::Conflict`] if it never came.
pub async fn set_outcome(
    tx: &mut Tx,
    peer: &str,
    record_hash: &[u8; 32],
    outcome: InboxOutcome,
    answer: Option<&[u8]>,
) -> Result<(), StoreError> {
    tx.change_one(
        "-- inbox.set_outcome
         UPDATE inbox SET outcome = $3, answer = $4 WHERE peer = $1 AND record_hash = $2",
        params![peer, record_hash, outcome, answer],
    )
    .await
}

/// What became of a record from a peer.
///
/// # Errors
/// As [`keep`].
pub async fn get(
    tx: &mut Tx,
    peer: &str,
    record_hash: &[u8; 32],
) -> Result<Option<Incoming>, StoreError> {
    tx.select_one(
        "-- inbox.get
         SELECT * FROM inbox WHERE peer = $1 AND record_hash = $2",
        params![peer, record_hash],
    )
    .await
}

/// What became of records from a peer, those that came, in no fixed order.
///
/// # Errors
/// As [`keep`].
pub async fn get_many(
    tx: &mut Tx,
    peer: &str,
    record_hashes: &[[u8; 32]],
) -> Result<Vec<Incoming>, StoreError> {
    tx.select_in(
        "-- inbox.get_many\nSELECT * FROM inbox WHERE peer = $1 AND record_hash IN",
        params![peer],
        record_hashes.iter().map(Param::from).collect(),
    )
    .await
}

/// From whom a record came.
///
/// # Errors
/// As [`keep`].
pub async fn of_record(tx: &mut Tx, record_hash: &[u8; 32]) -> Result<Vec<Incoming>, StoreError> {
    tx.select(
        "-- inbox.of_record
         SELECT * FROM inbox WHERE record_hash = $1 ORDER BY received_at, peer",
        params![record_hash],
    )
    .await
}
