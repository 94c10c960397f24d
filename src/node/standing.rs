//! Keeps what the log says about itself up to date: the own card and the witness policy, after each change of trust.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::node::casework::{Desk, Error};
use crate::node::config::WitnessQuorum;
use crate::node::jobs::quorum;
use crate::node::trust::Trust;

/// What is needed to say it.
pub(super) struct Standing {
    pub(super) desk: Arc<Desk>,
    pub(super) trust: Arc<Trust>,
    pub(super) quorum: WitnessQuorum,
}

impl Standing {
    /// Says it now and after each change.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut changes: watch::Receiver<u64> = self.trust.peers.subscribe();
        loop {
            let pause = match self.say().await {
                Ok(()) => std::time::Duration::from_hours(1),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(error = %error, cause, "card and witness policy are not logged yet; trying again");
                    std::time::Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                // The sender lives in `trust`, so this ends with a change only.
                _ = changes.changed() => {}
                () = self.trust.signals.trust.notified() => self.refresh().await,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn refresh(&self) {
        if let Err(error) = self.trust.refresh().await {
            tracing::error!(error = %error, "the cards in force could not be read");
        }
    }

    async fn say(&self) -> Result<(), Error> {
        let Some(own) = self.trust.own_card().await? else { return Ok(()) };
        // One log a year under one key, and a policy names each key once: the log of this year.
        let origin = self.trust.authority.log_origin(self.trust.clock.now().year());
        let is_current =
            |vkey: &&String| vkey.strip_prefix(&origin).is_some_and(|v| v.starts_with('+'));
        let logs: Vec<_> = own.card.log_vkeys.iter().filter(is_current).cloned().collect();
        self.desk.log_card(own).await?;
        let cards = self.trust.roster.cards();
        let policy = quorum::policy(&logs, &cards, self.quorum).map_err(Error::internal)?;
        self.desk.log_witness_policy(policy.to_text()).await?;
        Ok(())
    }
}
