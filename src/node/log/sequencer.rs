//! Seals committed records into the year's log: leaves, tiles, checkpoint and receipts in one transaction.
//!
//! The only task that signs checkpoints. It publishes nothing and asks no witness; `jobs::publish` does.

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::drill::{self, Drill};
use crate::node::log::high_water::{HighWater, HighWaterFile};
use crate::node::log::rows::{edge, tile_rows};
use crate::node::log::signing::SigningGate;
use crate::node::log::{EdgeError, LogError};
use crate::node::signals::Signals;
use crate::node::store::logs::{self, Log};
use crate::node::store::receipts::{self, Receipt};
use crate::node::store::records;
use crate::node::store::{Store, StoreError};
use crate::record::Signer;
use crate::record::receipt::SignedRoot;
use crate::transparency::append::TileBuilder;
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::key::NoteSigner;
use crate::transparency::prove::LoadedTiles;
use crate::transparency::tree::{Hash, leaf_hash};

/// The most records that one batch seals: bounds memory and the time that the writer is held.
pub const BATCH_RECORDS_MAX: i64 = 1024;

/// Opens the log of a year with its genesis record; a use case, since it signs a record.
#[async_trait]
pub trait LogOpening: Send + Sync + 'static {
    /// Commits the genesis record, closes `previous` and opens the log of `year`, in one transaction.
    ///
    /// Fails with a conflict if records wait to be sealed into `previous`.
    async fn open_log(&self, year: i32, previous: Option<Log>) -> Result<(), LogError>;
}

/// What the sequencer needs.
pub struct SequencerParts {
    /// The node's own authority.
    pub authority: AuthorityName,
    /// The store.
    pub store: Store,
    /// Time, for the year of the log and the `iat` of receipts.
    pub clock: Arc<dyn Clock>,
    /// Wake-ups.
    pub signals: Arc<Signals>,
    /// The key that signs checkpoints, one seed for all years.
    pub log_key: ed25519_dalek::SigningKey,
    /// The key that signs receipts.
    pub receipt_key: Arc<Signer>,
    /// Where size and root are kept out of reach of backups.
    pub high_water: HighWaterFile,
    /// Whether checkpoints may be signed.
    pub gate: Arc<SigningGate>,
    /// Opens the next year's log.
    pub opening: Arc<dyn LogOpening>,
    /// Where the node ends itself, if a drill says so.
    pub drill: Drill,
}

/// Seals records in commit order.
pub struct Sequencer {
    parts: SequencerParts,
    open: Option<OpenLog>,
}

/// The log that is being written, with its right edge in memory.
struct OpenLog {
    row: Log,
    builder: TileBuilder,
    signer: NoteSigner,
}

/// A batch of leaves on its way into the log.
struct Sealed {
    old_size: i64,
    row: Log,
    leaves: Vec<logs::Leaf>,
    tiles: Vec<logs::Tile>,
    checkpoint: logs::Checkpoint,
    receipts: Vec<Receipt>,
}

impl Sequencer {
    /// A sequencer that has not read its log yet.
    #[must_use]
    pub const fn new(parts: SequencerParts) -> Self {
        Self { parts, open: None }
    }

    /// Seals whenever records were committed, until told to stop; what waits then is sealed at the next start.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let may_sign = self.parts.gate.wait_allowed();
            tokio::select! {
                () = stop.cancelled() => return,
                () = may_sign => {}
            }
            match self.seal_all().await {
                Ok(()) => {
                    let signals = Arc::clone(&self.parts.signals);
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = signals.committed.notified() => {}
                        // A year may turn while nothing is committed.
                        () = tokio::time::sleep(std::time::Duration::from_mins(1)) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(error = %error, "the log could not be sealed; trying again");
                    self.open = None;
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(std::time::Duration::from_millis(500)) => {}
                    }
                }
            }
        }
    }

    /// Seals everything that is committed and turns the year if it is time.
    ///
    /// # Errors
    /// What the store, the edge or the high-water file says. The state in memory is then read anew.
    pub async fn seal_all(&mut self) -> Result<(), LogError> {
        loop {
            if self.open.is_none() {
                self.open = self.read_newest().await?;
            }
            while self.open.is_some() && self.seal_batch().await? {}
            let year = self.parts.clock.now().year();
            let newest = self.open.as_ref().map(|open| open.row.clone());
            // A clock that was set back does not reopen a closed year.
            if newest.as_ref().is_some_and(|row| row.year >= i64::from(year)) {
                return Ok(());
            }
            match self.parts.opening.open_log(year, newest).await {
                Ok(()) => self.open = None,
                Err(LogError::Store(StoreError::Conflict(_))) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn read_newest(&self) -> Result<Option<OpenLog>, LogError> {
        let read = self
            .parts
            .store
            .read("log_newest", |tx| {
                Box::pin(async move {
                    let Some(row) = logs::newest(tx).await? else { return Ok(None) };
                    let size = u64::try_from(row.size).unwrap_or(0);
                    let tiles = edge(tx, &row.origin, size).await?;
                    Ok::<_, StoreError>(Some((row, size, tiles)))
                })
            })
            .await?;
        let Some((row, size, tiles)) = read else { return Ok(None) };
        let builder = TileBuilder::from_edge(size, &tiles)?;
        if builder.root() != Hash(row.root) {
            return Err(EdgeError::Root { origin: row.origin, size }.into());
        }
        let signer = NoteSigner::new(&row.origin, self.parts.log_key.clone())?;
        // A crash between commit and file left the file behind: no receipt goes out before it has caught up.
        self.raise(&row).await?;
        self.parts.signals.seal(row.sealed_seq);
        Ok(Some(OpenLog { row, builder, signer }))
    }

    /// Raises the high-water file to what is committed. If that fails, the whole store stops: what the file's handle
    /// says after a failed sync counts for nothing, and nothing may leave the node that the file does not know.
    async fn raise(&self, row: &Log) -> Result<(), LogError> {
        // A log that was opened and never sealed has nothing that could be forked.
        if row.size == 0 {
            return Ok(());
        }
        let raised = self.parts.high_water.raise(&HighWater::of(row)).await;
        if let Err(error) = &raised {
            tracing::error!(error = %error, "the high-water file cannot be raised; the node stops");
            self.parts.store.halt();
        }
        raised
    }

    /// Seals one batch; false if nothing waited.
    async fn seal_batch(&mut self) -> Result<bool, LogError> {
        let Some(open) = &self.open else { return Ok(false) };
        let after = open.row.sealed_seq;
        let waiting = self
            .parts
            .store
            .read("log_waiting", move |tx| {
                Box::pin(async move { records::unsealed(tx, after, BATCH_RECORDS_MAX).await })
            })
            .await?;
        if waiting.is_empty() {
            return Ok(false);
        }
        // The node's own first records are no drill: every start writes them.
        let is_work = waiting.iter().any(|record| !is_standing(&record.kind));
        if is_work {
            self.parts.drill.point(drill::AFTER_COMMIT);
        }
        let (sealed, builder) = self.sign(open, &waiting)?;
        let (row, seq) = (sealed.row.clone(), sealed.row.sealed_seq);
        self.parts
            .store
            .write_with("log_seal", sealed, |tx, sealed| {
                Box::pin(async move {
                    logs::advance(tx, sealed.old_size, &sealed.row).await?;
                    logs::add_leaves(tx, &sealed.leaves).await?;
                    logs::put_tiles(tx, &sealed.tiles).await?;
                    logs::add_checkpoint(tx, &sealed.checkpoint).await?;
                    receipts::keep_all(tx, &sealed.receipts).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        if is_work {
            self.parts.drill.point(drill::AFTER_SEAL);
        }
        self.raise(&row).await?;
        if let Some(open) = &mut self.open {
            open.row = row;
            open.builder = builder;
        }
        self.parts.signals.seal(seq);
        Ok(true)
    }

    /// Computes leaves, tiles, checkpoint and receipts of a batch: two signatures, however many records.
    fn sign(
        &self,
        open: &OpenLog,
        waiting: &[records::Unsealed],
    ) -> Result<(Sealed, TileBuilder), LogError> {
        let now = self.parts.clock.now();
        let mut builder = open.builder.clone();
        let hashes: Vec<Hash> = waiting.iter().map(|w| leaf_hash(&w.statement)).collect();
        let first = builder.size();
        let changed = builder.append(&hashes);
        let (size, root) = (builder.size(), builder.root());
        let origin = open.row.origin.as_str();
        let checkpoint = Checkpoint { origin: origin.to_owned(), size, root };
        let note = checkpoint.sign(&open.signer)?.to_text().into_bytes();
        let signed = SignedRoot::sign(origin, size, root, now.as_secs(), &self.parts.receipt_key);

        let mut loaded = LoadedTiles::default();
        for tile in changed.iter().cloned().chain(builder.edge_tiles()) {
            loaded.insert(tile);
        }
        let mut leaves = Vec::with_capacity(waiting.len());
        let mut receipts = Vec::with_capacity(waiting.len());
        for (index, record) in (first..).zip(waiting) {
            let path = loaded.inclusion_path(index, size)?;
            let log_index = i64::try_from(index).unwrap_or(i64::MAX);
            leaves.push(logs::Leaf {
                origin: origin.to_owned(),
                idx: log_index,
                record_hash: record.hash,
            });
            receipts.push(Receipt {
                record_hash: record.hash,
                origin: origin.to_owned(),
                log_index,
                tree_size: i64::try_from(size).unwrap_or(i64::MAX),
                receipt: signed.receipt(index, &path),
                proof: None,
                stored_at: now.0,
            });
        }
        let row = Log {
            size: i64::try_from(size).unwrap_or(i64::MAX),
            root: root.0,
            sealed_seq: waiting.last().map_or(open.row.sealed_seq, |w| w.seq),
            ..open.row.clone()
        };
        let sealed = Sealed {
            old_size: open.row.size,
            checkpoint: logs::Checkpoint {
                origin: origin.to_owned(),
                size: row.size,
                root: root.0,
                note,
                cosigned: None,
                sealed_at: now.0,
                published_at: None,
                witnessed_at: None,
            },
            tiles: tile_rows(origin, &changed),
            row,
            leaves,
            receipts,
        };
        Ok((sealed, builder))
    }
}

/// Whether a record is about the log and the node themselves.
fn is_standing(kind: &str) -> bool {
    kind.starts_with("log.") || kind.starts_with("card/")
}
