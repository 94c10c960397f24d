//! A blob on its way between two nodes: ranges with the hashes that prove each group against the BLAKE3 root.
//! Knows no connection and no frames; both sides agree on size and root beforehand, from the signed record.
//!
//! The encoding of a range is that of bao with groups of 16 KiB and without a length prefix: walking the tree in
//! pre-order, each inner node that the range touches as two hashes of 32 bytes, each group as its bytes.

mod fetch;
mod proof;
mod send;

use std::ops::Range;

use bao_tree::{BaoTree, BlockSize, ChunkNum, ChunkRanges};

pub use crate::node::blobs::tree::GROUP_BYTES;
pub use fetch::{Fetch, FetchError};
pub use proof::{Forged, GroupStep, PairStep, Proven, RangeProof, Step};

/// A good length of one request: few round trips, and little to send again.
pub const TRANSFER_BYTES: u64 = 8 * 1024 * 1024;

/// Chunk groups of 16 chunks of 1,024 bytes.
const GROUP: BlockSize = BlockSize::from_chunk_log(4);

/// What the record says of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Plain bytes.
    pub size: u64,
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
    /// BLAKE3 of the plain bytes.
    pub blake3: [u8; 32],
}

/// The most bytes that the encoding of a range of that many bytes has, to bound what is read from a peer.
#[must_use]
pub const fn encoded_bytes_max(bytes: u64) -> u64 {
    // The range is rounded up to whole groups; there is a pair a group inside it, and at most one a level at each edge.
    let groups = bytes.div_ceil(GROUP_BYTES as u64);
    let pairs = groups.saturating_add(128);
    groups.saturating_mul(GROUP_BYTES as u64).saturating_add(pairs.saturating_mul(64))
}

/// The bytes that the encoding of a range has, which begins at a group.
#[must_use]
pub fn encoded_bytes(size: u64, offset: u64, bytes: u64) -> u64 {
    const GROUP: u64 = GROUP_BYTES as u64;
    let end = offset.saturating_add(bytes).min(size);
    if offset >= end {
        return 0;
    }
    let (first, last) = (offset / GROUP, end.div_ceil(GROUP));
    let content = last.saturating_mul(GROUP).min(size).saturating_sub(first * GROUP);
    let pairs = pairs_touched(0, size.div_ceil(GROUP), first, last);
    content.saturating_add(pairs.saturating_mul(64))
}

/// Inner nodes over the groups `start..start + count` that touch the groups `first..last`.
fn pairs_touched(start: u64, count: u64, first: u64, last: u64) -> u64 {
    let end = start.saturating_add(count);
    if count < 2 || end <= first || last <= start {
        return 0;
    }
    if first <= start && end <= last {
        return count - 1;
    }
    let left = count.next_power_of_two() / 2;
    let right = pairs_touched(start + left, count - left, first, last);
    1 + pairs_touched(start, left, first, last) + right
}

fn tree(size: u64) -> BaoTree {
    BaoTree::new(size, GROUP)
}

/// The chunks of a byte range that begins at a group; its end is rounded up to a whole group.
fn chunk_ranges(range: &Range<u64>, size: u64) -> ChunkRanges {
    let group_chunks =
        |byte: u64| ChunkNum(byte.div_ceil(GROUP_BYTES as u64) * (GROUP_BYTES as u64 / 1024));
    let start = group_chunks(range.start);
    if range.end < size {
        ChunkRanges::from(start..group_chunks(range.end))
    } else {
        // Open: a last group that is not full counts as a whole one only so.
        ChunkRanges::from(start..)
    }
}
