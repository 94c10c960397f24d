//! Whom the node trusts: authorities pinned by fingerprint words, and the cards that their roots signed.
//!
//! The one place that changes trust. Everyone else reads it: the exchange from `PeerTrust`, the jobs from `Roster`.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;

use crate::audit::card_file::{self, CardFileError};
use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::casework::CardBook;
use crate::node::clock::Clock;
use crate::node::jobs::roster::{Cards, Roster};
use crate::node::keys::words::{Fingerprint, InvalidWords};
use crate::node::peer::{Hello, PeerTrust, Snapshot, TrustedPeer};
use crate::node::signals::Signals;
use crate::node::store::peers::{self, Card as CardRow, Peer};
use crate::node::store::{Store, StoreError, Tx, outbox};
use crate::record::card::{Card, SignedCard};

/// Why trust was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The bytes hold no sound card.
    #[error(transparent)]
    Card(#[from] CardFileError),
    /// The words cannot be read.
    #[error(transparent)]
    Words(#[from] InvalidWords),
    /// The words are of another authority or root key.
    #[error(
        "the words are not those of this card of {0}: do not pair; ask {0} for its card and its words again, over two different channels"
    )]
    WrongWords(AuthorityName),
    /// The card is this node's own.
    #[error(
        "this is the card of this node itself: give it to the peer and add the peer's card here"
    )]
    OwnCard,
    /// One of the two is a training node, and the other is not.
    #[error(
        "{card} and {own} cannot be paired: a training node (its name begins with 'training.') exchanges with training nodes only"
    )]
    Training {
        /// Whose card it is.
        card: AuthorityName,
        /// This node.
        own: AuthorityName,
    },
    /// The authority is pinned with another root key.
    #[error(
        "the card of {0} is signed by another root key than the one this node pinned: if {0} really has a new root, remove the pairing first, then add the card with its new words"
    )]
    OtherRoot(AuthorityName),
    /// The authority is not pinned.
    #[error("{0} is not paired with this node")]
    NotPaired(AuthorityName),
    /// The card is not newer.
    #[error("the card of {authority} has version {offered}, and version {known} is in force")]
    NotNewer {
        /// Whose.
        authority: AuthorityName,
        /// The version offered.
        offered: i64,
        /// The version in force.
        known: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What trust is made of.
pub struct Trust {
    /// The node's own name.
    pub authority: AuthorityName,
    /// Where pinned roots and cards are kept.
    pub store: Store,
    /// The time at which a card came.
    pub clock: Arc<dyn Clock>,
    /// Wake-ups.
    pub signals: Arc<Signals>,
    /// The cards for the jobs.
    pub roster: Arc<Roster>,
    /// The keys for the casework.
    pub book: Arc<CardBook>,
    /// The anchors and addresses for the exchange.
    pub peers: Arc<PeerTrust>,
    /// What the node tells of itself.
    pub hello: Arc<ArcSwap<Hello>>,
}

/// A paired authority with what waits for it.
#[derive(Clone, Debug)]
pub struct PairedPeer {
    /// Its card in force.
    pub card: Arc<Card>,
    /// Records that wait to be delivered.
    pub queued: i64,
    /// How often the one that was tried most was tried in vain.
    pub attempts: i64,
    /// When the oldest of them was queued.
    pub waits_since: Option<Timestamp>,
    /// When its card in force came.
    pub card_received: Option<Timestamp>,
}

impl Trust {
    /// Reads pinned roots and cards anew and puts them in force.
    ///
    /// # Errors
    /// What the store says; what was in force stays.
    pub async fn refresh(&self) -> Result<Arc<Cards>, StoreError> {
        let cards = self.roster.refresh(&self.store).await?;
        self.book.refresh(&self.store).await?;
        let snapshot: Snapshot =
            cards.values().map(|card| (card.authority.clone(), Arc::new(trusted(card)))).collect();
        let version = self.own_card().await?.map_or(0, |own| version_of(&own.card));
        let mut hello = Hello::clone(&self.hello.load());
        let is_renewed = hello.card_version != version;
        hello.card_version = version;
        self.hello.store(Arc::new(hello));
        // Who waits for a change sends the own card to the peers, too.
        if is_renewed || *self.peers.snapshot() != snapshot {
            self.peers.replace(snapshot);
        }
        Ok(cards)
    }

    /// The node's own card in force.
    ///
    /// # Errors
    /// What the store says.
    pub async fn own_card(&self) -> Result<Option<SignedCard>, StoreError> {
        let own = self.authority.to_string();
        let read = self
            .store
            .read("own_card", move |tx| Box::pin(async move { peers::card(tx, &own).await }));
        Ok(read.await?.and_then(|row| SignedCard::decode(&row.card).ok()))
    }

    /// Pins the authority of a card, if `words` are its fingerprint words as the authority told them.
    ///
    /// # Errors
    /// If the card is not sound or another's, the words differ, or another root is pinned.
    pub async fn add_peer(&self, card: &[u8], words: &str) -> Result<Card, TrustError> {
        let signed = self.foreign(card)?;
        let card = signed.card.clone();
        if !Fingerprint::parse(words)?.matches(&card.authority, &card.root_key) {
            return Err(TrustError::WrongWords(card.authority));
        }
        let at = self.clock.now().0;
        self.store
            .write_with("peer_add", signed, move |tx, signed| {
                Box::pin(async move { pin(tx, signed, at).await })
            })
            .await?;
        self.changed().await?;
        Ok(card)
    }

    /// A card that is not this node's own, with the words to be compared.
    ///
    /// # Errors
    /// If the card is not sound, or this node's own.
    pub fn preview(&self, card: &[u8]) -> Result<(Card, String), TrustError> {
        let card = self.foreign(card)?.card;
        let words = Fingerprint::of(&card.authority, &card.root_key).to_string();
        Ok((card, words))
    }

    /// Ends the pairing. Records and old cards stay, what is queued waits for a new pairing.
    ///
    /// # Errors
    /// If the authority is not paired.
    pub async fn remove_peer(&self, peer: &AuthorityName) -> Result<(), TrustError> {
        let (name, at) = (peer.to_string(), self.clock.now().0);
        let removed = self
            .store
            .write_with("peer_remove", name, move |tx, name| {
                Box::pin(async move { peers::remove(tx, name, at).await })
            })
            .await;
        match removed {
            Ok(()) => Ok(self.changed().await?),
            Err(StoreError::Conflict(_)) => Err(TrustError::NotPaired(peer.clone())),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a newer card of a paired authority: the same root, a higher version. An older or equal one changes nothing.
    ///
    /// # Errors
    /// If the card is not sound, of another root, or the authority is not paired.
    pub async fn adopt(&self, card: &[u8]) -> Result<bool, TrustError> {
        let signed = self.foreign(card)?;
        let Some(known) = self.roster.card(&signed.card.authority) else {
            return Err(TrustError::NotPaired(signed.card.authority));
        };
        if known.root_key != signed.card.root_key {
            return Err(TrustError::OtherRoot(signed.card.authority));
        }
        if signed.card.version <= known.version {
            return Ok(false);
        }
        self.keep(&signed).await?;
        tracing::info!(peer.authority = %signed.card.authority, card.version = signed.card.version, "a new card is in force");
        self.changed().await?;
        Ok(true)
    }

    /// Puts a new own card in force: the same root, a higher version. Peers are told by `jobs::cards`.
    ///
    /// # Errors
    /// If the card is not sound, not this node's, of another root, or not newer.
    pub async fn renew_own(&self, card: &[u8]) -> Result<Card, TrustError> {
        let signed = card_file::read(card)?;
        let card = signed.card.clone();
        if card.authority != self.authority {
            return Err(TrustError::WrongWords(card.authority));
        }
        if let Some(known) = self.own_card().await?.map(|own| own.card) {
            if known.root_key != card.root_key {
                return Err(TrustError::OtherRoot(card.authority));
            }
            if card.version <= known.version {
                return Err(TrustError::NotNewer {
                    authority: card.authority,
                    offered: card.version,
                    known: known.version,
                });
            }
        }
        self.keep(&signed).await?;
        self.changed().await?;
        Ok(card)
    }

    /// The paired authorities and what waits for them.
    ///
    /// # Errors
    /// What the store says.
    pub async fn list(&self) -> Result<Vec<PairedPeer>, StoreError> {
        let (backlogs, rows) = self
            .store
            .read("peers_list", |tx| {
                Box::pin(async move {
                    Ok::<_, StoreError>((outbox::backlogs(tx).await?, peers::cards(tx).await?))
                })
            })
            .await?;
        let cards = self.roster.cards();
        Ok(cards
            .values()
            .map(|card| {
                let backlog = backlogs.iter().find(|one| one.peer == card.authority.as_str());
                let row = rows.iter().find(|row| row.authority == card.authority.as_str());
                PairedPeer {
                    card: Arc::clone(card),
                    queued: backlog.map_or(0, |one| one.queued),
                    attempts: backlog.map_or(0, |one| one.attempts),
                    waits_since: backlog.map(|one| Timestamp(one.oldest_at)),
                    card_received: row.map(|row| Timestamp(row.received_at)),
                }
            })
            .collect())
    }

    fn foreign(&self, card: &[u8]) -> Result<SignedCard, TrustError> {
        let signed = card_file::read(card)?;
        let authority = &signed.card.authority;
        if *authority == self.authority {
            return Err(TrustError::OwnCard);
        }
        if authority.is_training() != self.authority.is_training() {
            let own = self.authority.clone();
            return Err(TrustError::Training { card: authority.clone(), own });
        }
        Ok(signed)
    }

    async fn keep(&self, signed: &SignedCard) -> Result<(), StoreError> {
        let row = card_row(signed, self.clock.now().0);
        self.store
            .write_with("card_add", row, |tx, row| {
                Box::pin(async move { peers::add_card(tx, row).await.map(drop) })
            })
            .await
    }

    async fn changed(&self) -> Result<(), StoreError> {
        self.refresh().await?;
        self.signals.trust.notify_one();
        self.signals.outbox.notify_one();
        Ok(())
    }
}

/// The row of a card.
#[must_use]
pub fn card_row(signed: &SignedCard, at: i64) -> CardRow {
    CardRow {
        authority: signed.card.authority.to_string(),
        root_key: signed.card.root_key.as_bytes().to_vec(),
        version: signed.card.version,
        card: signed.encode(),
        received_at: at,
    }
}

async fn pin(tx: &mut Tx, signed: &SignedCard, at: i64) -> Result<(), TrustError> {
    let card = &signed.card;
    let root_key = card.root_key.as_bytes().to_vec();
    let known = peers::get(tx, card.authority.as_str()).await?;
    if known.is_some_and(|peer| peer.removed_at.is_none() && peer.root_key != root_key) {
        return Err(TrustError::OtherRoot(card.authority.clone()));
    }
    let authority = card.authority.to_string();
    peers::put(
        tx,
        &Peer { authority: authority.clone(), root_key, added_at: at, removed_at: None },
    )
    .await?;
    peers::add_card(tx, &card_row(signed, at)).await?;
    outbox::retry_now(tx, &authority).await?;
    Ok(())
}

fn trusted(card: &Card) -> TrustedPeer {
    TrustedPeer {
        anchors: card.anchors.iter().map(|der| CertificateDer::from(der.clone())).collect(),
        addresses: card.addresses.clone(),
        card_version: version_of(card),
    }
}

fn version_of(card: &Card) -> u64 {
    u64::try_from(card.version).unwrap_or(0)
}
