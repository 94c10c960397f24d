//! Imported rows that are not scored, and the identifiers in imported rows of every kind; reads no file.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::{Table as _, table};
use crate::node::store::tx::Tx;
use crate::node::store::value::{FromRow, Param, Row, params};

table! {
    /// A line of a manifest, or a seizure.
    ImportedRow = imported_rows (kind, id) {
        /// Its number.
        id: String,
        /// `manifest` or `seizure`.
        kind: String,
        /// The import that brought it.
        import: String,
        /// The line of the file.
        line: i64,
        /// The name of the file.
        source: String,
        /// When it was imported, microseconds.
        imported_at: i64,
        /// What it is, in a line.
        title: String,
        /// Its values by the names of the mapping, as a JSON object.
        fields: String,
        /// The row as it was imported.
        raw: String,
    }
}

table! {
    /// An identifier in an imported row.
    ImportedIdentifier = imported_identifiers (kind, id, number) {
        /// Which kind of row.
        kind: String,
        /// The number of the row.
        id: String,
        /// Its place among the identifiers of the row, from 0.
        number: i64,
        /// Which scheme: `container`, `mrn`, ..
        scheme: String,
        /// As it stood in the file.
        observed: String,
        /// The normalised form.
        normalised: String,
    }
}

/// A row that was kept by the import that is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// Its number.
    pub id: String,
    /// The line of the file.
    pub line: i64,
}

impl FromRow for Stands {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id: row.text(0)?, line: row.int(1)? })
    }
}

/// Keeps rows, replacing those that other imports brought; gives how many were kept. A row that this import brought
/// before stays as it is.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn put_new(tx: &mut Tx, rows: &[ImportedRow]) -> Result<u64, StoreError> {
    let replace =
        "ON CONFLICT (kind, id) DO UPDATE SET import = excluded.import, line = excluded.line,
         source = excluded.source, imported_at = excluded.imported_at, title = excluded.title,
         fields = excluded.fields, raw = excluded.raw
         WHERE imported_rows.import <> excluded.import";
    let params = rows.iter().map(ImportedRow::params).collect();
    tx.insert_many(ImportedRow::INSERT, replace, params).await
}

/// Where rows of these numbers stand that an import brought.
///
/// # Errors
/// As [`put_new`].
pub async fn standing(
    tx: &mut Tx,
    kind: &str,
    import: &str,
    ids: Vec<Param>,
) -> Result<Vec<Stands>, StoreError> {
    tx.select_in(
        "-- imported_rows.standing
         SELECT id, line FROM imported_rows WHERE kind = $1 AND import = $2 AND id IN",
        params![kind, import],
        ids,
    )
    .await
}

/// Notes the identifiers of rows in place of those that were noted of them.
///
/// # Errors
/// As [`put_new`].
pub async fn identify(
    tx: &mut Tx,
    kind: &str,
    ids: Vec<Param>,
    rows: &[ImportedIdentifier],
) -> Result<(), StoreError> {
    tx.execute_in(
        "-- imported_identifiers.clear
         DELETE FROM imported_identifiers WHERE kind = $1 AND id IN",
        params![kind],
        ids,
    )
    .await?;
    tx.insert_all(rows).await
}

/// The row of that kind and number.
///
/// # Errors
/// As [`put_new`].
pub async fn get(tx: &mut Tx, kind: &str, id: &str) -> Result<Option<ImportedRow>, StoreError> {
    tx.select_one(
        "-- imported_rows.get
         SELECT * FROM imported_rows WHERE kind = $1 AND id = $2",
        params![kind, id],
    )
    .await
}

/// The identifiers of a row.
///
/// # Errors
/// As [`put_new`].
pub async fn identifiers(
    tx: &mut Tx,
    kind: &str,
    id: &str,
) -> Result<Vec<ImportedIdentifier>, StoreError> {
    tx.select(
        "-- imported_identifiers.of_row
         SELECT * FROM imported_identifiers WHERE kind = $1 AND id = $2 ORDER BY number",
        params![kind, id],
    )
    .await
}

/// Rows of a kind, the newest first.
///
/// # Errors
/// As [`put_new`].
pub async fn list(tx: &mut Tx, kind: &str, page: &Page) -> Result<Vec<ImportedRow>, StoreError> {
    let mut query = Filter::of("-- imported_rows.list\nSELECT * FROM imported_rows");
    query.and("kind = ?", params![kind]);
    query.and_page("(imported_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY imported_at DESC, id DESC LIMIT ?", page.limit).await
}

/// Up to `limit` places in imported rows where a normalised identifier stands; without `scheme` in all schemes, without
/// `kind` in all kinds.
///
/// # Errors
/// As [`put_new`].
pub async fn find(
    tx: &mut Tx,
    kind: Option<&str>,
    scheme: Option<&str>,
    normalised: &str,
    limit: i64,
) -> Result<Vec<ImportedIdentifier>, StoreError> {
    let mut query = Filter::of("-- imported_identifiers.find\nSELECT * FROM imported_identifiers");
    query.and("normalised = ?", params![normalised]);
    query.and_some("scheme = ?", scheme);
    query.and_some("kind = ?", kind);
    query.select(tx, "ORDER BY kind, id, number LIMIT ?", limit).await
}

/// Where an imported row stands: the import and the line of its file; none if there is no such row.
///
/// # Errors
/// As [`put_new`].
pub async fn place(tx: &mut Tx, kind: &str, id: &str) -> Result<Option<(String, i64)>, StoreError> {
    let row = tx
        .fetch_optional(
            "-- imported_rows.place
             SELECT import, line FROM declarations WHERE $1 = 'declaration' AND id = $2
             UNION ALL
             SELECT import, line FROM imported_rows WHERE kind = $1 AND id = $2",
            params![kind, id],
        )
        .await?;
    row.map(|row| Ok((row.text(0)?, row.int(1)?))).transpose()
}

/// Removes an imported row with its identifiers.
///
/// # Errors
/// As [`put_new`].
pub async fn erase(tx: &mut Tx, kind: &str, id: &str) -> Result<(), StoreError> {
    for sql in [
        "-- imported_identifiers.erase
         DELETE FROM imported_identifiers WHERE kind = $1 AND id = $2",
        "-- imported_rows.erase
         DELETE FROM imported_rows WHERE kind = $1 AND id = $2",
        "-- declarations.erase
         DELETE FROM declarations WHERE $1 = 'declaration' AND id = $2",
    ] {
        tx.execute(sql, params![kind, id]).await?;
    }
    Ok(())
}

/// Removes an import with all rows that it brought and that no later import replaced.
///
/// # Errors
/// As [`put_new`].
pub async fn erase_import(tx: &mut Tx, import: &str) -> Result<(), StoreError> {
    for sql in [
        "-- imported_identifiers.erase_declarations
         DELETE FROM imported_identifiers WHERE kind = 'declaration'
         AND id IN (SELECT id FROM declarations WHERE import = $1)",
        "-- imported_identifiers.erase_others
         DELETE FROM imported_identifiers
         WHERE (kind, id) IN (SELECT kind, id FROM imported_rows WHERE import = $1)",
        "-- declarations.erase_import
         DELETE FROM declarations WHERE import = $1",
        "-- imported_rows.erase_import
         DELETE FROM imported_rows WHERE import = $1",
        "-- import_refusals.erase
         DELETE FROM import_refusals WHERE import = $1",
        "-- imports.erase
         DELETE FROM imports WHERE id = $1",
    ] {
        tx.execute(sql, params![import]).await?;
    }
    Ok(())
}
