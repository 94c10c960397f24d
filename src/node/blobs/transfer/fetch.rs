//! The receiver's side: verifies each group before it is kept, and goes on where it stopped, also after a crash.

use std::fmt;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use blake3::hazmat::ChainingValue;
use bytes::BufMut;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::node::blobs::BLOB_BYTES_MAX;
use crate::node::blobs::error::{BlobError, BlobPart};
use crate::node::blobs::folder::{Blobs, Folder, blocking};
use crate::node::blobs::intake::Intake;
use crate::node::blobs::name::BlobName;
use crate::node::blobs::pipeline::{PIECE_BYTES, Piece, Pipeline};
use crate::node::blobs::seal::{BlobKey, CHUNK_BYTES, End, TAG_BYTES, chunk_offset, chunks};
use crate::node::blobs::sealed::read_cipher;
use crate::node::blobs::transfer::Wanted;
use crate::node::blobs::transfer::proof::{Forged, GroupStep, Proven, RangeProof, Step};
use crate::node::blobs::tree::GROUP_BYTES;
use crate::node::blobs::writer::BlobWriter;

/// Why a range was not taken, or not to its end. What was verified before is kept.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The peer's stream ended or broke: ask again from the next offset.
    #[error("the transfer was cut off at byte {at}: it goes on from there")]
    CutOff {
        /// The next offset.
        at: u64,
        /// What the stream said.
        #[source]
        source: io::Error,
    },
    /// The peer sent bytes that are not those of the record. None of them was kept.
    #[error(
        "the peer sent bytes at {at} that do not match the signed record: they were refused, ask the peer to verify its blob"
    )]
    Forged {
        /// The next offset.
        at: u64,
    },
    /// Our own disk failed, or the blob as a whole does not match.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// A blob that is being fetched. Dropping it keeps what is staged, for [`Blobs::resume_fetch`].
pub struct Fetch {
    folder: Arc<Folder>,
    blob: BlobName,
    wanted: Wanted,
    /// Verified bytes that the writer has been given.
    given: u64,
    /// Bytes of the piece that is being collected; only the first `verified` of them are to be believed.
    piece: Vec<u8>,
    verified: usize,
    groups: Vec<ChainingValue>,
    /// Nothing once the writer has failed.
    pipeline: Option<Pipeline>,
}

impl Blobs {
    /// Begins to fetch a blob. Its name must be on a row before the first range, or a sweep will remove it.
    /// It holds one of the few places of writers: drop it while the peer is away, and resume it later.
    ///
    /// # Errors
    /// If the record names an impossible size or the disk fails.
    pub async fn begin_fetch(&self, key: &BlobKey, wanted: Wanted) -> Result<Fetch, BlobError> {
        check_size(&wanted)?;
        let permit = self.permit_to_write().await?;
        let blob = BlobName::random(&*self.rng);
        let (blobs, writer_key) = (self.clone(), key.clone());
        let writer = blocking(move || BlobWriter::create(&blobs, blob, &writer_key, None)).await?;
        Ok(Fetch::new(self, blob, wanted, Pipeline::start(writer, Sha256::new(), permit), 0))
    }

    /// Goes on with a fetch that was cut off, from what is staged and opens under the key: at most 64 KiB and
    /// what a power cut took are fetched again; of a fetch that was dropped instead of paused also what it still held. `wanted` must be what the fetch was begun with.
    ///
    /// # Errors
    /// [`BlobError::Missing`] if nothing is staged: the fetch ended before its row knew, which [`Blobs::verify`]
    /// tells, or it must begin anew. Or if the disk fails.
    pub async fn resume_fetch(
        &self,
        blob: BlobName,
        key: &BlobKey,
        wanted: Wanted,
    ) -> Result<Fetch, BlobError> {
        check_size(&wanted)?;
        let permit = self.permit_to_write().await?;
        let (blobs, writer_key) = (self.clone(), key.clone());
        let replayed = blocking(move || replay(&blobs, blob, &writer_key, &wanted)).await?;
        let (writer, sha, given) = replayed;
        Ok(Fetch::new(self, blob, wanted, Pipeline::start(writer, sha, permit), given))
    }

    /// Gives a fetch up and drops what is staged. Nothing happens if there is nothing.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn abandon_fetch(&self, blob: BlobName) -> Result<(), BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || folder.discard(blob)).await
    }
}

impl Fetch {
    fn new(
        blobs: &Blobs,
        blob: BlobName,
        wanted: Wanted,
        mut pipeline: Pipeline,
        given: u64,
    ) -> Self {
        let piece = pipeline.buffer();
        let folder = Arc::clone(&blobs.folder);
        Self {
            folder,
            blob,
            wanted,
            given,
            piece,
            verified: 0,
            groups: Vec::new(),
            pipeline: Some(pipeline),
        }
    }

    /// The name under which the blob will be kept.
    #[must_use]
    pub const fn blob(&self) -> BlobName {
        self.blob
    }

    /// The first byte that is not there yet; the start of a group, or the size.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.given + u64::try_from(self.verified).unwrap_or(0)
    }

    /// Whether all bytes are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.next_offset() >= self.wanted.size
    }

    /// Takes the encoding of at most `bytes` (rounded up to whole groups) from the next offset on, and reads not one
    /// byte more. Dropped or failed half way, what was verified stays: ask again from the next offset.
    ///
    /// # Errors
    /// If the stream ends early or breaks, its bytes are not those of the record, or the disk fails.
    pub async fn accept<R: AsyncRead + Unpin>(
        &mut self,
        bytes: u64,
        encoded: &mut R,
    ) -> Result<(), FetchError> {
        // An earlier call may have been dropped in the middle of a read.
        self.piece.truncate(self.verified);
        let start = self.next_offset();
        let end = start.saturating_add(bytes).min(self.wanted.size);
        if start >= end {
            return Ok(());
        }
        let proof = RangeProof::new(self.wanted.size, self.wanted.blake3, &(start..end));
        let mut proof = proof.ok_or(BlobError::TooLarge)?;
        while let Some(step) = proof.next_step() {
            match step {
                Step::Pair(step) => {
                    let mut pair = [0; 64];
                    let read = encoded.read_exact(&mut pair).await;
                    read.map_err(|source| self.cut_off(source))?;
                    proof.take_pair(step, &pair).map_err(|Forged| self.forged())?;
                }
                Step::Group(step) => {
                    self.read_group(encoded, step.bytes()).await?;
                    self.judge_group(&mut proof, step).map_err(|Forged| self.forged())?;
                    if self.verified + GROUP_BYTES > PIECE_BYTES {
                        self.hand_over().await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the fetch: all is durable, both digests are the record's, and the blob is in its place.
    ///
    /// # Errors
    /// If bytes are missing, a digest differs (the staged bytes are then dropped), or the disk fails.
    pub async fn finish(mut self) -> Result<Intake, FetchError> {
        self.piece.truncate(self.verified);
        if !self.is_complete() {
            let at = self.next_offset();
            return Err(FetchError::CutOff { at, source: io::ErrorKind::UnexpectedEof.into() });
        }
        if self.verified > 0 {
            self.hand_over().await?;
        }
        let Self { folder, blob, wanted, pipeline, .. } = self;
        let pipeline = pipeline.ok_or(BlobError::Stopped)?;
        let (written, sha256) = pipeline.finish().await?;
        let differs = if written.size != wanted.size {
            Some("size")
        } else if sha256 != wanted.sha256 {
            Some("SHA-256")
        } else if written.blake3 != wanted.blake3 {
            Some("BLAKE3")
        } else {
            None
        };
        if let Some(digest) = differs {
            blocking(move || folder.discard(blob)).await?;
            return Err(BlobError::Mismatch { blob, digest }.into());
        }
        blocking(move || folder.publish(blob, written.parts)).await?;
        Ok(Intake { blob, size: written.size, sha256, blake3: written.blake3 })
    }

    /// Stops for now. What was verified is written and the files are let go, so that [`Blobs::resume_fetch`] goes on there.
    pub async fn pause(mut self) {
        self.piece.truncate(self.verified);
        // What cannot be written is fetched again.
        let written = if self.verified > 0 { self.hand_over().await } else { Ok(()) };
        if let (Ok(()), Some(pipeline)) = (written, self.pipeline.take()) {
            pipeline.abort().await;
        }
    }

    async fn read_group<R: AsyncRead + Unpin>(
        &mut self,
        encoded: &mut R,
        bytes: usize,
    ) -> Result<(), FetchError> {
        let at = self.next_offset();
        let end = self.verified + bytes;
        while self.piece.len() < end {
            let room = end - self.piece.len();
            let source = match encoded.read_buf(&mut (&mut self.piece).limit(room)).await {
                Ok(0) => io::ErrorKind::UnexpectedEof.into(),
                Ok(_) => continue,
                Err(source) => source,
            };
            self.piece.truncate(self.verified);
            return Err(FetchError::CutOff { at, source });
        }
        Ok(())
    }

    /// Counts the group that was read last as verified, or drops it.
    fn judge_group(&mut self, proof: &mut RangeProof, step: GroupStep) -> Result<(), Forged> {
        let group = self.piece.get(self.verified..).unwrap_or_default();
        match proof.take_group(step, group) {
            Ok(Proven::Whole) => {}
            Ok(Proven::Group(value)) => self.groups.push(value),
            Err(Forged) => {
                self.piece.truncate(self.verified);
                return Err(Forged);
            }
        }
        self.verified = self.piece.len();
        Ok(())
    }

    /// Gives the verified bytes to the writer. If this is dropped before there is room, nothing has changed.
    async fn hand_over(&mut self) -> Result<(), BlobError> {
        let Some(pipeline) = &mut self.pipeline else { return Err(BlobError::Stopped) };
        let next = pipeline.buffer();
        let sent = if let Some(slot) = pipeline.slot().await {
            self.given += u64::try_from(self.verified).unwrap_or(0);
            self.verified = 0;
            let bytes = std::mem::replace(&mut self.piece, next);
            let groups = std::mem::take(&mut self.groups);
            // A blob of a single group is hashed as a root; the writer does that itself.
            let groups = (!groups.is_empty()).then_some(groups);
            Some(slot.put(Piece { bytes, groups }))
        } else {
            None
        };
        if let Some(buffer) = sent {
            pipeline.recycle(buffer);
            return Ok(());
        }
        // The writer ends early only with an error, which comes out of `finish`.
        match self.pipeline.take() {
            Some(failed) => Err(failed.finish().await.err().unwrap_or(BlobError::Stopped)),
            None => Err(BlobError::Stopped),
        }
    }

    fn cut_off(&self, source: io::Error) -> FetchError {
        FetchError::CutOff { at: self.next_offset(), source }
    }

    fn forged(&self) -> FetchError {
        FetchError::Forged { at: self.next_offset() }
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("blob", &self.blob)
            .field("next_offset", &self.next_offset())
            .field("size", &self.wanted.size)
            .finish_non_exhaustive()
    }
}

fn check_size(wanted: &Wanted) -> Result<(), BlobError> {
    if wanted.size > BLOB_BYTES_MAX { Err(BlobError::TooLarge) } else { Ok(()) }
}

/// Finds how much of the staged content is sound, rebuilds tree and SHA-256 over it, and cuts off the rest.
///
/// No progress is kept anywhere else: a chunk that opens under the key was verified before it was sealed.
fn replay(
    blobs: &Blobs,
    blob: BlobName,
    key: &BlobKey,
    wanted: &Wanted,
) -> Result<(BlobWriter, Sha256, u64), BlobError> {
    let part = BlobPart::Content;
    let file = blobs.folder.open_staged(blob, part)?;
    let cipher = match read_cipher(&file, blob, part, key) {
        // Cut off before the header was on disk: the same as nothing.
        Err(BlobError::Damaged { .. } | BlobError::Format { .. }) => {
            blobs.folder.discard(blob)?;
            return Ok((BlobWriter::create(blobs, blob, key, None)?, Sha256::new(), 0));
        }
        other => other?,
    };
    let opener = read_cipher(&file, blob, part, key)?;
    let copy = file.try_clone().map_err(|source| BlobError::Io { blob, source })?;
    let mut writer = BlobWriter::resume(blobs, blob, key, copy, cipher)?;
    let mut sha = Sha256::new();
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + TAG_BYTES);
    let mut sound = 0;
    // The last chunk is always fetched again, since it is sealed in another way than those that more follow.
    while sound + 1 < chunks(wanted.size) {
        chunk.resize(CHUNK_BYTES + TAG_BYTES, 0);
        let is_read = file.read_exact_at(&mut chunk, chunk_offset(sound)).is_ok();
        if !is_read || !opener.open(sound, End::More, &mut chunk) {
            break;
        }
        writer.replay(&chunk)?;
        sha.update(&chunk);
        sound += 1;
    }
    writer.proceed(sound)?;
    Ok((writer, sha, sound * CHUNK_BYTES as u64))
}
