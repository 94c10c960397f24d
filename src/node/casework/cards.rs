//! Which keys speak for whom: the cards in force, read from the store and kept in memory; adopts no card.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use ed25519_dalek::VerifyingKey;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::store::{Store, StoreError, peers};
use crate::record::card::{Card, RecordKey, SignedCard};
use crate::record::{KeyId, Statement};
use crate::transparency::key::VerifierKey;

/// What is known of one authority's keys.
#[derive(Clone, Debug)]
pub struct KnownAuthority {
    /// The card in force.
    pub card: Card,
    /// The bytes of the card in force.
    pub bytes: Vec<u8>,
    /// Whether its root is pinned now. One that was removed is known for what it said and got before.
    pub is_paired: bool,
    /// The record keys of every card of this authority, so that old records can be read.
    record_keys: Vec<RecordKey>,
    /// The receipt keys of every card.
    receipt_keys: Vec<VerifyingKey>,
    /// The log keys of every card.
    log_keys: Vec<VerifierKey>,
}

impl KnownAuthority {
    fn of(versions: &[SignedCard], bytes: Vec<u8>, is_paired: bool) -> Option<Self> {
        let card = versions.last()?.card.clone();
        Some(Self {
            is_paired,
            record_keys: versions.iter().flat_map(|v| v.card.record_keys.clone()).collect(),
            receipt_keys: versions.iter().map(|v| v.card.receipt_key).collect(),
            log_keys: log_keys_of(versions),
            card,
            bytes,
        })
    }

    /// The key that a statement names, if it may sign records at the time that the statement gives.
    #[must_use]
    pub fn record_key(&self, statement: &Statement) -> Option<VerifyingKey> {
        let at = Timestamp::from_secs(statement.issued_at);
        self.record_keys
            .iter()
            .find(|k| KeyId::of(&k.key) == statement.key && k.not_before <= at && at <= k.not_after)
            .map(|k| k.key)
    }

    /// The receipt key with that thumbprint; without one, the key of the card in force.
    #[must_use]
    pub fn receipt_key(&self, id: Option<KeyId>) -> Option<VerifyingKey> {
        match id {
            None => Some(self.card.receipt_key),
            Some(id) => self.receipt_keys.iter().find(|key| KeyId::of(key) == id).copied(),
        }
    }

    /// The keys of the authority's log with that origin, of every card.
    #[must_use]
    pub fn log_keys(&self, origin: &str) -> Vec<VerifierKey> {
        self.log_keys.iter().filter(|key| key.name() == origin).cloned().collect()
    }

    /// The witness key.
    #[must_use]
    pub fn witness_key(&self) -> Option<VerifierKey> {
        self.card.witness_vkey.parse().ok()
    }
}

fn log_keys_of(versions: &[SignedCard]) -> Vec<VerifierKey> {
    let vkeys: BTreeSet<&String> = versions.iter().flat_map(|v| &v.card.log_vkeys).collect();
    vkeys.into_iter().filter_map(|vkey| vkey.parse().ok()).collect()
}

/// The authorities that this node knows: itself and its peers.
#[derive(Debug, Default)]
pub struct CardBook(ArcSwap<HashMap<AuthorityName, Arc<KnownAuthority>>>);

impl CardBook {
    /// Reads all cards anew; called when the node starts and whenever trust changes.
    ///
    /// # Errors
    /// What the store says.
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let rows = store
            .read("cards_all", |tx| {
                Box::pin(async move {
                    let pinned = peers::list(tx).await?;
                    let mut rows = Vec::new();
                    for current in peers::cards(tx).await? {
                        let is_paired =
                            pinned.iter().any(|peer| peer.authority == current.authority);
                        rows.push((peers::cards_of(tx, &current.authority).await?, is_paired));
                    }
                    Ok::<_, StoreError>(rows)
                })
            })
            .await?;
        let mut known = HashMap::new();
        for (versions, is_paired) in rows {
            let bytes = versions.last().map(|row| row.card.clone()).unwrap_or_default();
            let cards: Vec<_> =
                versions.iter().filter_map(|row| SignedCard::decode(&row.card).ok()).collect();
            if let Some(authority) = KnownAuthority::of(&cards, bytes, is_paired) {
                known.insert(authority.card.authority.clone(), Arc::new(authority));
            }
        }
        self.0.store(Arc::new(known));
        Ok(())
    }

    /// What is known of an authority that is paired now: from whom something new is taken.
    #[must_use]
    pub fn paired(&self, authority: &AuthorityName) -> Option<Arc<KnownAuthority>> {
        self.get(authority).filter(|known| known.is_paired)
    }

    /// What is known of an authority, also of one that was removed: for what is kept.
    #[must_use]
    pub fn get(&self, authority: &AuthorityName) -> Option<Arc<KnownAuthority>> {
        self.0.load().get(authority).cloned()
    }

    /// Every authority that is known, also those that were removed.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<KnownAuthority>> {
        self.0.load().values().cloned().collect()
    }
}
