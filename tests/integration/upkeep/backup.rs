//! Backups: made while the node runs, restored whole or not at all, and never a way to a second history.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealane::node::clock::SystemClock;
use sealane::node::log::Signing;
use sealane::node::upkeep::backup::{Backup, BackupError, Made, backup};
use sealane::node::upkeep::log_check::log_check;
use sealane::node::upkeep::restore::{RestoreError, Restored, restore};
use sealane::node::{Node, Seams};

use crate::upkeep::{PATIENCE, Site, config, published, start, work};

async fn back_up(dir: &Path, out: PathBuf, with_keys: bool) -> Result<Made, BackupError> {
    let what = Backup { config: dir.join("sealane.toml"), out, with_keys };
    backup(&what, Arc::new(SystemClock), &|_, _| {}).await
}

async fn put_back(file: &Path, dir: &Path) -> Result<Restored, RestoreError> {
    restore(file, dir, Arc::new(SystemClock), &|_, _| {}).await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn until_signing(node: &Node, is_wanted: impl Fn(&Signing) -> bool) -> Signing {
    let wait = async {
        loop {
            let signing = node.signing();
            if is_wanted(&signing) {
                return signing;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_beside_a_running_node_becomes_a_node_again() {
    let site = Site::new("customs.xa.example").await;
    let (dir, file) = (site.dir(), site.beside("node.backup"));
    let blob = dir.join("data/blobs/00112233445566778899aabbccddeeff");
    let node = start(&dir).await;
    work(&node, &dir, 5, "before").await;
    fs::write(&blob, vec![7; 300_000]).unwrap();
    fs::write(dir.join("data/blobs/staging/half"), "half").unwrap();

    let made = back_up(&dir, file.clone(), true).await.unwrap();
    assert_eq!(mode(&file), 0o600);
    assert!(made.root_key.is_some());
    let paths: Vec<_> = made.manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.contains(&"data/keys/store.key"));
    assert!(paths.contains(&"data/blobs/00112233445566778899aabbccddeeff"));
    let is_private = |path: &&str| {
        ["root.key", "high-water", "lock", "staging", "/log/"]
            .iter()
            .any(|word| path.contains(word))
    };
    assert_eq!(paths.iter().find(|path| is_private(path)), None);
    assert!(matches!(back_up(&dir, file.clone(), true).await, Err(BackupError::Exists(_))));
    assert_eq!(fs::read_dir(site.beside("")).unwrap().count(), 2, "scratch is left");
    node.stop().await;

    let target = site.beside("restored");
    let restored = put_back(&file, &target).await.unwrap();
    assert!(restored.manifest.has_keys());
    for folder in ["", "data", "data/keys", "data/blobs"] {
        assert_eq!(mode(&target.join(folder)), 0o700, "{folder}");
    }
    for file in ["sealane.toml", "data/store.db", "data/keys.db", "data/keys/store.key"] {
        assert_eq!(mode(&target.join(file)), 0o600, "{file}");
    }
    assert!(!target.join("data/high-water").exists());
    let copy = target.join("data/blobs/00112233445566778899aabbccddeeff");
    assert_eq!(fs::read(copy).unwrap(), vec![7; 300_000]);
    let checked = log_check(&config(&target), Arc::new(SystemClock), &|_, _| {}).await.unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!(checked.leaves, u64::try_from(restored.manifest.log_size).unwrap());

    // Nobody else knows of its log, so it goes on by itself.
    let node = start(&target).await;
    until_signing(&node, |signing| *signing == Signing::Allowed).await;
    work(&node, &target, 3, "after").await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_or_a_folder_in_use_is_refused_before_a_node_could_start() {
    let site = Site::new("customs.xa.example").await;
    let file = site.beside("node.backup");
    let made = back_up(&site.dir(), file.clone(), false).await.unwrap();
    assert!(!made.manifest.has_keys());
    let sound = fs::read(&file).unwrap();
    for (number, eighth) in (1..8).enumerate() {
        let mut bytes = sound.clone();
        let at = bytes.len() * eighth / 8;
        bytes[at] ^= 0x40;
        let (broken, target) = (site.beside("broken"), site.beside(&format!("target{number}")));
        fs::write(&broken, bytes).unwrap();
        let refused = put_back(&broken, &target).await;
        assert!(matches!(refused, Err(RestoreError::NotSound { .. })), "{at}: {refused:?}");
        assert!(!target.join("sealane.toml").exists());
    }
    let cut = site.beside("cut");
    fs::write(&cut, &sound[..sound.len() / 2]).unwrap();
    let refused = put_back(&cut, &site.beside("cut-target")).await.unwrap_err();
    assert!(matches!(refused, RestoreError::NotSound { .. }), "{refused:?}");
    assert!(refused.to_string().contains("it was cut short on its way"), "{refused}");
    let refused = put_back(&file, &site.dir()).await;
    assert!(matches!(refused, Err(RestoreError::NotEmpty(_))), "{refused:?}");
    // Without keys it is restored, and a start says what is missing.
    let target = site.beside("keyless");
    put_back(&file, &target).await.unwrap();
    let error = Node::start_with(config(&target), Seams::default()).await.unwrap_err();
    assert!(error.to_string().contains("is missing"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_too_old_signs_nothing_once_a_witness_knows_more() {
    let (ours, theirs) =
        (Site::new("customs.xa.example").await, Site::new("customs.xb.example").await);
    let (a, b) = (start(&ours.dir()).await, start(&theirs.dir()).await);
    pair(&a, &b).await;
    pair(&b, &a).await;
    work(&a, &ours.dir(), 3, "before").await;
    let file = ours.beside("node.backup");
    back_up(&ours.dir(), file.clone(), true).await.unwrap();
    work(&a, &ours.dir(), 3, "lost").await;
    let size = published(&ours.dir(), |last| last.witnessed_at.is_some()).await;
    a.stop().await;

    let target = ours.beside("restored");
    let restored = put_back(&file, &target).await.unwrap();
    assert!(restored.manifest.log_size < size);
    let a = start(&target).await;
    let signing = until_signing(&a, |signing| *signing != Signing::Unknown).await;
    assert!(matches!(signing, Signing::Behind { theirs, .. } if theirs > 0), "{signing:?}");
    // Recording work goes on, signing does not.
    a.desk().log_witness_policy("after".to_owned()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(a.signing(), Signing::Behind { .. }));
    let checked = log_check(&config(&target), Arc::new(SystemClock), &|_, _| {}).await.unwrap();
    assert_eq!(checked.leaves, u64::try_from(restored.manifest.log_size).unwrap());
    a.stop().await;
    b.stop().await;
}

/// Pins `peer` at `node`, as its administrator would.
async fn pair(node: &Node, peer: &Node) {
    let card = peer.trust().own_card().await.unwrap().unwrap().encode();
    let (_, words) = node.trust().preview(&card).unwrap();
    node.trust().add_peer(&card, &words).await.unwrap();
}
