//! The sender's side: a range of a stored blob, encoded with its proof; decides nothing about who may have it.

use std::io::{self, Write};

use bao_tree::io::EncodeError;
use bao_tree::io::outboard::PostOrderOutboard;
use bao_tree::io::sync::{ReadAt, encode_ranges_validated};
use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::node::blobs::error::{BlobError, BlobPart};
use crate::node::blobs::folder::Blobs;
use crate::node::blobs::name::BlobName;
use crate::node::blobs::read::BlobReader;
use crate::node::blobs::seal::BlobKey;
use crate::node::blobs::sealed::SealedReader;
use crate::node::blobs::transfer::{chunk_ranges, tree};
use crate::node::blobs::tree::GROUP_BYTES;

/// Encoded bytes that are handed over at a time.
const PIECE_BYTES: usize = 128 * 1024;

impl Blobs {
    /// The encoding of at most `bytes` from `offset` on, which must be the start of a group. Everything is verified
    /// against `blake3` before it is given out, so a damaged disk is noticed here and not at the peer.
    ///
    /// # Errors
    /// If the blob is missing, damaged at its end, or has no group that begins at `offset`.
    pub async fn encode(
        &self,
        blob: BlobName,
        key: &BlobKey,
        blake3: [u8; 32],
        offset: u64,
        bytes: u64,
    ) -> Result<BlobReader, BlobError> {
        let content = self.open_part(blob, BlobPart::Content, key).await?;
        let size = content.size();
        if offset > size || !offset.is_multiple_of(GROUP_BYTES as u64) {
            return Err(BlobError::OutOfRange { blob, size, offset });
        }
        let pairs = if size > GROUP_BYTES as u64 {
            let pairs = self.open_part(blob, BlobPart::Outboard, key).await?;
            if pairs.size() != tree(size).outboard_size() {
                return Err(BlobError::Damaged { blob, part: BlobPart::Outboard, chunk: 0 });
            }
            Some(pairs)
        } else {
            None
        };
        let range = offset..offset.saturating_add(bytes).min(size);
        let root = blake3::Hash::from(blake3);
        let permit = self.permit_to_read().await?;
        Ok(BlobReader::over(permit, move |out| {
            let outboard = PostOrderOutboard { root, tree: tree(size), data: Pairs(pairs) };
            let mut encoded = Encoded { out, piece: Vec::with_capacity(PIECE_BYTES) };
            if range.is_empty() {
                return Ok(());
            }
            encode_ranges_validated(&content, &outboard, &chunk_ranges(&range, size), &mut encoded)
                .map_err(|error| as_io(blob, error))?;
            encoded.flush()
        }))
    }
}

/// The hash pairs; a blob of one group has none.
struct Pairs(Option<SealedReader>);

impl ReadAt for Pairs {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.as_ref().map_or(Ok(0), |pairs| pairs.read_at(offset, buffer))
    }
}

/// Collects encoded bytes into pieces and hands them to the reader.
struct Encoded<'a> {
    out: &'a Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Encoded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() + bytes.len() > PIECE_BYTES {
            self.flush()?;
        }
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        if piece.is_empty() {
            return Ok(());
        }
        self.out.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn as_io(blob: BlobName, error: EncodeError) -> io::Error {
    let damaged = |part, byte: u64| {
        io::Error::from(BlobError::Damaged { blob, part, chunk: byte / (64 * 1024) })
    };
    match error {
        EncodeError::Io(error) => error,
        EncodeError::ParentHashMismatch(_) => damaged(BlobPart::Outboard, 0),
        EncodeError::LeafHashMismatch(chunk) => damaged(BlobPart::Content, chunk.to_bytes()),
        EncodeError::SizeMismatch => damaged(BlobPart::Content, 0),
        EncodeError::ParentWrite(_) | EncodeError::LeafWrite(_) => io::ErrorKind::BrokenPipe.into(),
    }
}
