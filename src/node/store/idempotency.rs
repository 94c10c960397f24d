//! Answers kept for clients that repeat a request with the same key; compares no requests.
//!
//! A row begins as a claim without an answer, in the same transaction as the change that the request makes: it is there
//! if and only if the change is. A note in the audit trail that somebody saw or was denied something is no such change.
//! The answer is put in when the request has ended.

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
        /// The HTTP status; 0 in a claim, whose answer is not known.
        status: i64,
        /// The body, sealed; empty in a claim.
        body: Vec<u8>,
        /// When, microseconds.
        created_at: i64,
    }
}

/// How long a row is kept, in seconds.
pub const KEPT_SECS: i64 = 86_400;

tokio::task_local! {
    static CLAIM: Option<Answer>;
}

/// Does some work, with whose first change in the store the claim is made; further ones find it there.
pub async fn claiming<T>(claim: Answer, work: impl Future<Output = T>) -> T {
    CLAIM.scope(Some(claim), work).await
}

/// Does a part of some work that is none of what it was asked for, such as a note that it was denied: makes no claim.
pub async fn beside<T>(work: impl Future<Output = T>) -> T {
    CLAIM.scope(None, work).await
}

/// The claim of the work that is going on.
pub(crate) fn current() -> Option<Answer> {
    CLAIM.try_with(Clone::clone).ok().flatten()
}

/// Makes a claim unless it is there.
///
/// # Errors
/// All functions: what the database says.
pub async fn claim(tx: &mut Tx, claim: &Answer) -> Result<bool, StoreError> {
    tx.insert_new(claim).await
}

/// Puts the answer into its claim, or keeps it if the request changed nothing and so made none.
///
/// # Errors
/// As [`claim`].
pub async fn keep(tx: &mut Tx, answer: &Answer) -> Result<(), StoreError> {
    tx.put(answer).await
}

/// Takes back the claim of a request that was refused; an answer stays.
///
/// # Errors
/// As [`claim`].
pub async fn release(tx: &mut Tx, caller: &str, key: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- idempotency.release
         DELETE FROM idempotency WHERE caller = $1 AND key = $2 AND status = 0",
        params![caller, key],
    )
    .await
}

/// Gives the answers of a caller up, because something that they show is closed to the caller now; what was done stays
/// known as done.
///
/// # Errors
/// As [`claim`].
pub async fn lose_answers(tx: &mut Tx, caller: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- idempotency.lose_answers
         UPDATE idempotency SET status = 0, body = $2 WHERE caller = $1 AND status <> 0",
        params![caller, Vec::<u8>::new()],
    )
    .await
}

/// As [`lose_answers`], of all callers.
///
/// # Errors
/// As [`claim`].
pub async fn lose_all_answers(tx: &mut Tx) -> Result<u64, StoreError> {
    tx.execute(
        "-- idempotency.lose_all_answers
         UPDATE idempotency SET status = 0, body = $1 WHERE status <> 0",
        params![Vec::<u8>::new()],
    )
    .await
}

/// The answer that a caller got under a key.
///
/// # Errors
/// As [`claim`].
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
/// As [`claim`].
pub async fn forget_before(tx: &mut Tx, at: i64) -> Result<u64, StoreError> {
    tx.execute(
        "-- idempotency.forget_before
         DELETE FROM idempotency WHERE created_at < $1",
        params![at],
    )
    .await
}
