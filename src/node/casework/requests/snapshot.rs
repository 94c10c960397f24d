//! What one snapshot of the store holds of requests, read with few statements however many they are; opens nothing.

use std::collections::HashMap;

use crate::domain::id::AuthorityName;
use crate::node::casework::append::SHARED_CHAIN;
use crate::node::casework::load::Stored;
use crate::node::casework::receive::open::is_origin_of;
use crate::node::casework::requests::memory::{ActMemory, Opened};
use crate::node::casework::requests::order::position;
use crate::node::casework::requests::refusal::read_refusals;
use crate::node::store::requests::{self, Direction};
use crate::node::store::{StoreError, Tx, chains, logs, receipts, records};

/// Requests with what is needed to fold them.
pub(super) struct Snapshot {
    /// Those that there are, in no fixed order.
    pub(super) rows: Vec<requests::Request>,
    /// Their acts, by request.
    pub(super) acts: HashMap<String, Vec<requests::RequestAct>>,
    /// Acts that were opened before, by hash.
    pub(super) opened: HashMap<[u8; 32], Opened>,
    /// The others.
    pub(super) stored: Vec<Stored>,
    /// Logs and places in them of the acts that had none when they were opened.
    places: HashMap<[u8; 32], Vec<(String, i64)>>,
    /// The newest statement of each request.
    pub(super) heads: HashMap<String, [u8; 32]>,
    /// The refusals of acts, by the act.
    pub(super) refusals: HashMap<[u8; 32], Stored>,
}

impl Snapshot {
    pub(super) async fn read(
        tx: &mut Tx,
        ids: &[String],
        memory: &ActMemory,
        epoch: u64,
    ) -> Result<Self, StoreError> {
        let rows = requests::get_many(tx, ids).await?;
        let all = requests::acts_of_many(tx, ids).await?;
        let hashes: Vec<_> = all.iter().map(|act| act.record_hash).collect();
        let opened = memory.among(epoch, &hashes);
        let is_new = |hash: &&[u8; 32]| !opened.contains_key(*hash);
        let new: Vec<_> = hashes.iter().filter(is_new).copied().collect();
        let stored = records::get_many(tx, &new).await?;
        let stored = Stored::read_all(tx, stored).await?;
        let places = places(tx, &rows, &all, &opened).await?;
        let heads = chains::of_objects(tx, SHARED_CHAIN, ids).await?;
        let heads = heads.into_iter().map(|chain| (chain.object, chain.head)).collect();
        let refusals = read_refusals(tx, ids, &all).await?;
        let mut acts: HashMap<_, Vec<_>> = HashMap::with_capacity(rows.len());
        for act in all {
            acts.entry(act.request_id.clone()).or_default().push(act);
        }
        Ok(Self { rows, acts, opened, stored, places, heads, refusals })
    }

    /// Where an act stands in the log of the requested authority, if that was read.
    pub(super) fn place(&self, act: &[u8; 32], requested: &AuthorityName) -> Option<i64> {
        let mut places = self.places.get(act)?.iter();
        let (origin, index) = places.find(|(origin, _)| is_origin_of(requested, origin))?;
        let year = origin.rsplit('/').next()?.parse().ok()?;
        Some(position(year, *index))
    }
}

/// The requested authority goes by its own log, the applicant by the receipts of it.
async fn places(
    tx: &mut Tx,
    rows: &[requests::Request],
    acts: &[requests::RequestAct],
    opened: &HashMap<[u8; 32], Opened>,
) -> Result<HashMap<[u8; 32], Vec<(String, i64)>>, StoreError> {
    let directions: HashMap<_, _> = rows.iter().map(|row| (&row.id, row.direction)).collect();
    let is_placed = |hash| opened.get(hash).is_some_and(|act| act.position.is_some());
    let of = |direction| -> Vec<[u8; 32]> {
        let unplaced = acts.iter().filter(|act| !is_placed(&act.record_hash));
        unplaced
            .filter(|act| directions.get(&act.request_id) == Some(&direction))
            .map(|act| act.record_hash)
            .collect()
    };
    let leaves = logs::leaves_of(tx, &of(Direction::In)).await?;
    let receipts = receipts::of_records(tx, &of(Direction::Out)).await?;
    let mut places: HashMap<_, Vec<_>> = HashMap::new();
    for leaf in leaves {
        places.entry(leaf.record_hash).or_default().push((leaf.origin, leaf.idx));
    }
    for receipt in receipts {
        places.entry(receipt.record_hash).or_default().push((receipt.origin, receipt.log_index));
    }
    Ok(places)
}
