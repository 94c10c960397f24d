//! One log from its first leaf to its last: everything is derived again and compared; nothing is repaired.

use std::collections::{BTreeMap, HashMap};

use crate::node::store::logs::{self, Checkpoint, Log};
use crate::node::store::receipts::{self, Receipt as ReceiptRow};
use crate::node::store::records::{self, Record};
use crate::node::store::{Store, StoreError, Tx};
use crate::node::upkeep::log_check::published::Published;
use crate::node::upkeep::log_check::{CheckError, Checked, Keys, STORE_CHANGED, to_i64, to_u64};
use crate::record::StatementHash;
use crate::record::receipt::Receipt;
use crate::transparency::append::TileBuilder;
use crate::transparency::checkpoint;
use crate::transparency::note::Note;
use crate::transparency::proof::root_from_inclusion;
use crate::transparency::tile::Tile;
use crate::transparency::tlog_proof::TlogProof;
use crate::transparency::tree::{Frontier, Hash, leaf_hash};

/// Leaves that are read at once: a tile, so that memory stays at one entry bundle.
const WIDTH: u64 = 256;

/// A log on its way.
pub(super) struct Walk<'a> {
    store: &'a Store,
    log: &'a Log,
    keys: Keys,
    published: Option<Published>,
    checked: &'a mut Checked,
    builder: TileBuilder,
    frontier: Frontier,
    /// Statements of the entry bundle that is being filled.
    entries: Vec<Vec<u8>>,
    /// Roots that receipts promised, by the size at which they must be true.
    promised: BTreeMap<u64, Vec<(Hash, [u8; 32])>>,
}

/// Some leaves with all that is stored about them, from one snapshot.
struct Batch {
    leaves: Vec<logs::Leaf>,
    records: HashMap<[u8; 32], Record>,
    receipts: HashMap<[u8; 32], ReceiptRow>,
    checkpoints: BTreeMap<u64, Checkpoint>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        store: &'a Store,
        log: &'a Log,
        keys: Keys,
        published: Option<Published>,
        checked: &'a mut Checked,
    ) -> Self {
        Self {
            store,
            log,
            keys,
            published,
            checked,
            builder: TileBuilder::new(),
            frontier: Frontier::new(),
            entries: Vec::new(),
            promised: BTreeMap::new(),
        }
    }

    fn fault(&mut self, place: u64, what: impl Into<String>) {
        let about = format!("{} at {place}", self.log.origin);
        self.checked.findings.add(about, what, STORE_CHANGED);
    }

    /// Walks. A leaf that is missing ends the walk, since nothing after it can be derived.
    pub(super) async fn run(
        &mut self,
        last: Option<Checkpoint>,
        walked: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), CheckError> {
        let size = to_u64(self.log.size);
        if last.as_ref().map_or(0, |last| to_u64(last.size)) != size {
            self.fault(size, "the newest checkpoint has another size than the log");
        }
        let published = self.published.as_ref().map(|published| published.size);
        if let Some(beyond) = published.filter(|published| *published > size) {
            self.checked.findings.add(
                &self.log.origin,
                format!("{beyond} entries are published, but the store holds {size}"),
                "the store is an older copy: restore a newer one; see OPERATIONS, behind its witnesses",
            );
        }
        let mut first = 0;
        while first < size {
            let mut end = (first / WIDTH).saturating_add(1).saturating_mul(WIDTH).min(size);
            // The published right edge is compared when the tree has just that size.
            if let Some(edge) = published.filter(|edge| (first + 1..end).contains(edge)) {
                end = edge;
            }
            let batch = self.read(first, end).await?;
            if !self.take(first, end, batch).await? {
                return Ok(());
            }
            walked(end - first);
            first = end;
        }
        self.end().await
    }

    async fn read(&self, first: u64, end: u64) -> Result<Batch, StoreError> {
        let origin = self.log.origin.clone();
        self.store
            .read("check_leaves", move |tx| {
                Box::pin(async move { Batch::read(tx, &origin, first, end).await })
            })
            .await
    }

    async fn take(&mut self, first: u64, end: u64, mut batch: Batch) -> Result<bool, CheckError> {
        let mut hashes = Vec::new();
        let leaves = std::mem::take(&mut batch.leaves);
        let mut leaves = leaves.into_iter();
        for place in first..end {
            let leaf = leaves.next().filter(|leaf| to_u64(leaf.idx) == place);
            let Some(leaf) = leaf else {
                self.fault(place, "the leaf is missing; what follows cannot be derived");
                return Ok(false);
            };
            let Some(record) = batch.records.remove(&leaf.record_hash) else {
                self.fault(
                    place,
                    "the record of the leaf is missing; what follows cannot be derived",
                );
                return Ok(false);
            };
            if StatementHash::of(&record.statement).0 != record.hash {
                let hash = StatementHash(record.hash);
                self.fault(place, format!("the statement of record {hash} was changed"));
            }
            let hash = leaf_hash(&record.statement);
            self.frontier.push(hash);
            hashes.push(hash);
            self.receipt(place, &record, batch.receipts.remove(&record.hash));
            let size = place.saturating_add(1);
            self.keep_promises(size);
            if let Some(checkpoint) = batch.checkpoints.remove(&size) {
                self.checkpoint(&checkpoint);
            }
            self.entries.push(record.statement);
            self.checked.leaves = self.checked.leaves.saturating_add(1);
        }
        self.tiles(end, &hashes).await?;
        Ok(true)
    }

    /// The own receipt of a leaf: its place, its signature, and the root that it promises.
    fn receipt(&mut self, place: u64, record: &Record, row: Option<ReceiptRow>) {
        let Some(row) = row else {
            self.fault(place, "the receipt is missing");
            return;
        };
        self.checked.receipts = self.checked.receipts.saturating_add(1);
        match self.verified(&row, &record.statement) {
            Ok((receipt, root)) => {
                let is_here = receipt.leaf_index == place
                    && to_u64(row.log_index) == place
                    && receipt.tree_size == to_u64(row.tree_size)
                    && receipt.origin.as_deref() == Some(self.log.origin.as_str());
                if !is_here {
                    self.fault(place, "the receipt names another place than the leaf has");
                }
                self.promised.entry(receipt.tree_size).or_default().push((root, record.hash));
            }
            Err(why) => self.fault(place, why),
        }
        if let Some(why) =
            row.proof.as_deref().and_then(|proof| self.proof_fault(place, proof, &record.statement))
        {
            self.fault(place, format!("the witnessed proof does not hold: {why}"));
        }
    }

    fn verified(&self, row: &ReceiptRow, entry: &[u8]) -> Result<(Receipt, Hash), String> {
        let receipt = Receipt::parse(&row.receipt).map_err(|error| error.to_string())?;
        let key = self.keys.receipt(receipt.key);
        let key = key.ok_or("the receipt is by a key that no card of this node ever named")?;
        let root = receipt.verify(entry, key).map_err(|error| error.to_string())?;
        Ok((receipt, root))
    }

    fn proof_fault(&self, place: u64, proof: &[u8], entry: &[u8]) -> Option<String> {
        let proof = match TlogProof::parse(proof) {
            Ok(proof) => proof,
            Err(error) => return Some(error.to_string()),
        };
        let opened = checkpoint::Checkpoint::open(&proof.note, &self.log.origin, &self.keys.all);
        let checkpoint = match opened {
            Ok(checkpoint) => checkpoint,
            Err(error) => return Some(error.to_string()),
        };
        let root =
            root_from_inclusion(&leaf_hash(entry), proof.index, checkpoint.size, &proof.path);
        match root {
            Ok(root) if root == checkpoint.root && proof.index == place => None,
            Ok(_) => Some("it is of another place or root".to_owned()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// The roots that receipts promised for this size.
    fn keep_promises(&mut self, size: u64) {
        let Some(promises) = self.promised.remove(&size) else { return };
        let root = self.frontier.root();
        for (promised, record) in promises {
            if promised != root {
                let hash = StatementHash(record);
                self.fault(size, format!("the receipt of {hash} is under another root"));
            }
        }
    }

    /// A stored checkpoint: its root, its note, the log's signature, the cosignatures by known witnesses.
    fn checkpoint(&mut self, row: &Checkpoint) {
        let (size, root) = (to_u64(row.size), self.frontier.root());
        self.checked.checkpoints = self.checked.checkpoints.saturating_add(1);
        if row.root != root.0 {
            self.fault(size, "the stored root of the checkpoint is not that of the leaves");
        }
        let notes = [(Some(&row.note), &self.keys.log), (row.cosigned.as_ref(), &self.keys.all)];
        let faults: Vec<String> = notes
            .into_iter()
            .filter_map(|(note, keys)| {
                let note = Note::parse(note?).map_err(|error| error.to_string());
                let opened = note.and_then(|note| {
                    checkpoint::Checkpoint::open(&note, &self.log.origin, keys)
                        .map_err(|error| error.to_string())
                });
                match opened {
                    Ok(signed) if signed.size == size && signed.root == root => None,
                    Ok(_) => Some("it is of another size or root".to_owned()),
                    Err(error) => Some(error),
                }
            })
            .collect();
        for fault in faults {
            self.fault(size, format!("the signed checkpoint does not hold: {fault}"));
        }
        if row.witnessed_at.is_some() && row.cosigned.is_none() {
            self.fault(size, "the checkpoint is marked as witnessed and has no cosignatures");
        }
    }

    /// The tiles that became full, in the store and as files; at the published size also the files of the edge.
    async fn tiles(&mut self, end: u64, hashes: &[Hash]) -> Result<(), CheckError> {
        let changed = self.builder.append(hashes);
        for tile in changed.iter().filter(|tile| tile.id.is_full()) {
            self.stored_tile(tile).await?;
            if let Some(published) = &self.published {
                let count = published.tile(tile, &mut self.checked.findings).await?;
                self.checked.files = self.checked.files.saturating_add(count);
            }
        }
        if let Some(published) = &self.published {
            let edge = (end == published.size).then(|| self.builder.edge_tiles());
            let found = &mut self.checked.findings;
            let mut count = published.bundle(end, &self.entries, found).await?;
            if let Some(edge) = edge {
                for tile in &edge {
                    count = count.saturating_add(published.tile(tile, found).await?);
                }
                published.head(self.builder.root(), &self.keys.all, found);
            }
            self.checked.files = self.checked.files.saturating_add(count);
        }
        if end.is_multiple_of(WIDTH) {
            self.entries.clear();
        }
        Ok(())
    }

    /// A stored tile must begin with the derived one; the node may have made it longer meanwhile.
    async fn stored_tile(&mut self, tile: &Tile) -> Result<(), CheckError> {
        let origin = self.log.origin.clone();
        let (level, n) = (i64::from(tile.id.level), to_i64(tile.id.n));
        let stored = self
            .store
            .read("check_tile", move |tx| {
                Box::pin(async move { logs::tile(tx, &origin, level, n).await })
            })
            .await?;
        self.checked.tiles = self.checked.tiles.saturating_add(1);
        let is_same = stored.is_some_and(|stored| stored.hashes.starts_with(&tile.to_bytes()));
        if !is_same {
            let place = tile.id.n.saturating_mul(WIDTH);
            self.fault(
                place,
                format!("the stored tile {} is not that of the leaves", tile.id.path()),
            );
        }
        Ok(())
    }

    /// The right edge and the root of the whole.
    async fn end(&mut self) -> Result<(), CheckError> {
        for tile in self.builder.edge_tiles() {
            self.stored_tile(&tile).await?;
        }
        let size = to_u64(self.log.size);
        if self.builder.root().0 != self.log.root {
            self.fault(size, "the stored root of the log is not that of its leaves");
        }
        if let Some((beyond, _)) = self.promised.first_key_value() {
            let what = format!("a receipt promises a tree of {beyond} entries");
            self.fault(size, what);
        }
        Ok(())
    }
}

impl Batch {
    async fn read(tx: &mut Tx, origin: &str, first: u64, end: u64) -> Result<Self, StoreError> {
        let count = to_i64(end.saturating_sub(first));
        let leaves = logs::leaves_from(tx, origin, to_i64(first), count).await?;
        let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.record_hash).collect();
        let records = records::get_many(tx, &hashes).await?;
        let receipts = receipts::get_many(tx, origin, &hashes).await?;
        let checkpoints = logs::checkpoints_after(tx, origin, to_i64(first), count).await?;
        Ok(Self {
            leaves,
            records: records.into_iter().map(|row| (row.hash, row)).collect(),
            receipts: receipts.into_iter().map(|row| (row.record_hash, row)).collect(),
            checkpoints: checkpoints
                .into_iter()
                .map(|row| (to_u64(row.size), row))
                .filter(|(size, _)| *size <= end)
                .collect(),
        })
    }
}
