//! Where an identifier (container, MRN, VIN, ..) occurs; normalises and checks nothing.

use crate::node::store::error::StoreError;
use crate::node::store::filter::Filter;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// An identifier in a field of an object.
    Identifier = identifiers (object, path) {
        /// Which kind: `container`, `mrn`, `hs`, ..
        scheme: String,
        /// The normalised form.
        normalised: String,
        /// The object that mentions it.
        object: String,
        /// The field in which it stands.
        path: String,
        /// What its check digit or list said: `ok`, `warning`, ..
        check_result: String,
    }
}

/// Notes identifiers, replacing those at the same place.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn put_all(tx: &mut Tx, rows: &[Identifier]) -> Result<(), StoreError> {
    tx.put_all(rows).await
}

/// Forgets the identifier at a place.
///
/// # Errors
/// As [`put_all`].
pub async fn clear(tx: &mut Tx, object: &str, path: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- identifiers.clear
         DELETE FROM identifiers WHERE object = $1 AND path = $2",
        params![object, path],
    )
    .await
}

/// Forgets all identifiers of an object.
///
/// # Errors
/// As [`put_all`].
pub async fn clear_object(tx: &mut Tx, object: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- identifiers.clear_object
         DELETE FROM identifiers WHERE object = $1",
        params![object],
    )
    .await
}

/// Up to `limit` places where a normalised identifier occurs; without `scheme` in all schemes.
///
/// # Errors
/// As [`put_all`].
pub async fn find(
    tx: &mut Tx,
    scheme: Option<&str>,
    normalised: &str,
    limit: i64,
) -> Result<Vec<Identifier>, StoreError> {
    let mut query = Filter::of("-- identifiers.find\nSELECT * FROM identifiers");
    query.and("normalised = ?", params![normalised]);
    query.and_some("scheme = ?", scheme);
    query.select(tx, "ORDER BY object, path LIMIT ?", limit).await
}

/// The identifiers of an object, by path.
///
/// # Errors
/// As [`put_all`].
pub async fn of_object(tx: &mut Tx, object: &str) -> Result<Vec<Identifier>, StoreError> {
    tx.select(
        "-- identifiers.of_object
         SELECT * FROM identifiers WHERE object = $1 ORDER BY path",
        params![object],
    )
    .await
}
