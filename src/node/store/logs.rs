//! Our logs as rows: their state, leaves, tiles and checkpoints; computes and signs nothing.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

table! {
    /// Our log of a year.
    Log = logs (origin) {
        /// Its origin line.
        origin: String,
        /// The year.
        year: i64,
        /// How many leaves are sealed.
        size: i64,
        /// The root over them.
        root: [u8; 32],
        /// The right edge of the tree, 32 bytes a hash.
        frontier: Vec<u8>,
        /// The place in commit order up to which records are sealed.
        sealed_seq: i64,
        /// When it was opened, microseconds.
        opened_at: i64,
        /// When it was closed, microseconds.
        closed_at: Option<i64>,
    }
}

table! {
    /// A leaf: which record stands where.
    Leaf = log_leaves (origin, idx) {
        /// The log.
        origin: String,
        /// The position.
        idx: i64,
        /// The record.
        record_hash: [u8; 32],
    }
}

table! {
    /// A hash tile; the rightmost of a level grows.
    Tile = log_tiles (origin, level, n) {
        /// The log.
        origin: String,
        /// The level, 0 at the leaves.
        level: i64,
        /// The position in the level.
        n: i64,
        /// 1 to 256 hashes, 32 bytes each.
        hashes: Vec<u8>,
    }
}

table! {
    /// A signed checkpoint.
    Checkpoint = log_checkpoints (origin, size) {
        /// The log.
        origin: String,
        /// The size of the tree.
        size: i64,
        /// Its root.
        root: [u8; 32],
        /// The note under the log's own signature.
        note: Vec<u8>,
        /// The note with the witnesses' signatures.
        cosigned: Option<Vec<u8>>,
        /// When it was signed, microseconds.
        sealed_at: i64,
        /// When it was published, microseconds.
        published_at: Option<i64>,
        /// When the quorum had cosigned it, microseconds.
        witnessed_at: Option<i64>,
    }
}

/// Opens a log.
///
/// # Errors
/// [`StoreError::Conflict`] if the year has one. All functions of this file: what the database says.
pub async fn open(tx: &mut Tx, log: &Log) -> Result<(), StoreError> {
    tx.insert(log).await
}

/// Moves a log from `old_size` to the state `new`.
///
/// # Errors
/// [`StoreError::Conflict`] if the log has another size or is closed.
pub async fn advance(tx: &mut Tx, old_size: i64, new: &Log) -> Result<(), StoreError> {
    tx.change_one(
        "-- logs.advance
         UPDATE logs SET size = $3, root = $4, frontier = $5, sealed_seq = $6
         WHERE origin = $1 AND size = $2 AND closed_at IS NULL",
        params![&new.origin, old_size, new.size, new.root, &new.frontier, new.sealed_seq],
    )
    .await
}

/// Closes a log for good.
///
/// # Errors
/// [`StoreError::Conflict`] if it is not open.
pub async fn close(tx: &mut Tx, origin: &str, at: i64) -> Result<(), StoreError> {
    tx.change_one(
        "-- logs.close
         UPDATE logs SET closed_at = $2 WHERE origin = $1 AND closed_at IS NULL",
        params![origin, at],
    )
    .await
}

/// The log of that origin.
///
/// # Errors
/// As [`open`].
pub async fn get(tx: &mut Tx, origin: &str) -> Result<Option<Log>, StoreError> {
    tx.select_one(
        "-- logs.get
         SELECT * FROM logs WHERE origin = $1",
        params![origin],
    )
    .await
}

/// The newest log.
///
/// # Errors
/// As [`open`].
pub async fn newest(tx: &mut Tx) -> Result<Option<Log>, StoreError> {
    tx.select_one(
        "-- logs.newest
         SELECT * FROM logs ORDER BY year DESC LIMIT 1",
        params![],
    )
    .await
}

/// All logs by year.
///
/// # Errors
/// As [`open`].
pub async fn list(tx: &mut Tx) -> Result<Vec<Log>, StoreError> {
    tx.select(
        "-- logs.list
         SELECT * FROM logs ORDER BY year",
        params![],
    )
    .await
}

/// Adds leaves.
///
/// # Errors
/// [`StoreError::Conflict`] if a position is taken or a record is in the log already.
pub async fn add_leaves(tx: &mut Tx, leaves: &[Leaf]) -> Result<(), StoreError> {
    tx.insert_all(leaves).await
}

/// The leaf at a position.
///
/// # Errors
/// As [`open`].
pub async fn leaf(tx: &mut Tx, origin: &str, idx: i64) -> Result<Option<Leaf>, StoreError> {
    tx.select_one(
        "-- log_leaves.get
         SELECT * FROM log_leaves WHERE origin = $1 AND idx = $2",
        params![origin, idx],
    )
    .await
}

/// Up to `limit` leaves from a position on.
///
/// # Errors
/// As [`open`].
pub async fn leaves_from(
    tx: &mut Tx,
    origin: &str,
    idx: i64,
    limit: i64,
) -> Result<Vec<Leaf>, StoreError> {
    tx.select(
        "-- log_leaves.from
         SELECT * FROM log_leaves WHERE origin = $1 AND idx >= $2 ORDER BY idx LIMIT $3",
        params![origin, idx, limit],
    )
    .await
}

/// The statements of up to `limit` leaves from a position on, in order: what an entry bundle holds.
///
/// # Errors
/// As [`open`].
pub async fn entries_from(
    tx: &mut Tx,
    origin: &str,
    idx: i64,
    limit: i64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    tx.fetch_all(
        "-- log_leaves.entries_from
         SELECT l.idx, r.statement FROM log_leaves l JOIN records r ON r.hash = l.record_hash
         WHERE l.origin = $1 AND l.idx >= $2 ORDER BY l.idx LIMIT $3",
        params![origin, idx, limit],
    )
    .await?
    .iter()
    .map(|row| row.bytes(1))
    .collect()
}

/// Where a record stands in our logs: in one, or in none while it is not sealed.
///
/// # Errors
/// As [`open`].
pub async fn leaf_of(tx: &mut Tx, record_hash: &[u8; 32]) -> Result<Option<Leaf>, StoreError> {
    tx.select_one(
        "-- log_leaves.of_record
         SELECT * FROM log_leaves WHERE record_hash = $1 ORDER BY origin DESC LIMIT 1",
        params![record_hash],
    )
    .await
}

/// Where records stand in our logs, in no fixed order.
///
/// # Errors
/// As [`open`].
pub async fn leaves_of(tx: &mut Tx, record_hashes: &[[u8; 32]]) -> Result<Vec<Leaf>, StoreError> {
    tx.select_in(
        "-- log_leaves.of_records\nSELECT * FROM log_leaves WHERE record_hash IN",
        params![],
        record_hashes.iter().map(Param::from).collect(),
    )
    .await
}

/// Keeps tiles, replacing those that grew.
///
/// # Errors
/// As [`open`].
pub async fn put_tiles(tx: &mut Tx, tiles: &[Tile]) -> Result<(), StoreError> {
    tx.put_all(tiles).await
}

/// A tile.
///
/// # Errors
/// As [`open`].
pub async fn tile(
    tx: &mut Tx,
    origin: &str,
    level: i64,
    n: i64,
) -> Result<Option<Tile>, StoreError> {
    tx.select_one(
        "-- log_tiles.get
         SELECT * FROM log_tiles WHERE origin = $1 AND level = $2 AND n = $3",
        params![origin, level, n],
    )
    .await
}

/// Up to `limit` tiles of a level from a position on.
///
/// # Errors
/// As [`open`].
pub async fn tiles_from(
    tx: &mut Tx,
    (origin, level): (&str, i64),
    n: i64,
    limit: i64,
) -> Result<Vec<Tile>, StoreError> {
    tx.select(
        "-- log_tiles.from
         SELECT * FROM log_tiles WHERE origin = $1 AND level = $2 AND n >= $3 ORDER BY n LIMIT $4",
        params![origin, level, n, limit],
    )
    .await
}

/// Keeps a signed checkpoint.
///
/// # Errors
/// [`StoreError::Conflict`] if there is one of that size: a log signs each size once.
pub async fn add_checkpoint(tx: &mut Tx, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    tx.insert(checkpoint).await
}

/// Notes that a checkpoint was published.
///
/// # Errors
/// [`StoreError::Conflict`] if there is no such checkpoint.
pub async fn set_published(
    tx: &mut Tx,
    origin: &str,
    size: i64,
    at: i64,
) -> Result<(), StoreError> {
    tx.change_one(
        "-- log_checkpoints.set_published
         UPDATE log_checkpoints SET published_at = COALESCE(published_at, $3)
         WHERE origin = $1 AND size = $2",
        params![origin, size, at],
    )
    .await
}

/// Keeps the witnesses' signatures under a checkpoint; `witnessed_at` once they make a quorum.
///
/// # Errors
/// [`StoreError::Conflict`] if there is no such checkpoint.
pub async fn set_cosigned(
    tx: &mut Tx,
    (origin, size): (&str, i64),
    cosigned: &[u8],
    witnessed_at: Option<i64>,
) -> Result<(), StoreError> {
    tx.change_one(
        "-- log_checkpoints.set_cosigned
         UPDATE log_checkpoints SET cosigned = $3, witnessed_at = COALESCE(witnessed_at, $4)
         WHERE origin = $1 AND size = $2",
        params![origin, size, cosigned, witnessed_at],
    )
    .await
}

/// The checkpoint of that size.
///
/// # Errors
/// As [`open`].
pub async fn checkpoint(
    tx: &mut Tx,
    origin: &str,
    size: i64,
) -> Result<Option<Checkpoint>, StoreError> {
    tx.select_one(
        "-- log_checkpoints.get
         SELECT * FROM log_checkpoints WHERE origin = $1 AND size = $2",
        params![origin, size],
    )
    .await
}

/// The checkpoint of the largest size.
///
/// # Errors
/// As [`open`].
pub async fn last_checkpoint(tx: &mut Tx, origin: &str) -> Result<Option<Checkpoint>, StoreError> {
    tx.select_one(
        "-- log_checkpoints.last
         SELECT * FROM log_checkpoints WHERE origin = $1 ORDER BY size DESC LIMIT 1",
        params![origin],
    )
    .await
}

/// The published checkpoint of the largest size.
///
/// # Errors
/// As [`open`].
pub async fn last_published(tx: &mut Tx, origin: &str) -> Result<Option<Checkpoint>, StoreError> {
    tx.select_one(
        "-- log_checkpoints.last_published
         SELECT * FROM log_checkpoints WHERE origin = $1 AND published_at IS NOT NULL
         ORDER BY size DESC LIMIT 1",
        params![origin],
    )
    .await
}

/// The witnessed checkpoint of the largest size.
///
/// # Errors
/// As [`open`].
pub async fn last_witnessed(tx: &mut Tx, origin: &str) -> Result<Option<Checkpoint>, StoreError> {
    tx.select_one(
        "-- log_checkpoints.last_witnessed
         SELECT * FROM log_checkpoints WHERE origin = $1 AND witnessed_at IS NOT NULL
         ORDER BY size DESC LIMIT 1",
        params![origin],
    )
    .await
}

/// The smallest witnessed checkpoint that covers a position.
///
/// # Errors
/// As [`open`].
pub async fn first_witnessed_over(
    tx: &mut Tx,
    origin: &str,
    idx: i64,
) -> Result<Option<Checkpoint>, StoreError> {
    tx.select_one(
        "-- log_checkpoints.first_witnessed_over
         SELECT * FROM log_checkpoints
         WHERE origin = $1 AND size > $2 AND witnessed_at IS NOT NULL ORDER BY size LIMIT 1",
        params![origin, idx],
    )
    .await
}

/// Up to `limit` checkpoints above a size, in order.
///
/// # Errors
/// As [`open`].
pub async fn checkpoints_after(
    tx: &mut Tx,
    origin: &str,
    size: i64,
    limit: i64,
) -> Result<Vec<Checkpoint>, StoreError> {
    tx.select(
        "-- log_checkpoints.after
         SELECT * FROM log_checkpoints WHERE origin = $1 AND size > $2 ORDER BY size LIMIT $3",
        params![origin, size, limit],
    )
    .await
}
