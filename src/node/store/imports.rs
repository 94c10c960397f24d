//! Files that are being or were imported: how far each is, and which rows were refused; reads no file.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// A file that is being or was imported.
    Import = imports (id) {
        /// Made of the digests of file and mapping: the same file under the same mapping is the same import.
        id: String,
        /// What the rows are: `declaration`, `manifest` or `seizure`.
        kind: String,
        /// The name of the file.
        source: String,
        /// SHA-256 of the file.
        sha256: [u8; 32],
        /// Its length.
        bytes: i64,
        /// The text of the mapping.
        mapping: String,
        /// Who began it: a user id.
        officer: String,
        /// When it was begun, microseconds.
        started_at: i64,
        /// When its last row was done; none while it is not whole.
        finished_at: Option<i64>,
        /// How many rows of the file are done, kept or refused; where a broken import goes on.
        rows_done: i64,
        /// Rows that were kept.
        accepted: i64,
        /// Rows among them that an officer should look at.
        warned: i64,
        /// Rows that were refused.
        refused: i64,
        /// How many bytes of the file the rows that are done reach.
        taken_bytes: i64,
        /// SHA-256 of those bytes.
        taken_sha256: [u8; 32],
    }
}

table! {
    /// A row that was refused.
    Refusal = import_refusals (import, first_byte) {
        /// The import.
        import: String,
        /// Where the row begins in the file.
        first_byte: i64,
        /// Where it ends, without the end of its line.
        end_byte: i64,
        /// The line on which it begins, from 1.
        line: i64,
        /// Why.
        reason: String,
    }
}

/// Begins an import unless it is there; gives the row as it stands then.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn begin(tx: &mut Tx, import: &Import) -> Result<Import, StoreError> {
    if tx.insert_new(import).await? {
        return Ok(import.clone());
    }
    get(tx, &import.id).await?.ok_or(StoreError::Conflict("imports.begin"))
}

/// An import.
///
/// # Errors
/// As [`begin`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Import>, StoreError> {
    tx.select_one(
        "-- imports.get
         SELECT * FROM imports WHERE id = $1",
        params![id],
    )
    .await
}

/// Imports, the newest first.
///
/// # Errors
/// As [`begin`].
pub async fn list(tx: &mut Tx, page: &Page) -> Result<Vec<Import>, StoreError> {
    let mut query = Filter::of("-- imports.list\nSELECT * FROM imports");
    query.and_page("(started_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY started_at DESC, id DESC LIMIT ?", page.limit).await
}

/// Moves an import on from a number of rows done to what `import` says.
///
/// # Errors
/// [`StoreError::Conflict`] if it stands elsewhere, because somebody else imports the same file.
pub async fn advance(tx: &mut Tx, rows_before: i64, import: &Import) -> Result<(), StoreError> {
    tx.change_one(
        "-- imports.advance
         UPDATE imports SET rows_done = $3, accepted = $4, warned = $5, refused = $6, taken_bytes = $7, taken_sha256 = $8
         WHERE id = $1 AND rows_done = $2 AND finished_at IS NULL",
        params![
            &import.id,
            rows_before,
            import.rows_done,
            import.accepted,
            import.warned,
            import.refused,
            import.taken_bytes,
            import.taken_sha256
        ],
    )
    .await
}

/// Notes that the file was read to its end.
///
/// # Errors
/// [`StoreError::Conflict`] if the import stands elsewhere or is finished.
pub async fn finish(tx: &mut Tx, id: &str, rows_done: i64, now: i64) -> Result<(), StoreError> {
    tx.change_one(
        "-- imports.finish
         UPDATE imports SET finished_at = $3
         WHERE id = $1 AND rows_done = $2 AND finished_at IS NULL",
        params![id, rows_done, now],
    )
    .await
}

/// Notes refused rows.
///
/// # Errors
/// As [`begin`].
pub async fn refuse_all(tx: &mut Tx, rows: &[Refusal]) -> Result<(), StoreError> {
    tx.put_all(rows).await
}

/// Up to `limit` refused rows in the order of the file, after the one that begins at that byte.
///
/// # Errors
/// As [`begin`].
pub async fn refusals(
    tx: &mut Tx,
    import: &str,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<Refusal>, StoreError> {
    tx.select(
        "-- import_refusals.list
         SELECT * FROM import_refusals WHERE import = $1 AND first_byte > $2
         ORDER BY first_byte LIMIT $3",
        params![import, after.unwrap_or(-1), limit],
    )
    .await
}
