//! Reads a whole blob again and says in what it differs from its record; repairs nothing.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use bao_tree::io::sync::ReadAt;
use sha2::{Digest, Sha256};

use crate::node::blobs::error::{BlobError, BlobPart};
use crate::node::blobs::folder::{Blobs, Folder, blocking};
use crate::node::blobs::name::BlobName;
use crate::node::blobs::seal::{BlobKey, chunks};
use crate::node::blobs::sealed::SealedReader;
use crate::node::blobs::transfer::Wanted;
use crate::node::blobs::tree::{GROUP_BYTES, GroupTree};

/// Something in which a blob is not what its record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another size.
    Size,
    /// Another SHA-256.
    Sha256,
    /// Another BLAKE3.
    Blake3,
    /// The content may be right, but the hash tree beside it is not the content's; it cannot be sent to peers.
    Outboard,
}

impl Blobs {
    /// Reads everything and compares it with the record; no difference is an empty list.
    ///
    /// # Errors
    /// If the content is missing or damaged, or the disk fails.
    pub async fn verify(
        &self,
        blob: BlobName,
        key: &BlobKey,
        recorded: &Wanted,
    ) -> Result<Vec<Difference>, BlobError> {
        let (folder, key, recorded) = (Arc::clone(&self.folder), key.clone(), *recorded);
        blocking(move || verify(&folder, blob, &key, &recorded)).await
    }
}

fn verify(
    folder: &Folder,
    blob: BlobName,
    key: &BlobKey,
    recorded: &Wanted,
) -> Result<Vec<Difference>, BlobError> {
    let content = SealedReader::open(folder, blob, BlobPart::Content, key)?;
    let mut pairs = PairCheck::new(folder, blob, key, content.size())?;
    let mut tree = GroupTree::default();
    let sha256 = std::thread::scope(|scope| -> Result<[u8; 32], BlobError> {
        let (to_hasher, chunks_read) = sync_channel::<Arc<Vec<u8>>>(8);
        let hasher = scope.spawn(move || -> [u8; 32] {
            let mut sha = Sha256::new();
            while let Ok(chunk) = chunks_read.recv() {
                sha.update(chunk.as_slice());
            }
            sha.finalize().into()
        });
        for index in 0..chunks(content.size()) {
            let chunk = Arc::new(content.chunk(index)?);
            // The hasher ends only when this sender is dropped.
            let _sent = to_hasher.send(Arc::clone(&chunk));
            for group in chunk.chunks(GROUP_BYTES) {
                tree.push(group, &mut pairs.new);
            }
            pairs.compare();
        }
        drop(to_hasher);
        hasher.join().map_err(|_| BlobError::Stopped)
    })?;
    let blake3 = tree.finish(&mut pairs.new);
    pairs.compare();

    let mut differences = Vec::new();
    let mut note = |differs: bool, difference| {
        if differs {
            differences.push(difference);
        }
    };
    note(content.size() != recorded.size, Difference::Size);
    note(sha256 != recorded.sha256, Difference::Sha256);
    note(*blake3.as_bytes() != recorded.blake3, Difference::Blake3);
    note(!pairs.is_sound(), Difference::Outboard);
    Ok(differences)
}

/// Compares the pairs of a tree, as they are computed, with the stored ones.
struct PairCheck {
    stored: Option<SealedReader>,
    new: Vec<u8>,
    old: Vec<u8>,
    offset: u64,
    agrees: bool,
}

impl PairCheck {
    fn new(folder: &Folder, blob: BlobName, key: &BlobKey, size: u64) -> Result<Self, BlobError> {
        let has_pairs = size > GROUP_BYTES as u64;
        let (stored, agrees) = if has_pairs {
            match SealedReader::open(folder, blob, BlobPart::Outboard, key) {
                Ok(stored) => (Some(stored), true),
                Err(error @ (BlobError::Io { .. } | BlobError::Stopped)) => return Err(error),
                Err(_) => (None, false),
            }
        } else {
            (None, true)
        };
        Ok(Self { stored, new: Vec::new(), old: Vec::new(), offset: 0, agrees })
    }

    fn compare(&mut self) {
        if let Some(stored) = &self.stored
            && self.agrees
        {
            self.old.resize(self.new.len(), 0);
            self.agrees =
                stored.read_exact_at(self.offset, &mut self.old).is_ok() && self.old == self.new;
            self.offset += u64::try_from(self.new.len()).unwrap_or(u64::MAX);
        }
        self.new.clear();
    }

    fn is_sound(&self) -> bool {
        self.agrees && self.stored.as_ref().is_none_or(|stored| stored.size() == self.offset)
    }
}
