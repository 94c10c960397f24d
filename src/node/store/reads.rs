//! How many objects an officer read lately, and when an alarm was raised about it last; decides not what is much.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// That an officer read an object.
    RecentRead = recent_reads (user_id, object) {
        /// The user.
        user_id: String,
        /// The case or evidence item.
        object: String,
        /// When last, microseconds.
        at: i64,
    }
}

table! {
    /// The last alarm about an officer.
    ReadAlarm = read_alarms (user_id) {
        /// The user.
        user_id: String,
        /// When, microseconds.
        at: i64,
    }
}

/// Notes a read, and forgets what the officer read before `since` or at it. Gives how many objects are left, `limit` at most.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn note(
    tx: &mut Tx,
    read: &RecentRead,
    since: i64,
    limit: i64,
) -> Result<i64, StoreError> {
    tx.put(read).await?;
    tx.execute(
        "-- recent_reads.forget
         DELETE FROM recent_reads WHERE user_id = $1 AND at <= $2",
        params![&read.user_id, since],
    )
    .await?;
    tx.fetch_one(
        "-- recent_reads.count
         SELECT COUNT(*) FROM (
             SELECT object FROM recent_reads WHERE user_id = $1 AND at > $2 LIMIT $3
         ) AS recent",
        params![&read.user_id, since, limit],
    )
    .await?
    .int(0)
}

/// Notes an alarm, unless one about the officer was raised after `since`; true if it is a new one.
///
/// # Errors
/// As [`note`].
pub async fn alarm(tx: &mut Tx, alarm: &ReadAlarm, since: i64) -> Result<bool, StoreError> {
    let last: Option<ReadAlarm> = tx
        .select_one(
            "-- read_alarms.get
             SELECT * FROM read_alarms WHERE user_id = $1",
            params![&alarm.user_id],
        )
        .await?;
    if last.is_some_and(|last| last.at > since) {
        return Ok(false);
    }
    tx.put(alarm).await?;
    Ok(true)
}
