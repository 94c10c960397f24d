//! Orders to erase data, and how far each is; erases nothing itself but the rows of a scope.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

words! {
    /// How far an order is.
    ErasureState {
        /// Waits for the second officer.
        Ordered = "ordered",
        /// Decided against.
        Refused = "refused",
        /// Decided for; keys and rows are being destroyed. After a crash the node goes on from here.
        Confirmed = "confirmed",
        /// Certified.
        Done = "done",
    }
}

table! {
    /// An order.
    Erasure = erasures (id) {
        /// Its object id.
        id: String,
        /// The case, or the import.
        object: String,
        /// What of it, joined by spaces: `case`, `import`, or `subjects/0` and the like.
        scope: String,
        /// How far it is.
        state: ErasureState,
        /// The user who ordered it.
        ordered_by: String,
        /// When, microseconds.
        ordered_at: i64,
        /// When it was decided, microseconds.
        decided_at: Option<i64>,
        /// The newest record of its chain.
        head: [u8; 32],
    }
}

/// Notes an order.
///
/// # Errors
/// [`StoreError::Conflict`] if the id is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, row: &Erasure) -> Result<(), StoreError> {
    tx.insert(row).await
}

/// Takes an order from one state to the next.
///
/// # Errors
/// [`StoreError::Conflict`] if it is not in the state `from`.
pub async fn advance(tx: &mut Tx, from: ErasureState, row: &Erasure) -> Result<(), StoreError> {
    tx.change_one(
        "-- erasures.advance
         UPDATE erasures SET state = $3, decided_at = $4, head = $5 WHERE id = $1 AND state = $2",
        params![&row.id, from, row.state, row.decided_at, row.head],
    )
    .await
}

/// The order of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Erasure>, StoreError> {
    tx.select_one(
        "-- erasures.get
         SELECT * FROM erasures WHERE id = $1",
        params![id],
    )
    .await
}

/// The orders in a state, or all of them, newest first.
///
/// # Errors
/// As [`insert`].
pub async fn list(
    tx: &mut Tx,
    state: Option<ErasureState>,
    page: &Page,
) -> Result<Vec<Erasure>, StoreError> {
    let mut query = Filter::of("-- erasures.list\nSELECT * FROM erasures");
    query.and_some("state = ?", state.map(ErasureState::as_str));
    query.and_page("(ordered_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY ordered_at DESC, id DESC LIMIT ?", page.limit).await
}

/// Whether an order about a case or an import waits or is being carried out.
///
/// # Errors
/// As [`insert`].
pub async fn is_under_way(tx: &mut Tx, object: &str) -> Result<bool, StoreError> {
    let found = tx
        .fetch_optional(
            "-- erasures.under_way
             SELECT id FROM erasures WHERE object = $1 AND state IN ('ordered', 'confirmed') LIMIT 1",
            params![object],
        )
        .await?;
    Ok(found.is_some())
}

/// Removes what can be read of an object at a path and below it, such as `subjects/0`: current fields and identifiers.
///
/// # Errors
/// As [`insert`].
pub async fn wipe_path(tx: &mut Tx, object: &str, path: &str) -> Result<u64, StoreError> {
    let fields = tx
        .execute(
            "-- object_fields.wipe_path
             DELETE FROM object_fields WHERE object = $1
             AND (path = $2 OR SUBSTR(path, 1, LENGTH($2) + 1) = $2 || '/')",
            params![object, path],
        )
        .await?;
    let identifiers = tx
        .execute(
            "-- identifiers.wipe_path
             DELETE FROM identifiers WHERE object = $1
             AND (path = $2 OR SUBSTR(path, 1, LENGTH($2) + 1) = $2 || '/')",
            params![object, path],
        )
        .await?;
    Ok(fields.saturating_add(identifiers))
}

/// Removes an item of evidence: its row, its custody lines and what waits for it. Its records stay, unreadable.
///
/// # Errors
/// As [`insert`].
pub async fn wipe_evidence(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    for sql in [
        "-- pending_transfers.wipe
         DELETE FROM pending_transfers WHERE evidence_id = $1",
        "-- custody.wipe
         DELETE FROM custody WHERE evidence_id = $1",
        "-- evidence.wipe
         DELETE FROM evidence WHERE id = $1",
    ] {
        tx.execute(sql, params![id]).await?;
    }
    Ok(())
}
