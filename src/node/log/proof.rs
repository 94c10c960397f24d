//! Proofs from the tiles in the store: that an entry is in a log, that a log only grew; signs nothing.

use crate::node::log::LogError;
use crate::node::log::rows::load;
use crate::node::store::logs::{self, Checkpoint};
use crate::node::store::receipts;
use crate::node::store::{Store, StoreError, Tx};
use crate::transparency::note::Note;
use crate::transparency::prove::{LoadedTiles, tiles_of_consistency, tiles_of_inclusion};
use crate::transparency::tlog_proof::TlogProof;
use crate::transparency::tree::Hash;

/// The sibling hashes from the entry at `index` to the root of the log at `size`.
///
/// # Errors
/// If the store fails, or the log has no such entry at that size.
pub async fn inclusion_path(
    store: &Store,
    origin: &str,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, LogError> {
    let tiles = tiles_for_inclusion(store, origin, vec![index], size).await?;
    Ok(tiles.inclusion_path(index, size)?)
}

/// The tiles from which the paths of these entries at `size` are made.
///
/// # Errors
/// If the store fails.
pub async fn tiles_for_inclusion(
    store: &Store,
    origin: &str,
    indices: Vec<u64>,
    size: u64,
) -> Result<LoadedTiles, LogError> {
    let origin = origin.to_owned();
    let read = store.read("log_inclusion", move |tx| {
        Box::pin(async move { load(tx, &origin, &tiles_of_inclusion(indices, size)).await })
    });
    Ok(read.await?)
}

/// The hashes that prove that the log at `newer` extends the log at `older`; none from size 0.
///
/// # Errors
/// If the store fails, or the log is not that large.
pub async fn consistency_path(
    store: &Store,
    origin: &str,
    older: u64,
    newer: u64,
) -> Result<Vec<Hash>, LogError> {
    if older == 0 || older == newer {
        return Ok(Vec::new());
    }
    let origin = origin.to_owned();
    let tiles = store
        .read("log_consistency", move |tx| {
            Box::pin(async move { load(tx, &origin, &tiles_of_consistency(older, newer)).await })
        })
        .await?;
    Ok(tiles.consistency_path(older, newer)?)
}

/// The `.tlog-proof` of a record in the own log: the witnessed one if there is one, else under the log's own signature.
///
/// # Errors
/// If the store fails. `None` if the record is unknown or not sealed yet.
pub async fn tlog_proof(store: &Store, record_hash: [u8; 32]) -> Result<Option<String>, LogError> {
    let found = store
        .read("log_proof", move |tx| Box::pin(async move { place(tx, record_hash).await }))
        .await?;
    let Some((index, checkpoint, proof)) = found else { return Ok(None) };
    if let Some(proof) = proof {
        return Ok(Some(String::from_utf8_lossy(&proof).into_owned()));
    }
    let Some(checkpoint) = checkpoint else { return Ok(None) };
    let size = u64::try_from(checkpoint.size).unwrap_or(0);
    let path = inclusion_path(store, &checkpoint.origin, index, size).await?;
    let note = checkpoint.cosigned.as_deref().unwrap_or(&checkpoint.note);
    let note = Note::parse(note).map_err(|_| damaged(&checkpoint))?;
    Ok(Some(TlogProof { extra: None, index, path, note }.to_text()))
}

type Place = (u64, Option<Checkpoint>, Option<Vec<u8>>);

async fn place(tx: &mut Tx, record_hash: [u8; 32]) -> Result<Option<Place>, StoreError> {
    let Some(leaf) = logs::leaf_of(tx, &record_hash).await? else { return Ok(None) };
    let receipt = receipts::get(tx, &record_hash, &leaf.origin).await?;
    let witnessed = logs::first_witnessed_over(tx, &leaf.origin, leaf.idx).await?;
    let checkpoint = match witnessed {
        Some(witnessed) => Some(witnessed),
        None => logs::last_checkpoint(tx, &leaf.origin).await?,
    };
    let index = u64::try_from(leaf.idx).unwrap_or(0);
    Ok(Some((index, checkpoint, receipt.and_then(|receipt| receipt.proof))))
}

/// A note of the own store that cannot be read.
pub(crate) fn damaged(checkpoint: &Checkpoint) -> LogError {
    LogError::DamagedNote { origin: checkpoint.origin.clone(), size: checkpoint.size }
}
