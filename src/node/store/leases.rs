//! Who may do a job that only one may do at a time (sequencer, timers); does none of them.
//!
//! Each lease that changes hands has a higher token; what is written under a lease carries it, so that a holder
//! that was thought dead cannot write any more.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// A lease.
    Lease = leases (name) {
        /// The job.
        name: String,
        /// Who holds it.
        holder: String,
        /// The fencing token.
        token: i64,
        /// Until when, microseconds.
        until: i64,
    }
}

/// Takes a lease that is free, expired or held by the same holder; gives its new token, none if another holds it.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn acquire(
    tx: &mut Tx,
    name: &str,
    holder: &str,
    now: i64,
    until: i64,
) -> Result<Option<i64>, StoreError> {
    tx.fetch_optional(
        "-- leases.acquire
         INSERT INTO leases (name, holder, token, until) VALUES ($1, $2, 1, $4)
         ON CONFLICT (name) DO UPDATE
             SET holder = excluded.holder, token = leases.token + 1, until = excluded.until
             WHERE leases.until <= $3 OR leases.holder = excluded.holder
         RETURNING token",
        params![name, holder, now, until],
    )
    .await?
    .map(|row| row.int(0))
    .transpose()
}

/// Keeps a lease longer.
///
/// # Errors
/// [`StoreError::Conflict`] if the token is not the current one.
pub async fn renew(tx: &mut Tx, name: &str, token: i64, until: i64) -> Result<(), StoreError> {
    tx.change_one(
        "-- leases.renew
         UPDATE leases SET until = $3 WHERE name = $1 AND token = $2",
        params![name, token, until],
    )
    .await
}

/// Lets a lease go; nothing if it is lost already.
///
/// # Errors
/// As [`acquire`].
pub async fn release(tx: &mut Tx, name: &str, token: i64) -> Result<(), StoreError> {
    tx.execute(
        "-- leases.release
         UPDATE leases SET until = 0 WHERE name = $1 AND token = $2",
        params![name, token],
    )
    .await
    .map(|_| ())
}

/// The lease of that name.
///
/// # Errors
/// As [`acquire`].
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<Lease>, StoreError> {
    tx.select_one(
        "-- leases.get
         SELECT * FROM leases WHERE name = $1",
        params![name],
    )
    .await
}
