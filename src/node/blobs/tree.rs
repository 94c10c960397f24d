//! The BLAKE3 tree over groups of 16 KiB, built while the bytes pass and without knowing how many will come.

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};

/// Bytes of a chunk group, the unit that a receiver can verify.
pub const GROUP_BYTES: usize = 16 * 1024;

/// Bytes of a chunk of BLAKE3.
const CHUNK_BYTES: u64 = blake3::CHUNK_LEN as u64;

/// Hash pairs of the inner nodes come out in post-order, which is the order in which they become known.
#[derive(Default)]
pub(super) struct GroupTree {
    groups: u64,
    /// Complete subtrees, larger ones first.
    open: Vec<Subtree>,
    /// The root hash in case the first group stays the only one.
    first_alone: Option<blake3::Hash>,
}

#[derive(Clone, Copy)]
struct Subtree {
    value: ChainingValue,
    /// Its two halves: BLAKE3 hashes the root otherwise than an inner node, and which it is shows only at the end.
    halves: Option<(ChainingValue, ChainingValue)>,
}

impl GroupTree {
    /// Takes the next group; all but the last have 16 KiB. New pairs are appended to `pairs`.
    pub(super) fn push(&mut self, group: &[u8], pairs: &mut Vec<u8>) {
        if self.groups == 0 {
            self.first_alone = Some(blake3::hash(group));
        }
        let value = group_value(self.groups * (GROUP_BYTES as u64 / CHUNK_BYTES), group);
        self.push_hashed(value, pairs);
    }

    /// Takes the next group, already hashed by [`group_value`]. Not for a blob of one group.
    pub(super) fn push_hashed(&mut self, value: ChainingValue, pairs: &mut Vec<u8>) {
        self.open.push(Subtree { value, halves: None });
        self.groups += 1;
        for _ in 0..self.groups.trailing_zeros() {
            self.merge(pairs);
        }
    }

    /// Ends the tree; the last pairs are appended to `pairs`.
    pub(super) fn finish(mut self, pairs: &mut Vec<u8>) -> blake3::Hash {
        while self.open.len() > 1 {
            self.merge(pairs);
        }
        match self.open.pop().and_then(|root| root.halves) {
            Some((left, right)) => merge_subtrees_root(&left, &right, Mode::Hash),
            None => self.first_alone.unwrap_or_else(|| blake3::hash(&[])),
        }
    }

    fn merge(&mut self, pairs: &mut Vec<u8>) {
        if let (Some(right), Some(left)) = (self.open.pop(), self.open.pop()) {
            pairs.extend_from_slice(&left.value);
            pairs.extend_from_slice(&right.value);
            self.open.push(Subtree {
                value: merge_subtrees_non_root(&left.value, &right.value, Mode::Hash),
                halves: Some((left.value, right.value)),
            });
        }
    }
}

/// The value of a group that is not the whole blob and begins at that chunk.
pub(super) fn group_value(first_chunk: u64, group: &[u8]) -> ChainingValue {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(first_chunk * CHUNK_BYTES);
    hasher.update(group);
    hasher.finalize_non_root()
}

#[cfg(test)]
mod tests {
    use bao_tree::BlockSize;
    use bao_tree::io::outboard::PostOrderMemOutboard;

    use super::*;

    #[test]
    fn root_and_pairs_are_those_of_bao_tree() {
        let group = GROUP_BYTES;
        for size in [
            0,
            1,
            1024,
            group - 1,
            group,
            group + 1,
            2 * group,
            3 * group,
            4 * group,
            5 * group + 7,
            8 * group,
            33 * group + 1,
        ] {
            let bytes: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let mut tree = GroupTree::default();
            let mut pairs = Vec::new();
            for part in bytes.chunks(group) {
                tree.push(part, &mut pairs);
            }
            let root = tree.finish(&mut pairs);
            let oracle = PostOrderMemOutboard::create(&bytes, BlockSize::from_chunk_log(4));
            assert_eq!(root, blake3::hash(&bytes), "{size}");
            assert_eq!(root, oracle.root, "{size}");
            assert_eq!(pairs, oracle.data, "{size}");
        }
    }
}
