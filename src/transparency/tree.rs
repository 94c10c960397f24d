//! Merkle hashes and roots (RFC 9162 2.1); makes and checks no proofs.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::transparency::text;

/// A SHA-256 hash of a leaf, an inner node or a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// Why a text is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 hash is 64 lower-case hexadecimal digits")]
pub struct InvalidHash;

impl Hash {
    /// The length of a hash in bytes.
    pub const BYTES: usize = 32;

    /// The hash with these bytes, if there are 32.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads standard base64 with padding, the form in checkpoints and proofs.
    #[must_use]
    pub fn from_base64(line: &str) -> Option<Self> {
        text::parse_base64(line).and_then(|bytes| Self::from_slice(&bytes))
    }

    /// Standard base64 with padding.
    #[must_use]
    pub fn to_base64(&self) -> String {
        text::to_base64(&self.0)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidHash);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| InvalidHash)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The first four bytes suffice to tell hashes apart in a log line.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(")?;
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

/// The hash of a log entry.
///
/// The prefix keeps a leaf from being taken for an inner node, so that no entry can imitate a subtree.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

/// The root of the tree without leaves, SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The root of the tree with these leaf hashes.
#[must_use]
pub fn root_of_leaf_hashes(leaf_hashes: impl IntoIterator<Item = Hash>) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaf_hashes {
        frontier.push(leaf);
    }
    frontier.root()
}

/// The root of a row of perfect subtrees, largest first: `None` if there are none.
pub(crate) fn fold_peaks(peaks: &[Hash]) -> Option<Hash> {
    peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right))
}

/// What a checkpoint says of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

impl TreeHead {
    /// The tree without leaves.
    #[must_use]
    pub fn empty() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

/// A growing tree reduced to what its future roots depend on: one hash for each one-bit of its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees, largest (leftmost) first; as many as `size` has one-bits.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Reads [`Frontier::to_bytes`]; `None` unless the length fits the size exactly.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, hashes) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<{ Hash::BYTES }>();
        let fits = rest.is_empty() && hashes.len() == size.count_ones() as usize;
        fits.then(|| Self { size, peaks: hashes.iter().map(|bytes| Hash(*bytes)).collect() })
    }

    /// Adds a leaf at the right edge.
    ///
    /// # Panics
    /// If the tree has 2^64 - 1 leaves, which no machine can count to.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = self.size.checked_add(1).expect("a tree cannot be counted to 2^64 leaves");
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_peaks(&self.peaks).unwrap_or_else(empty_root)
    }

    /// The size (8 bytes, big-endian) and the hashes, largest subtree first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.peaks.iter().flat_map(|peak| peak.0));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hash_texts_have_one_spelling() {
        let hash = leaf_hash(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.to_string().to_uppercase().parse::<Hash>(), Err(InvalidHash));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Some(hash));
        assert_eq!(Hash::from_base64("AAAA"), None);
        assert_eq!(format!("{:?}", Hash([0xab; 32])), "Hash(abababab…)");
    }

    #[test]
    fn the_empty_tree_has_the_root_of_rfc_9162() {
        let root = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(empty_root().to_string(), root);
        assert_eq!(Frontier::new().root(), empty_root());
    }

    #[test]
    fn a_frontier_of_the_wrong_length_is_refused() {
        let mut frontier = Frontier::new();
        (0..5u8).for_each(|i| frontier.push(leaf_hash(&[i])));
        let bytes = frontier.to_bytes();
        assert_eq!(Frontier::from_bytes(&bytes), Some(frontier));
        assert_eq!(Frontier::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Frontier::from_bytes(&bytes[..bytes.len() - 32]), None);
        assert_eq!(Frontier::from_bytes(&[bytes.as_slice(), &[0; 32]].concat()), None);
        assert_eq!(Frontier::from_bytes(&[]), None);
    }

    proptest! {
        #[test]
        fn roots_agree_with_ct_merkle(entries in prop::collection::vec(any::<[u8; 3]>(), 0..300)) {
            let mut frontier = Frontier::new();
            let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            for entry in &entries {
                frontier.push(leaf_hash(entry));
                oracle.push(entry.to_vec());
            }
            let expected = oracle.root().as_bytes().to_vec();
            prop_assert_eq!(frontier.root().0.to_vec(), expected);
            prop_assert_eq!(Frontier::from_bytes(&frontier.to_bytes()), Some(frontier));
        }
    }
}
