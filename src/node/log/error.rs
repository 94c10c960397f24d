//! What can go wrong with the node's own log, named by what the administrator can do.

use crate::node::store::StoreError;
use crate::transparency::append::BadEdge;
use crate::transparency::checkpoint::CheckpointError;
use crate::transparency::key::KeyError;
use crate::transparency::prove::ProveError;
use crate::transparency::tile::TileError;

/// Why the log could not be sealed, read or proven from.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tiles of the right edge are not those that were sealed.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// A proof could not be made.
    #[error("a proof could not be made from the log's tiles: {0}")]
    Proof(#[from] ProveError<std::convert::Infallible>),
    /// A key, note or checkpoint that cannot be made.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The high-water file could not be read or written.
    #[error("the high-water file {path} failed: {source}; check the disk")]
    HighWater {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The high-water file holds something else.
    #[error(
        "the high-water file {0} is damaged: start the node with a peer reachable, so that its witnesses can say how far the log was, after moving the file aside"
    )]
    HighWaterDamaged(String),
    /// A note of the own store cannot be read.
    #[error(
        "the checkpoint of {origin} at size {size} in the store is damaged; restore the store from a backup"
    )]
    DamagedNote {
        /// The log.
        origin: String,
        /// The size.
        size: i64,
    },
    /// A published file cannot be written or read.
    #[error("the log file {path} failed: {source}; check the disk")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A published file holds other bytes than the store says.
    #[error(
        "the log file {0} differs from the store and is never overwritten: move the log folder aside and start again, so that it is rebuilt; if it happens again, the store was changed"
    )]
    FileDiffers(String),
    /// A use case that the log needs failed.
    #[error("the log could not be opened: {0}")]
    Opening(String),
}

/// What is wrong with the tiles of a log's right edge.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// Some are missing from the store.
    #[error("the log's tiles in the store are damaged: {0}; restore the store from a backup")]
    Tiles(#[from] BadEdge),
    /// They lead to another root than the one stored with them.
    #[error(
        "the tiles of {origin} at size {size} lead to another root than the one sealed: the store was changed; restore it from a backup"
    )]
    Root {
        /// The log.
        origin: String,
        /// Its size.
        size: u64,
    },
}

/// What cannot be written in its standard form.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// A key or note that cannot be made from the authority's name.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A checkpoint that cannot be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// An entry that no bundle can hold.
    #[error("an entry bundle cannot be made: {0}")]
    Bundle(#[from] TileError),
}

/// Errors of parts become those of the group that they belong to.
macro_rules! grouped {
    ($($part:ty => $group:ident;)+) => {
        $(impl From<$part> for LogError {
            fn from(error: $part) -> Self {
                Self::$group(error.into())
            }
        })+
    };
}

grouped! {
    BadEdge => Edge;
    KeyError => Form;
    CheckpointError => Form;
    TileError => Form;
}
