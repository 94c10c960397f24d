//! The card in force of a pinned authority, as log and delivery need it; pins and adopts none.

use crate::node::store::peers::{self, Peer};
use crate::node::store::{StoreError, Tx};
use crate::record::card::{Card, SignedCard};

/// The card with the highest version that the pinned root key signed; none if the authority is not pinned (any more).
///
/// # Errors
/// What the store says.
pub async fn in_force(tx: &mut Tx, authority: &str) -> Result<Option<Card>, StoreError> {
    match peers::get(tx, authority).await? {
        Some(peer) if peer.removed_at.is_none() => of_root(tx, &peer).await,
        Some(_) | None => Ok(None),
    }
}

/// The cards in force of all pinned authorities.
///
/// # Errors
/// What the store says.
pub async fn all_in_force(tx: &mut Tx) -> Result<Vec<Card>, StoreError> {
    let mut cards = Vec::new();
    for peer in peers::list(tx).await? {
        cards.extend(of_root(tx, &peer).await?);
    }
    Ok(cards)
}

/// An authority that was pinned anew may have cards of a former root: those count for nothing.
async fn of_root(tx: &mut Tx, peer: &Peer) -> Result<Option<Card>, StoreError> {
    let versions = peers::cards_of(tx, &peer.authority).await?;
    let sound = versions.iter().rev().filter_map(|row| SignedCard::decode(&row.card).ok());
    // The bytes decide, not the column.
    Ok(sound
        .map(|signed| signed.card)
        .find(|card| card.root_key.as_bytes().as_slice() == peer.root_key))
}
