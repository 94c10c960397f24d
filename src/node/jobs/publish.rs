//! Publishes the log: files first, then the checkpoint, cosigned if a quorum of witnesses answers in time.
//!
//! At most once an interval. What is sealed meanwhile goes out with the next one. Signs nothing itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::config::WitnessQuorum;
use crate::node::jobs::resting::Resting;
use crate::node::jobs::roster::Roster;
use crate::node::jobs::{anchor, quorum, witnesses};
use crate::node::log::{LogError, LogFiles, LogKeys, Signing, SigningGate};
use crate::node::peer::Courier;
use crate::node::signals::Signals;
use crate::node::store::logs::{self, Checkpoint, Log};
use crate::node::store::{Store, StoreError};
use crate::transparency::note::Note;
use crate::transparency::tlog_policy::TlogPolicy;

/// How often it is looked whether something is left to be witnessed.
const TICK: Duration = Duration::from_secs(1);

/// What publishing works with.
pub struct PublishParts {
    /// The node's own authority.
    pub authority: AuthorityName,
    /// The store.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Wake-ups.
    pub signals: Arc<Signals>,
    /// The witnesses.
    pub roster: Arc<Roster>,
    /// The way to them.
    pub courier: Arc<dyn Courier>,
    /// Those that cannot be reached just now.
    pub resting: Arc<Resting>,
    /// The published files.
    pub files: LogFiles,
    /// Closed when a witness turns out to know more.
    pub gate: Arc<SigningGate>,
    /// How many must cosign.
    pub quorum: WitnessQuorum,
    /// The least time between two checkpoints.
    pub interval: Duration,
    /// The vkey of the own log of an origin.
    pub log_key: LogKeys,
}

/// Publishes checkpoint after checkpoint.
pub struct Publisher {
    pub(super) parts: PublishParts,
    /// The sizes whose files are written.
    written: HashMap<String, u64>,
    /// The sizes that witnesses are known to have cosigned.
    pub(super) cosigned: HashMap<(AuthorityName, String), u64>,
    /// Closed logs with nothing left to do.
    done: HashSet<String>,
}

impl Publisher {
    /// A publisher that has looked at no file yet.
    #[must_use]
    pub fn new(parts: PublishParts) -> Self {
        Self { parts, written: HashMap::new(), cosigned: HashMap::new(), done: HashSet::new() }
    }

    /// Publishes until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let began = Instant::now();
            tokio::select! {
                () = stop.cancelled() => return,
                published = self.publish_all() => if let Err(error) = published {
                    tracing::error!(error = %error, "the log could not be published; trying again");
                },
            }
            let signals = Arc::clone(&self.parts.signals);
            tokio::select! {
                () = stop.cancelled() => return,
                () = signals.published.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(began + self.parts.interval) => {}
            }
        }
    }

    /// Publishes the newest checkpoint of each log that has something left to publish or to be witnessed.
    ///
    /// # Errors
    /// What the store, the disk or the tiles say.
    pub async fn publish_all(&mut self) -> Result<(), LogError> {
        // A store that was restored from an older copy must not take the newer checkpoint's place.
        if self.parts.gate.state() != Signing::Allowed {
            return Ok(());
        }
        let logs = self
            .parts
            .store
            .read("publish_logs", |tx| Box::pin(async move { logs::list(tx).await }))
            .await?;
        for log in logs {
            if !self.done.contains(&log.origin) {
                self.publish(&log).await?;
            }
        }
        Ok(())
    }

    async fn publish(&mut self, log: &Log) -> Result<(), LogError> {
        let origin = log.origin.clone();
        let (newest, checkpoint) = self
            .parts
            .store
            .read("publish_checkpoint", move |tx| {
                Box::pin(async move {
                    let newest = logs::get(tx, &origin).await?;
                    Ok::<_, StoreError>((newest, logs::last_checkpoint(tx, &origin).await?))
                })
            })
            .await?;
        let (Some(newest), Some(checkpoint)) = (newest, checkpoint) else { return Ok(()) };
        // What the high-water file does not know yet is shown to nobody: the raise wakes this job again.
        if newest.sealed_seq > self.parts.signals.sealed() {
            return Ok(());
        }
        let size = u64::try_from(checkpoint.size).unwrap_or(0);
        let is_first_look = !self.written.contains_key(&log.origin);
        let is_new = self.write_files(&log.origin, size).await?;
        let policy = self.policy(log)?;
        let mut is_witnessed = checkpoint.witnessed_at.is_some();
        let mut has_more = false;
        let mut note = read_note(&checkpoint)?;
        if !is_witnessed && policy.quorum().is_some() {
            let before = note.signatures().len();
            note = witnesses::ask(self, &policy, &checkpoint, note).await?;
            has_more = note.signatures().len() > before;
            is_witnessed = is_met(&policy, &note);
        }
        let is_now_witnessed = is_witnessed && checkpoint.witnessed_at.is_none();
        let text = note.to_text().into_bytes();
        let is_news = is_new || has_more || is_now_witnessed || checkpoint.published_at.is_none();
        // A crash, or a copied folder, may have left another checkpoint there than the store says was published.
        let is_stale = is_first_look
            && self.parts.files.checkpoint(&log.origin).await?.as_ref() != Some(&text);
        if is_news || is_stale {
            // The file first: the store never says "published" of what nobody can read.
            self.parts.files.put_checkpoint(&log.origin, &text).await?;
            self.keep(&checkpoint, has_more.then_some(text), is_witnessed).await?;
            metrics::gauge!("sealane_log_published_size").set(as_gauge(size));
        }
        if is_witnessed {
            let (store, now) = (&self.parts.store, self.parts.clock.now().0);
            let text = note.to_text();
            let kept =
                anchor::keep_proofs(store, (&log.origin, size), text.as_bytes(), now).await?;
            if kept > 0 {
                metrics::gauge!("sealane_log_witnessed_size").set(as_gauge(size));
                self.parts.signals.outbox.notify_one();
            }
        }
        if log.closed_at.is_some() && (is_witnessed || policy.quorum().is_none()) {
            self.done.insert(log.origin.clone());
        }
        Ok(())
    }

    /// Writes what a log of that size has beyond what is written; true if there was something.
    async fn write_files(&mut self, origin: &str, size: u64) -> Result<bool, LogError> {
        let files = &self.parts.files;
        let written = match self.written.get(origin) {
            Some(written) => *written,
            // After a start: whatever is missing, or of a smaller size, is made again.
            None => files.complete_through(origin, size).await?,
        };
        if written < size {
            files.write_tree(&self.parts.store, origin, written, size).await?;
        }
        self.written.insert(origin.to_owned(), size);
        Ok(written < size)
    }

    fn policy(&self, log: &Log) -> Result<TlogPolicy, LogError> {
        let own = (self.parts.log_key)(&log.origin).map(|key| key.to_string());
        let own: Vec<_> = own.into_iter().collect();
        quorum::policy(&own, &self.parts.roster.cards(), self.parts.quorum)
            .map_err(|error| LogError::Opening(error.to_string()))
    }

    /// Keeps cosignatures and times beside the checkpoint.
    async fn keep(
        &self,
        checkpoint: &Checkpoint,
        cosigned: Option<Vec<u8>>,
        is_witnessed: bool,
    ) -> Result<(), StoreError> {
        let now = self.parts.clock.now().0;
        let (origin, size) = (checkpoint.origin.clone(), checkpoint.size);
        let cosigned = cosigned
            .or_else(|| checkpoint.cosigned.clone())
            .or_else(|| is_witnessed.then(|| checkpoint.note.clone()));
        let witnessed_at = is_witnessed.then_some(now);
        self.parts
            .store
            .write_with("publish_keep", (origin, cosigned), move |tx, (origin, cosigned)| {
                Box::pin(async move {
                    logs::set_published(tx, origin, size, now).await?;
                    if let Some(cosigned) = cosigned {
                        logs::set_cosigned(tx, (origin, size), cosigned, witnessed_at).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }
}

/// Whether the cosignatures on a note make the quorum.
pub(super) fn is_met(policy: &TlogPolicy, note: &Note) -> bool {
    let Ok(witnessings) = policy.witnessings(note) else { return false };
    policy.is_met_by(witnessings.iter().map(|one| one.witness.as_str()))
}

fn read_note(checkpoint: &Checkpoint) -> Result<Note, LogError> {
    let bytes = checkpoint.cosigned.as_deref().unwrap_or(&checkpoint.note);
    Note::parse(bytes).map_err(|_| LogError::DamagedNote {
        origin: checkpoint.origin.clone(),
        size: checkpoint.size,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a log of 2^53 entries is beyond any")]
fn as_gauge(size: u64) -> f64 {
    size as f64
}
