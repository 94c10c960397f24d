//! Sends our card to peers when its version grows, and asks for theirs when a hello names a newer one; adopts none itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::jobs::roster::Roster;
use crate::node::peer::{Courier, PeerTrust};
use crate::node::signals::Signals;
use crate::node::store::outbox::{self, NewOutgoing, OutboxFrame};
use crate::node::store::{Store, StoreError, peers};

/// How often every peer is asked how it is, which tells both sides of newer cards.
const GREETING_PAUSE: Duration = Duration::from_mins(10);

/// Who adopts a card: the node's trust.
#[async_trait]
pub trait AdoptCard: Send + Sync + 'static {
    /// Takes the card if it is newer and of the pinned root; says why not otherwise.
    ///
    /// # Errors
    /// A sentence that says why the card is not taken.
    async fn adopt(&self, card: &[u8]) -> Result<bool, String>;
}

/// What the job works with.
pub struct Cards {
    /// The node's own authority.
    pub authority: AuthorityName,
    /// The store.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Wake-ups.
    pub signals: Arc<Signals>,
    /// Who is paired.
    pub roster: Arc<Roster>,
    /// Tells of changes.
    pub trust: Arc<PeerTrust>,
    /// The way to the peers.
    pub courier: Arc<dyn Courier>,
    /// Who adopts cards.
    pub adopt: Arc<dyn AdoptCard>,
}

impl Cards {
    /// Works until told to stop; `newer` names peers whose hello spoke of a newer card.
    pub async fn run(self, mut newer: mpsc::Receiver<AuthorityName>, stop: CancellationToken) {
        let mut changes = self.trust.subscribe();
        let mut greeting = tokio::time::interval(GREETING_PAUSE);
        loop {
            if let Err(error) = self.queue_own().await {
                tracing::error!(error = %error, "our card could not be queued for peers");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = changes.changed() => {}
                Some(peer) = newer.recv() => self.fetch(&peer).await,
                _ = greeting.tick() => {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = self.greet_all() => {}
                    }
                }
            }
        }
    }

    /// Queues our card for each peer, unless it got this version.
    async fn queue_own(&self) -> Result<(), StoreError> {
        let peers: Vec<_> = self.roster.cards().keys().map(ToString::to_string).collect();
        let (own, now) = (self.authority.to_string(), self.clock.now().0);
        let queued = self
            .store
            .write_with("card_queue", (own, peers), move |tx, (own, peers)| {
                Box::pin(async move {
                    let Some(card) = peers::card(tx, own).await? else { return Ok(0) };
                    // The first version came with the pairing.
                    if card.version <= 1 {
                        return Ok(0);
                    }
                    let record_hash: [u8; 32] = Sha256::digest(&card.card).into();
                    let rows: Vec<_> = peers
                        .iter()
                        .map(|peer| NewOutgoing {
                            peer: peer.clone(),
                            conversation: "card".to_owned(),
                            record_hash,
                            frame: OutboxFrame::Card,
                            disclosure: None,
                            queued_at: now,
                        })
                        .collect();
                    if rows.is_empty() {
                        return Ok::<_, StoreError>(0);
                    }
                    outbox::enqueue(tx, &rows).await
                })
            })
            .await?;
        if queued > 0 {
            self.signals.outbox.notify_one();
        }
        Ok(())
    }

    async fn greet_all(&self) {
        for (peer, card) in &*self.roster.cards() {
            match self.courier.hello(peer).await {
                Ok(hello) if i64::try_from(hello.card_version).unwrap_or(0) > card.version => {
                    self.fetch(peer).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::info!(peer.authority = %peer, error = %error, "a peer does not answer");
                }
            }
        }
    }

    async fn fetch(&self, peer: &AuthorityName) {
        let card = match self.courier.query_card(peer).await {
            Ok(card) => card,
            Err(error) => {
                tracing::info!(peer.authority = %peer, error = %error, "a newer card could not be fetched; the next hello tells of it again");
                return;
            }
        };
        if let Err(why) = self.adopt.adopt(&card).await {
            tracing::warn!(peer.authority = %peer, reason = %why, "a fetched card was refused");
        }
    }
}
