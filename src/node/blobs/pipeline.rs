//! Two threads behind a blob that is being written: one computes SHA-256, which bounds the speed, the other
//! hashes with BLAKE3, seals and writes. Buffers are shared between them and used again.

use std::sync::Arc;

use blake3::hazmat::ChainingValue;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Permit, Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::node::blobs::error::BlobError;
use crate::node::blobs::writer::{BlobWriter, Written};

/// Bytes that move through the threads at a time.
pub(super) const PIECE_BYTES: usize = 512 * 1024;

/// Pieces that wait for each thread.
const WAITING_MAX: usize = 2;

/// A blob that is being written by two threads.
pub(super) struct Pipeline {
    to_writer: Sender<Order>,
    to_hasher: Sender<Arc<Vec<u8>>>,
    writer: JoinHandle<Result<Option<Written>, BlobError>>,
    hasher: JoinHandle<[u8; 32]>,
    used: Vec<Arc<Vec<u8>>>,
    _permit: OwnedSemaphorePermit,
}

/// Whole groups of plain bytes, with the groups' values if they are known.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) groups: Option<Vec<ChainingValue>>,
}

enum Order {
    Write { bytes: Arc<Vec<u8>>, groups: Option<Vec<ChainingValue>> },
    Finish,
}

/// Room for one piece: whoever holds it can hand the piece over without waiting, so that a transfer that is
/// cut off never loses one half way.
pub(super) struct Slot<'a> {
    to_writer: Permit<'a, Order>,
    to_hasher: Permit<'a, Arc<Vec<u8>>>,
}

impl Pipeline {
    /// Starts the threads; `sha` has seen what the writer replayed.
    pub(super) fn start(writer: BlobWriter, sha: Sha256, permit: OwnedSemaphorePermit) -> Self {
        let (to_writer, orders) = channel(WAITING_MAX);
        let (to_hasher, pieces) = channel(WAITING_MAX);
        Self {
            to_writer,
            to_hasher,
            writer: tokio::task::spawn_blocking(move || write(writer, orders)),
            hasher: tokio::task::spawn_blocking(move || hash(sha, pieces)),
            used: Vec::new(),
            _permit: permit,
        }
    }

    /// An empty buffer for the next piece.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        let free = self.used.iter().position(|buffer| Arc::strong_count(buffer) == 1);
        let mut buffer = free
            .and_then(|index| Arc::try_unwrap(self.used.swap_remove(index)).ok())
            .unwrap_or_else(|| Vec::with_capacity(PIECE_BYTES));
        buffer.clear();
        buffer
    }

    /// Waits for room. Nothing if the writer has failed; [`Pipeline::finish`] then tells why.
    pub(super) async fn slot(&self) -> Option<Slot<'_>> {
        let to_writer = self.to_writer.reserve().await.ok()?;
        let to_hasher = self.to_hasher.reserve().await.ok()?;
        Some(Slot { to_writer, to_hasher })
    }

    /// Keeps a buffer that was handed over, to use it again when both threads are done with it.
    pub(super) fn recycle(&mut self, buffer: Arc<Vec<u8>>) {
        // More than can be under way at once would only be memory held for nothing.
        if self.used.len() < 2 * WAITING_MAX + 2 {
            self.used.push(buffer);
        }
    }

    /// Ends the blob: both files are durable in the staging folder.
    pub(super) async fn finish(self) -> Result<(Written, [u8; 32]), BlobError> {
        // If the writer is gone its own result tells why.
        let _told = self.to_writer.send(Order::Finish).await;
        drop(self.to_hasher);
        let written = self.writer.await.unwrap_or(Err(BlobError::Stopped))?;
        let sha256 = self.hasher.await.map_err(|_| BlobError::Stopped)?;
        Ok((written.ok_or(BlobError::Stopped)?, sha256))
    }

    /// Stops without an end and waits until the writer has let go of its files.
    pub(super) async fn abort(self) {
        drop(self.to_writer);
        drop(self.to_hasher);
        // Whatever it says: the reason to stop is known already.
        let _stopped = self.writer.await;
    }
}

impl Slot<'_> {
    /// Hands the piece over; gives back its buffer for [`Pipeline::recycle`].
    pub(super) fn put(self, piece: Piece) -> Arc<Vec<u8>> {
        let bytes = Arc::new(piece.bytes);
        self.to_hasher.send(Arc::clone(&bytes));
        self.to_writer.send(Order::Write { bytes: Arc::clone(&bytes), groups: piece.groups });
        bytes
    }
}

fn write(
    mut writer: BlobWriter,
    mut orders: Receiver<Order>,
) -> Result<Option<Written>, BlobError> {
    while let Some(order) = orders.blocking_recv() {
        match order {
            Order::Write { bytes, groups } => writer.write(&bytes, groups.as_deref())?,
            Order::Finish => return writer.finish().map(Some),
        }
    }
    // Cut off: what is staged stays as it is, for a later resume or the sweep.
    Ok(None)
}

fn hash(mut sha: Sha256, mut pieces: Receiver<Arc<Vec<u8>>>) -> [u8; 32] {
    while let Some(bytes) = pieces.blocking_recv() {
        sha.update(bytes.as_slice());
    }
    sha.finalize().into()
}
