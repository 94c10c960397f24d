//! A whole tree in memory, every inner node computed once: field trees, tiles; not for trees that grow.

use crate::transparency::tree::{Hash, empty_root, node_hash};

/// A tree of which every leaf can be proved at the price of one.
#[derive(Clone, Debug)]
pub struct SmallTree {
    /// The leaf hashes, then each row above; an odd last node moves up unchanged.
    rows: Vec<Vec<Hash>>,
    leaf_count: usize,
}

impl Default for SmallTree {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl SmallTree {
    /// The tree with these leaf hashes.
    #[must_use]
    pub fn new(leaf_hashes: Vec<Hash>) -> Self {
        let leaf_count = leaf_hashes.len();
        let mut rows = Vec::new();
        let mut row = leaf_hashes;
        while row.len() > 1 {
            let (pairs, odd) = row.as_chunks::<2>();
            let above = pairs.iter().map(|[left, right]| node_hash(left, right));
            let above = above.chain(odd.iter().copied()).collect();
            rows.push(std::mem::replace(&mut row, above));
        }
        rows.push(row);
        Self { rows, leaf_count }
    }

    /// The number of leaves.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.leaf_count
    }

    /// Whether there are no leaves.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.leaf_count == 0
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.rows.last().and_then(|row| row.first()).copied().unwrap_or_else(empty_root)
    }

    /// The inclusion path of a leaf, its sibling first; `None` if there is no such leaf.
    #[must_use]
    pub fn inclusion_path(&self, index: usize) -> Option<Vec<Hash>> {
        if index >= self.leaf_count {
            return None;
        }
        let sibling = |(height, row): (usize, &Vec<Hash>)| row.get((index >> height) ^ 1).copied();
        Some(self.rows.iter().enumerate().filter_map(sibling).collect())
    }

    /// The root of the perfect subtree over `1 << height` leaves; `None` if some of them are missing.
    pub(crate) fn perfect_node(&self, height: u32, index: usize) -> Option<Hash> {
        let end = index.checked_add(1)?.checked_shl(height)?;
        if end > self.leaf_count {
            return None;
        }
        self.rows.get(usize::try_from(height).ok()?)?.get(index).copied()
    }
}

/// The inclusion path of one leaf; `None` if there is no such leaf. For many, keep a [`SmallTree`].
#[must_use]
pub fn inclusion_path_of(leaf_hashes: &[Hash], index: usize) -> Option<Vec<Hash>> {
    SmallTree::new(leaf_hashes.to_vec()).inclusion_path(index)
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::transparency::proof::verify_inclusion;
    use crate::transparency::tree::{leaf_hash, root_of_leaf_hashes};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn there_is_no_path_for_a_leaf_outside_of_the_tree() {
        let empty = SmallTree::default();
        assert!(empty.is_empty());
        assert_eq!((empty.root(), empty.inclusion_path(0)), (empty_root(), None));
        assert_eq!(inclusion_path_of(&leaves(3), 3), None);
        assert_eq!(inclusion_path_of(&leaves(3), usize::MAX), None);
        assert_eq!(inclusion_path_of(&leaves(1), 0), Some(vec![]));
    }

    #[test]
    fn a_perfect_node_needs_all_its_leaves() {
        let tree = SmallTree::new(leaves(7));
        assert_eq!(tree.perfect_node(2, 0), Some(root_of_leaf_hashes(leaves(4))));
        assert_eq!(tree.perfect_node(2, 1), None);
        assert_eq!(tree.perfect_node(63, usize::MAX), None);
    }

    proptest! {
        #[test]
        fn paths_agree_with_ct_merkle_and_fail_when_altered(
            size in 2u64..300, index in any::<prop::sample::Index>(),
            place in any::<prop::sample::Index>(), bit in 0usize..256,
        ) {
            let index = index.index(usize::try_from(size).unwrap());
            let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            (0..size).for_each(|i| oracle.push(i.to_be_bytes().to_vec()));
            let tree = SmallTree::new(leaves(size));
            let mut path = tree.inclusion_path(index).unwrap();
            let bytes: Vec<u8> = path.iter().flat_map(|hash| hash.0).collect();
            let expected = oracle.prove_inclusion(index).as_bytes().to_vec();
            prop_assert_eq!(bytes, expected);
            let expected = oracle.root().as_bytes().to_vec();
            prop_assert_eq!(tree.root().0.to_vec(), expected);

            let place = place.index(path.len());
            path[place].0[bit / 8] ^= 1 << (bit % 8);
            let leaf = leaves(size)[index];
            let index = u64::try_from(index).unwrap();
            prop_assert!(verify_inclusion(&leaf, index, size, &path, &tree.root()).is_err());
        }
    }
}
