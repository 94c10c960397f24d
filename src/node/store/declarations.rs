//! Imported customs declarations and their risk scores; scores nothing.

use crate::node::store::error::StoreError;
use crate::node::store::filter::Filter;
use crate::node::store::imported_rows::Stands;
use crate::node::store::table::{Table as _, table};
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

table! {
    /// A declaration.
    Declaration = declarations (id) {
        /// Its number.
        id: String,
        /// The import that brought it.
        import: String,
        /// The line of the file.
        line: i64,
        /// The name of the file.
        source: String,
        /// When it was imported, microseconds.
        imported_at: i64,
        /// The day of the declaration, `YYYY-MM-DD`; empty if the file has none.
        date: String,
        /// The first six digits of the commodity code.
        hs6: String,
        /// The country of origin.
        origin: String,
        /// The country of departure.
        departure: String,
        /// The importer.
        importer: String,
        /// The seller.
        seller: String,
        /// The net mass in kg, decimal text.
        net_mass: String,
        /// The price of the item, decimal text.
        item_price: String,
        /// The currency of the price.
        currency: String,
        /// The score; higher is more suspicious.
        score: i64,
        /// Why it scores so.
        reasons: String,
        /// The row as it was imported.
        raw: String,
    }
}

/// Which declarations a list shows; an absent condition holds for all.
#[derive(Clone, Debug, Default)]
pub struct DeclarationFilter {
    /// With at least this score.
    pub score_min: Option<i64>,
    /// Of this commodity.
    pub hs6: Option<String>,
    /// From this country.
    pub origin: Option<String>,
    /// Of this importer.
    pub importer: Option<String>,
}

/// Keeps declarations, replacing those that other imports brought; gives how many were kept. A declaration that this
/// import brought before stays as it is.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn put_new(tx: &mut Tx, rows: &[Declaration]) -> Result<u64, StoreError> {
    let replace = "ON CONFLICT (id) DO UPDATE SET import = excluded.import, line = excluded.line,
         source = excluded.source, imported_at = excluded.imported_at, date = excluded.date,
         hs6 = excluded.hs6, origin = excluded.origin, departure = excluded.departure,
         importer = excluded.importer, seller = excluded.seller, net_mass = excluded.net_mass,
         item_price = excluded.item_price, currency = excluded.currency, score = excluded.score,
         reasons = excluded.reasons, raw = excluded.raw
         WHERE declarations.import <> excluded.import";
    let params = rows.iter().map(Declaration::params).collect();
    tx.insert_many(Declaration::INSERT, replace, params).await
}

/// Where declarations of these numbers stand that an import brought.
///
/// # Errors
/// As [`put_new`].
pub async fn standing(
    tx: &mut Tx,
    import: &str,
    ids: Vec<Param>,
) -> Result<Vec<Stands>, StoreError> {
    tx.select_in(
        "-- declarations.standing
         SELECT id, line FROM declarations WHERE import = $1 AND id IN",
        params![import],
        ids,
    )
    .await
}

/// The declaration of that number.
///
/// # Errors
/// As [`put_new`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Declaration>, StoreError> {
    tx.select_one(
        "-- declarations.get
         SELECT * FROM declarations WHERE id = $1",
        params![id],
    )
    .await
}

/// Net mass and price of up to `limit` declarations with a commodity code from `first` to `last`, the newest first.
///
/// # Errors
/// As [`put_new`].
pub async fn prices(
    tx: &mut Tx,
    first: &str,
    last: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx
        .fetch_all(
            "-- declarations.prices
             SELECT net_mass, item_price FROM declarations WHERE hs6 BETWEEN $1 AND $2
             ORDER BY imported_at DESC, id LIMIT $3",
            params![first, last, limit],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}

/// Changes the score of a declaration.
///
/// # Errors
/// [`StoreError::Conflict`] if there is none of that number.
pub async fn set_score(tx: &mut Tx, id: &str, score: i64, reasons: &str) -> Result<(), StoreError> {
    tx.change_one(
        "-- declarations.set_score
         UPDATE declarations SET score = $2, reasons = $3 WHERE id = $1",
        params![id, score, reasons],
    )
    .await
}

/// Up to `limit` declarations that fit, the highest score first, after the one with that score and number.
///
/// # Errors
/// As [`put_new`].
pub async fn list(
    tx: &mut Tx,
    filter: &DeclarationFilter,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Declaration>, StoreError> {
    let mut query = filtered("-- declarations.list\nSELECT * FROM declarations", filter);
    if let Some((score, id)) = after {
        query.and("(score, id) < (?, ?)", params![score, id]);
    }
    query.select(tx, "ORDER BY score DESC, id DESC LIMIT ?", limit).await
}

/// How many declarations fit.
///
/// # Errors
/// As [`put_new`].
pub async fn count(tx: &mut Tx, filter: &DeclarationFilter) -> Result<i64, StoreError> {
    filtered("-- declarations.count\nSELECT COUNT(*) FROM declarations", filter).number(tx).await
}

fn filtered(head: &'static str, filter: &DeclarationFilter) -> Filter {
    let mut query = Filter::of(head);
    query.and_some("score >= ?", filter.score_min);
    query.and_some("hs6 = ?", filter.hs6.as_deref());
    query.and_some("origin = ?", filter.origin.as_deref());
    query.and_some("importer = ?", filter.importer.as_deref());
    query
}
