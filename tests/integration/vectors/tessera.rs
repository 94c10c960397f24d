//! A whole tiled log that transparency-dev/tessera wrote: its tiles, bundles and the history of its checkpoints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sealane::transparency::append::TileBuilder;
use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::key::VerifierKey;
use sealane::transparency::note::Note;
use sealane::transparency::proof::{verify_consistency, verify_inclusion};
use sealane::transparency::prove::{TileReader, consistency_path, inclusion_path, root};
use sealane::transparency::tile::{
    BundleId, Tile, TileError, TileId, decode_named_bundle, encode_bundle,
};
use sealane::transparency::tree::{Hash, leaf_hash};

use crate::support::shared;
use crate::vectors::{bytes, text};

/// A tiled log in a folder.
pub(crate) struct LogFolder(pub(crate) PathBuf);

impl TileReader for LogFolder {
    type Error = TileError;

    fn tile(&self, id: TileId) -> Result<Vec<Hash>, TileError> {
        Tile::from_bytes(id, &bytes(&self.0.join(id.path()))).map(|tile| tile.hashes)
    }
}

/// The entries of the log's bundle with that name.
pub(crate) fn entries(log: &Path, id: BundleId) -> Vec<Vec<u8>> {
    let bundle = bytes(&log.join(id.path()));
    let entries = decode_named_bundle(id, &bundle).expect("the bundle is sound");
    assert_eq!(encode_bundle(&entries).as_ref(), Ok(&bundle));
    entries.into_iter().map(<[u8]>::to_vec).collect()
}

#[test]
fn every_checkpoint_of_a_tessera_log_is_rebuilt_from_its_entries() {
    let Some(log) = shared("tessera-log") else { return };
    let key: VerifierKey = text(&log.join("vkey.txt")).trim().parse().expect("the key is sound");
    let open = |name: &str| {
        let note = Note::parse(&bytes(&log.join(name))).expect("the note is sound");
        Checkpoint::open(&note, key.name(), std::slice::from_ref(&key)).expect("the log signed it")
    };
    let newest = open("checkpoint");
    assert_eq!(newest.size, 15);
    let all = entries(&log, BundleId { n: 0, width: 15 });

    let mut builder = TileBuilder::new();
    let mut checkpoints = BTreeMap::from([(0, open("checkpoint.0"))]);
    assert_eq!(builder.root(), checkpoints[&0].root);
    for (width, entry) in (1u16..).zip(&all) {
        let changed = builder.append(&[leaf_hash(entry)]);
        let id = TileId { level: 0, n: 0, width };
        let [tile] = changed.as_slice() else { panic!("one tile changes") };
        assert_eq!((tile.id, tile.to_bytes()), (id, bytes(&log.join(id.path()))));
        assert_eq!(entries(&log, BundleId { n: 0, width }), all[..width.into()]);

        let size = u64::from(width);
        let name = format!("checkpoint.{size}");
        if log.join(&name).exists() {
            checkpoints.insert(size, open(&name));
            assert_eq!(
                (builder.size(), builder.root()),
                (checkpoints[&size].size, checkpoints[&size].root)
            );
        }
    }
    assert!(checkpoints.len() >= 15, "only {} checkpoints", checkpoints.len());
    assert_eq!(checkpoints[&15], newest);
    check_proofs(&LogFolder(log), &checkpoints, &all);
}

fn check_proofs(log: &LogFolder, checkpoints: &BTreeMap<u64, Checkpoint>, entries: &[Vec<u8>]) {
    for (size, checkpoint) in checkpoints {
        assert_eq!(root(log, *size), Ok(checkpoint.root));
        for (index, entry) in (0..*size).zip(entries) {
            let path = inclusion_path(log, index, *size).expect("the tiles are there");
            let leaf = leaf_hash(entry);
            assert_eq!(verify_inclusion(&leaf, index, *size, &path, &checkpoint.root), Ok(()));
        }
        for (older, before) in checkpoints.range(..=*size).skip(1) {
            let path = consistency_path(log, *older, *size).expect("the tiles are there");
            let verdict = verify_consistency(*older, *size, &before.root, &checkpoint.root, &path);
            assert_eq!(verdict, Ok(()));
        }
    }
}
