//! The walk through an encoded range: what must come next and what it must hash to; reads and keeps nothing itself.

use std::ops::Range;

use bao_tree::iter::{BaoChunk, ResponseIter};
use blake3::hazmat::{ChainingValue, Mode, merge_subtrees_non_root, merge_subtrees_root};

use crate::node::blobs::BLOB_BYTES_MAX;
use crate::node::blobs::transfer::{chunk_ranges, tree};
use crate::node::blobs::tree::group_value;

/// Verifies a range step by step against the root, with memory in proportion to the depth of the tree alone.
pub struct RangeProof {
    items: ResponseIter,
    /// What the next nodes must hash to, the nearest last.
    expected: Vec<ChainingValue>,
}

/// What comes next in the encoding.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Two hashes of 32 bytes.
    Pair(PairStep),
    /// That many bytes of the blob.
    Group(GroupStep),
}

/// The place of a pair in the tree.
#[derive(Clone, Copy, Debug)]
pub struct PairStep {
    is_root: bool,
    wants_left: bool,
    wants_right: bool,
}

/// The place of a group in the tree.
#[derive(Clone, Copy, Debug)]
pub struct GroupStep {
    is_root: bool,
    first_chunk: u64,
    bytes: usize,
}

impl GroupStep {
    /// How many bytes the group has.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A group that belongs to the blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// The only group: its hash is the root.
    Whole,
    /// One of several, with its value.
    Group(ChainingValue),
}

/// Bytes that are not those of the blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged;

impl RangeProof {
    /// The proof of a range of a blob. The range begins at a group; nothing if the blob is larger than any can be.
    #[must_use]
    pub fn new(size: u64, root: [u8; 32], range: &Range<u64>) -> Option<Self> {
        (size <= BLOB_BYTES_MAX).then(|| Self {
            items: ResponseIter::new(tree(size), chunk_ranges(range, size)),
            expected: vec![root],
        })
    }

    /// What must be read next; nothing at the end of the range.
    pub fn next_step(&mut self) -> Option<Step> {
        Some(match self.items.next()? {
            BaoChunk::Parent { is_root, left, right, .. } => {
                Step::Pair(PairStep { is_root, wants_left: left, wants_right: right })
            }
            BaoChunk::Leaf { start_chunk, size, is_root, .. } => {
                Step::Group(GroupStep { is_root, first_chunk: start_chunk.0, bytes: size })
            }
        })
    }

    /// Takes the pair that [`RangeProof::next_step`] asked for.
    ///
    /// # Errors
    /// If it is not the pair of this blob.
    pub fn take_pair(&mut self, step: PairStep, pair: &[u8; 64]) -> Result<(), Forged> {
        let (left, rest) = pair.split_first_chunk::<32>().ok_or(Forged)?;
        let right = rest.first_chunk::<32>().ok_or(Forged)?;
        let value = if step.is_root {
            *merge_subtrees_root(left, right, Mode::Hash).as_bytes()
        } else {
            merge_subtrees_non_root(left, right, Mode::Hash)
        };
        if self.expected.pop() != Some(value) {
            return Err(Forged);
        }
        if step.wants_right {
            self.expected.push(*right);
        }
        if step.wants_left {
            self.expected.push(*left);
        }
        Ok(())
    }

    /// Takes the group that [`RangeProof::next_step`] asked for.
    ///
    /// # Errors
    /// If it is not the group of this blob.
    pub fn take_group(&mut self, step: GroupStep, group: &[u8]) -> Result<Proven, Forged> {
        let (value, proven) = if step.is_root {
            (*blake3::hash(group).as_bytes(), Proven::Whole)
        } else {
            let value = group_value(step.first_chunk, group);
            (value, Proven::Group(value))
        };
        if self.expected.pop() == Some(value) { Ok(proven) } else { Err(Forged) }
    }
}

impl std::fmt::Debug for RangeProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RangeProof").field("depth", &self.expected.len()).finish_non_exhaustive()
    }
}
