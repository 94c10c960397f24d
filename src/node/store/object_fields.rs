//! The current value of each field of an object, sealed, with the record that set it; opens nothing.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

table! {
    /// The value of a field now.
    ObjectField = object_fields (object, path) {
        /// The object.
        object: String,
        /// The field, such as `subjects/2/name`.
        path: String,
        /// The value, sealed by the key group of the object.
        value: Vec<u8>,
        /// The record that set it.
        record_hash: [u8; 32],
        /// Where in the record's field tree.
        field_index: i64,
    }
}

/// Sets fields.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn put_all(tx: &mut Tx, fields: &[ObjectField]) -> Result<(), StoreError> {
    tx.put_all(fields).await
}

/// Clears fields of an object; gives how many were set.
///
/// # Errors
/// As [`put_all`].
pub async fn clear(tx: &mut Tx, object: &str, paths: &[String]) -> Result<u64, StoreError> {
    tx.execute_in(
        "-- object_fields.clear
         DELETE FROM object_fields WHERE object = $1 AND path IN",
        params![object],
        paths.iter().map(Param::from).collect(),
    )
    .await
}

/// Clears all fields of an object; gives how many were set.
///
/// # Errors
/// As [`put_all`].
pub async fn clear_object(tx: &mut Tx, object: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- object_fields.clear_object
         DELETE FROM object_fields WHERE object = $1",
        params![object],
    )
    .await
}

/// All fields of objects, in no fixed order.
///
/// # Errors
/// As [`put_all`].
pub async fn of_objects(tx: &mut Tx, objects: &[String]) -> Result<Vec<ObjectField>, StoreError> {
    tx.select_in(
        "-- object_fields.of_objects\nSELECT * FROM object_fields WHERE object IN",
        params![],
        objects.iter().map(Param::from).collect(),
    )
    .await
}

/// The names of the subjects of objects, in no fixed order; some fields that are none may be among them.
///
/// # Errors
/// As [`put_all`].
pub async fn names_in(tx: &mut Tx, objects: &[String]) -> Result<Vec<ObjectField>, StoreError> {
    tx.select_in(
        "-- object_fields.names_in
         SELECT * FROM object_fields WHERE (path LIKE 'subjects/%name' OR path LIKE 'subjects/%/alias%')
         AND object IN",
        params![],
        objects.iter().map(Param::from).collect(),
    )
    .await
}

/// All fields of an object, by path.
///
/// # Errors
/// As [`put_all`].
pub async fn of_object(tx: &mut Tx, object: &str) -> Result<Vec<ObjectField>, StoreError> {
    tx.select(
        "-- object_fields.of_object
         SELECT * FROM object_fields WHERE object = $1 ORDER BY path",
        params![object],
    )
    .await
}

/// One field of an object.
///
/// # Errors
/// As [`put_all`].
pub async fn get(tx: &mut Tx, object: &str, path: &str) -> Result<Option<ObjectField>, StoreError> {
    tx.select_one(
        "-- object_fields.get
         SELECT * FROM object_fields WHERE object = $1 AND path = $2",
        params![object, path],
    )
    .await
}

/// Some fields of an object, in no fixed order.
///
/// # Errors
/// As [`put_all`].
pub async fn get_many(
    tx: &mut Tx,
    object: &str,
    paths: &[String],
) -> Result<Vec<ObjectField>, StoreError> {
    tx.select_in(
        "-- object_fields.get_many\nSELECT * FROM object_fields WHERE object = $1 AND path IN",
        params![object],
        paths.iter().map(Param::from).collect(),
    )
    .await
}
