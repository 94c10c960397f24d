//! One finished file of sealed chunks, opened for reading any part of it; blocks, so it is used off the async threads.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use bao_tree::io::sync::ReadAt;

use crate::node::blobs::error::{BlobError, BlobPart};
use crate::node::blobs::folder::Folder;
use crate::node::blobs::name::BlobName;
use crate::node::blobs::seal::{
    BlobKey, CHUNK_BYTES, Cipher, End, HEADER_BYTES, Header, TAG_BYTES, chunk_bytes, chunk_offset,
    chunks, plain_bytes,
};

/// A file whose end has been verified, so its length is the length that was written.
pub(super) struct SealedReader {
    file: File,
    cipher: Cipher,
    blob: BlobName,
    part: BlobPart,
    size: u64,
    /// The chunk that was opened last: readers take it in pieces.
    recent: Mutex<Option<(u64, Vec<u8>)>>,
}

impl SealedReader {
    /// Opens the file and its last chunk.
    pub(super) fn open(
        folder: &Folder,
        blob: BlobName,
        part: BlobPart,
        key: &BlobKey,
    ) -> Result<Self, BlobError> {
        let file = folder.open(blob, part)?;
        let io = |source| BlobError::Io { blob, source };
        let file_bytes = file.metadata().map_err(io)?.len();
        let cipher = read_cipher(&file, blob, part, key)?;
        let last_whole = file_bytes / (CHUNK_BYTES + TAG_BYTES) as u64;
        let size =
            plain_bytes(file_bytes).ok_or(BlobError::Damaged { blob, part, chunk: last_whole })?;
        let reader = Self { file, cipher, blob, part, size, recent: Mutex::new(None) };
        reader.chunk(chunks(size) - 1)?;
        Ok(reader)
    }

    /// Plain bytes in the file.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// The plain bytes of one chunk.
    pub(super) fn chunk(&self, index: u64) -> Result<Vec<u8>, BlobError> {
        let damaged = BlobError::Damaged { blob: self.blob, part: self.part, chunk: index };
        let mut bytes = vec![0; chunk_bytes(index, self.size) + TAG_BYTES];
        match FileExt::read_exact_at(&self.file, &mut bytes, chunk_offset(index)) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged),
            Err(source) => return Err(BlobError::Io { blob: self.blob, source }),
        }
        if self.cipher.open(index, End::of(index, self.size), &mut bytes) {
            Ok(bytes)
        } else {
            Err(damaged)
        }
    }
}

impl ReadAt for SealedReader {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset >= self.size {
            return Ok(0);
        }
        let index = offset / CHUNK_BYTES as u64;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match recent.take() {
            Some((at, bytes)) if at == index => bytes,
            _ => self.chunk(index)?,
        };
        let skip = usize::try_from(offset % CHUNK_BYTES as u64).unwrap_or(CHUNK_BYTES);
        let read = io::Read::read(&mut opened.get(skip..).unwrap_or_default(), buffer)?;
        *recent = Some((index, opened));
        Ok(read)
    }
}

/// Reads the header of a file and makes the cipher of its chunks.
pub(super) fn read_cipher(
    file: &File,
    blob: BlobName,
    part: BlobPart,
    key: &BlobKey,
) -> Result<Cipher, BlobError> {
    let mut header = [0; HEADER_BYTES];
    match FileExt::read_exact_at(file, &mut header, 0) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(BlobError::Damaged { blob, part, chunk: 0 });
        }
        Err(source) => return Err(BlobError::Io { blob, source }),
    }
    let header = Header::parse(&header, part).ok_or(BlobError::Format { blob, part })?;
    Ok(Cipher::new(key, &header))
}
