//! The imported rows on which cases were opened; what of them became content stands in the cases.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// That a case was opened on an imported row.
    CaseOrigin = case_origins (case_id, kind, row_id) {
        /// The case.
        case_id: String,
        /// What the row is: `declaration`, `manifest` or `seizure`.
        kind: String,
        /// The number of the row.
        row_id: String,
    }
}

/// Makes these the origins of a case.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn set(tx: &mut Tx, case_id: &str, rows: &[CaseOrigin]) -> Result<(), StoreError> {
    tx.execute(
        "-- case_origins.clear
         DELETE FROM case_origins WHERE case_id = $1",
        params![case_id],
    )
    .await?;
    tx.insert_all_new(rows).await.map(|_| ())
}

/// The origins of a case.
///
/// # Errors
/// As [`set`].
pub async fn of_case(tx: &mut Tx, case_id: &str) -> Result<Vec<CaseOrigin>, StoreError> {
    tx.select(
        "-- case_origins.of_case
         SELECT * FROM case_origins WHERE case_id = $1 ORDER BY kind, row_id",
        params![case_id],
    )
    .await
}

/// The cases that were opened on rows that an import brought.
///
/// # Errors
/// As [`set`].
pub async fn of_import(tx: &mut Tx, import: &str) -> Result<Vec<CaseOrigin>, StoreError> {
    tx.select(
        "-- case_origins.of_import
         SELECT case_origins.* FROM case_origins JOIN declarations ON declarations.id = row_id
         WHERE kind = 'declaration' AND import = $1
         UNION ALL
         SELECT case_origins.* FROM case_origins
         JOIN imported_rows ON imported_rows.kind = case_origins.kind AND imported_rows.id = row_id
         WHERE import = $1
         ORDER BY 1, 2, 3",
        params![import],
    )
    .await
}

/// The cases that were opened on a row.
///
/// # Errors
/// As [`set`].
pub async fn of_row(tx: &mut Tx, kind: &str, row_id: &str) -> Result<Vec<CaseOrigin>, StoreError> {
    tx.select(
        "-- case_origins.of_row
         SELECT * FROM case_origins WHERE kind = $1 AND row_id = $2 ORDER BY case_id",
        params![kind, row_id],
    )
    .await
}
