//! Where an identifier (container, MRN, VIN, ..) occurs; normalises and checks nothing.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

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

/// Where a normalised identifier stands in some objects, in no fixed order.
///
/// # Errors
/// As [`put_all`].
pub async fn in_objects(
    tx: &mut Tx,
    objects: &[String],
    normalised: &str,
) -> Result<Vec<Identifier>, StoreError> {
    // Written so that the objects are looked up and not the value, which may stand in very many.
    tx.select_in(
        "-- identifiers.in_objects
         SELECT * FROM identifiers WHERE normalised || '' = $1 AND object IN",
        params![normalised],
        objects.iter().map(Param::from).collect(),
    )
    .await
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
