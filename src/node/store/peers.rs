//! The authorities that we know, by pinned root key, and the cards that they signed; verifies no signature.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// An authority whose root key an administrator pinned.
    Peer = peers (authority) {
        /// Its name.
        authority: String,
        /// Its root key.
        root_key: Vec<u8>,
        /// When it was pinned, microseconds.
        added_at: i64,
        /// When it was removed, microseconds.
        removed_at: Option<i64>,
    }
}

table! {
    /// A version of an authority's card.
    Card = cards (authority, root_key, version) {
        /// Whose.
        authority: String,
        /// The root key that signed it.
        root_key: Vec<u8>,
        /// Its version; the highest of the root that counts is in force.
        version: i64,
        /// The signed bytes.
        card: Vec<u8>,
        /// When it came, microseconds.
        received_at: i64,
    }
}

/// Pins an authority, or pins it anew.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn put(tx: &mut Tx, peer: &Peer) -> Result<(), StoreError> {
    tx.put(peer).await
}

/// Removes an authority; its cards and records stay.
///
/// # Errors
/// [`StoreError::Conflict`] if it is not pinned.
pub async fn remove(tx: &mut Tx, authority: &str, at: i64) -> Result<(), StoreError> {
    tx.change_one(
        "-- peers.remove
         UPDATE peers SET removed_at = $2 WHERE authority = $1 AND removed_at IS NULL",
        params![authority, at],
    )
    .await
}

/// The authority of that name, also a removed one.
///
/// # Errors
/// As [`put`].
pub async fn get(tx: &mut Tx, authority: &str) -> Result<Option<Peer>, StoreError> {
    tx.select_one(
        "-- peers.get
         SELECT * FROM peers WHERE authority = $1",
        params![authority],
    )
    .await
}

/// The authorities that are pinned now.
///
/// # Errors
/// As [`put`].
pub async fn list(tx: &mut Tx) -> Result<Vec<Peer>, StoreError> {
    tx.select(
        "-- peers.list
         SELECT * FROM peers WHERE removed_at IS NULL ORDER BY authority",
        params![],
    )
    .await
}

/// All authorities that ever were pinned, whose old records may need their keys.
///
/// # Errors
/// As [`put`].
pub async fn list_all(tx: &mut Tx) -> Result<Vec<Peer>, StoreError> {
    tx.select(
        "-- peers.list_all
         SELECT * FROM peers ORDER BY authority",
        params![],
    )
    .await
}

/// Keeps a card unless that version of its root is kept; true if it was new.
///
/// # Errors
/// As [`put`].
pub async fn add_card(tx: &mut Tx, card: &Card) -> Result<bool, StoreError> {
    tx.insert_new(card).await
}

/// The card of an authority that counts now: of the root that is pinned, or was pinned last, the highest version. The
/// node itself is not pinned: of its cards the root of the one that came last counts.
///
/// # Errors
/// As [`put`].
pub async fn card(tx: &mut Tx, authority: &str) -> Result<Option<Card>, StoreError> {
    tx.select_one(
        "-- cards.current
         SELECT * FROM cards c WHERE c.authority = $1 AND c.root_key = COALESCE(
             (SELECT p.root_key FROM peers p WHERE p.authority = $1),
             (SELECT n.root_key FROM cards n WHERE n.authority = $1
              ORDER BY n.received_at DESC, n.version DESC LIMIT 1))
         ORDER BY c.version DESC LIMIT 1",
        params![authority],
    )
    .await
}

/// All versions of an authority's card under all its roots, those of a root together.
///
/// # Errors
/// As [`put`].
pub async fn cards_of(tx: &mut Tx, authority: &str) -> Result<Vec<Card>, StoreError> {
    tx.select(
        "-- cards.of_authority
         SELECT * FROM cards WHERE authority = $1 ORDER BY root_key, version",
        params![authority],
    )
    .await
}

/// The card that counts now of each authority.
///
/// # Errors
/// As [`put`].
pub async fn cards(tx: &mut Tx) -> Result<Vec<Card>, StoreError> {
    tx.select(
        "-- cards.list_current
         SELECT * FROM cards c
         WHERE c.root_key = COALESCE(
                 (SELECT p.root_key FROM peers p WHERE p.authority = c.authority),
                 (SELECT n.root_key FROM cards n WHERE n.authority = c.authority
                  ORDER BY n.received_at DESC, n.version DESC LIMIT 1))
             AND c.version = (SELECT MAX(m.version) FROM cards m
                 WHERE m.authority = c.authority AND m.root_key = c.root_key)
         ORDER BY c.authority",
        params![],
    )
    .await
}
