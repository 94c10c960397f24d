//! The cards in force of the paired authorities, in memory; replaced as a whole when trust changes, judges none.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::id::AuthorityName;
use crate::node::log::cards;
use crate::node::store::{Store, StoreError};
use crate::record::card::Card;

/// The cards by authority at one moment.
pub type Cards = BTreeMap<AuthorityName, Arc<Card>>;

/// The paired authorities' cards.
#[derive(Debug, Default)]
pub struct Roster(ArcSwap<Cards>);

impl Roster {
    /// Reads the cards in force anew.
    ///
    /// # Errors
    /// What the store says.
    pub async fn refresh(&self, store: &Store) -> Result<Arc<Cards>, StoreError> {
        let read =
            store.read("roster", |tx| Box::pin(async move { cards::all_in_force(tx).await }));
        let cards: Cards =
            read.await?.into_iter().map(|card| (card.authority.clone(), Arc::new(card))).collect();
        let cards = Arc::new(cards);
        self.0.store(Arc::clone(&cards));
        Ok(cards)
    }

    /// The card in force of a paired authority.
    #[must_use]
    pub fn card(&self, peer: &AuthorityName) -> Option<Arc<Card>> {
        self.0.load().get(peer).cloned()
    }

    /// All cards at this moment.
    #[must_use]
    pub fn cards(&self) -> Arc<Cards> {
        self.0.load_full()
    }
}
