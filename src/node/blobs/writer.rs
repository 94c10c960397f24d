//! Writes a blob's two files on one thread: seals chunks, grows the hash tree, makes all durable at the end.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::thread::JoinHandle;

use blake3::hazmat::ChainingValue;

use crate::node::blobs::error::{BlobError, BlobPart};
use crate::node::blobs::folder::{Blobs, Folder, Staged};
use crate::node::blobs::name::BlobName;
use crate::node::blobs::seal::{BlobKey, CHUNK_BYTES, Cipher, End, Header, chunk_offset};
use crate::node::blobs::tree::{GROUP_BYTES, GroupTree};
use crate::node::rng::{Rng, random};

/// Write-back is started each time that many bytes are new, so that the last sync has little left to wait for.
const WRITE_BACK_BYTES: u64 = 32 * 1024 * 1024;

/// A blob that is being written.
pub(super) struct BlobWriter {
    folder: Arc<Folder>,
    rng: Arc<dyn Rng>,
    key: BlobKey,
    blob: BlobName,
    content: SealedFile,
    /// Begun with the first pair of hashes; a blob of one group has none.
    outboard: Option<SealedFile>,
    tree: GroupTree,
    pairs: Vec<u8>,
    size: u64,
    write_back: WriteBack,
    /// Drops the files of an intake that does not come to its end; those of a fetch stay.
    staged: Option<Staged>,
}

/// A blob whose staged files are complete and durable, but not yet in their place.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) size: u64,
    pub(super) blake3: [u8; 32],
    pub(super) parts: &'static [BlobPart],
    pub(super) staged: Option<Staged>,
}

impl BlobWriter {
    /// A new blob; `staged` if its files are to go unless it comes to its end.
    pub(super) fn create(
        blobs: &Blobs,
        blob: BlobName,
        key: &BlobKey,
        staged: Option<Staged>,
    ) -> Result<Self, BlobError> {
        let file = blobs.folder.stage(blob, BlobPart::Content)?;
        let content = SealedFile::begin(file, BlobPart::Content, key, &*blobs.rng)
            .map_err(|source| BlobError::Io { blob, source })?;
        Ok(Self { staged, ..Self::over(blobs, blob, key, content) })
    }

    /// A blob of which some chunks are in `file` already: they are replayed first, then [`BlobWriter::proceed`].
    pub(super) fn resume(
        blobs: &Blobs,
        blob: BlobName,
        key: &BlobKey,
        file: File,
        cipher: Cipher,
    ) -> Result<Self, BlobError> {
        // The tree is rebuilt from the content: cheaper than to trust half a tree.
        blobs.folder.discard_part(blob, BlobPart::Outboard)?;
        Ok(Self::over(blobs, blob, key, SealedFile::over(file, cipher)))
    }

    fn over(blobs: &Blobs, blob: BlobName, key: &BlobKey, content: SealedFile) -> Self {
        Self {
            folder: Arc::clone(&blobs.folder),
            rng: Arc::clone(&blobs.rng),
            key: key.clone(),
            blob,
            content,
            outboard: None,
            tree: GroupTree::default(),
            pairs: Vec::new(),
            size: 0,
            write_back: WriteBack::default(),
            staged: None,
        }
    }

    /// Takes the plain bytes of a chunk that is in the content file already.
    pub(super) fn replay(&mut self, chunk: &[u8]) -> Result<(), BlobError> {
        self.grow(chunk, None)
    }

    /// Cuts the content file behind its first `chunks` chunks and goes on writing there.
    pub(super) fn proceed(&mut self, chunks: u64) -> Result<(), BlobError> {
        self.content.proceed(chunks).map_err(|source| self.io(source))
    }

    /// Appends bytes: whole groups, except at the end. `groups` are their values if somebody knows them already.
    pub(super) fn write(
        &mut self,
        plain: &[u8],
        groups: Option<&[ChainingValue]>,
    ) -> Result<(), BlobError> {
        self.grow(plain, groups)?;
        self.content.write(plain).map_err(|source| self.io(source))?;
        let new = u64::try_from(plain.len()).unwrap_or(u64::MAX);
        let noted = self.write_back.note(&self.content.file, new);
        noted.map_err(|source| BlobError::NotDurable { blob: self.blob, source })
    }

    /// Ends both files and makes their content durable.
    pub(super) fn finish(mut self) -> Result<Written, BlobError> {
        let blob = self.blob;
        let root = std::mem::take(&mut self.tree).finish(&mut self.pairs);
        self.write_pairs()?;
        let durable = |source| BlobError::NotDurable { blob, source };
        let io = |source| BlobError::Io { blob, source };
        let content = self.content.finish().map_err(io)?;
        self.write_back.settle().map_err(durable)?;
        content.sync_data().map_err(durable)?;
        let parts: &[BlobPart] = match self.outboard {
            Some(outboard) => {
                outboard.finish().map_err(io)?.sync_data().map_err(durable)?;
                &[BlobPart::Content, BlobPart::Outboard]
            }
            None => &[BlobPart::Content],
        };
        Ok(Written { size: self.size, blake3: *root.as_bytes(), parts, staged: self.staged })
    }

    fn grow(&mut self, plain: &[u8], groups: Option<&[ChainingValue]>) -> Result<(), BlobError> {
        match groups {
            Some(groups) => {
                for value in groups {
                    self.tree.push_hashed(*value, &mut self.pairs);
                }
            }
            None => {
                for group in plain.chunks(GROUP_BYTES) {
                    self.tree.push(group, &mut self.pairs);
                }
            }
        }
        self.size = self.size.saturating_add(u64::try_from(plain.len()).unwrap_or(u64::MAX));
        self.write_pairs()
    }

    fn write_pairs(&mut self) -> Result<(), BlobError> {
        if self.pairs.is_empty() {
            return Ok(());
        }
        let outboard = if let Some(outboard) = &mut self.outboard {
            outboard
        } else {
            let file = self.folder.stage(self.blob, BlobPart::Outboard)?;
            let begun = SealedFile::begin(file, BlobPart::Outboard, &self.key, &*self.rng);
            let begun = begun.map_err(|source| BlobError::Io { blob: self.blob, source })?;
            self.outboard.insert(begun)
        };
        let written = outboard.write(&self.pairs);
        self.pairs.clear();
        written.map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> BlobError {
        BlobError::Io { blob: self.blob, source }
    }
}

/// One file of sealed chunks that is being written.
struct SealedFile {
    file: File,
    cipher: Cipher,
    index: u64,
    /// Plain bytes that wait: a full chunk too, since only what follows tells that it is not the last.
    pending: Vec<u8>,
    out: Vec<u8>,
}

impl SealedFile {
    fn begin(mut file: File, part: BlobPart, key: &BlobKey, rng: &dyn Rng) -> io::Result<Self> {
        let header = Header { part, salt: random(rng) };
        file.write_all(&header.to_bytes())?;
        Ok(Self::over(file, Cipher::new(key, &header)))
    }

    fn over(file: File, cipher: Cipher) -> Self {
        let pending = Vec::with_capacity(CHUNK_BYTES);
        Self { file, cipher, index: 0, pending, out: Vec::new() }
    }

    fn proceed(&mut self, chunks: u64) -> io::Result<()> {
        let end = chunk_offset(chunks);
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::Start(end))?;
        self.index = chunks;
        Ok(())
    }

    fn write(&mut self, mut plain: &[u8]) -> io::Result<()> {
        self.out.clear();
        while self.pending.len() + plain.len() > CHUNK_BYTES {
            let (now, later) = plain.split_at(CHUNK_BYTES - self.pending.len());
            if self.pending.is_empty() {
                self.cipher.seal(self.index, End::More, now, &mut self.out);
            } else {
                self.pending.extend_from_slice(now);
                self.cipher.seal(self.index, End::More, &self.pending, &mut self.out);
                self.pending.clear();
            }
            self.index += 1;
            plain = later;
        }
        self.pending.extend_from_slice(plain);
        self.file.write_all(&self.out)
    }

    fn finish(mut self) -> io::Result<File> {
        self.out.clear();
        self.cipher.seal(self.index, End::Last, &self.pending, &mut self.out);
        self.file.write_all(&self.out)?;
        Ok(self.file)
    }
}

/// Syncs a growing file from a thread of its own while more is written.
#[derive(Default)]
struct WriteBack {
    new_bytes: u64,
    running: Option<JoinHandle<io::Result<()>>>,
}

impl WriteBack {
    fn note(&mut self, file: &File, bytes: u64) -> io::Result<()> {
        self.new_bytes = self.new_bytes.saturating_add(bytes);
        let busy = self.running.as_ref().is_some_and(|running| !running.is_finished());
        if busy || self.new_bytes < WRITE_BACK_BYTES {
            return Ok(());
        }
        self.settle()?;
        self.new_bytes = 0;
        let file = file.try_clone()?;
        self.running = Some(std::thread::spawn(move || file.sync_data()));
        Ok(())
    }

    /// The kernel tells a failed write-back once: it must not be lost with the thread that heard it.
    fn settle(&mut self) -> io::Result<()> {
        match self.running.take() {
            Some(running) => {
                running.join().unwrap_or_else(|_| Err(io::Error::other("write-back ended badly")))
            }
            None => Ok(()),
        }
    }
}
