//! Verification of inclusion and consistency proofs (RFC 9162 2.1.3.2, 2.1.4.2); makes no proofs.
//!
//! Iterative, without allocation, for every `u64` size. Sizes and roots must come from a signed checkpoint: with a size
//! of the prover's choice an inner node passes for a leaf.

use crate::transparency::tree::{Hash, empty_root, node_hash};

/// The most hashes that an inclusion proof can have: a tree whose size is a `u64` has at most 64 levels below its root.
pub const INCLUSION_HASHES_MAX: usize = 64;

/// What is wrong with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf cannot be in the tree.
    #[error("leaf {index} lies outside of a tree of {size} leaves")]
    IndexOutsideTree {
        /// The leaf's position.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The proof goes on after the root was reached.
    #[error("the proof has more hashes than the tree has levels")]
    SurplusHashes,
    /// The proof ends before the root was reached.
    #[error("the proof has too few hashes for the tree")]
    TooFewHashes,
    /// The proof leads to another root than the (newer) tree's.
    #[error("the proof leads to a different root: the entry or the tree was altered")]
    RootDiffers,
    /// The proof does not start from the older tree's root.
    #[error("the proof does not start from the older root: the log's history was altered")]
    OlderRootDiffers,
    /// The tree that is said to be older is larger.
    #[error("a tree of {newer} leaves cannot have grown from one of {older}")]
    Shrunk {
        /// The size of the tree that is said to be older.
        older: u64,
        /// The size of the other.
        newer: u64,
    },
    /// Every tree extends the empty one, so such a proof would show nothing.
    #[error("consistency with the empty tree proves nothing")]
    FromEmptyTree,
}

/// The root that follows from a leaf's hash and its inclusion path.
///
/// # Errors
/// If the index is outside of the tree or the path's length does not fit it.
pub fn root_from_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutsideTree { index, size });
    }
    let mut node = index;
    let mut last = size - 1;
    let mut root = *leaf_hash;
    for sibling in path {
        if last == 0 {
            return Err(ProofError::SurplusHashes);
        }
        if node & 1 == 1 || node == last {
            root = node_hash(sibling, &root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(root) } else { Err(ProofError::TooFewHashes) }
}

/// Checks that the leaf lies at that index of the tree with this size and root.
///
/// # Errors
/// If the proof does not show it.
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if root_from_inclusion(leaf_hash, index, size, path)? == *root {
        Ok(())
    } else {
        Err(ProofError::RootDiffers)
    }
}

/// Checks that the first `older` leaves of the newer tree are the older tree.
///
/// Two trees of equal size are consistent if their roots are equal and the path is empty. A proof from the empty tree
/// is an error; a witness, which must accept it, uses [`verify_growth`].
///
/// # Errors
/// If the proof does not show it.
pub fn verify_consistency(
    older: u64,
    newer: u64,
    older_root: &Hash,
    newer_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if older > newer {
        return Err(ProofError::Shrunk { older, newer });
    }
    if older == newer {
        return match (path, older_root == newer_root) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::RootDiffers),
            ([_, ..], _) => Err(ProofError::SurplusHashes),
        };
    }
    if older == 0 {
        return Err(ProofError::FromEmptyTree);
    }
    let (first, rest) = match path.split_first() {
        None => return Err(ProofError::TooFewHashes),
        Some(_) if older.is_power_of_two() => (older_root, path),
        Some(split) => split,
    };
    let (from_older, from_newer) = roots_from_consistency(older, newer, *first, rest)?;
    if from_older != *older_root {
        Err(ProofError::OlderRootDiffers)
    } else if from_newer != *newer_root {
        Err(ProofError::RootDiffers)
    } else {
        Ok(())
    }
}

/// [`verify_consistency`] as a witness applies it (c2sp.org/tlog-witness): the empty tree grows into any tree with an
/// empty proof.
///
/// # Errors
/// If the proof does not show it, or a tree of size 0 has another root than [`empty_root`].
pub fn verify_growth(
    older: u64,
    newer: u64,
    older_root: &Hash,
    newer_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if newer == 0 && *newer_root != empty_root() {
        return Err(ProofError::RootDiffers);
    }
    if older != 0 {
        return verify_consistency(older, newer, older_root, newer_root, path);
    }
    if path.is_empty() { Ok(()) } else { Err(ProofError::SurplusHashes) }
}

/// The roots of both trees that follow from a consistency path, whose first hash is `first`.
fn roots_from_consistency(
    older: u64,
    newer: u64,
    first: Hash,
    rest: &[Hash],
) -> Result<(Hash, Hash), ProofError> {
    let shift = (older - 1).trailing_ones();
    let mut node = (older - 1).checked_shr(shift).unwrap_or(0);
    let mut last = (newer - 1).checked_shr(shift).unwrap_or(0);
    let mut from_older = first;
    let mut from_newer = first;
    for hash in rest {
        if last == 0 {
            return Err(ProofError::SurplusHashes);
        }
        if node & 1 == 1 || node == last {
            from_older = node_hash(hash, &from_older);
            from_newer = node_hash(hash, &from_newer);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            from_newer = node_hash(&from_newer, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok((from_older, from_newer)) } else { Err(ProofError::TooFewHashes) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transparency::tree::{leaf_hash, root_of_leaf_hashes};

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&[i])).collect()
    }

    #[test]
    fn the_only_leaf_is_the_root() {
        let leaf = leaf_hash(b"x");
        assert_eq!(root_from_inclusion(&leaf, 0, 1, &[]), Ok(leaf));
        assert_eq!(root_from_inclusion(&leaf, 0, 1, &[leaf]), Err(ProofError::SurplusHashes));
        assert_eq!(root_from_inclusion(&leaf, 0, 2, &[]), Err(ProofError::TooFewHashes));
        let outside = ProofError::IndexOutsideTree { index: 1, size: 1 };
        assert_eq!(root_from_inclusion(&leaf, 1, 1, &[]), Err(outside));
        let outside = ProofError::IndexOutsideTree { index: 0, size: 0 };
        assert_eq!(root_from_inclusion(&leaf, 0, 0, &[]), Err(outside));
    }

    #[test]
    fn a_different_root_is_named() {
        let [a, b] = [leaf_hash(b"a"), leaf_hash(b"b")];
        let root = node_hash(&a, &b);
        assert_eq!(verify_inclusion(&a, 0, 2, &[b], &root), Ok(()));
        assert_eq!(verify_inclusion(&a, 1, 2, &[b], &root), Err(ProofError::RootDiffers));
    }

    #[test]
    fn consistency_names_which_root_differs() {
        let leaves = leaves(3);
        let (two, three) =
            (root_of_leaf_hashes(leaves[..2].to_vec()), root_of_leaf_hashes(leaves.clone()));
        let path = [leaves[2]];
        assert_eq!(verify_consistency(2, 3, &two, &three, &path), Ok(()));
        assert_eq!(verify_consistency(2, 3, &two, &two, &path), Err(ProofError::RootDiffers));
        assert_eq!(verify_consistency(2, 3, &two, &three, &[]), Err(ProofError::TooFewHashes));
        let surplus = [leaves[2], leaves[2]];
        assert_eq!(
            verify_consistency(2, 3, &two, &three, &surplus),
            Err(ProofError::SurplusHashes)
        );
        let shrunk = ProofError::Shrunk { older: 3, newer: 2 };
        assert_eq!(verify_consistency(3, 2, &three, &two, &[]), Err(shrunk));

        let four = root_of_leaf_hashes([leaves.clone(), vec![two]].concat());
        let path = [leaves[2], two, two];
        assert_eq!(verify_consistency(3, 4, &three, &four, &path), Ok(()));
        assert_eq!(
            verify_consistency(3, 4, &three, &three, &path[..2]),
            Err(ProofError::TooFewHashes)
        );
        assert_eq!(
            verify_consistency(3, 4, &four, &four, &path),
            Err(ProofError::OlderRootDiffers)
        );
    }

    #[test]
    fn the_empty_tree_grows_only_for_a_witness() {
        let leaf = leaf_hash(b"x");
        let empty = empty_root();
        assert_eq!(verify_consistency(0, 1, &empty, &leaf, &[]), Err(ProofError::FromEmptyTree));
        assert_eq!(verify_growth(0, 1, &empty, &leaf, &[]), Ok(()));
        assert_eq!(verify_growth(0, 1, &empty, &leaf, &[leaf]), Err(ProofError::SurplusHashes));
        assert_eq!(verify_growth(0, 0, &empty, &empty, &[]), Ok(()));
        assert_eq!(verify_growth(0, 0, &empty, &leaf, &[]), Err(ProofError::RootDiffers));
        assert_eq!(verify_growth(1, 1, &leaf, &leaf, &[]), Ok(()));
        assert_eq!(verify_growth(1, 1, &leaf, &empty, &[]), Err(ProofError::RootDiffers));
    }

    proptest! {
        #[test]
        fn any_input_is_judged_without_panic(
            index in any::<u64>(), size in any::<u64>(), count in 0usize..70,
        ) {
            let path = vec![Hash([1; 32]); count];
            let root = Hash([2; 32]);
            prop_assert!(verify_inclusion(&Hash([0; 32]), index, size, &path, &root).is_err());
            let (older, newer) = (index.min(size), index.max(size));
            prop_assert!(verify_consistency(older, newer, &Hash([0; 32]), &root, &path).is_err());
        }
    }
}
