//! The published files: made from the store, rebuilt when lost, accepted by other people's code.

use std::fs;
use std::path::Path;

use ct_merkle::RootHash;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::key::{KeyKind, VerifierKey};
use sealane::transparency::note::Note;
use sealane::transparency::tile::decode_bundle;
use sealane::transparency::tree::leaf_hash;
use sha2::Sha256;

use crate::support::node::{TestNode, files};

/// A node with a log of at least `size` entries, stopped.
async fn node_with_entries(size: usize) -> TestNode {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    for number in 0..size {
        let policy = format!("# {number}\nquorum none\n");
        // The node logs a policy of its own when it starts, and one of two at once has to try again.
        while xa.node().desk().log_witness_policy(policy.clone()).await.is_err() {}
    }
    // Beside these the node has entries of its own, which may be sealed later.
    let is_published = async || {
        let status = xa.node().desk().status().await.unwrap();
        let sealed = status.log.map_or(0, |log| u64::try_from(log.size).unwrap());
        status.unsealed == 0 && sealed >= size as u64 && published_size(&xa) == sealed
    };
    TestNode::until("everything published", is_published).await;
    xa.stop().await;
    xa
}

fn published_size(node: &TestNode) -> u64 {
    node.checkpoint().lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0)
}

fn entries(log: &Path, size: u64) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for n in 0..=(size - 1) / 256 {
        let width = (size - n * 256).min(256);
        let name = if width == 256 { format!("{n:03}") } else { format!("{n:03}.p/{width}") };
        let bytes = fs::read(log.join("tile/entries").join(name)).unwrap();
        entries.extend(decode_bundle(&bytes).unwrap().into_iter().map(<[u8]>::to_vec));
    }
    entries
}

#[tokio::test]
async fn published_files_hold_what_other_code_computes_from_the_entries() {
    let xa = node_with_entries(300).await;
    let origin = fs::read_dir(xa.data().join("log")).unwrap().next().unwrap().unwrap().path();
    let text = xa.checkpoint();
    let note = Note::parse(text.as_bytes()).unwrap();
    let name = text.lines().next().unwrap().to_owned();
    let key = xa.keys().signing_keys().unwrap().log.public();
    let key = VerifierKey::new(&name, KeyKind::Log, &key).unwrap();
    let checkpoint = Checkpoint::open(&note, &name, &[key]).unwrap();

    let entries = entries(&origin, checkpoint.size);
    assert_eq!(entries.len() as u64, checkpoint.size);
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for entry in &entries {
        tree.push(entry.clone());
    }
    let root: RootHash<Sha256> = tree.root();
    assert_eq!(root.as_bytes().as_slice(), checkpoint.root.0);

    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text().as_bytes()).unwrap();
    assert_eq!((theirs.size(), theirs.hash().0), (checkpoint.size, checkpoint.root.0));

    let full = fs::read(origin.join("tile/0/000")).unwrap();
    let leaves: Vec<u8> = entries.iter().take(256).flat_map(|entry| leaf_hash(entry).0).collect();
    assert_eq!(full, leaves);
    assert_eq!(fs::read(origin.join("tile/1/000.p/1")).unwrap().len(), 32);
    assert!(!origin.join("tile/0/000.p").exists(), "partial tiles go when the full one comes");
    assert!(!origin.join("tile/entries/000.p").exists());
}

#[tokio::test]
async fn lost_files_are_made_again_and_changed_ones_are_never_overwritten() {
    let mut xa = node_with_entries(260).await;
    let log = xa.data().join("log");
    let newest = published_size(&xa);
    let of_newest = |found: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>| {
        let width = (newest % 256).to_string();
        let is_kept = |path: &Path| {
            path.extension().is_none()
                && path.parent().and_then(Path::extension).is_none_or(|_| path.ends_with(&width))
        };
        found
            .iter()
            .filter(|(path, _)| is_kept(path))
            .map(|(p, b)| (p.clone(), b.clone()))
            .collect::<Vec<_>>()
    };
    let before = of_newest(&files(&log));
    fs::remove_dir_all(&log).unwrap();
    xa.start().await;
    TestNode::until("the files are back", async || published_size(&xa) == newest).await;
    xa.stop().await;
    let after = of_newest(&files(&log));
    assert!(before.iter().filter(|(path, _)| !path.ends_with("1")).all(|one| after.contains(one)));

    let year = fs::read_dir(&log).unwrap().next().unwrap().unwrap().path();
    let tile = year.join("tile/0/000");
    fs::write(&tile, b"changed").unwrap();
    // Its bundle is missing, so both are made again from the store.
    fs::remove_file(year.join("tile/entries/000")).unwrap();
    let newest = published_size(&xa);
    xa.start().await;
    xa.node().desk().log_witness_policy("# more\nquorum none\n".to_owned()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    xa.stop().await;
    assert_eq!(fs::read(&tile).unwrap(), b"changed", "an altered file is for people to look at");
    assert_eq!(published_size(&xa), newest, "no checkpoint covers it");
}

#[tokio::test]
async fn a_checkpoint_file_that_is_behind_the_store_is_written_again_at_the_start() {
    let mut xa = node_with_entries(3).await;
    let newest = published_size(&xa);
    let year = fs::read_dir(xa.data().join("log")).unwrap().next().unwrap().unwrap().path();
    let before = fs::read(year.join("checkpoint")).unwrap();
    fs::write(year.join("checkpoint"), "customs.xa.example/log/2026\n1\n").unwrap();
    xa.start().await;
    TestNode::until("the checkpoint is back", async || published_size(&xa) == newest).await;
    xa.stop().await;
    assert_eq!(fs::read(year.join("checkpoint")).unwrap(), before);
}
