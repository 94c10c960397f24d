//! Evidence bytes at rest: encrypted in chunks, verified by content, streamed in bounded memory.
//! Knows no rows, no cases and no peers; who may read what is decided above.
//!
//! The files are written with the standard library and not through `object_store`: its multipart uploads can
//! neither be continued after a restart nor read back before they end, which a resumed transfer needs, and its
//! range reads open the file anew each time.

mod error;
mod folder;
mod intake;
mod name;
mod pipeline;
mod read;
mod room;
mod seal;
mod sealed;
mod sweep;
#[cfg(test)]
mod tests;
mod transfer;
mod tree;
mod verify;
mod writer;

pub use error::{BlobError, BlobPart};
pub use folder::Blobs;
pub use intake::Intake;
pub use name::{BlobName, InvalidBlobName};
pub use read::BlobReader;
pub use room::{Disk, Room, SystemDisk};
pub use seal::{BlobKey, CHUNK_BYTES};
pub use sweep::Swept;
pub use transfer::{
    Fetch, FetchError, Forged, GROUP_BYTES, GroupStep, PairStep, Proven, RangeProof, Step,
    TRANSFER_BYTES, Wanted, encoded_bytes, encoded_bytes_max,
};
pub use verify::Difference;

/// The largest blob, 16 TiB: bounds what a foreign record can make the tree arithmetic do.
pub const BLOB_BYTES_MAX: u64 = 1 << 44;
