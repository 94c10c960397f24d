//! COSE receipts of records, from our own log and from the peers'; proves and verifies nothing.

use crate::node::store::error::{StoreError, ensure_affected};
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

table! {
    /// A receipt: the word of a log that it holds a record.
    Receipt = receipts (record_hash, origin) {
        /// The record.
        record_hash: [u8; 32],
        /// The log.
        origin: String,
        /// Where in the log.
        log_index: i64,
        /// The size of the tree that the receipt is under.
        tree_size: i64,
        /// The COSE bytes; repeated byte for byte whenever asked for.
        receipt: Vec<u8>,
        /// The `.tlog-proof` with cosignatures, once witnessed.
        proof: Option<Vec<u8>>,
        /// When it was kept, microseconds.
        stored_at: i64,
    }
}

table! {
    /// How far the proofs of a log were held against a witness policy.
    ProofCheck = proof_checks (origin) {
        /// The log.
        origin: String,
        /// The policy, as text.
        policy: String,
        /// The proofs of all receipts below this index have its quorum.
        checked: i64,
    }
}

/// Keeps a receipt unless there is one of the same log; true if it was new. The first one stays.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn keep(tx: &mut Tx, receipt: &Receipt) -> Result<bool, StoreError> {
    tx.insert_new(receipt).await
}

/// Keeps receipts, those that are new, with few statements; gives how many were.
///
/// # Errors
/// As [`keep`].
pub async fn keep_all(tx: &mut Tx, receipts: &[Receipt]) -> Result<u64, StoreError> {
    tx.insert_all_new(receipts).await
}

/// Adds witnessed proofs to receipts of a log, with few statements.
///
/// # Errors
/// [`StoreError::Conflict`] if a receipt is not there.
pub async fn set_proofs(
    tx: &mut Tx,
    origin: &str,
    proofs: &[([u8; 32], Vec<u8>)],
) -> Result<(), StoreError> {
    let rows = proofs.iter().map(|(hash, proof)| params![hash, origin, proof]).collect();
    // Both databases name the columns of a list of values so.
    let changed = tx
        .insert_many(
            "-- receipts.set_proofs\nUPDATE receipts SET proof = news.column3 FROM (VALUES",
            ") AS news WHERE record_hash = news.column1 AND origin = news.column2",
            rows,
        )
        .await?;
    ensure_affected("receipts.set_proofs", changed, proofs.len() as u64)
}

/// The receipt of a log for a record.
///
/// # Errors
/// As [`keep`].
pub async fn get(
    tx: &mut Tx,
    record_hash: &[u8; 32],
    origin: &str,
) -> Result<Option<Receipt>, StoreError> {
    tx.select_one(
        "-- receipts.get
         SELECT * FROM receipts WHERE record_hash = $1 AND origin = $2",
        params![record_hash, origin],
    )
    .await
}

/// The receipts of a log for records, in no fixed order.
///
/// # Errors
/// As [`keep`].
pub async fn get_many(
    tx: &mut Tx,
    origin: &str,
    record_hashes: &[[u8; 32]],
) -> Result<Vec<Receipt>, StoreError> {
    tx.select_in(
        "-- receipts.get_many\nSELECT * FROM receipts WHERE origin = $1 AND record_hash IN",
        params![origin],
        record_hashes.iter().map(Param::from).collect(),
    )
    .await
}

/// The receipts of all logs for a record.
///
/// # Errors
/// As [`keep`].
pub async fn of_record(tx: &mut Tx, record_hash: &[u8; 32]) -> Result<Vec<Receipt>, StoreError> {
    tx.select(
        "-- receipts.of_record
         SELECT * FROM receipts WHERE record_hash = $1 ORDER BY origin",
        params![record_hash],
    )
    .await
}

/// The receipts of all logs for records, in no fixed order.
///
/// # Errors
/// As [`keep`].
pub async fn of_records(
    tx: &mut Tx,
    record_hashes: &[[u8; 32]],
) -> Result<Vec<Receipt>, StoreError> {
    tx.select_in(
        "-- receipts.of_records\nSELECT * FROM receipts WHERE record_hash IN",
        params![],
        record_hashes.iter().map(Param::from).collect(),
    )
    .await
}

/// Up to `limit` receipts of a log below `size` that have no witnessed proof yet, in order of the log.
///
/// # Errors
/// As [`keep`].
pub async fn unwitnessed(
    tx: &mut Tx,
    origin: &str,
    size: i64,
    limit: i64,
) -> Result<Vec<Receipt>, StoreError> {
    tx.select(
        "-- receipts.unwitnessed
         SELECT * FROM receipts WHERE origin = $1 AND proof IS NULL AND log_index < $2
         ORDER BY log_index LIMIT $3",
        params![origin, size, limit],
    )
    .await
}

/// Up to `limit` receipts of a log from one index on and below another that have a witnessed proof, in order of the log.
///
/// # Errors
/// As [`keep`].
pub async fn witnessed(
    tx: &mut Tx,
    origin: &str,
    (from, below): (i64, i64),
    limit: i64,
) -> Result<Vec<Receipt>, StoreError> {
    tx.select(
        "-- receipts.witnessed
         SELECT * FROM receipts
         WHERE origin = $1 AND proof IS NOT NULL AND log_index >= $2 AND log_index < $3
         ORDER BY log_index LIMIT $4",
        params![origin, from, below, limit],
    )
    .await
}

/// How far the proofs of a log were held against a policy.
///
/// # Errors
/// As [`keep`].
pub async fn proof_check(tx: &mut Tx, origin: &str) -> Result<Option<ProofCheck>, StoreError> {
    tx.select_one(
        "-- proof_checks.get
         SELECT * FROM proof_checks WHERE origin = $1",
        params![origin],
    )
    .await
}

/// Notes how far the proofs of a log were held against a policy.
///
/// # Errors
/// As [`keep`].
pub async fn put_proof_check(tx: &mut Tx, check: &ProofCheck) -> Result<(), StoreError> {
    tx.put(check).await
}
