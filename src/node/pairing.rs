//! Trust as the administrator's routes see it; decides nothing itself.

use std::sync::Arc;

use async_trait::async_trait;

use crate::audit::card_file;
use crate::node::http::Problem;
use crate::node::http::pairing::{CardView, Pairing, PeerView};
use crate::node::http::problem::Kind;
use crate::node::keys::words::Fingerprint;
use crate::node::store::StoreError;
use crate::node::trust::{Trust, TrustError};
use crate::record::card::{Card, SignedCard};

/// Answers the administrator's routes.
pub(super) struct TrustRoutes(pub(super) Arc<Trust>);

#[async_trait]
impl Pairing for TrustRoutes {
    async fn peers(&self) -> Result<Vec<PeerView>, Problem> {
        let peers = self.0.list().await.map_err(|error| Problem::internal(&error))?;
        let view = |peer: &crate::node::trust::PairedPeer| PeerView {
            authority: peer.card.authority.to_string(),
            title: peer.card.title.clone(),
            version: peer.card.version,
            state: match (peer.queued, peer.attempts) {
                (0, _) => "up to date",
                (_, 0) => "sending",
                _ => "tried again",
            },
            queued: peer.queued,
            addresses: peer.card.addresses.clone(),
        };
        Ok(peers.iter().map(view).collect())
    }

    async fn add(&self, card: &[u8], words: Option<&str>) -> Result<CardView, Problem> {
        let (preview, true_words) = self.0.preview(card).map_err(problem)?;
        if let Some(words) = words {
            self.0.add_peer(card, words).await.map_err(problem)?;
        }
        Ok(view(&preview, true_words, String::new()))
    }

    async fn remove(&self, authority: &str) -> Result<(), Problem> {
        let peer = authority
            .parse()
            .map_err(|_| Problem::new(Kind::NotFound, "There is no such peer."))?;
        self.0.remove_peer(&peer).await.map_err(problem)
    }

    async fn own_card(&self) -> Result<CardView, Problem> {
        let own = self.0.own_card().await.map_err(|error| Problem::internal(&error))?;
        let own = own.ok_or_else(|| Problem::new(Kind::NotFound, "This node has no card yet."))?;
        Ok(card_view(&own))
    }

    async fn renew_own(&self, card: &[u8]) -> Result<CardView, Problem> {
        self.0.renew_own(card).await.map_err(problem)?;
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
        TrustError::Words(_) | TrustError::WrongWords(_) | TrustError::OwnCard => Kind::Invalid,
        TrustError::OtherRoot(_)
        | TrustError::NotNewer { .. }
        | TrustError::Store(StoreError::Conflict(_)) => Kind::Conflict,
        TrustError::NotPaired(_) => Kind::NotFound,
        TrustError::Store(StoreError::Full) => Kind::StorageFull,
        TrustError::Store(error) => return Problem::internal(&error),
    };
    Problem::new(kind, text)
}
