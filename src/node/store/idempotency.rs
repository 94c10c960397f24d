//! Answers kept for clients that repeat a request with the same key; compares no requests.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// The answer to a request that a client may repeat.
    Answer = idempotency (caller, key) {
        /// Who asked.
        caller: String,
        /// The key that the client chose.
        key: String,
        /// SHA-256 of the request: the same key with another request is a mistake of the client.
        request_hash: [u8; 32],
        /// The HTTP status.
        status: i64,
        /// The body.
        body: Vec<u8>,
        /// When, microseconds.
        created_at: i64,
    }
}

/// Keeps an answer.
///
/// # Errors
/// [`StoreError::Conflict`] if the caller used the key before. All functions: what the database says.
pub async fn keep(tx: &mut Tx, answer: &Answer) -> Result<(), StoreError> {
    tx.insert(answer).await
}

/// The answer that a caller got under a key.
///
/// # Errors
/// As [`keep`].
pub async fn get(tx: &mut Tx, caller: &str, key: &str) -> Result<Option<Answer>, StoreError> {
    tx.select_one(
        "-- idempotency.get
         SELECT * FROM idempotency WHERE caller = $1 AND key = $2",
        params![caller, key],
    )
    .await
}

/// Forgets the answers given before a time; gives how many.
///
/// # Errors
/// As [`keep`].
pub async fn forget_before(tx: &mut Tx, at: i64) -> Result<u64, StoreError> {
    tx.execute(
        "-- idempotency.forget_before
         DELETE FROM idempotency WHERE created_at < $1",
        params![at],
    )
    .await
}
