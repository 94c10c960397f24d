//! Growing a log: the tiles that change when leaves are added; stores nothing and signs nothing.

use crate::transparency::tile::{TILE_WIDTH, Tile, TileId, right_edge};
use crate::transparency::tree::{Hash, empty_root, fold_peaks, node_hash};

/// The right edge of a growing log, from which its next tiles and roots follow without reading anything else.
///
/// Holds at most 255 hashes a level. A caller whose commit may fail appends to a clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileBuilder {
    size: u64,
    /// The hashes of the partial tile of each level, lowest first; a level is empty when its last tile is full.
    edge: Vec<Vec<Hash>>,
}

/// The stored right edge does not belong to a log of the stated size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stored tiles are not the right edge of a log of {size} leaves: tile {} is missing or has the wrong width",
    .expected.path()
)]
pub struct BadEdge {
    /// The log's size.
    pub size: u64,
    /// The tile that should have been there.
    pub expected: TileId,
}

impl TileBuilder {
    /// A log without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, edge: Vec::new() }
    }

    /// A log of that size, from the tiles that [`right_edge`] names (in any order; others are ignored).
    ///
    /// # Errors
    /// If a tile of the edge is missing or its hashes are not as many as its width.
    pub fn from_edge(size: u64, tiles: &[Tile]) -> Result<Self, BadEdge> {
        let mut edge = Vec::new();
        for expected in right_edge(size) {
            let tile = tiles
                .iter()
                .find(|tile| {
                    tile.id == expected && tile.hashes.len() == usize::from(expected.width)
                })
                .ok_or(BadEdge { size, expected })?;
            edge.resize(usize::from(expected.level), Vec::new());
            edge.push(tile.hashes.clone());
        }
        Ok(Self { size, edge })
    }

    /// Adds leaves and returns each tile that is new, fuller or full: what has to be stored.
    ///
    /// A tile that fills up is returned once, full; the last tile of a level once, with its final width. Work grows
    /// with the number of new leaves, not with the log.
    ///
    /// # Panics
    /// If the log has 2^64 - 1 leaves, which no machine can count to.
    pub fn append(&mut self, leaf_hashes: &[Hash]) -> Vec<Tile> {
        let mut changed = Vec::new();
        let mut level_size = self.size;
        let mut added = leaf_hashes.to_vec();
        for level in 0u8.. {
            if added.is_empty() {
                break;
            }
            let mut tile_index = level_size / u64::from(TILE_WIDTH);
            level_size >>= 8;
            if self.edge.len() <= usize::from(level) {
                self.edge.push(Vec::new());
            }
            let Some(partial) = self.edge.get_mut(usize::from(level)) else { break };
            let mut above = Vec::new();
            for hash in added {
                partial.push(hash);
                if partial.len() == usize::from(TILE_WIDTH) {
                    let hashes = std::mem::take(partial);
                    above.push(root_of_full_tile(&hashes));
                    changed.push(Tile {
                        id: TileId { level, n: tile_index, width: TILE_WIDTH },
                        hashes,
                    });
                    tile_index += 1;
                }
            }
            changed.extend(partial_tile(level, tile_index, partial));
            added = above;
        }
        let count = u64::try_from(leaf_hashes.len()).unwrap_or(u64::MAX);
        self.size = self.size.checked_add(count).expect("a log cannot be counted to 2^64 leaves");
        changed
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The partial tiles, lowest level first: what [`TileBuilder::from_edge`] reads.
    #[must_use]
    pub fn edge_tiles(&self) -> Vec<Tile> {
        right_edge(self.size)
            .into_iter()
            .filter_map(|id| {
                Some(Tile { id, hashes: self.edge.get(usize::from(id.level))?.clone() })
            })
            .collect()
    }

    /// The root of the log.
    #[must_use]
    pub fn root(&self) -> Hash {
        let peaks: Vec<Hash> = self.edge.iter().rev().flat_map(|hashes| peaks_of(hashes)).collect();
        fold_peaks(&peaks).unwrap_or_else(empty_root)
    }
}

fn partial_tile(level: u8, n: u64, hashes: &[Hash]) -> Option<Tile> {
    let width = u16::try_from(hashes.len()).ok().filter(|width| *width > 0)?;
    Some(Tile { id: TileId { level, n, width }, hashes: hashes.to_vec() })
}

/// The roots of the perfect subtrees of a partial tile, largest first.
fn peaks_of(hashes: &[Hash]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    let mut rest = hashes;
    while let Some(width) = rest.len().checked_ilog2() {
        let (perfect, after) = rest.split_at(1 << width);
        peaks.push(root_of_full_tile(perfect));
        rest = after;
    }
    peaks
}

/// The root over a number of hashes that is a power of two.
fn root_of_full_tile(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_else(empty_root)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transparency::tree::{Frontier, leaf_hash, root_of_leaf_hashes};

    fn leaves(count: u32) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn a_batch_returns_full_tiles_and_the_last_partial_one_of_each_level() {
        let mut builder = TileBuilder::new();
        let names = |tiles: Vec<Tile>| -> Vec<(u8, u64, u16)> {
            tiles.iter().map(|tile| (tile.id.level, tile.id.n, tile.id.width)).collect()
        };
        assert_eq!(names(builder.append(&[])), []);
        assert_eq!(names(builder.append(&leaves(255))), [(0, 0, 255)]);
        assert_eq!(names(builder.append(&leaves(1))), [(0, 0, 256), (1, 0, 1)]);
        let changed = names(builder.append(&leaves(600)));
        assert_eq!(changed, [(0, 1, 256), (0, 2, 256), (0, 3, 88), (1, 0, 3)]);
        assert_eq!(builder.size(), 856);
    }

    #[test]
    fn an_edge_that_does_not_fit_the_size_is_refused() {
        let mut builder = TileBuilder::new();
        builder.append(&leaves(300));
        let edge = builder.edge_tiles();
        assert_eq!(TileBuilder::from_edge(300, &edge), Ok(builder));
        assert!(TileBuilder::from_edge(299, &edge).is_err());
        assert!(TileBuilder::from_edge(300, &edge[..1]).is_err());
        let mut torn = edge.clone();
        torn[0].hashes.pop();
        let expected = edge[0].id;
        assert_eq!(TileBuilder::from_edge(300, &torn), Err(BadEdge { size: 300, expected }));
    }

    #[test]
    fn a_log_of_three_levels_has_the_root_of_its_leaves() {
        let leaves = leaves(65_536 + 257);
        let mut builder = TileBuilder::new();
        let changed = builder.append(&leaves);
        assert_eq!(changed.last().map(|tile| tile.id), TileId::in_log(2, 0, builder.size()));
        assert_eq!(builder.root(), root_of_leaf_hashes(leaves));
        assert_eq!(TileBuilder::from_edge(builder.size(), &builder.edge_tiles()), Ok(builder));
    }

    proptest! {
        #[test]
        fn roots_do_not_depend_on_how_leaves_are_batched(
            batches in prop::collection::vec(0u32..400, 1..6),
        ) {
            let mut builder = TileBuilder::new();
            let mut frontier = Frontier::new();
            for count in batches {
                let leaves = leaves(count);
                for leaf in &leaves {
                    frontier.push(*leaf);
                }
                builder.append(&leaves);
                prop_assert_eq!(builder.root(), frontier.root());
                let reopened = TileBuilder::from_edge(builder.size(), &builder.edge_tiles());
                prop_assert_eq!(reopened.as_ref(), Ok(&builder));
            }
        }
    }
}
