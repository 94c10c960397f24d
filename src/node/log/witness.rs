//! The node as a witness of its peers' logs (C2SP tlog-witness): state first, then the cosignature; watches no own log.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::log::LogError;
use crate::node::log::cards;
use crate::node::store::witness::{self, WitnessState};
use crate::node::store::{Store, StoreError, Tx};
use crate::transparency::cosignature::Cosigner;
use crate::transparency::key::VerifierKey;
use crate::transparency::note::Note;
use crate::transparency::tree::{Hash, TreeHead};
use crate::transparency::witness::{
    AddCheckpoint, SIZE_CONTENT_TYPE, WitnessRefusal, judge, size_body,
};

/// How often a request is judged again because another one came first.
const ROUNDS_MAX: usize = 8;
/// Contradictions kept of one log; the first ones prove enough, and a peer must not fill the disk.
const CONFLICTS_PER_LOG_MAX: usize = 32;
/// Contradictions looked at before one more is kept.
const CONFLICTS_READ: i64 = 4096;

/// The answer to a request, as it goes over HTTP or in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessReply {
    /// The HTTP status.
    pub status: u16,
    /// The body: cosignature lines, the size last cosigned, or a sentence.
    pub body: String,
}

impl WitnessReply {
    /// The media type of the body.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self.status {
            409 => SIZE_CONTENT_TYPE,
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// Cosigns the logs of peers.
pub struct Witness {
    authority: AuthorityName,
    store: Store,
    clock: Arc<dyn Clock>,
    cosigner: Cosigner,
}

impl Witness {
    /// The witness of this authority; `cosigner` holds its witness key.
    #[must_use]
    pub const fn new(
        authority: AuthorityName,
        store: Store,
        clock: Arc<dyn Clock>,
        cosigner: Cosigner,
    ) -> Self {
        Self { authority, store, clock, cosigner }
    }

    /// Judges an `add-checkpoint` request and cosigns if the log only grew.
    pub async fn add_checkpoint(&self, body: &[u8]) -> WitnessReply {
        match self.judged(body).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::error!(error = %error, "a checkpoint could not be judged");
                unavailable("the witness cannot answer now; ask again")
            }
        }
    }

    /// The newest checkpoint of a log that was cosigned here, with the log's signature and ours.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn state(&self, origin: &str) -> Result<Option<Vec<u8>>, LogError> {
        let origin = origin.to_owned();
        let state = self
            .store
            .read("witness_state", move |tx| {
                Box::pin(async move { witness::get(tx, &origin).await })
            })
            .await?;
        Ok(state.map(|state| state.note))
    }

    /// As [`Witness::state`], of the log whose origin has that SHA-256: how tlog-witness names logs in addresses.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn state_of_hash(&self, origin_hash: [u8; 32]) -> Result<Option<Vec<u8>>, LogError> {
        let states = self
            .store
            .read("witness_states", |tx| Box::pin(async move { witness::list(tx).await }))
            .await?;
        let is_asked = |state: &WitnessState| {
            <[u8; 32]>::from(Sha256::digest(state.origin.as_bytes())) == origin_hash
        };
        Ok(states.into_iter().find(is_asked).map(|state| state.note))
    }

    async fn judged(&self, body: &[u8]) -> Result<WitnessReply, LogError> {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(refusal) => return Ok(refused(&refusal)),
        };
        for _ in 0..ROUNDS_MAX {
            let (keys, state) = self.known(&request.checkpoint().origin).await?;
            let head = state.as_ref().map(head_of);
            match judge(&request, keys.as_deref(), head) {
                Ok(head) => {
                    let keys = keys.unwrap_or_default();
                    if let Some(reply) = self.cosign(&request, &keys, state, head).await? {
                        return Ok(reply);
                    }
                }
                Err(refusal) => {
                    if refusal.is_evidence() {
                        self.keep(&request, body, &refusal).await?;
                    }
                    return Ok(refused(&refusal));
                }
            }
        }
        Ok(unavailable("too many requests for this log at once; ask again"))
    }

    /// Stores the new state and gives the cosignature; `None` if another request changed the state meanwhile.
    async fn cosign(
        &self,
        request: &AddCheckpoint,
        keys: &[VerifierKey],
        old: Option<WitnessState>,
        head: TreeHead,
    ) -> Result<Option<WitnessReply>, LogError> {
        let now = self.clock.now();
        if old.as_ref().is_some_and(|old| now.0 < old.cosigned_at) {
            tracing::error!("the clock stands before the last cosignature; nothing is cosigned");
            return Ok(Some(unavailable("the witness's clock went backwards; ask again later")));
        }
        let (Ok(size), Ok(seconds)) = (i64::try_from(head.size), u64::try_from(now.as_secs()))
        else {
            return Ok(Some(unavailable("the witness cannot count that far")));
        };
        let mut note = with_known_lines(request.note(), keys);
        // Made before the state is durable, given away only after.
        let line = note.cosign(&self.cosigner, seconds);
        let new = WitnessState {
            origin: request.checkpoint().origin.clone(),
            size,
            root: head.root.0,
            note: note.to_text().into_bytes(),
            cosigned_at: now.0,
        };
        let stored = self
            .store
            .write_with("witness_advance", (old, new), |tx, (old, new)| {
                Box::pin(async move { witness::advance(tx, old.as_ref(), new).await })
            })
            .await;
        match stored {
            Ok(()) => {
                metrics::counter!("sealane_witness_cosigned_total").increment(1);
                Ok(Some(WitnessReply { status: 200, body: format!("{line}\n") }))
            }
            Err(StoreError::Conflict(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The keys trusted for a log, none if nobody known runs it, and what was cosigned last.
    async fn known(
        &self,
        origin: &str,
    ) -> Result<(Option<Vec<VerifierKey>>, Option<WitnessState>), LogError> {
        let owner = owner_of(origin).filter(|owner| *owner != self.authority);
        let Some(owner) = owner else { return Ok((None, None)) };
        let origin = origin.to_owned();
        let read = self.store.read("witness_known", move |tx| {
            Box::pin(async move {
                let keys = log_keys(tx, &owner, &origin).await?;
                Ok::<_, StoreError>((keys, witness::get(tx, &origin).await?))
            })
        });
        Ok(read.await?)
    }

    /// Keeps a contradiction as evidence, each once and not without end.
    async fn keep(
        &self,
        request: &AddCheckpoint,
        body: &[u8],
        refusal: &WitnessRefusal,
    ) -> Result<(), LogError> {
        let origin = request.checkpoint().origin.clone();
        tracing::error!(log.origin = %origin, reason = %refusal, "a log contradicts what was cosigned; the request is kept");
        metrics::counter!("sealane_witness_conflicts_total").increment(1);
        let (at, reason) = (self.clock.now().0, refusal.to_string());
        self.store
            .write_with("witness_conflict", (origin, body.to_vec(), reason), move |tx, kept| {
                Box::pin(async move {
                    let (origin, body, reason) = kept;
                    let known = witness::conflicts(tx, CONFLICTS_READ).await?;
                    let of_log = known.iter().filter(|conflict| conflict.origin == *origin);
                    let is_known = known.iter().any(|conflict| conflict.request == *body);
                    if is_known || of_log.count() >= CONFLICTS_PER_LOG_MAX {
                        return Ok::<_, StoreError>(());
                    }
                    witness::add_conflict(tx, origin, at, body, reason).await
                })
            })
            .await?;
        Ok(())
    }
}

/// The authority that runs the log of that origin, `NAME/log/YEAR`.
#[must_use]
pub fn owner_of(origin: &str) -> Option<AuthorityName> {
    let (owner, year) = origin.split_once("/log/")?;
    year.parse::<u16>().ok()?;
    owner.parse().ok()
}

/// The keys that the pinned authority's current card names for that log; none if it names none.
async fn log_keys(
    tx: &mut Tx,
    owner: &AuthorityName,
    origin: &str,
) -> Result<Option<Vec<VerifierKey>>, StoreError> {
    let Some(card) = cards::in_force(tx, owner.as_str()).await? else { return Ok(None) };
    let keys = card.log_vkeys.iter().filter_map(|vkey| vkey.parse::<VerifierKey>().ok());
    let keys: Vec<_> = keys.filter(|key| key.name() == origin).collect();
    Ok((!keys.is_empty()).then_some(keys))
}

/// The note with those signatures only whose keys are known: nobody can make this witness keep other lines.
fn with_known_lines(note: &Note, keys: &[VerifierKey]) -> Note {
    let Ok(mut kept) = Note::new(note.text().to_owned()) else { return note.clone() };
    for line in note.signatures() {
        if keys.iter().any(|key| key.id() == line.key_id && key.name() == line.name) {
            kept.push(line.clone());
        }
    }
    kept
}

fn head_of(state: &WitnessState) -> TreeHead {
    TreeHead { size: u64::try_from(state.size).unwrap_or(0), root: Hash(state.root) }
}

fn refused(refusal: &WitnessRefusal) -> WitnessReply {
    let body = match refusal {
        WitnessRefusal::OtherSize { stored, .. } => size_body(*stored),
        other => format!("{other}\n"),
    };
    WitnessReply { status: refusal.status(), body }
}

fn unavailable(text: &str) -> WitnessReply {
    WitnessReply { status: 503, body: format!("{text}\n") }
}
