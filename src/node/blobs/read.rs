//! Reads a range of a blob, opening only the chunks that it touches.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::io::StreamReader;

use crate::node::blobs::error::{BlobError, BlobPart};
use crate::node::blobs::folder::{Blobs, blocking};
use crate::node::blobs::name::BlobName;
use crate::node::blobs::seal::{BlobKey, CHUNK_BYTES};
use crate::node::blobs::sealed::SealedReader;

/// Opened chunks that wait for a slow reader.
const WAITING_MAX: usize = 4;

impl Blobs {
    /// Plain bytes of a blob; its last chunk is opened to be sure.
    ///
    /// # Errors
    /// If the blob is missing, cut short, or under another key.
    pub async fn size(&self, blob: BlobName, key: &BlobKey) -> Result<u64, BlobError> {
        Ok(self.open_part(blob, BlobPart::Content, key).await?.size())
    }

    /// Reads at most `bytes` from `offset` on. A damaged chunk ends the reading with an error that names it.
    ///
    /// # Errors
    /// If the blob is missing, cut short, under another key, or shorter than `offset`.
    pub async fn read(
        &self,
        blob: BlobName,
        key: &BlobKey,
        offset: u64,
        bytes: u64,
    ) -> Result<BlobReader, BlobError> {
        let content = self.open_part(blob, BlobPart::Content, key).await?;
        let size = content.size();
        if offset > size {
            return Err(BlobError::OutOfRange { blob, size, offset });
        }
        let end = offset.saturating_add(bytes).min(size);
        let permit = self.permit_to_read().await?;
        Ok(BlobReader::over(permit, move |out| send_range(&content, offset, end, out)))
    }

    pub(super) async fn open_part(
        &self,
        blob: BlobName,
        part: BlobPart,
        key: &BlobKey,
    ) -> Result<SealedReader, BlobError> {
        let (folder, key) = (Arc::clone(&self.folder), key.clone());
        blocking(move || SealedReader::open(&folder, blob, part, &key)).await
    }
}

/// Bytes of a blob that a thread produces as fast as they are read. Dropping it ends the thread.
pub struct BlobReader(StreamReader<Pieces, Bytes>);

impl BlobReader {
    /// Starts a thread that sends pieces until it is done, fails, or nobody listens.
    pub(super) fn over(
        permit: OwnedSemaphorePermit,
        produce: impl FnOnce(&Sender<io::Result<Bytes>>) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (out, pieces) = channel(WAITING_MAX);
        tokio::task::spawn_blocking(move || {
            let last = produce(&out).map(|()| END);
            // If nobody listens any more, nobody needs it.
            let _dropped = out.blocking_send(last);
            drop(permit);
        });
        Self(StreamReader::new(Pieces { pieces, ended: false }))
    }
}

impl std::fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlobReader(..)")
    }
}

impl AsyncRead for BlobReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

/// What a thread sends when it has sent everything. Without it, its end is a failure and not the end of the blob.
const END: Bytes = Bytes::new();

struct Pieces {
    pieces: Receiver<io::Result<Bytes>>,
    ended: bool,
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = ready!(self.pieces.poll_recv(cx)).unwrap_or(Err(BlobError::Stopped.into()));
        let is_end = piece.as_ref().is_ok_and(Bytes::is_empty);
        self.ended = is_end || piece.is_err();
        Poll::Ready((!is_end).then_some(piece))
    }
}

fn send_range(
    content: &SealedReader,
    mut offset: u64,
    end: u64,
    out: &Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    const CHUNK: u64 = CHUNK_BYTES as u64;
    while offset < end {
        let index = offset / CHUNK;
        let chunk = Bytes::from(content.chunk(index)?);
        let start = index * CHUNK;
        let from = usize::try_from(offset - start).unwrap_or(usize::MAX).min(chunk.len());
        let to = usize::try_from(end - start).unwrap_or(usize::MAX).min(chunk.len());
        if from >= to || out.blocking_send(Ok(chunk.slice(from..to))).is_err() {
            break;
        }
        offset = start + CHUNK;
    }
    Ok(())
}
