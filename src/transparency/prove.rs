//! Proofs and roots made from hash tiles; reads tiles only through [`TileReader`] and verifies nothing.
//!
//! An asynchronous caller first asks which tiles a proof needs ([`tiles_of_inclusion`] and its kin), fetches them, and
//! proves from [`LoadedTiles`]; many proofs for one size share the tiles and the hashing in them.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use crate::transparency::small_tree::SmallTree;
use crate::transparency::tile::{Tile, TileId};
use crate::transparency::tree::{Hash, empty_root, fold_peaks};

/// The tree levels within a tile: 256 hashes and the seven rows above them.
const ROWS: u32 = 8;

/// A place that hash tiles are read from.
pub trait TileReader {
    /// Why a tile could not be read.
    type Error;

    /// The hashes of a tile, or of a wider one with the same level and position.
    ///
    /// # Errors
    /// If there is no such tile or it cannot be read.
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a proof cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The leaf is not in the tree.
    #[error("leaf {index} lies outside of a tree of {size} leaves")]
    IndexOutsideTree {
        /// The leaf's position.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is empty or larger than the newer.
    #[error("there is no consistency proof from {older} to {newer} leaves")]
    NoConsistency {
        /// The size of the tree that is said to be older.
        older: u64,
        /// The size of the other.
        newer: u64,
    },
    /// A tile has fewer hashes than its name promises.
    #[error("tile {} is missing or too short; rebuild the log's tiles", .0.path())]
    ShortTile(TileId),
    /// A tile could not be read.
    #[error("a tile of the log could not be read")]
    Tile(#[source] E),
}

/// The root of the log with that size.
///
/// # Errors
/// If a tile cannot be read.
pub fn root<R: TileReader>(reader: &R, size: u64) -> Result<Hash, ProveError<R::Error>> {
    load(reader, tiles_of_root(size))?.root(size).map_err(widen)
}

/// The inclusion path of a leaf in the log with that size, the leaf's sibling first.
///
/// # Errors
/// If the leaf is not in the log or a tile cannot be read.
pub fn inclusion_path<R: TileReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    load(reader, tiles_of_inclusion([index], size))?.inclusion_path(index, size).map_err(widen)
}

/// The consistency path between two sizes of the log; empty if they are equal.
///
/// # Errors
/// If the older size is 0 or larger than the newer, or a tile cannot be read.
pub fn consistency_path<R: TileReader>(
    reader: &R,
    older: u64,
    newer: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    load(reader, tiles_of_consistency(older, newer))?.consistency_path(older, newer).map_err(widen)
}

/// The tiles that the root of a log of that size is computed from.
#[must_use]
pub fn tiles_of_root(size: u64) -> BTreeSet<TileId> {
    tiles_of(&[Range { start: 0, end: size }], size)
}

/// The tiles that the inclusion paths of these leaves are made from; leaves outside of the log need none.
#[must_use]
pub fn tiles_of_inclusion(indices: impl IntoIterator<Item = u64>, size: u64) -> BTreeSet<TileId> {
    indices.into_iter().flat_map(|index| tiles_of(&inclusion_ranges(index, size), size)).collect()
}

/// The tiles that a consistency path is made from; sizes without such a path need none.
#[must_use]
pub fn tiles_of_consistency(older: u64, newer: u64) -> BTreeSet<TileId> {
    tiles_of(&consistency_ranges(older, newer), newer)
}

fn load<R: TileReader>(
    reader: &R,
    ids: BTreeSet<TileId>,
) -> Result<LoadedTiles, ProveError<R::Error>> {
    let mut loaded = LoadedTiles::default();
    for id in ids {
        let hashes = reader.tile(id).map_err(ProveError::Tile)?;
        if hashes.len() < usize::from(id.width) {
            return Err(ProveError::ShortTile(id));
        }
        loaded.insert(Tile { id, hashes });
    }
    Ok(loaded)
}

fn widen<E>(error: ProveError<Infallible>) -> ProveError<E> {
    match error {
        ProveError::IndexOutsideTree { index, size } => {
            ProveError::IndexOutsideTree { index, size }
        }
        ProveError::NoConsistency { older, newer } => ProveError::NoConsistency { older, newer },
        ProveError::ShortTile(id) => ProveError::ShortTile(id),
        ProveError::Tile(never) => match never {},
    }
}

/// Tiles in memory, with the inner nodes below each tile's root computed once.
#[derive(Clone, Debug, Default)]
pub struct LoadedTiles {
    tiles: BTreeMap<(u8, u64), SmallTree>,
}

impl LoadedTiles {
    /// Adds a tile; of two with the same level and position the one with more hashes stays.
    pub fn insert(&mut self, tile: Tile) {
        let place = (tile.id.level, tile.id.n);
        if self.tiles.get(&place).is_none_or(|known| known.len() < tile.hashes.len()) {
            self.tiles.insert(place, SmallTree::new(tile.hashes));
        }
    }

    /// The root of the log with that size.
    ///
    /// # Errors
    /// If a tile of [`tiles_of_root`] is missing.
    pub fn root(&self, size: u64) -> Result<Hash, ProveError<Infallible>> {
        self.range_root(Range { start: 0, end: size }, size)
    }

    /// The inclusion path of a leaf in the log with that size, the leaf's sibling first.
    ///
    /// # Errors
    /// If the leaf is not in the log or a tile of [`tiles_of_inclusion`] is missing.
    pub fn inclusion_path(
        &self,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ProveError<Infallible>> {
        if index >= size {
            return Err(ProveError::IndexOutsideTree { index, size });
        }
        self.range_roots(&inclusion_ranges(index, size), size)
    }

    /// The consistency path between two sizes of the log; empty if they are equal.
    ///
    /// # Errors
    /// If the older size is 0 or larger than the newer, or a tile of [`tiles_of_consistency`] is missing.
    pub fn consistency_path(
        &self,
        older: u64,
        newer: u64,
    ) -> Result<Vec<Hash>, ProveError<Infallible>> {
        if older == 0 || older > newer {
            return Err(ProveError::NoConsistency { older, newer });
        }
        self.range_roots(&consistency_ranges(older, newer), newer)
    }

    fn range_roots(
        &self,
        ranges: &[Range],
        size: u64,
    ) -> Result<Vec<Hash>, ProveError<Infallible>> {
        ranges.iter().map(|range| self.range_root(*range, size)).collect()
    }

    fn range_root(&self, range: Range, size: u64) -> Result<Hash, ProveError<Infallible>> {
        let peaks = range.perfect_subtrees().map(|node| self.node(node, size));
        let peaks = peaks.collect::<Result<Vec<Hash>, ProveError<Infallible>>>()?;
        Ok(fold_peaks(&peaks).unwrap_or_else(empty_root))
    }

    fn node(&self, node: Node, size: u64) -> Result<Hash, ProveError<Infallible>> {
        let place = node.in_tile();
        self.tiles
            .get(&(place.level, place.n))
            .and_then(|tile| tile.perfect_node(place.row, place.column))
            .ok_or_else(|| ProveError::ShortTile(node.tile_id(size)))
    }
}

impl Extend<Tile> for LoadedTiles {
    fn extend<T: IntoIterator<Item = Tile>>(&mut self, tiles: T) {
        tiles.into_iter().for_each(|tile| self.insert(tile));
    }
}

impl FromIterator<Tile> for LoadedTiles {
    fn from_iter<T: IntoIterator<Item = Tile>>(tiles: T) -> Self {
        let mut loaded = Self::default();
        loaded.extend(tiles);
        loaded
    }
}

/// The leaves from `start` up to and without `end`, a subtree of some tree.
#[derive(Clone, Copy, Debug)]
struct Range {
    start: u64,
    end: u64,
}

/// The perfect subtree over the leaves from `index << height` to `(index + 1) << height`.
#[derive(Clone, Copy, Debug)]
struct Node {
    height: u32,
    index: u64,
}

/// Where a node is found: in the tile, `row` levels above its hashes, at `column`.
struct PlaceInTile {
    level: u8,
    n: u64,
    row: u32,
    column: usize,
}

impl Range {
    fn len(self) -> u64 {
        self.end - self.start
    }

    /// Where the root's left child ends (RFC 9162 2.1.1): the largest power of two below the length.
    fn split(self) -> u64 {
        self.start + (1 << (self.len() - 1).ilog2())
    }

    /// The perfect subtrees that make up the range, largest first.
    fn perfect_subtrees(self) -> impl Iterator<Item = Node> {
        let mut start = self.start;
        std::iter::from_fn(move || {
            let height = (self.end - start).checked_ilog2()?;
            let node = Node { height, index: start >> height };
            start += 1 << height;
            Some(node)
        })
    }
}

impl Node {
    fn in_tile(self) -> PlaceInTile {
        let row = self.height % ROWS;
        let columns = 1 << (ROWS - row);
        PlaceInTile {
            level: u8::try_from(self.height / ROWS).expect("a height is below 64"),
            n: self.index / columns,
            row,
            column: usize::try_from(self.index % columns).expect("a tile has at most 256 columns"),
        }
    }

    /// The widest tile with this node that a log of that size has.
    fn tile_id(self, size: u64) -> TileId {
        let PlaceInTile { level, n, .. } = self.in_tile();
        TileId::in_log(level, n, size).unwrap_or(TileId { level, n, width: 1 })
    }
}

fn tiles_of(ranges: &[Range], size: u64) -> BTreeSet<TileId> {
    ranges
        .iter()
        .flat_map(|range| range.perfect_subtrees())
        .map(|node| node.tile_id(size))
        .collect()
}

/// The subtrees whose roots are the inclusion path, from the leaf up (RFC 9162 2.1.3.1).
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range> {
    let mut siblings = Vec::new();
    let mut subtree = Range { start: 0, end: size };
    while index < size && subtree.len() > 1 {
        let split = subtree.split();
        let left = Range { end: split, ..subtree };
        let right = Range { start: split, ..subtree };
        let (inside, sibling) = if index < split { (left, right) } else { (right, left) };
        siblings.push(sibling);
        subtree = inside;
    }
    siblings.reverse();
    siblings
}

/// The subtrees whose roots are the consistency path (RFC 9162 2.1.4.1).
fn consistency_ranges(older: u64, newer: u64) -> Vec<Range> {
    let mut ranges = Vec::new();
    if older == 0 || older >= newer {
        return ranges;
    }
    let mut subtree = Range { start: 0, end: newer };
    while subtree.end != older {
        let split = subtree.split();
        let left = Range { end: split, ..subtree };
        let right = Range { start: split, ..subtree };
        let (inside, sibling) = if older <= split { (left, right) } else { (right, left) };
        ranges.push(sibling);
        subtree = inside;
    }
    // A verifier who knows the older root needs no hash for the subtree that is the whole older tree.
    if subtree.start != 0 {
        ranges.push(subtree);
    }
    ranges.reverse();
    ranges
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::transparency::append::TileBuilder;
    use crate::transparency::proof::{verify_consistency, verify_inclusion};
    use crate::transparency::tree::{leaf_hash, root_of_leaf_hashes};

    /// The tiles that a log server would have.
    struct Stored(HashMap<TileId, Vec<Hash>>);

    impl TileReader for Stored {
        type Error = TileId;

        fn tile(&self, id: TileId) -> Result<Vec<Hash>, TileId> {
            self.0.get(&id).cloned().ok_or(id)
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    fn stored(leaf_hashes: &[Hash]) -> Stored {
        let tiles = TileBuilder::new().append(leaf_hashes);
        Stored(tiles.into_iter().map(|tile| (tile.id, tile.hashes)).collect())
    }

    fn oracle(count: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
        let mut oracle = MemoryBackedTree::new();
        (0..count).for_each(|i| oracle.push(i.to_be_bytes().to_vec()));
        oracle
    }

    fn concat(path: &[Hash]) -> Vec<u8> {
        path.iter().flat_map(|hash| hash.0).collect()
    }

    #[test]
    fn proofs_across_three_tile_levels_verify() {
        let size = 65_536 * 2 + 256 * 3 + 5;
        let leaf_hashes = leaves(size);
        let log = stored(&leaf_hashes);
        let root = root(&log, size).unwrap();
        assert_eq!(root, root_of_leaf_hashes(leaf_hashes.iter().copied()));
        for index in [0, 255, 256, 65_535, 65_536, 131_071, 131_072, 131_840, size - 1] {
            let path = inclusion_path(&log, index, size).unwrap();
            let leaf = leaf_hashes[usize::try_from(index).unwrap()];
            assert_eq!(verify_inclusion(&leaf, index, size, &path, &root), Ok(()), "{index}");
        }
        for older in [1, 2, 255, 256, 257, 65_536, 65_537, 131_072, 131_840, size - 1, size] {
            let older_root = stored(&leaf_hashes[..usize::try_from(older).unwrap()]);
            let older_root = super::root(&older_root, older).unwrap();
            let path = consistency_path(&log, older, size).unwrap();
            assert_eq!(
                verify_consistency(older, size, &older_root, &root, &path),
                Ok(()),
                "{older}"
            );
        }
    }

    #[test]
    fn a_proof_reads_few_tiles_of_a_large_log() {
        assert!(tiles_of_inclusion([123_456_789], 1_000_000_000).len() <= 8);
        assert!(tiles_of_consistency(999_999_000, 1_000_000_000).len() <= 8);
        assert_eq!(tiles_of_root(256), [TileId { level: 1, n: 0, width: 1 }].into());
        assert!(tiles_of_inclusion([u64::MAX - 1], u64::MAX).len() <= 16);
        assert!(tiles_of_inclusion([7], 7).is_empty());
    }

    #[test]
    fn what_cannot_be_proved_is_named() {
        let leaf_hashes = leaves(300);
        let mut log = stored(&leaf_hashes);
        let outside = ProveError::IndexOutsideTree { index: 300, size: 300 };
        assert_eq!(inclusion_path(&log, 300, 300), Err(outside));
        let none = ProveError::NoConsistency { older: 0, newer: 300 };
        assert_eq!(consistency_path(&log, 0, 300), Err(none));
        let none = ProveError::NoConsistency { older: 301, newer: 300 };
        assert_eq!(consistency_path(&log, 301, 300), Err(none));
        let edge = TileId { level: 0, n: 1, width: 44 };
        log.0.get_mut(&edge).unwrap().pop();
        assert_eq!(root(&log, 300), Err(ProveError::ShortTile(edge)));
        log.0.remove(&edge);
        assert_eq!(root(&log, 300), Err(ProveError::Tile(edge)));
        let first = TileId { level: 1, n: 0, width: 1 };
        assert_eq!(LoadedTiles::default().root(300), Err(ProveError::ShortTile(first)));
    }

    #[test]
    fn the_edge_and_the_changed_tiles_prove_what_was_just_appended() {
        let leaf_hashes = leaves(1000);
        let (older, newer) = leaf_hashes.split_at(700);
        let mut builder = TileBuilder::new();
        builder.append(older);
        let older_root = builder.root();
        let mut tiles = LoadedTiles::from_iter(builder.edge_tiles());
        tiles.extend(builder.append(newer));
        tiles.extend(builder.edge_tiles());
        for (index, leaf) in (700..).zip(newer) {
            let path = tiles.inclusion_path(index, 1000).unwrap();
            assert_eq!(verify_inclusion(leaf, index, 1000, &path, &builder.root()), Ok(()));
        }
        let path = tiles.consistency_path(700, 1000).unwrap();
        assert_eq!(verify_consistency(700, 1000, &older_root, &builder.root(), &path), Ok(()));
    }

    proptest! {
        #[test]
        fn inclusion_paths_agree_with_ct_merkle(size in 1u64..700, index in any::<prop::sample::Index>()) {
            let index = index.index(usize::try_from(size).unwrap());
            let leaf_hashes = leaves(size);
            let expected = oracle(size).prove_inclusion(index).as_bytes().to_vec();
            let index = u64::try_from(index).unwrap();
            let path = inclusion_path(&stored(&leaf_hashes), index, size).unwrap();
            prop_assert_eq!(concat(&path), expected);
        }

        #[test]
        fn consistency_paths_agree_with_ct_merkle(older in 1u64..700, added in 1u64..700) {
            let newer = older + added;
            let expected = oracle(newer).prove_consistency(usize::try_from(added).unwrap());
            let path = consistency_path(&stored(&leaves(newer)), older, newer).unwrap();
            prop_assert_eq!(concat(&path), expected.as_bytes());
        }
    }
}
