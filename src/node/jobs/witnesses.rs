//! Asks the witnesses to cosign one checkpoint: all at once, until the quorum is met or time is up; keeps nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use crate::domain::id::AuthorityName;
use crate::node::jobs::publish::{PublishParts, Publisher};
use crate::node::jobs::quorum::is_met;
use crate::node::log::start_check::contradicts;
use crate::node::log::{LogError, Signing, proof};
use crate::node::store::logs::{self, Checkpoint};
use crate::transparency::key::VerifierKey;
use crate::transparency::note::{Note, SignatureLine};
use crate::transparency::tlog_policy::TlogPolicy;
use crate::transparency::witness::{AddCheckpoint, add_answer, parse_size_body};

/// How long a checkpoint waits for its witnesses before it is published without.
const WAIT: Duration = Duration::from_secs(2);
/// Questions to one witness: to learn its size, and to ask again from there.
const QUESTIONS_MAX: usize = 3;

/// How one witness answered.
struct Answered {
    peer: AuthorityName,
    /// The size that it has cosigned, as far as it is known now.
    size: Option<u64>,
    line: Option<SignatureLine>,
    /// Whether it could be reached.
    is_there: bool,
}

/// The note with the cosignatures that came in time.
pub(super) async fn ask(
    publisher: &mut Publisher,
    policy: &TlogPolicy,
    checkpoint: &Checkpoint,
    mut note: Note,
) -> Result<Note, LogError> {
    let size = u64::try_from(checkpoint.size).unwrap_or(0);
    let now = publisher.parts.clock.now().0;
    let has_signed: BTreeSet<String> =
        note.signatures().iter().map(|line| line.name.clone()).collect();
    let bare = Note::parse(&checkpoint.note).unwrap_or_else(|_| note.clone());
    let mut asked = FuturesUnordered::new();
    for witness in policy.witnesses() {
        let Ok(peer) = witness.name.parse::<AuthorityName>() else { continue };
        let resting = publisher.parts.resting.is_resting(peer.as_str(), now);
        if resting || has_signed.contains(witness.key.name()) {
            continue;
        }
        let known = (peer.clone(), checkpoint.origin.clone());
        let old = publisher.cosigned.get(&known).copied().unwrap_or(0).min(size);
        let question = Question { peer, key: &witness.key, note: &bare, size, old };
        asked.push(question.put(&publisher.parts, &checkpoint.origin));
    }
    let until = Instant::now() + WAIT;
    let mut answers = Vec::new();
    while !is_met(policy, &note) {
        let Ok(Some(answered)) = timeout_at(until, asked.next()).await else { break };
        if let Some(line) = &answered.line {
            note.push(line.clone());
        }
        answers.push(answered);
    }
    drop(asked);
    for answered in answers {
        let peer = answered.peer.as_str();
        if answered.is_there {
            publisher.parts.resting.woke(peer);
        } else {
            publisher.parts.resting.failed(peer, now, 0);
        }
        if let Some(size) = answered.size {
            publisher.cosigned.insert((answered.peer, checkpoint.origin.clone()), size);
        }
    }
    Ok(note)
}

/// A question to one witness.
struct Question<'a> {
    peer: AuthorityName,
    key: &'a VerifierKey,
    note: &'a Note,
    size: u64,
    old: u64,
}

impl Question<'_> {
    async fn put(self, parts: &PublishParts, origin: &str) -> Answered {
        let mut answered =
            Answered { peer: self.peer.clone(), size: None, line: None, is_there: true };
        let mut old = self.old;
        for _ in 0..QUESTIONS_MAX {
            let Some(body) = self.body(parts, origin, old).await else { break };
            let answer = match parts.courier.add_checkpoint(&self.peer, body).await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::debug!(peer.authority = %self.peer, error = %error, "a witness could not be asked");
                    answered.is_there = false;
                    break;
                }
            };
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            match answer.status {
                200 => {
                    answered.line = self.line(&text);
                    answered.size = Some(self.size);
                    break;
                }
                409 => match parse_size_body(&text) {
                    Some(theirs) if theirs <= self.size => {
                        old = theirs;
                        answered.size = Some(theirs);
                    }
                    Some(theirs) => {
                        self.is_ahead(parts, origin, theirs).await;
                        break;
                    }
                    None => break,
                },
                status => {
                    tracing::warn!(peer.authority = %self.peer, status, answer = %text.trim_end(), "a witness does not cosign");
                    break;
                }
            }
        }
        answered
    }

    async fn body(&self, parts: &PublishParts, origin: &str, old: u64) -> Option<Bytes> {
        let path = match proof::consistency_path(&parts.store, origin, old, self.size).await {
            Ok(path) => path,
            Err(error) => {
                tracing::error!(error = %error, "no consistency proof could be made");
                return None;
            }
        };
        let request = AddCheckpoint::new(old, path, self.note.clone()).ok()?;
        Some(request.to_text().into())
    }

    fn line(&self, answer: &str) -> Option<SignatureLine> {
        let mut note = self.note.clone();
        if let Err(error) = add_answer(&mut note, answer, self.key) {
            tracing::error!(peer.authority = %self.peer, error = %error, "a witness's cosignature does not hold");
            return None;
        }
        note.signatures().iter().find(|line| line.name == self.key.name()).cloned()
    }

    /// A witness says that it cosigned more: if it can show that under our own key, nothing is signed any more.
    async fn is_ahead(&self, parts: &PublishParts, origin: &str, theirs: u64) {
        let Ok(Some(note)) = parts.courier.witness_state(&self.peer, origin).await else { return };
        let of = origin.to_owned();
        let newest = parts
            .store
            .read("witness_ahead", move |tx| Box::pin(async move { logs::get(tx, &of).await }))
            .await;
        let Ok(newest) = newest else { return };
        match contradicts(&note, newest.as_ref(), &*parts.log_key) {
            Some(theirs) => {
                let ours = newest.map_or(0, |log| u64::try_from(log.size).unwrap_or(0));
                let verdict = Signing::Behind { ours, theirs };
                tracing::error!(peer.authority = %self.peer, "{verdict}");
                parts.gate.set(verdict);
            }
            None => {
                tracing::debug!(peer.authority = %self.peer, theirs, "a witness knows a size that is ours by now");
            }
        }
    }
}
