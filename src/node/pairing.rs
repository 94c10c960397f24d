//! Trust as the administrator's routes see it; decides nothing itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::audit::card_file;
use crate::domain::time::Timestamp;
use crate::node::http::Problem;
use crate::node::http::pairing::{CardView, Pairing, PeerView};
use crate::node::http::problem::Kind;
use crate::node::keys::words::Fingerprint;
use crate::node::peer::{Contacts, Courier};
use crate::node::store::StoreError;
use crate::node::trust::{PairedPeer, Trust, TrustError};
use crate::record::card::{Card, SignedCard};

/// How long one peer is waited for when all are dialled; less than a request to the node may take.
const DIAL_MAX: Duration = Duration::from_secs(10);

/// Answers the administrator's routes.
pub(super) struct TrustRoutes {
    pub(super) trust: Arc<Trust>,
    pub(super) courier: Arc<dyn Courier>,
    pub(super) contacts: Arc<Contacts>,
}

impl TrustRoutes {
    fn peer_view(&self, peer: &PairedPeer) -> PeerView {
        let contact = self.contacts.of(&peer.card.authority);
        let text = |at: Timestamp| at.to_string();
        PeerView {
            authority: peer.card.authority.to_string(),
            title: peer.card.title.clone(),
            version: peer.card.version,
            card_received: peer.card_received.map(text),
            protocol: contact.hello.as_ref().map(|hello| format!("sealane/1.{}", hello.minor)),
            card_offered: contact.hello.and_then(|hello| i64::try_from(hello.card_version).ok()),
            state: match (&contact.failed, peer.queued, contact.reached_at) {
                (Some(_), ..) => "not reached",
                (None, 1.., _) => "sending",
                (None, _, Some(_)) => "reached",
                (None, _, None) => "not tried yet",
            }
            .to_owned(),
            reached_at: contact.reached_at.map(text),
            failed_at: contact.failed.as_ref().map(|(at, _)| text(*at)),
            failure: contact.failed.map(|(_, why)| why),
            queued: peer.queued,
            waits_since: peer.waits_since.map(text),
            attempts: peer.attempts,
            addresses: peer.card.addresses.clone(),
        }
    }
}

#[async_trait]
impl Pairing for TrustRoutes {
    async fn peers(&self) -> Result<Vec<PeerView>, Problem> {
        let peers = self.trust.list().await.map_err(|error| Problem::internal(&error))?;
        Ok(peers.iter().map(|peer| self.peer_view(peer)).collect())
    }

    async fn dial(&self) -> Result<Vec<PeerView>, Problem> {
        let cards = self.trust.roster.cards();
        // How each went is in the contacts; a peer that is slow beyond patience is not waited for.
        let dials = cards.keys().map(async |peer| {
            if timeout(DIAL_MAX, self.courier.hello(peer)).await.is_err() {
                let why = format!("{peer} gave no answer within {} s", DIAL_MAX.as_secs());
                self.contacts.failed(peer, self.trust.clock.now(), why);
            }
        });
        join_all(dials).await;
        self.peers().await
    }

    async fn add(&self, card: &[u8], words: Option<&str>) -> Result<CardView, Problem> {
        let (preview, true_words) = self.trust.preview(card).map_err(problem)?;
        if let Some(words) = words {
            self.trust.add_peer(card, words).await.map_err(problem)?;
        }
        Ok(view(&preview, true_words, String::new()))
    }

    async fn remove(&self, authority: &str) -> Result<(), Problem> {
        let peer = authority
            .parse()
            .map_err(|_| Problem::new(Kind::NotFound, "There is no such peer."))?;
        self.trust.remove_peer(&peer).await.map_err(problem)
    }

    async fn own_card(&self) -> Result<CardView, Problem> {
        let own = self.trust.own_card().await.map_err(|error| Problem::internal(&error))?;
        let own = own.ok_or_else(|| Problem::new(Kind::NotFound, "This node has no card yet."))?;
        Ok(card_view(&own))
    }

    async fn renew_own(&self, card: &[u8]) -> Result<CardView, Problem> {
        self.trust.renew_own(card).await.map_err(problem)?;
        self.own_card().await
    }
}

/// A card for people and scripts.
#[must_use]
pub(super) fn card_view(card: &SignedCard) -> CardView {
    let words = Fingerprint::of(&card.card.authority, &card.card.root_key).to_string();
    view(&card.card, words, card_file::write(card))
}

fn view(card: &Card, words: String, armoured: String) -> CardView {
    CardView {
        authority: card.authority.to_string(),
        title: card.title.clone(),
        country: card.country.clone(),
        version: card.version,
        addresses: card.addresses.clone(),
        words,
        card: armoured,
    }
}

fn problem(error: TrustError) -> Problem {
    let text = error.to_string();
    let kind = match error {
        TrustError::Card(_) => Kind::Malformed,
        TrustError::Words(_)
        | TrustError::WrongWords(_)
        | TrustError::OwnCard
        | TrustError::Training { .. } => Kind::Invalid,
        TrustError::OtherRoot(_)
        | TrustError::NotNewer { .. }
        | TrustError::Store(StoreError::Conflict(_)) => Kind::Conflict,
        TrustError::NotPaired(_) => Kind::NotFound,
        TrustError::Store(StoreError::Full) => Kind::StorageFull,
        TrustError::Store(error) => return Problem::internal(&error),
    };
    Problem::new(kind, text)
}
