//! Writes a frame of verified records in one transaction, with few statements for all of them; answers nobody.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::node::casework::append::Prepared;
use crate::node::casework::receive::arrival::{Arrival, ArrivalError};
use crate::node::casework::receive::open::Refused;
use crate::node::peer::message::LaterReason;
use crate::node::store::inbox::{self, Incoming};
use crate::node::store::receipts::{self, Receipt};
use crate::node::store::{StoreError, Tx, records};

/// A record that is ready to be kept.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    pub(super) arrival: Box<dyn Arrival>,
    pub(super) receipt: Receipt,
    pub(super) incoming: Incoming,
}

/// Why a batch was undone.
pub(super) enum BatchError {
    /// The record at that place was refused by its family.
    Refused(usize, Refused),
    /// What the record at that place builds on is missing.
    Later(usize, LaterReason),
    Store(StoreError),
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Keeps the records of one peer and has their arrivals take effect, in order; gives the place of each in commit
/// order, or nothing for one that came before.
pub(super) async fn write_batch(
    tx: &mut Tx,
    batch: &[Arc<Ready>],
) -> Result<Vec<Option<i64>>, BatchError> {
    let mut written = Vec::with_capacity(batch.len());
    let mut rest = batch;
    while !rest.is_empty() {
        let (run, later) = rest.split_at(run_length(rest));
        write_run(tx, run, &mut written).await?;
        rest = later;
    }
    Ok(written)
}

/// How many records can be kept before the first of them takes effect. A record that this node answers at once has its
/// answer before the next record about the same object, in the log too.
fn run_length(batch: &[Arc<Ready>]) -> usize {
    let mut answered = HashSet::new();
    let is_next_run = |ready: &Arc<Ready>| {
        let object = ready.prepared.row().object.as_str();
        if ready.arrival.has_answer() {
            return !answered.insert(object.to_owned());
        }
        answered.contains(object)
    };
    batch.iter().position(is_next_run).unwrap_or(batch.len())
}

async fn write_run(
    tx: &mut Tx,
    run: &[Arc<Ready>],
    written: &mut Vec<Option<i64>>,
) -> Result<(), BatchError> {
    let mut places = keep_new(tx, run).await?;
    for ready in run {
        let hash = ready.prepared.hash();
        // Taken out, so that a statement that is twice in a frame takes effect once.
        let seq = places.remove(&hash.0);
        if seq.is_some() {
            ready.arrival.apply(tx, hash).await.map_err(|error| match error {
                ArrivalError::Refused(refused) => BatchError::Refused(written.len(), refused),
                ArrivalError::Later(reason) => BatchError::Later(written.len(), reason),
                ArrivalError::Store(error) => BatchError::Store(error),
            })?;
        }
        written.push(seq);
    }
    Ok(())
}

/// Keeps the records that did not come before; gives their places in commit order.
async fn keep_new(tx: &mut Tx, run: &[Arc<Ready>]) -> Result<HashMap<[u8; 32], i64>, StoreError> {
    let peer = run.first().map(|ready| ready.incoming.peer.as_str()).unwrap_or_default();
    let hashes: Vec<_> = run.iter().map(|ready| ready.incoming.record_hash).collect();
    let came = inbox::get_many(tx, peer, &hashes).await?;
    let mut came: HashSet<_> = came.into_iter().map(|row| row.record_hash).collect();
    let mut new: Vec<_> =
        run.iter().filter(|ready| came.insert(ready.incoming.record_hash)).collect();
    let rows: Vec<_> = new.iter().map(|ready| ready.incoming.clone()).collect();
    inbox::keep_all(tx, &rows).await?;
    // Others may have sent it, or it is our own.
    let kept = records::refs(tx, &hashes).await?;
    let kept: HashSet<_> = kept.into_iter().map(|one| one.hash).collect();
    new.retain(|ready| !kept.contains(&ready.incoming.record_hash));
    let rows: Vec<_> = new.iter().map(|ready| ready.prepared.row().clone()).collect();
    let places: HashMap<_, _> =
        records::append_all(tx, &rows).await?.into_iter().map(|one| (one.hash, one.seq)).collect();
    let mut fields = Vec::with_capacity(new.len());
    for ready in &new {
        let seq = places.get(&ready.incoming.record_hash);
        let seq = seq.ok_or(StoreError::Conflict("records.append"))?;
        fields.extend(ready.prepared.sealed_as(*seq));
    }
    records::put_fields(tx, &fields).await?;
    let receipts: Vec<_> = new.iter().map(|ready| ready.receipt.clone()).collect();
    receipts::keep_all(tx, &receipts).await?;
    Ok(places)
}
