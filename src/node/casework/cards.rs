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
    /// The newest card of each root that was pinned before.
    pub former: Vec<SignedCard>,
    /// The keys of every card of the root that counts, so that old records can be read.
    keys: Keys,
    /// The keys of the cards of its former roots: nothing new is taken under them.
    former_keys: Keys,
}

/// Under which roots a key is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// The root that counts now: for what is new.
    RootInForce,
    /// Former roots too: for what was kept before the authority had to make a new root.
    EveryRoot,
}

/// The keys that cards list.
#[derive(Clone, Debug, Default)]
struct Keys {
    record: Vec<RecordKey>,
    receipt: Vec<VerifyingKey>,
    log: Vec<VerifierKey>,
}

impl Keys {
    fn of<'a>(cards: impl Iterator<Item = &'a Card> + Clone) -> Self {
        let vkeys: BTreeSet<&String> = cards.clone().flat_map(|card| &card.log_vkeys).collect();
        Self {
            record: cards.clone().flat_map(|card| card.record_keys.clone()).collect(),
            receipt: cards.map(|card| card.receipt_key).collect(),
            log: vkeys.into_iter().filter_map(|vkey| vkey.parse().ok()).collect(),
        }
    }
}

impl KnownAuthority {
    /// From all cards of the authority, those of a root together in order of their versions, and the one in force.
    fn of(cards: &[SignedCard], in_force: SignedCard, is_paired: bool) -> Self {
        let counts = |card: &&Card| card.root_key == in_force.card.root_key;
        let all = cards.iter().map(|signed| &signed.card);
        let mut newest: Vec<&SignedCard> = Vec::new();
        for signed in cards.iter().filter(|signed| !counts(&&signed.card)) {
            match newest.last_mut() {
                Some(last) if last.card.root_key == signed.card.root_key => *last = signed,
                Some(_) | None => newest.push(signed),
            }
        }
        Self {
            keys: Keys::of(all.clone().filter(counts)),
            former_keys: Keys::of(all.filter(|card| !counts(card))),
            former: newest.into_iter().cloned().collect(),
            bytes: in_force.encode(),
            card: in_force.card,
            is_paired,
        }
    }

    fn keys(&self, under: Under) -> impl Iterator<Item = &Keys> {
        let former = match under {
            Under::RootInForce => None,
            Under::EveryRoot => Some(&self.former_keys),
        };
        std::iter::once(&self.keys).chain(former)
    }

    /// The key that a statement names, if it may sign records at the time that the statement gives.
    #[must_use]
    pub fn record_key(&self, statement: &Statement, under: Under) -> Option<VerifyingKey> {
        let at = Timestamp::from_secs(statement.issued_at);
        self.keys(under)
            .flat_map(|keys| &keys.record)
            .find(|k| KeyId::of(&k.key) == statement.key && k.not_before <= at && at <= k.not_after)
            .map(|k| k.key)
    }

    /// The root key that a statement names; a root key signs cards.
    #[must_use]
    pub fn root_key(&self, statement: &Statement) -> Option<VerifyingKey> {
        let former = self.former.iter().map(|signed| signed.card.root_key);
        std::iter::once(self.card.root_key)
            .chain(former)
            .find(|root| KeyId::of(root) == statement.key)
    }

    /// The receipt key with that thumbprint; without one, the key of the card in force.
    #[must_use]
    pub fn receipt_key(&self, id: Option<KeyId>, under: Under) -> Option<VerifyingKey> {
        match id {
            None => Some(self.card.receipt_key),
            Some(id) => self
                .keys(under)
                .flat_map(|keys| &keys.receipt)
                .find(|key| KeyId::of(key) == id)
                .copied(),
        }
    }

    /// The keys of the authority's log with that origin, of every card of the root that counts.
    #[must_use]
    pub fn log_keys(&self, origin: &str) -> Vec<VerifierKey> {
        self.keys.log.iter().filter(|key| key.name() == origin).cloned().collect()
    }

    /// The witness key.
    #[must_use]
    pub fn witness_key(&self) -> Option<VerifierKey> {
        self.card.witness_vkey.parse().ok()
    }
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
                        let versions = peers::cards_of(tx, &current.authority).await?;
                        let is_paired =
                            pinned.iter().any(|peer| peer.authority == current.authority);
                        rows.push((versions, current, is_paired));
                    }
                    Ok::<_, StoreError>(rows)
                })
            })
            .await?;
        let mut known = HashMap::new();
        for (versions, current, is_paired) in rows {
            let cards: Vec<_> =
                versions.iter().filter_map(|row| SignedCard::decode(&row.card).ok()).collect();
            let of_root = |signed: &&SignedCard| {
                signed.card.root_key.as_bytes().as_slice() == current.root_key
            };
            let in_force = cards.iter().filter(of_root).max_by_key(|signed| signed.card.version);
            if let Some(in_force) = in_force.cloned() {
                let name = in_force.card.authority.clone();
                known.insert(name, Arc::new(KnownAuthority::of(&cards, in_force, is_paired)));
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
