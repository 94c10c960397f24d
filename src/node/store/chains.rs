//! The head of each object's chain of records; the compare-and-swap that keeps two writers from forking it.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

table! {
    /// The newest record that an author wrote about an object.
    Chain = chains (object, author) {
        /// The object.
        object: String,
        /// The author.
        author: String,
        /// The hash of the newest statement.
        head: [u8; 32],
        /// How many statements the chain has.
        length: i64,
    }
}

/// Makes `new` the head of a chain whose head is `old`; none begins the chain.
///
/// # Errors
/// [`StoreError::Conflict`] if the head is another one. All functions of this file: what the database says.
pub async fn advance(
    tx: &mut Tx,
    object: &str,
    author: &str,
    old: Option<&[u8; 32]>,
    new: &[u8; 32],
) -> Result<(), StoreError> {
    match old {
        None => {
            tx.change_one(
                "-- chains.begin
                 INSERT INTO chains (object, author, head, length) VALUES ($1, $2, $3, 1)
                 ON CONFLICT (object, author) DO NOTHING",
                params![object, author, new],
            )
            .await
        }
        Some(old) => {
            tx.change_one(
                "-- chains.advance
                 UPDATE chains SET head = $4, length = length + 1
                 WHERE object = $1 AND author = $2 AND head = $3",
                params![object, author, old, new],
            )
            .await
        }
    }
}

/// Makes `new` the head of a chain that others write: the newest statement that came, whatever it names.
///
/// # Errors
/// As [`advance`].
pub async fn set(
    tx: &mut Tx,
    object: &str,
    author: &str,
    new: &[u8; 32],
) -> Result<(), StoreError> {
    tx.execute(
        "-- chains.set
         INSERT INTO chains (object, author, head, length) VALUES ($1, $2, $3, 1)
         ON CONFLICT (object, author) DO UPDATE SET head = $3, length = chains.length + 1",
        params![object, author, new],
    )
    .await
    .map(|_| ())
}

/// Puts a chain back to an earlier head, after a statement on it was refused; without one the chain begins anew.
///
/// # Errors
/// As [`advance`].
pub async fn put_back(
    tx: &mut Tx,
    object: &str,
    author: &str,
    head: Option<&[u8; 32]>,
    length: i64,
) -> Result<(), StoreError> {
    match head {
        None => {
            tx.execute(
                "-- chains.unbegin
                 DELETE FROM chains WHERE object = $1 AND author = $2",
                params![object, author],
            )
            .await
        }
        Some(head) => {
            tx.execute(
                "-- chains.put_back
                 UPDATE chains SET head = $3, length = $4 WHERE object = $1 AND author = $2",
                params![object, author, head, length],
            )
            .await
        }
    }
    .map(|_| ())
}

/// The chain of an author about an object.
///
/// # Errors
/// As [`advance`].
pub async fn get(tx: &mut Tx, object: &str, author: &str) -> Result<Option<Chain>, StoreError> {
    tx.select_one(
        "-- chains.get
         SELECT * FROM chains WHERE object = $1 AND author = $2",
        params![object, author],
    )
    .await
}

/// The chains of all authors about an object.
///
/// # Errors
/// As [`advance`].
pub async fn of_object(tx: &mut Tx, object: &str) -> Result<Vec<Chain>, StoreError> {
    tx.select(
        "-- chains.of_object
         SELECT * FROM chains WHERE object = $1 ORDER BY author",
        params![object],
    )
    .await
}

/// The chains of an author about objects, in no fixed order.
///
/// # Errors
/// As [`advance`].
pub async fn of_objects(
    tx: &mut Tx,
    author: &str,
    objects: &[String],
) -> Result<Vec<Chain>, StoreError> {
    tx.select_in(
        "-- chains.of_objects\nSELECT * FROM chains WHERE author = $1 AND object IN",
        params![author],
        objects.iter().map(Param::from).collect(),
    )
    .await
}
