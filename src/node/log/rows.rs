//! Tiles and checkpoints between the store's rows and the log's mathematics; computes nothing.

use std::collections::BTreeSet;

use crate::node::store::logs;
use crate::node::store::{StoreError, Tx};
use crate::transparency::prove::LoadedTiles;
use crate::transparency::tile::{Tile, TileId, right_edge};
use crate::transparency::tree::Hash;

/// The tiles of the right edge of a log of that size.
pub(super) async fn edge(tx: &mut Tx, origin: &str, size: u64) -> Result<Vec<Tile>, StoreError> {
    let mut tiles = Vec::new();
    for id in right_edge(size) {
        tiles.extend(tile(tx, origin, id).await?);
    }
    Ok(tiles)
}

/// Loads the tiles that a proof is made from; what is missing shows when the proof is made.
pub(super) async fn load(
    tx: &mut Tx,
    origin: &str,
    ids: &BTreeSet<TileId>,
) -> Result<LoadedTiles, StoreError> {
    let mut loaded = LoadedTiles::default();
    for id in ids {
        if let Some(tile) = tile(tx, origin, *id).await? {
            loaded.insert(tile);
        }
    }
    Ok(loaded)
}

/// A tile at the width that is asked for; the stored one may have grown since.
pub(super) async fn tile(
    tx: &mut Tx,
    origin: &str,
    id: TileId,
) -> Result<Option<Tile>, StoreError> {
    let n = i64::try_from(id.n).unwrap_or(i64::MAX);
    let stored = logs::tile(tx, origin, i64::from(id.level), n).await?;
    Ok(stored.map(|tile| Tile {
        id,
        hashes: tile
            .hashes
            .chunks_exact(32)
            .take(id.width.into())
            .filter_map(Hash::from_slice)
            .collect(),
    }))
}

/// Tiles as rows.
pub(super) fn tile_rows(origin: &str, tiles: &[Tile]) -> Vec<logs::Tile> {
    tiles
        .iter()
        .map(|tile| logs::Tile {
            origin: origin.to_owned(),
            level: i64::from(tile.id.level),
            n: i64::try_from(tile.id.n).unwrap_or(i64::MAX),
            hashes: tile.to_bytes(),
        })
        .collect()
}
