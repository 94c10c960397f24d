//! The door for requests of peers: trust and witnessing are answered here, records are handed to the casework.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::domain::id::AuthorityName;
use crate::node::casework::Desk;
use crate::node::jobs::resting::Resting;
use crate::node::log::Witness;
use crate::node::peer::{
    Anchors, BlobRequest, BlobStream, Deliver, Hello, Inbound, ItemAnswer, Refusal, RefusalCode,
    WitnessAnswer,
};
use crate::node::store::{StoreError, outbox};
use crate::node::trust::{Trust, TrustError};

/// Answers peers.
pub struct Door {
    /// Cards and who is paired.
    pub trust: Arc<Trust>,
    /// Our witness.
    pub witness: Arc<Witness>,
    /// The use cases, which take records, proofs and blob requests.
    pub desk: Arc<Desk>,
    /// Peers whose card should be asked for; what does not fit is found again at the next hello.
    pub newer_cards: mpsc::Sender<AuthorityName>,
    /// Peers that could not be reached; one that connects can.
    pub resting: Arc<Resting>,
}

#[async_trait]
impl Inbound for Door {
    async fn hello(&self, peer: &AuthorityName, hello: Hello) -> Hello {
        let known = self.trust.peers.peer(peer).map_or(0, |known| known.card_version);
        if hello.card_version > known && self.newer_cards.try_send(peer.clone()).is_err() {
            tracing::debug!(peer.authority = %peer, "a newer card is asked for later");
        }
        self.retry_deliveries(peer).await;
        Hello::clone(&self.trust.hello.load())
    }

    async fn deliver(
        &self,
        peer: &AuthorityName,
        deliver: Deliver,
    ) -> Result<Vec<ItemAnswer>, Refusal> {
        self.desk.receive(peer, deliver).await
    }

    async fn anchors(&self, peer: &AuthorityName, anchors: Anchors) -> Result<(), Refusal> {
        self.desk.take_anchors(peer, anchors).await
    }

    async fn blob(
        &self,
        peer: &AuthorityName,
        request: BlobRequest,
    ) -> Result<BlobStream, Refusal> {
        self.desk.serve_blob(peer, request).await
    }

    async fn card_received(&self, peer: &AuthorityName, card: Bytes) -> Result<(), Refusal> {
        match self.trust.adopt(&card).await {
            Ok(_) => Ok(()),
            Err(TrustError::Store(error)) => Err(internal(&error)),
            Err(error) => {
                tracing::warn!(peer.authority = %peer, error = %error, "a card was refused");
                Err(refusal(RefusalCode::NotPermitted, &error.to_string()))
            }
        }
    }

    async fn card_query(&self, _peer: &AuthorityName) -> Result<Bytes, Refusal> {
        match self.trust.own_card().await {
            Ok(Some(own)) => Ok(own.encode().into()),
            Ok(None) => Err(refusal(RefusalCode::NotFound, "this node has no card yet")),
            Err(error) => Err(internal(&error)),
        }
    }

    async fn add_checkpoint(&self, _peer: &AuthorityName, body: Bytes) -> WitnessAnswer {
        let reply = self.witness.add_checkpoint(&body).await;
        WitnessAnswer { status: reply.status, body: reply.body.into() }
    }

    async fn witness_state(&self, peer: &AuthorityName, origin: &str) -> Option<Bytes> {
        match self.witness.state(origin).await {
            Ok(note) => note.map(Bytes::from),
            Err(error) => {
                tracing::error!(peer.authority = %peer, error = %error, "the witness state could not be read");
                None
            }
        }
    }
}

impl Door {
    /// A peer that connects can be reached again: what waits for it waits no longer.
    async fn retry_deliveries(&self, peer: &AuthorityName) {
        self.resting.woke(peer.as_str());
        let name = peer.to_string();
        let retried = self
            .trust
            .store
            .write_with("outbox_retry", name, |tx, name| {
                Box::pin(async move { outbox::retry_now(tx, name).await })
            })
            .await;
        match retried {
            Ok(_) => self.trust.signals.outbox.notify_one(),
            Err(error) => tracing::warn!(error = %error, "deliveries could not be hastened"),
        }
    }
}

fn refusal(code: RefusalCode, text: &str) -> Refusal {
    Refusal { code, text: text.to_owned() }
}

fn internal(error: &StoreError) -> Refusal {
    tracing::error!(error = %error, "a peer's request failed");
    refusal(RefusalCode::Internal, "the node met a fault of its own; try again")
}
