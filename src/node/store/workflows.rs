//! The versions of workflows that are or were in use; reads none of them.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// A version of a workflow.
    WorkflowRow = workflows (hash) {
        /// The SHA-256 of its text.
        hash: [u8; 32],
        /// The case type.
        case_type: String,
        /// The version, from 1.
        version: i64,
        /// The text of the file.
        content: String,
        /// The record with which it was taken into use; none if it ships with the program.
        record_hash: Option<[u8; 32]>,
        /// When, microseconds.
        adopted_at: i64,
    }
}

/// Takes a version into use; false if that very version is in use already.
///
/// # Errors
/// [`StoreError::Conflict`] if another text has that case type and version. All functions of this file: what the
/// database says.
pub async fn adopt(tx: &mut Tx, row: &WorkflowRow) -> Result<bool, StoreError> {
    match by_version(tx, &row.case_type, row.version).await? {
        Some(held) if held.hash == row.hash => Ok(false),
        Some(_) => Err(StoreError::Conflict("workflows.insert")),
        None => tx.insert(row).await.map(|()| true),
    }
}

/// The version of a hash.
///
/// # Errors
/// As [`adopt`].
pub async fn get(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<WorkflowRow>, StoreError> {
    tx.select_one(
        "-- workflows.get
         SELECT * FROM workflows WHERE hash = $1",
        params![hash],
    )
    .await
}

/// The version of a case type with that number.
///
/// # Errors
/// As [`adopt`].
pub async fn by_version(
    tx: &mut Tx,
    case_type: &str,
    version: i64,
) -> Result<Option<WorkflowRow>, StoreError> {
    tx.select_one(
        "-- workflows.by_version
         SELECT * FROM workflows WHERE case_type = $1 AND version = $2",
        params![case_type, version],
    )
    .await
}

/// The version under which cases of a type are opened now.
///
/// # Errors
/// As [`adopt`].
pub async fn newest(tx: &mut Tx, case_type: &str) -> Result<Option<WorkflowRow>, StoreError> {
    tx.select_one(
        "-- workflows.newest
         SELECT * FROM workflows WHERE case_type = $1 ORDER BY version DESC LIMIT 1",
        params![case_type],
    )
    .await
}

/// All versions, by case type and version.
///
/// # Errors
/// As [`adopt`].
pub async fn list(tx: &mut Tx) -> Result<Vec<WorkflowRow>, StoreError> {
    tx.select(
        "-- workflows.list
         SELECT * FROM workflows ORDER BY case_type, version",
        Vec::new(),
    )
    .await
}
