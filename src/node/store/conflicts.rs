//! Conflicts of interest that stand, as the rules read them; rebuilt from the records of the case.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// That an officer has a conflict of interest in a case.
    CaseConflict = case_conflicts (case_id, user_id) {
        /// The case.
        case_id: String,
        /// The user.
        user_id: String,
        /// The record that says so.
        record_hash: [u8; 32],
    }
}

/// Adds a conflict.
///
/// # Errors
/// [`StoreError::Conflict`] if one of that officer stands in the case already. All functions of this file: what the
/// database says.
pub async fn insert(tx: &mut Tx, row: &CaseConflict) -> Result<(), StoreError> {
    tx.insert(row).await
}

/// Takes a conflict away.
///
/// # Errors
/// [`StoreError::Conflict`] if none of that officer stands in the case.
pub async fn remove(tx: &mut Tx, case_id: &str, user_id: &str) -> Result<(), StoreError> {
    tx.change_one(
        "-- case_conflicts.remove
         DELETE FROM case_conflicts WHERE case_id = $1 AND user_id = $2",
        params![case_id, user_id],
    )
    .await
}

/// The conflicts that stand in a case.
///
/// # Errors
/// As [`insert`].
pub async fn of_case(tx: &mut Tx, case_id: &str) -> Result<Vec<CaseConflict>, StoreError> {
    tx.select(
        "-- case_conflicts.of_case
         SELECT * FROM case_conflicts WHERE case_id = $1 ORDER BY user_id",
        params![case_id],
    )
    .await
}

/// Whether an officer has a conflict of interest in a case.
///
/// # Errors
/// As [`insert`].
pub async fn stands(tx: &mut Tx, case_id: &str, user_id: &str) -> Result<bool, StoreError> {
    Ok(of_case(tx, case_id).await?.iter().any(|row| row.user_id == user_id))
}

/// Forgets the conflicts of a case, after its erasure or before they are rebuilt from records.
///
/// # Errors
/// As [`insert`].
pub async fn clear_case(tx: &mut Tx, case_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "-- case_conflicts.clear
         DELETE FROM case_conflicts WHERE case_id = $1",
        params![case_id],
    )
    .await
    .map(|_| ())
}
