//! Gives witnessed proofs to those who hold our records: kept beside our own receipts, pushed as `anchors` to peers.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use crate::domain::id::AuthorityName;
use crate::node::jobs::deliver::DeliverParts;
use crate::node::jobs::quorum;
use crate::node::log::{LogError, proof};
use crate::node::peer::{AnchorItem, Anchors, RefusalCode, SendError};
use crate::node::store::outbox::{self, Lease, NewOutgoing, OutboxFrame, OutboxState, Outgoing};
use crate::node::store::receipts::{self, ProofCheck, Receipt};
use crate::node::store::{Store, StoreError, Tx};
use crate::transparency::note::Note;
use crate::transparency::tlog_policy::TlogPolicy;
use crate::transparency::tlog_proof::TlogProof;

/// Receipts that get their proof in one transaction.
const BATCH_RECEIPTS_MAX: i64 = 512;
/// Batches of proofs that are held against a new policy before the log is published again.
const CHECK_BATCHES_MAX: usize = 8;
/// Proofs in one `anchors` frame: 64 hashes each stay well within it.
const ANCHORS_PER_FRAME_MAX: usize = 256;

/// How the rows of a batch of proofs ended.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) delivered: Vec<Lease>,
    pub(crate) settled: Vec<(Lease, OutboxState, String)>,
    pub(crate) postponed: Vec<(Outgoing, String)>,
}

/// Keeps the proof under a witnessed checkpoint beside each own receipt that has none, and queues it for the holders.
///
/// # Errors
/// If store or tiles fail; what is left is done next time.
pub async fn keep_proofs(
    store: &Store,
    (origin, size): (&str, u64),
    cosigned: &[u8],
    now: i64,
) -> Result<u64, LogError> {
    let note = Note::parse(cosigned).map_err(|_| LogError::DamagedNote {
        origin: origin.to_owned(),
        size: i64::try_from(size).unwrap_or(i64::MAX),
    })?;
    let mut kept = 0;
    loop {
        let (of, limit) = (origin.to_owned(), i64::try_from(size).unwrap_or(i64::MAX));
        let waiting = store
            .read("anchor_waiting", move |tx| {
                Box::pin(
                    async move { receipts::unwitnessed(tx, &of, limit, BATCH_RECEIPTS_MAX).await },
                )
            })
            .await?;
        if waiting.is_empty() {
            return Ok(kept);
        }
        kept += waiting.len() as u64;
        let proofs = proofs_of(store, origin, size, &note, &waiting).await?;
        store
            .write_with("anchor_keep", (proofs, origin.to_owned()), move |tx, (proofs, origin)| {
                Box::pin(async move {
                    receipts::set_proofs(tx, origin, proofs).await?;
                    let hashes: Vec<_> = proofs.iter().map(|(hash, _)| *hash).collect();
                    enqueue(tx, &hashes, now).await
                })
            })
            .await?;
    }
}

/// How a check of kept proofs went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Proofs that were made again.
    pub proofs: u64,
    /// Whether all are checked; if not, the next call goes on.
    pub is_complete: bool,
}

/// Holds the proofs that were kept under earlier policies against the present one, and makes those that lack its quorum
/// again, under a checkpoint that has it. How far that came is kept, so that a restart goes on from there.
///
/// # Errors
/// If store or tiles fail; what is left is done next time.
pub async fn renew_proofs(
    store: &Store,
    (origin, size): (&str, u64),
    note: &Note,
    policy: &TlogPolicy,
    now: i64,
) -> Result<Renewed, LogError> {
    let (mut renewed, text) = (0, policy.to_text());
    for _ in 0..CHECK_BATCHES_MAX {
        let page = to_check(store, (origin, size), text.clone()).await?;
        let Some(last) = page.last() else {
            return Ok(Renewed { proofs: renewed, is_complete: true });
        };
        let checked = last.log_index.saturating_add(1);
        let lacking = lacking(page, policy);
        renewed += lacking.len() as u64;
        let proofs = if lacking.is_empty() {
            Vec::new()
        } else {
            proofs_of(store, origin, size, note, &lacking).await?
        };
        let check = ProofCheck { origin: origin.to_owned(), policy: text.clone(), checked };
        store
            .write_with("anchor_renew", (proofs, check), move |tx, (proofs, check)| {
                Box::pin(async move {
                    if !proofs.is_empty() {
                        receipts::set_proofs(tx, &check.origin, proofs).await?;
                        let hashes: Vec<_> = proofs.iter().map(|(hash, _)| *hash).collect();
                        outbox::anchors_again(tx, &hashes, now).await?;
                        enqueue(tx, &hashes, now).await?;
                    }
                    receipts::put_proof_check(tx, check).await
                })
            })
            .await?;
    }
    Ok(Renewed { proofs: renewed, is_complete: false })
}

/// The next receipts whose proofs were not held against that policy yet.
async fn to_check(
    store: &Store,
    (origin, size): (&str, u64),
    policy: String,
) -> Result<Vec<Receipt>, StoreError> {
    let (origin, below) = (origin.to_owned(), i64::try_from(size).unwrap_or(i64::MAX));
    store
        .read("anchor_to_check", move |tx| {
            Box::pin(async move {
                let check = receipts::proof_check(tx, &origin).await?;
                let from = check.filter(|check| check.policy == policy).map_or(0, |c| c.checked);
                receipts::witnessed(tx, &origin, (from, below), BATCH_RECEIPTS_MAX).await
            })
        })
        .await
}

/// The receipts whose proofs lack the quorum of a policy. Many share a checkpoint, which is judged once.
fn lacking(page: Vec<Receipt>, policy: &TlogPolicy) -> Vec<Receipt> {
    let mut judged: HashMap<String, bool> = HashMap::new();
    let mut has_quorum = |receipt: &Receipt| {
        let proof = receipt.proof.as_deref().and_then(|proof| TlogProof::parse(proof).ok());
        proof.is_some_and(|proof| {
            let text = proof.note.to_text();
            *judged.entry(text).or_insert_with(|| quorum::is_met(policy, &proof.note))
        })
    };
    page.into_iter().filter(|receipt| !has_quorum(receipt)).collect()
}

async fn proofs_of(
    store: &Store,
    origin: &str,
    size: u64,
    note: &Note,
    waiting: &[Receipt],
) -> Result<Vec<([u8; 32], Vec<u8>)>, LogError> {
    let index_of = |receipt: &Receipt| u64::try_from(receipt.log_index).unwrap_or(0);
    let indices = waiting.iter().map(index_of).collect();
    let tiles = proof::tiles_for_inclusion(store, origin, indices, size).await?;
    let mut proofs = Vec::with_capacity(waiting.len());
    for receipt in waiting {
        let index = index_of(receipt);
        let path = tiles.inclusion_path(index, size)?;
        let proof = TlogProof { extra: None, index, path, note: note.clone() };
        proofs.push((receipt.record_hash, proof.to_text().into_bytes()));
    }
    Ok(proofs)
}

/// Queues the proofs of records for every peer to whom they were delivered.
async fn enqueue(tx: &mut Tx, hashes: &[[u8; 32]], now: i64) -> Result<(), StoreError> {
    let rows = outbox::of_records(tx, hashes).await?;
    let is_delivered =
        |row: &&Outgoing| row.frame == OutboxFrame::Deliver && row.state == OutboxState::Delivered;
    let delivered = rows.iter().filter(is_delivered);
    let anchors: Vec<_> =
        delivered.map(|row| anchor_row(&row.peer, row.record_hash, now)).collect();
    if !anchors.is_empty() {
        outbox::enqueue(tx, &anchors).await?;
    }
    Ok(())
}

/// Records that a peer has got.
pub(crate) struct Arrived {
    pub(crate) own: String,
    pub(crate) peer: String,
    pub(crate) records: Vec<[u8; 32]>,
}

/// Queues the proofs of records that were witnessed before they were delivered.
pub(crate) async fn enqueue_witnessed(
    tx: &mut Tx,
    arrived: &Arrived,
    now: i64,
) -> Result<(), StoreError> {
    if arrived.records.is_empty() {
        return Ok(());
    }
    let prefix = format!("{}/log/", arrived.own);
    let receipts = receipts::of_records(tx, &arrived.records).await?;
    let witnessed = receipts.iter().filter(|r| r.proof.is_some() && r.origin.starts_with(&prefix));
    let anchors: Vec<_> =
        witnessed.map(|receipt| anchor_row(&arrived.peer, receipt.record_hash, now)).collect();
    if !anchors.is_empty() {
        outbox::enqueue(tx, &anchors).await?;
    }
    Ok(())
}

/// A proof waits for no other: it is a conversation of its own.
fn anchor_row(peer: &str, record_hash: [u8; 32], now: i64) -> NewOutgoing {
    NewOutgoing {
        peer: peer.to_owned(),
        conversation: format!("anchors/{}", hex::encode(record_hash)),
        record_hash,
        frame: OutboxFrame::Anchors,
        disclosure: None,
        queued_at: now,
    }
}

/// Sends the proofs of leased rows, those under one checkpoint together.
pub(crate) async fn send(
    parts: &DeliverParts,
    peer: &AuthorityName,
    rows: Vec<Outgoing>,
) -> Result<Sent, StoreError> {
    let mut sent = Sent::default();
    let hashes: Vec<_> = rows.iter().map(|row| row.record_hash).collect();
    let proofs = own_proofs(parts, hashes).await?;
    let mut by_note: BTreeMap<String, Vec<(Outgoing, AnchorItem)>> = BTreeMap::new();
    for row in rows {
        match proofs.get(&row.record_hash).and_then(|proof| TlogProof::parse(proof).ok()) {
            Some(proof) => {
                let item = AnchorItem {
                    statement: row.record_hash,
                    index: proof.index,
                    path: proof.path.iter().map(|hash| hash.0).collect(),
                };
                by_note.entry(proof.note.to_text()).or_default().push((row, item));
            }
            None => sent.postponed.push((row, "not witnessed yet".to_owned())),
        }
    }
    for (note, items) in by_note {
        let note = Bytes::from(note);
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let part: Vec<_> = items.by_ref().take(ANCHORS_PER_FRAME_MAX).collect();
            send_part(parts, peer, &note, part, &mut sent).await;
        }
    }
    Ok(sent)
}

async fn send_part(
    parts: &DeliverParts,
    peer: &AuthorityName,
    note: &Bytes,
    part: Vec<(Outgoing, AnchorItem)>,
    sent: &mut Sent,
) {
    let (rows, items): (Vec<_>, Vec<_>) = part.into_iter().unzip();
    let anchors = Anchors { checkpoint: note.clone(), items };
    match parts.courier.anchors(peer, &anchors).await {
        Ok(()) => sent.delivered.extend(rows.iter().map(Outgoing::lease)),
        Err(error) if is_final(&error) && rows.len() == 1 => {
            tracing::warn!(peer.authority = %peer, error = %error, "a peer refused a proof");
            let why = error.to_string();
            sent.settled.extend(
                rows.into_iter().map(|row| (row.lease(), OutboxState::Refused, why.clone())),
            );
        }
        Err(error) if is_final(&error) => {
            // One proof that cannot be read must not end those beside it.
            for one in rows.into_iter().zip(anchors.items) {
                Box::pin(send_part(parts, peer, note, vec![one], sent)).await;
            }
        }
        Err(error) => {
            let why = error.to_string();
            sent.postponed.extend(rows.into_iter().map(|row| (row, why.clone())));
        }
    }
}

/// Whether the same bytes will be refused for ever; all else may change with a card, a version or an hour.
fn is_final(error: &SendError) -> bool {
    match error {
        SendError::TooLarge(_) => true,
        SendError::Refused { refusal, .. } => {
            matches!(refusal.code, RefusalCode::TooLarge | RefusalCode::Malformed)
        }
        SendError::NotPaired(_)
        | SendError::Unreachable { .. }
        | SendError::Identity { .. }
        | SendError::NotAccepted { .. }
        | SendError::Interrupted { .. }
        | SendError::Answer { .. } => false,
    }
}

async fn own_proofs(
    parts: &DeliverParts,
    hashes: Vec<[u8; 32]>,
) -> Result<HashMap<[u8; 32], Vec<u8>>, StoreError> {
    let prefix = format!("{}/log/", parts.authority);
    let read = parts.store.read("anchor_proofs", move |tx| {
        Box::pin(async move { receipts::of_records(tx, &hashes).await })
    });
    let own = read.await?.into_iter().filter(|receipt| receipt.origin.starts_with(&prefix));
    Ok(own.filter_map(|receipt| Some((receipt.record_hash, receipt.proof?))).collect())
}
