//! Which files of evidence are kept, and which authority may fetch one; their bytes are elsewhere.

use crate::node::store::error::StoreError;
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

words! {
    /// How far a blob has come.
    BlobState {
        /// Its bytes are coming in.
        Staged = "staged",
        /// Its bytes are durable and verified.
        Complete = "complete",
    }
}

table! {
    /// A blob.
    Blob = blobs (name) {
        /// Its random name.
        name: String,
        /// Which content key opens it.
        key_group: String,
        /// The size of the plain bytes.
        size: i64,
        /// SHA-256 of the plain bytes.
        sha256: [u8; 32],
        /// BLAKE3 of the plain bytes.
        blake3: [u8; 32],
        /// How far it has come.
        state: BlobState,
        /// When it was begun, microseconds.
        created_at: i64,
    }
}

table! {
    /// That an authority may fetch a blob, because one record says so; several records may.
    BlobGrant = blob_grants (blob, authority, granted_by_record) {
        /// The blob.
        blob: String,
        /// Who may.
        authority: String,
        /// The item that it belongs to.
        evidence_id: String,
        /// The record that allows it.
        granted_by_record: [u8; 32],
    }
}

/// Notes a blob.
///
/// # Errors
/// [`StoreError::Conflict`] if the name is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, blob: &Blob) -> Result<(), StoreError> {
    tx.insert(blob).await
}

/// Replaces what is known of a blob.
///
/// # Errors
/// As [`insert`].
pub async fn put(tx: &mut Tx, blob: &Blob) -> Result<(), StoreError> {
    tx.put(blob).await
}

/// Notes that a blob's bytes are durable and verified.
///
/// # Errors
/// [`StoreError::Conflict`] if it is not being staged.
pub async fn complete(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    tx.change_one(
        "-- blobs.complete
         UPDATE blobs SET state = 'complete' WHERE name = $1 AND state = 'staged'",
        params![name],
    )
    .await
}

/// Forgets a blob and who may fetch it.
///
/// # Errors
/// As [`insert`].
pub async fn delete(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "-- blob_grants.delete_of_blob
         DELETE FROM blob_grants WHERE blob = $1",
        params![name],
    )
    .await?;
    tx.execute(
        "-- blobs.delete
         DELETE FROM blobs WHERE name = $1",
        params![name],
    )
    .await
    .map(|_| ())
}

/// The blob of that name.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<Blob>, StoreError> {
    tx.select_one(
        "-- blobs.get
         SELECT * FROM blobs WHERE name = $1",
        params![name],
    )
    .await
}

/// Up to `limit` blobs after a name, in order of names.
///
/// # Errors
/// As [`insert`].
pub async fn after(tx: &mut Tx, name: &str, limit: i64) -> Result<Vec<Blob>, StoreError> {
    tx.select(
        "-- blobs.after
         SELECT * FROM blobs WHERE name > $1 ORDER BY name LIMIT $2",
        params![name, limit],
    )
    .await
}

/// Up to `limit` blobs in a state that were begun before a time, oldest first: what an intake left behind.
///
/// # Errors
/// As [`insert`].
pub async fn begun_before(
    tx: &mut Tx,
    state: BlobState,
    at: i64,
    limit: i64,
) -> Result<Vec<Blob>, StoreError> {
    tx.select(
        "-- blobs.begun_before
         SELECT * FROM blobs WHERE state = $1 AND created_at < $2 ORDER BY created_at, name LIMIT $3",
        params![state, at, limit],
    )
    .await
}

/// Lets an authority fetch a blob; true if this record did not allow it before.
///
/// # Errors
/// As [`insert`].
pub async fn grant(tx: &mut Tx, grant: &BlobGrant) -> Result<bool, StoreError> {
    tx.insert_new(grant).await
}

/// Takes back what one record allowed, and nothing that another one allows; gives how many permissions that ended.
///
/// # Errors
/// As [`insert`].
pub async fn revoke_of(tx: &mut Tx, record: &[u8; 32]) -> Result<u64, StoreError> {
    tx.execute(
        "-- blob_grants.revoke_of
         DELETE FROM blob_grants WHERE granted_by_record = $1",
        params![record],
    )
    .await
}

/// A permission of an authority to fetch a blob, if any record gives one.
///
/// # Errors
/// As [`insert`].
pub async fn grant_of(
    tx: &mut Tx,
    blob: &str,
    authority: &str,
) -> Result<Option<BlobGrant>, StoreError> {
    tx.select_one(
        "-- blob_grants.get
         SELECT * FROM blob_grants WHERE blob = $1 AND authority = $2
         ORDER BY granted_by_record LIMIT 1",
        params![blob, authority],
    )
    .await
}

/// Who may fetch a blob.
///
/// # Errors
/// As [`insert`].
pub async fn grants(tx: &mut Tx, blob: &str) -> Result<Vec<BlobGrant>, StoreError> {
    tx.select(
        "-- blob_grants.of_blob
         SELECT * FROM blob_grants WHERE blob = $1 ORDER BY authority, granted_by_record",
        params![blob],
    )
    .await
}
