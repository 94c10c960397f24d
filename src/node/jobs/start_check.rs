//! Asks the witnesses at start whether the store is behind, until one answers; the verdict is the log's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::domain::id::AuthorityName;
use crate::node::config::WitnessQuorum;
use crate::node::jobs::quorum;
use crate::node::jobs::roster::Roster;
use crate::node::log::start_check::{AskWitnesses, WitnessKnows, by_file, by_witnesses};
use crate::node::log::{HighWaterFile, LogKeys, Signing, SigningGate};
use crate::node::peer::Courier;
use crate::node::store::logs::{self, Log};
use crate::node::store::{Store, StoreError};

/// Between two rounds of asking.
const PAUSE: Duration = Duration::from_secs(2);

/// The witnesses of all paired authorities, over the exchange.
pub struct PeerWitnesses {
    /// Who is paired.
    pub roster: Arc<Roster>,
    /// The way to them.
    pub courier: Arc<dyn Courier>,
}

#[async_trait]
impl AskWitnesses for PeerWitnesses {
    async fn ask(&self, origin: &str) -> Vec<(AuthorityName, WitnessKnows)> {
        let cards = self.roster.cards();
        join_all(cards.keys().map(|peer| async move {
            let knows = match self.courier.witness_state(peer, origin).await {
                Ok(Some(note)) => WitnessKnows::Note(note.to_vec()),
                Ok(None) => WitnessKnows::Nothing,
                Err(error) => {
                    tracing::info!(peer.authority = %peer, error = %error, "a witness could not be asked");
                    WitnessKnows::Unreachable
                }
            };
            (peer.clone(), knows)
        }))
        .await
    }
}

/// What the check looks at.
pub struct StartCheck {
    /// The store.
    pub store: Store,
    /// The highest state ever signed here.
    pub high_water: HighWaterFile,
    /// What it opens.
    pub gate: Arc<SigningGate>,
    /// The vkey of the own log of an origin.
    pub log_key: LogKeys,
    /// How many cosign the log.
    pub quorum: WitnessQuorum,
}

impl StartCheck {
    /// The verdict before anybody is asked.
    ///
    /// # Errors
    /// What the store says.
    pub async fn first_look(&self) -> Result<Signing, StoreError> {
        let newest = self.newest().await?;
        Ok(by_file(self.high_water.highest().as_ref(), newest.as_ref()))
    }

    /// Asks until the verdict is no longer unknown.
    pub async fn run(self, witnesses: PeerWitnesses, stop: CancellationToken) {
        while self.gate.state() == Signing::Unknown {
            match self.round(&witnesses).await {
                Ok(verdict) => {
                    match &verdict {
                        Signing::Allowed => {
                            tracing::info!("the witnesses know no more than the store: {verdict}");
                        }
                        Signing::Unknown => tracing::warn!("{verdict}"),
                        Signing::Behind { .. } => tracing::error!("{verdict}"),
                    }
                    self.gate.set(verdict);
                }
                Err(error) => {
                    tracing::error!(error = %error, "the start check cannot read the store");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// One round of asking.
    ///
    /// # Errors
    /// What the store says.
    pub async fn round(&self, witnesses: &dyn AskWitnesses) -> Result<Signing, StoreError> {
        let newest = self.newest().await?;
        let verdict = by_file(self.high_water.highest().as_ref(), newest.as_ref());
        let Some(log) = newest.as_ref().filter(|_| verdict == Signing::Unknown) else {
            return Ok(verdict);
        };
        let answers = witnesses.ask(&log.origin).await;
        let quorum = quorum::needed(self.quorum, answers.len());
        Ok(by_witnesses(Some(log), &answers, quorum, &*self.log_key))
    }

    async fn newest(&self) -> Result<Option<Log>, StoreError> {
        self.store
            .read("log_newest_row", |tx| Box::pin(async move { logs::newest(tx).await }))
            .await
    }
}
