//! Publishes the log: files first, then the checkpoint, cosigned if a quorum of witnesses answers in time.
//!
//! At most once an interval. What is sealed meanwhile goes out with the next one. Signs nothing itself.

use std::collections::HashMap;
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
/// How often new witnesses are asked about a closed log.
const CLOSED_PAUSE: Duration = Duration::from_mins(10);

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

/// A checkpoint's note as its witnesses have signed it.
struct Seen {
    note: Note,
    /// Cosignatures came just now.
    has_more: bool,
    /// They make the quorum.
    is_witnessed: bool,
}

/// Publishes checkpoint after checkpoint.
pub struct Publisher {
    pub(super) parts: PublishParts,
    /// The sizes whose files are written.
    written: HashMap<String, u64>,
    /// The sizes that witnesses are known to have cosigned.
    pub(super) cosigned: HashMap<(AuthorityName, String), u64>,
    /// Logs whose proofs are all known to have the quorum of this policy, as text.
    checked: HashMap<String, String>,
    /// When new witnesses were last asked about closed logs.
    asked: HashMap<String, Instant>,
    /// Closed logs with nothing left to do under this policy, as text.
    done: HashMap<String, String>,
}

impl Publisher {
    /// A publisher that has looked at no file yet.
    #[must_use]
    pub fn new(parts: PublishParts) -> Self {
        Self {
            parts,
            written: HashMap::new(),
            cosigned: HashMap::new(),
            checked: HashMap::new(),
            asked: HashMap::new(),
            done: HashMap::new(),
        }
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
            let policy = self.policy(&log)?;
            if self.done.get(&log.origin) != Some(&policy.to_text()) {
                self.publish(&log, &policy).await?;
            }
        }
        Ok(())
    }

    async fn publish(&mut self, log: &Log, policy: &TlogPolicy) -> Result<(), LogError> {
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
        let Seen { note, has_more, is_witnessed } = self.witness(log, policy, &checkpoint).await?;
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
            self.give_proofs((&log.origin, size), &note, policy).await?;
        }
        let has_all = self.checked.get(&log.origin) == Some(&policy.to_text());
        if log.closed_at.is_some() && (has_all || policy.quorum().is_none()) {
            self.done.insert(log.origin.clone(), policy.to_text());
        }
        Ok(())
    }

    /// The note of a checkpoint, with the cosignatures that it has and those that came when the quorum was asked for.
    async fn witness(
        &mut self,
        log: &Log,
        policy: &TlogPolicy,
        checkpoint: &Checkpoint,
    ) -> Result<Seen, LogError> {
        let note = read_note(checkpoint)?;
        if policy.quorum().is_none() {
            let is_witnessed = checkpoint.witnessed_at.is_some();
            return Ok(Seen { note, has_more: false, is_witnessed });
        }
        // What was witnessed under an earlier policy may lack the quorum of the present one.
        let is_witnessed = quorum::is_met(policy, &note);
        if is_witnessed || !self.may_ask(log, checkpoint) {
            return Ok(Seen { note, has_more: false, is_witnessed });
        }
        let before = note.signatures().len();
        let note = witnesses::ask(self, policy, checkpoint, note).await?;
        let has_more = note.signatures().len() > before;
        let is_witnessed = quorum::is_met(policy, &note);
        Ok(Seen { note, has_more, is_witnessed })
    }

    /// Whether witnesses may be asked now. A closed log that had its quorum once does not grow: new witnesses are asked
    /// about it now and then.
    fn may_ask(&mut self, log: &Log, checkpoint: &Checkpoint) -> bool {
        if log.closed_at.is_none() || checkpoint.witnessed_at.is_none() {
            return true;
        }
        let now = Instant::now();
        let is_time = self.asked.get(&log.origin).is_none_or(|last| now - *last >= CLOSED_PAUSE);
        if is_time {
            self.asked.insert(log.origin.clone(), now);
        }
        is_time
    }

    /// Keeps the proofs under a witnessed checkpoint, of what has none and of what lacks the quorum of the policy.
    async fn give_proofs(
        &mut self,
        (origin, size): (&str, u64),
        note: &Note,
        policy: &TlogPolicy,
    ) -> Result<(), LogError> {
        let (store, now) = (&self.parts.store, self.parts.clock.now().0);
        let text = note.to_text();
        let mut kept = anchor::keep_proofs(store, (origin, size), text.as_bytes(), now).await?;
        if kept > 0 {
            metrics::gauge!("sealane_log_witnessed_size").set(as_gauge(size));
        }
        if policy.quorum().is_some() && self.checked.get(origin) != Some(&policy.to_text()) {
            let renewed = anchor::renew_proofs(store, (origin, size), note, policy, now).await?;
            kept += renewed.proofs;
            if renewed.is_complete {
                self.checked.insert(origin.to_owned(), policy.to_text());
            } else {
                self.parts.signals.published.notify_one();
            }
        }
        if kept > 0 {
            self.parts.signals.outbox.notify_one();
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
