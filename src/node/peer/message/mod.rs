//! The messages of the exchange and the bounds they keep; does not send them and does not understand statements.
//!
//! Each message is one frame: deterministic CBOR, a map with integer keys. A key that a version does not know
//! is passed over, so that a newer minor version can add fields; a frame type that it does not know is an error.

mod answer;
mod request;
mod wire;

pub(crate) use answer::fit_into_frame;
pub use answer::{
    Answer, BlobHeader, ItemAnswer, LaterReason, Refusal, RefusalCode, WitnessAnswer,
};
pub use request::{
    AnchorItem, Anchors, BlobRequest, Deliver, DeliverItem, DisclosedLeaf, Fields, Hello, Request,
};
pub use wire::WireError;

/// The longest frame body (decisions: frame 1 MiB).
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// The most statements, checkpoints or anchors in one frame.
pub const ITEMS_PER_FRAME_MAX: usize = 256;
/// The most leaves of one statement's field tree.
pub const FIELDS_MAX: usize = 4096;
/// The largest statement or field.
pub const RECORD_BYTES_MAX: usize = 512 * 1024;
/// The shortest leaf: an array head and a salt of 16 bytes with its head. An empty leaf would let a small frame
/// take much memory.
pub const LEAF_BYTES_MIN: usize = 18;
/// The most hashes in a path: a tree of 2^64 leaves has no longer one.
pub const PATH_HASHES_MAX: usize = 64;
/// The largest checkpoint with cosignatures, `add-checkpoint` body or receipt.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The largest card.
pub const CARD_BYTES_MAX: usize = 64 * 1024;
/// The longest object name of a blob.
pub const BLOB_NAME_BYTES_MAX: usize = 128;
/// The longest log origin or feature name.
pub const NAME_BYTES_MAX: usize = 512;
/// The most features in a `hello`.
pub const FEATURES_MAX: usize = 64;
/// The longest sentence of a refusal.
pub const REFUSAL_TEXT_BYTES_MAX: usize = 1024;

/// The frame types. Requests are below 0x80, answers above.
pub mod kind {
    /// Request: version and features.
    pub const HELLO: u8 = 0x01;
    /// Request: statements.
    pub const DELIVER: u8 = 0x02;
    /// Request: cosigned proofs.
    pub const ANCHORS: u8 = 0x03;
    /// Request: a range of a blob.
    pub const BLOB: u8 = 0x04;
    /// Request: take my card.
    pub const CARD: u8 = 0x05;
    /// Request: give me your card.
    pub const CARD_QUERY: u8 = 0x06;
    /// Request: cosign this checkpoint.
    pub const ADD_CHECKPOINT: u8 = 0x07;
    /// Request: the newest checkpoint you cosigned.
    pub const WITNESS_STATE: u8 = 0x08;
    /// Answer to `HELLO`.
    pub const HELLO_ANSWER: u8 = 0x81;
    /// Answer to `DELIVER`.
    pub const DELIVERED: u8 = 0x82;
    /// Answer: done.
    pub const OK: u8 = 0x83;
    /// Answer to `BLOB`; the bytes follow.
    pub const BLOB_HEADER: u8 = 0x84;
    /// Answer to `CARD_QUERY`.
    pub const CARD_ANSWER: u8 = 0x85;
    /// Answer to `ADD_CHECKPOINT` and `WITNESS_STATE`.
    pub const WITNESS: u8 = 0x86;
    /// Answer: not carried out.
    pub const REFUSAL: u8 = 0x8f;
}
