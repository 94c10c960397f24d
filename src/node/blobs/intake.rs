//! Takes evidence in from any source, of any size, in one pass and bounded memory.

use std::sync::Arc;

use bytes::BufMut;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::node::blobs::BLOB_BYTES_MAX;
use crate::node::blobs::error::BlobError;
use crate::node::blobs::folder::{Blobs, Staged, blocking};
use crate::node::blobs::name::BlobName;
use crate::node::blobs::pipeline::{PIECE_BYTES, Piece, Pipeline};
use crate::node::blobs::seal::BlobKey;
use crate::node::blobs::writer::BlobWriter;

/// A blob that is in its place, durably, and what its record says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intake {
    /// The random name under which it is kept.
    pub blob: BlobName,
    /// Plain bytes.
    pub size: u64,
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
    /// BLAKE3 of the plain bytes.
    pub blake3: [u8; 32],
}

impl Blobs {
    /// Reads the source to its end, hashes, seals and stores it. `progress` hears how many bytes have been read.
    ///
    /// Dropped or failed, it leaves nothing behind.
    ///
    /// # Errors
    /// If the source or the disk fails, or the source is larger than a blob can be.
    pub async fn take_in<R: AsyncRead + Unpin + Send>(
        &self,
        mut source: R,
        key: &BlobKey,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Intake, BlobError> {
        let permit = self.permit_to_write().await?;
        let blob = BlobName::random(&*self.rng);
        let staged = Staged::new(Arc::clone(&self.folder), blob);
        let (blobs, key) = (self.clone(), key.clone());
        let writer = blocking(move || BlobWriter::create(&blobs, blob, &key, Some(staged))).await?;
        let mut pipeline = Pipeline::start(writer, Sha256::new(), permit);
        if let Err(error) = feed(&mut pipeline, &mut source, progress).await {
            pipeline.abort().await;
            return Err(error);
        }
        let (mut written, sha256) = pipeline.finish().await?;
        let (size, blake3) = (written.size, written.blake3);
        let folder = Arc::clone(&self.folder);
        blocking(move || {
            folder.publish(blob, written.parts)?;
            if let Some(staged) = written.staged.take() {
                staged.published();
            }
            Ok(())
        })
        .await?;
        Ok(Intake { blob, size, sha256, blake3 })
    }
}

/// Moves the source into the pipeline, to its end or to the first failure of either.
async fn feed<R: AsyncRead + Unpin>(
    pipeline: &mut Pipeline,
    source: &mut R,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), BlobError> {
    let mut size = 0_u64;
    loop {
        let mut bytes = pipeline.buffer();
        let new = fill(source, &mut bytes).await.map_err(BlobError::Source)?;
        if new == 0 {
            return Ok(());
        }
        size = size.saturating_add(new);
        if size > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge);
        }
        // Without room the writer has failed; `finish` tells why.
        let Some(slot) = pipeline.slot().await else { return Ok(()) };
        let buffer = slot.put(Piece { bytes, groups: None });
        pipeline.recycle(buffer);
        progress(size);
    }
}

/// Reads until the buffer has a whole piece or the source ends.
async fn fill<R: AsyncRead + Unpin>(source: &mut R, bytes: &mut Vec<u8>) -> std::io::Result<u64> {
    while bytes.len() < PIECE_BYTES {
        let room = PIECE_BYTES - bytes.len();
        if source.read_buf(&mut bytes.limit(room)).await? == 0 {
            break;
        }
    }
    Ok(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}
