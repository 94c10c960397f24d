//! What can go wrong with stored evidence, named by what is to be done about it.

use std::fmt;
use std::io;

use crate::node::blobs::name::BlobName;

/// Which of a blob's two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobPart {
    /// The evidence itself.
    Content,
    /// The BLAKE3 tree beside it, which can be computed again from the content.
    Outboard,
}

impl fmt::Display for BlobPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "content",
            Self::Outboard => "hash tree",
        })
    }
}

/// Why a blob cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No such file.
    #[error(
        "blob {blob} ({part}) is missing: restore the blobs from the backup that belongs to this store"
    )]
    Missing {
        /// Which blob.
        blob: BlobName,
        /// Which of its files.
        part: BlobPart,
    },
    /// The bytes on disk are not those that were written, or the key is another one.
    #[error(
        "blob {blob} ({part}) is damaged, cut short or under another key at chunk {chunk}: restore it from a backup or fetch it again"
    )]
    Damaged {
        /// Which blob.
        blob: BlobName,
        /// Which of its files.
        part: BlobPart,
        /// The first chunk of 64 KiB that does not open.
        chunk: u64,
    },
    /// Not a blob of this version.
    #[error(
        "blob {blob} ({part}) is not in a format that this version knows: upgrade the node, or restore the blob"
    )]
    Format {
        /// Which blob.
        blob: BlobName,
        /// Which of its files.
        part: BlobPart,
    },
    /// A range outside the blob was asked for.
    #[error("blob {blob} has {size} bytes and cannot be read from {offset}")]
    OutOfRange {
        /// Which blob.
        blob: BlobName,
        /// Its size.
        size: u64,
        /// Where reading should have begun.
        offset: u64,
    },
    /// More bytes than any blob may have.
    #[error("evidence of more than 16 TiB cannot be stored as one item: split it")]
    TooLarge,
    /// A whole fetched blob does not have the digest of its record.
    #[error(
        "blob {blob} was received whole but its {digest} is not the one in its record: ask the sender to check the record"
    )]
    Mismatch {
        /// Which blob.
        blob: BlobName,
        /// Which digest.
        digest: &'static str,
    },
    /// The source of an intake failed.
    #[error("the evidence cannot be read to its end")]
    Source(#[source] io::Error),
    /// Bytes could not be made durable. Never tried again on the same file: the node must stop acknowledging.
    #[error(
        "blob {blob} could not be made durable: the disk reports an error, stop the node and check the disk"
    )]
    NotDurable {
        /// Which blob.
        blob: BlobName,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Reading or writing failed.
    #[error("blob {blob} cannot be read or written")]
    Io {
        /// Which blob.
        blob: BlobName,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The folder of blobs cannot be used.
    #[error("the folder of blobs cannot be used")]
    Folder(#[source] io::Error),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}

impl From<BlobError> for io::Error {
    /// For readers that only speak `io::Error`: the blob's error stays inside.
    fn from(error: BlobError) -> Self {
        let kind = match &error {
            BlobError::Missing { .. } => io::ErrorKind::NotFound,
            BlobError::Damaged { .. } | BlobError::Format { .. } | BlobError::Mismatch { .. } => {
                io::ErrorKind::InvalidData
            }
            BlobError::OutOfRange { .. } | BlobError::TooLarge => io::ErrorKind::InvalidInput,
            BlobError::Source(_)
            | BlobError::NotDurable { .. }
            | BlobError::Io { .. }
            | BlobError::Folder(_)
            | BlobError::Stopped => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
