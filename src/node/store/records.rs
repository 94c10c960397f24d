//! The records, own and foreign, in commit order, and their sealed fields; opens and verifies nothing.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

table! {
    /// A record that was not kept before.
    NewRecord = records (hash) {
        /// SHA-256 of the statement.
        hash: [u8; 32],
        /// The authority that signed it.
        author: String,
        /// The object that it is about.
        object: String,
        /// Kind and version; empty if it was not understood or the kind was not disclosed.
        kind: String,
        /// The statement before it in its chain.
        prev: Option<[u8; 32]>,
        /// When it was issued, seconds.
        issued_at: i64,
        /// When it was kept here, microseconds.
        stored_at: i64,
        /// 1 if this node signed it, else 0.
        own: i64,
        /// The COSE bytes.
        statement: Vec<u8>,
        /// The hashes of all fields, 32 bytes each.
        leaf_hashes: Vec<u8>,
    }
}

table! {
    /// A record as it is kept.
    Record = records (hash) {
        /// Its place in commit order; places rise, with gaps.
        seq: i64,
        /// SHA-256 of the statement.
        hash: [u8; 32],
        /// The authority that signed it.
        author: String,
        /// The object that it is about.
        object: String,
        /// Kind and version; empty if it was not understood or the kind was not disclosed.
        kind: String,
        /// The statement before it in its chain.
        prev: Option<[u8; 32]>,
        /// When it was issued, seconds.
        issued_at: i64,
        /// When it was kept here, microseconds.
        stored_at: i64,
        /// 1 if this node signed it, else 0.
        own: i64,
        /// The COSE bytes.
        statement: Vec<u8>,
        /// The hashes of all fields, 32 bytes each.
        leaf_hashes: Vec<u8>,
    }
}

table! {
    /// A record's place and hash, without its bytes.
    RecordRef = records (hash) {
        /// Its place in commit order; places rise, with gaps.
        seq: i64,
        /// SHA-256 of the statement.
        hash: [u8; 32],
    }
}

table! {
    /// What the log takes of a record.
    Unsealed = records (hash) {
        /// Its place in commit order; places rise, with gaps.
        seq: i64,
        /// SHA-256 of the statement.
        hash: [u8; 32],
        /// Kind and version.
        kind: String,
        /// The COSE bytes.
        statement: Vec<u8>,
    }
}

table! {
    /// The fields of a record that one content key opens, sealed.
    SealedFields = record_fields (record_seq, key_group) {
        /// The record's place in commit order.
        record_seq: i64,
        /// Which content key opens them.
        key_group: String,
        /// The sealed bytes.
        sealed: Vec<u8>,
    }
}

/// Keeps a record; gives its place in commit order.
///
/// # Errors
/// [`StoreError::Conflict`] if it is kept already. All functions of this file: what the database says.
pub async fn append(tx: &mut Tx, record: &NewRecord) -> Result<i64, StoreError> {
    append_new(tx, record).await?.ok_or(StoreError::Conflict("records.append"))
}

/// Keeps a record unless it is kept already; gives its place if it is new.
///
/// # Errors
/// As [`append`].
pub async fn append_new(tx: &mut Tx, r: &NewRecord) -> Result<Option<i64>, StoreError> {
    tx.fetch_optional(
        "-- records.append
         INSERT INTO records
             (hash, author, object, kind, prev, issued_at, stored_at, own, statement, leaf_hashes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (hash) DO NOTHING RETURNING seq",
        params![
            r.hash,
            &r.author,
            &r.object,
            &r.kind,
            r.prev,
            r.issued_at,
            r.stored_at,
            r.own,
            &r.statement,
            &r.leaf_hashes
        ],
    )
    .await?
    .map(|row| row.int(0))
    .transpose()
}

/// Keeps records, those that are new, with few statements; gives the place of each, in no fixed order.
///
/// # Errors
/// As [`append`].
pub async fn append_all(tx: &mut Tx, records: &[NewRecord]) -> Result<Vec<RecordRef>, StoreError> {
    tx.insert_all_new(records).await?;
    let hashes: Vec<[u8; 32]> = records.iter().map(|record| record.hash).collect();
    refs(tx, &hashes).await
}

/// Keeps the sealed fields of records; what a record has for a key group already is replaced.
///
/// # Errors
/// As [`append`].
pub async fn put_fields(tx: &mut Tx, fields: &[SealedFields]) -> Result<(), StoreError> {
    tx.put_all(fields).await
}

/// Removes all fields that a content key opened; gives how many records had some.
///
/// # Errors
/// As [`append`].
pub async fn erase_fields(tx: &mut Tx, key_group: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- record_fields.erase
         DELETE FROM record_fields WHERE key_group = $1",
        params![key_group],
    )
    .await
}

/// The content keys under which fields of an object's records are kept.
///
/// # Errors
/// As [`append`].
pub async fn key_groups(tx: &mut Tx, object: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .fetch_all(
            "-- record_fields.key_groups
             SELECT DISTINCT f.key_group FROM records r JOIN record_fields f ON f.record_seq = r.seq
             WHERE r.object = $1 ORDER BY f.key_group",
            params![object],
        )
        .await?;
    rows.iter().map(|row| row.named("key_group")).collect()
}

/// Puts the fields of a record under a content key in place of those that were kept under it.
///
/// # Errors
/// [`StoreError::Conflict`] if none were kept.
pub async fn reseal(tx: &mut Tx, fields: &SealedFields) -> Result<(), StoreError> {
    tx.change_one(
        "-- record_fields.reseal
         UPDATE record_fields SET sealed = $3 WHERE record_seq = $1 AND key_group = $2",
        params![fields.record_seq, &fields.key_group, fields.sealed.as_slice()],
    )
    .await
}

/// Names the kind of a record that is understood only now.
///
/// # Errors
/// As [`append`].
pub async fn set_kind(tx: &mut Tx, hash: &[u8; 32], kind: &str) -> Result<(), StoreError> {
    tx.change_one(
        "-- records.set_kind
         UPDATE records SET kind = $2 WHERE hash = $1",
        params![hash, kind],
    )
    .await
}

/// The record of that hash.
///
/// # Errors
/// As [`append`].
pub async fn get(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<Record>, StoreError> {
    tx.select_one(
        "-- records.get
         SELECT * FROM records WHERE hash = $1",
        params![hash],
    )
    .await
}

/// The records of those hashes, in no fixed order.
///
/// # Errors
/// As [`append`].
pub async fn get_many(tx: &mut Tx, hashes: &[[u8; 32]]) -> Result<Vec<Record>, StoreError> {
    tx.select_in(
        "-- records.get_many\nSELECT * FROM records WHERE hash IN",
        params![],
        keys(hashes),
    )
    .await
}

/// The places of those records that are kept, in no fixed order.
///
/// # Errors
/// As [`append`].
pub async fn refs(tx: &mut Tx, hashes: &[[u8; 32]]) -> Result<Vec<RecordRef>, StoreError> {
    tx.select_in(
        "-- records.refs\nSELECT seq, hash FROM records WHERE hash IN",
        params![],
        keys(hashes),
    )
    .await
}

/// Whether the record of that hash is kept.
///
/// # Errors
/// As [`append`].
pub async fn exists(tx: &mut Tx, hash: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(tx
        .fetch_optional(
            "-- records.exists
             SELECT seq FROM records WHERE hash = $1",
            params![hash],
        )
        .await?
        .is_some())
}

/// Up to `limit` records after a place in commit order.
///
/// # Errors
/// As [`append`].
pub async fn after(tx: &mut Tx, seq: i64, limit: i64) -> Result<Vec<Record>, StoreError> {
    tx.select(
        "-- records.after
         SELECT * FROM records WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![seq, limit],
    )
    .await
}

/// What the log takes of up to `limit` records after a place in commit order: what the sequencer seals next.
///
/// # Errors
/// As [`append`].
pub async fn unsealed(tx: &mut Tx, seq: i64, limit: i64) -> Result<Vec<Unsealed>, StoreError> {
    tx.select(
        "-- records.unsealed
         SELECT seq, hash, kind, statement FROM records WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![seq, limit],
    )
    .await
}

/// Up to `limit` places and hashes after a place in commit order.
///
/// # Errors
/// As [`append`].
pub async fn refs_after(tx: &mut Tx, seq: i64, limit: i64) -> Result<Vec<RecordRef>, StoreError> {
    tx.select(
        "-- records.refs_after
         SELECT seq, hash FROM records WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![seq, limit],
    )
    .await
}

/// Up to `limit` records about an object after a place in commit order.
///
/// # Errors
/// As [`append`].
pub async fn of_object(
    tx: &mut Tx,
    object: &str,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    tx.select(
        "-- records.of_object
         SELECT * FROM records WHERE object = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        params![object, after_seq, limit],
    )
    .await
}

/// Whether another authority than this author said something about an object.
///
/// # Errors
/// As [`append`].
pub async fn is_of_another(tx: &mut Tx, object: &str, author: &str) -> Result<bool, StoreError> {
    Ok(tx
        .fetch_optional(
            "-- records.of_another
             SELECT seq FROM records WHERE object = $1 AND author <> $2 LIMIT 1",
            params![object, author],
        )
        .await?
        .is_some())
}

/// Up to `limit` records of a kind after a place in commit order.
///
/// # Errors
/// As [`append`].
pub async fn of_kind(
    tx: &mut Tx,
    kind: &str,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    tx.select(
        "-- records.of_kind
         SELECT * FROM records WHERE kind = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        params![kind, after_seq, limit],
    )
    .await
}

/// The last place in commit order; 0 if there is no record.
///
/// # Errors
/// As [`append`].
pub async fn last_seq(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.fetch_one(
        "-- records.last_seq
         SELECT COALESCE(MAX(seq), 0) FROM records",
        params![],
    )
    .await?
    .int(0)
}

/// How many records there are.
///
/// # Errors
/// As [`append`].
pub async fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.fetch_one(
        "-- records.count
         SELECT COUNT(*) FROM records",
        params![],
    )
    .await?
    .int(0)
}

/// The sealed fields of a record.
///
/// # Errors
/// As [`append`].
pub async fn fields(tx: &mut Tx, seq: i64) -> Result<Vec<SealedFields>, StoreError> {
    tx.select(
        "-- record_fields.of_record
         SELECT * FROM record_fields WHERE record_seq = $1 ORDER BY key_group",
        params![seq],
    )
    .await
}

/// The sealed fields of records, in no fixed order.
///
/// # Errors
/// As [`append`].
pub async fn fields_of_many(tx: &mut Tx, seqs: &[i64]) -> Result<Vec<SealedFields>, StoreError> {
    tx.select_in(
        "-- record_fields.of_records\nSELECT * FROM record_fields WHERE record_seq IN",
        params![],
        seqs.iter().map(Param::from).collect(),
    )
    .await
}

fn keys(hashes: &[[u8; 32]]) -> Vec<Param> {
    hashes.iter().map(Param::from).collect()
}
