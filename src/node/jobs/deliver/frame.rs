//! Packs leased rows into frames: statements with leaves, receipts and checkpoints, in order, each within its bounds.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use crate::domain::id::AuthorityName;
use crate::node::jobs::seam::{NotSendable, Sendable, Wanted};
use crate::node::peer::{Deliver, DeliverItem};
use crate::node::store::logs;
use crate::node::store::outbox::Outgoing;
use crate::node::store::receipts::{self, Receipt};
use crate::node::store::{Store, StoreError, Tx};
use crate::record::{StatementHash, Value};

/// A statement in a frame, and the row that it answers.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) row: Outgoing,
    pub(super) sent: DeliverItem,
    /// The checkpoint of the receipt's size, if it is kept.
    pub(super) note: Option<((String, i64), Bytes)>,
}

/// What a row asks for.
pub(super) fn wanted(row: &Outgoing) -> Result<Wanted, NotSendable> {
    let shown = match &row.disclosure {
        None => None,
        Some(indices) => Some(read_indices(indices).ok_or_else(|| {
            NotSendable::Gone("the list of disclosed fields cannot be read".to_owned())
        })?),
    };
    Ok(Wanted { hash: StatementHash(row.record_hash), shown })
}

fn read_indices(bytes: &[u8]) -> Option<Vec<usize>> {
    let Value::Array(indices) = Value::decode(bytes).ok()? else { return None };
    indices.iter().map(|index| usize::try_from(index.as_int()?).ok()).collect()
}

/// The own receipts of records and the notes of their sizes.
pub(super) struct Proofs {
    receipts: HashMap<[u8; 32], Receipt>,
    notes: HashMap<(String, i64), Bytes>,
}

impl Proofs {
    /// Reads them.
    pub(super) async fn read(
        store: &Store,
        own: &AuthorityName,
        hashes: Vec<[u8; 32]>,
    ) -> Result<Self, StoreError> {
        let prefix = format!("{own}/log/");
        store
            .read("deliver_proofs", move |tx| {
                Box::pin(async move { Self::from_store(tx, &prefix, &hashes).await })
            })
            .await
    }

    async fn from_store(
        tx: &mut Tx,
        prefix: &str,
        hashes: &[[u8; 32]],
    ) -> Result<Self, StoreError> {
        let all = receipts::of_records(tx, hashes).await?;
        let own = all.into_iter().filter(|receipt| receipt.origin.starts_with(prefix));
        let receipts: HashMap<_, _> = own.map(|one| (one.record_hash, one)).collect();
        let sizes: HashSet<(String, i64)> =
            receipts.values().map(|one| (one.origin.clone(), one.tree_size)).collect();
        let mut notes = HashMap::with_capacity(sizes.len());
        for (origin, size) in sizes {
            if let Some(checkpoint) = logs::checkpoint(tx, &origin, size).await? {
                notes.insert((origin, size), Bytes::from(checkpoint.note));
            }
        }
        Ok(Self { receipts, notes })
    }

    /// The item of a row; none while its receipt is not there.
    pub(super) fn item(&self, row: &Outgoing, sendable: Sendable) -> Option<Item> {
        let receipt = self.receipts.get(&row.record_hash)?;
        let size = (receipt.origin.clone(), receipt.tree_size);
        let note = self.notes.get(&size).map(|note| (size, note.clone()));
        let item = DeliverItem {
            statement: sendable.statement.into(),
            fields: sendable.fields,
            receipt: Bytes::from(receipt.receipt.clone()),
        };
        Some(Item { row: row.clone(), sent: item, note })
    }
}

/// Puts items into as few frames as their bounds allow, in order.
pub(super) fn frames(items: Vec<Item>) -> Vec<(Deliver, Vec<Outgoing>)> {
    let mut frames: Vec<(Deliver, Vec<Outgoing>)> = Vec::new();
    let mut sizes = HashSet::new();
    for Item { row, sent: item, note } in items {
        let fresh = |sizes: &HashSet<(String, i64)>| {
            note.as_ref().filter(|(size, _)| !sizes.contains(size)).map_or(0, |(_, n)| n.len())
        };
        let has_room = frames.last().is_some_and(|(frame, _)| frame.has_room(&item, fresh(&sizes)));
        if !has_room {
            frames.push((Deliver::default(), Vec::new()));
            sizes.clear();
        }
        if let Some((frame, rows)) = frames.last_mut() {
            if let Some((size, note)) = note
                && sizes.insert(size)
            {
                frame.checkpoints.push(note);
            }
            frame.items.push(item);
            rows.push(row);
        }
    }
    frames
}
