//! A statement that came before with other leaves: what is shown now is added to what was shown then.

use std::collections::BTreeMap;

use crate::node::casework::load::{Held, Stored};
use crate::node::casework::receive::open::Opened;
use crate::node::casework::{Desk, Error};
use crate::node::store::records::{self, SealedFields};
use crate::node::store::{StoreError, Tx};
use crate::record::disclosure::Excerpt;

impl Desk {
    /// Adds leaves to a kept statement; nothing changes if they are all there.
    pub(super) async fn merge_leaves(&self, opened: Opened) -> Result<(), Error> {
        let Held::Part(shown) = opened.held else { return Ok(()) };
        let hash = shown.hash();
        let stored = self
            .store
            .read("merge_stored", move |tx| {
                Box::pin(async move {
                    match records::get(tx, &hash.0).await? {
                        Some(row) => Stored::read(tx, row).await.map(Some),
                        None => Ok::<_, StoreError>(None),
                    }
                })
            })
            .await?;
        // A statement that was refused is not kept.
        let Some(stored) = stored else { return Ok(()) };
        let (seq, before) = (stored.row.seq, stored.fields().to_vec());
        let known = match self.open_stored(stored).await {
            Ok(Held::Part(known)) => known,
            Ok(Held::Whole(_)) | Err(Error::Erased(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let Some(merged) = union(&known, &shown)? else { return Ok(()) };
        let prepared = self.prepare_excerpt(merged).await?;
        let after = prepared.sealed_as(seq);
        self.store
            .write_with("merge_leaves", (before, after), move |tx, (before, after)| {
                Box::pin(put_if_same(tx, seq, before, after))
            })
            .await?;
        Ok(())
    }
}

/// Another disclosure may have been merged meanwhile: the sender then tries again.
async fn put_if_same(
    tx: &mut Tx,
    seq: i64,
    before: &[SealedFields],
    after: &[SealedFields],
) -> Result<(), StoreError> {
    let now = records::fields(tx, seq).await?;
    let is_same = now.len() == before.len()
        && now.iter().zip(before).all(|(one, other)| one.sealed == other.sealed);
    if is_same {
        records::put_fields(tx, after).await
    } else {
        Err(StoreError::Conflict("record_fields.merge"))
    }
}

/// The leaves of both; nothing if the first has them all.
fn union(known: &Excerpt, shown: &Excerpt) -> Result<Option<Excerpt>, Error> {
    let mut leaves: BTreeMap<_, _> =
        known.leaves().iter().map(|leaf| (leaf.index, leaf.clone())).collect();
    let before = leaves.len();
    for leaf in shown.leaves() {
        leaves.entry(leaf.index).or_insert_with(|| leaf.clone());
    }
    if leaves.len() == before {
        return Ok(None);
    }
    let leaves = leaves.into_values().collect();
    Ok(Some(Excerpt::assemble(known.statement().clone(), known.leaf_count(), leaves)?))
}
