//! The administrator's routes about cards and peers, on the local socket; decides nothing about trust.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::node::http::document::Document;
use crate::node::http::problem::{Kind, Problem};

/// Who knows and changes whom this node trusts.
#[async_trait]
pub trait Pairing: Send + Sync + 'static {
    /// The paired authorities.
    ///
    /// # Errors
    /// A problem if the node cannot look now.
    async fn peers(&self) -> Result<Vec<PeerView>, Problem>;

    /// Dials every paired authority now, then as [`Pairing::peers`].
    ///
    /// # Errors
    /// A problem if the node cannot look now.
    async fn dial(&self) -> Result<Vec<PeerView>, Problem>;

    /// A card with the words to be compared; with `words`, the authority is paired if they are its.
    ///
    /// # Errors
    /// A problem if the card or the words are refused.
    async fn add(&self, card: &[u8], words: Option<&str>) -> Result<CardView, Problem>;

    /// Ends a pairing.
    ///
    /// # Errors
    /// A problem if there is none.
    async fn remove(&self, authority: &str) -> Result<(), Problem>;

    /// The own card, as armoured text.
    ///
    /// # Errors
    /// A problem if the node cannot look now.
    async fn own_card(&self) -> Result<CardView, Problem>;

    /// Puts a new own card in force.
    ///
    /// # Errors
    /// A problem if the card is refused.
    async fn renew_own(&self, card: &[u8]) -> Result<CardView, Problem>;
}

/// A paired authority. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// Its name.
    pub authority: String,
    /// Its name for officers.
    pub title: String,
    /// The version of its card.
    pub version: i64,
    /// When this card came.
    pub card_received: Option<String>,
    /// The version of the protocol that it speaks, as it last said.
    pub protocol: Option<String>,
    /// The version of its card, as it last said.
    pub card_offered: Option<i64>,
    /// How the last attempt to reach it went.
    pub state: String,
    /// When it last answered, if it did since this node started.
    pub reached_at: Option<String>,
    /// When the last attempt failed, if it did.
    pub failed_at: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Records that wait for it.
    pub queued: i64,
    /// When the oldest of them was queued.
    pub waits_since: Option<String>,
    /// How often the one that was tried most was tried in vain.
    pub attempts: i64,
    /// Where it listens.
    pub addresses: Vec<String>,
}

/// A card for people and scripts.
#[derive(Clone, Debug, Serialize)]
pub struct CardView {
    /// Whose it is.
    pub authority: String,
    /// Its name for officers.
    pub title: String,
    /// Its country.
    pub country: String,
    /// Its version.
    pub version: i64,
    /// Where its node listens.
    pub addresses: Vec<String>,
    /// The fingerprint words.
    pub words: String,
    /// The card itself, armoured.
    pub card: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offer {
    /// The card file in base64.
    card: String,
    #[serde(default)]
    confirm: Option<String>,
}

type Shared = State<Arc<dyn Pairing>>;

/// `/admin/peers` and `/admin/card`.
pub fn routes(pairing: Arc<dyn Pairing>) -> Router {
    Router::new()
        .route("/admin/peers", get(list).post(add))
        // An authority's name has two labels, so it is never this word.
        .route("/admin/peers/dial", post(dial))
        .route("/admin/peers/{authority}", axum::routing::delete(remove))
        .route("/admin/card", get(own_card).post(renew_own))
        .with_state(pairing)
}

async fn list(State(pairing): Shared) -> Result<Json<Vec<PeerView>>, Problem> {
    pairing.peers().await.map(Json)
}

async fn dial(State(pairing): Shared) -> Result<Json<Vec<PeerView>>, Problem> {
    pairing.dial().await.map(Json)
}

async fn add(
    State(pairing): Shared,
    Document(offer): Document<Offer>,
) -> Result<Json<CardView>, Problem> {
    pairing.add(&decoded(&offer.card)?, offer.confirm.as_deref()).await.map(Json)
}

async fn remove(
    State(pairing): Shared,
    Path(authority): Path<String>,
) -> Result<StatusCode, Problem> {
    pairing.remove(&authority).await.map(|()| StatusCode::NO_CONTENT)
}

async fn own_card(State(pairing): Shared) -> Result<Json<CardView>, Problem> {
    pairing.own_card().await.map(Json)
}

async fn renew_own(
    State(pairing): Shared,
    Document(offer): Document<Offer>,
) -> Result<Json<CardView>, Problem> {
    pairing.renew_own(&decoded(&offer.card)?).await.map(Json)
}

fn decoded(card: &str) -> Result<Vec<u8>, Problem> {
    STANDARD.decode(card).map_err(|_| {
        Problem::new(Kind::Malformed, "The member 'card' is not the base64 of a card file.")
    })
}
