//! An authority that lost all its keys: its peer removes it and pairs again under the new words.

use std::sync::Arc;

use sealane::node::clock::{Clock as _, SystemClock};
use sealane::node::init::{CardFacts, sign_card};
use sealane::node::keys::KeyDir;
use sealane::node::keys::words::Fingerprint;
use sealane::node::rng::OsRng;
use sealane::node::store::peers;
use sealane::node::trust::{TrustError, card_row};
use sealane::record::card::SignedCard;

use crate::support::node::{TestNode, pair};

/// A card of that version, signed with the keys in that folder.
fn card_of(node: &TestNode, keys: &KeyDir, version: i64) -> SignedCard {
    let facts = CardFacts {
        config: &node.config(),
        keys: &keys.signing_keys().unwrap(),
        tls: &keys.tls().unwrap(),
        version,
        previous: None,
        now: SystemClock.now(),
    };
    sign_card(&facts, &keys.root_key().unwrap(), &OsRng).unwrap()
}

/// Gives a node that does not run new keys for everything but its own storage, and a first card of its new root.
async fn make_new_root(node: &TestNode) -> SignedCard {
    let folder = tempfile::tempdir().unwrap();
    let made = KeyDir::create(folder.path(), &node.name, &OsRng, SystemClock.now()).unwrap();
    let card = card_of(node, &made, 1);
    for file in std::fs::read_dir(folder.path().join("keys")).unwrap() {
        let (name, path) = file.map(|file| (file.file_name(), file.path())).unwrap();
        if name != "store.key" {
            std::fs::copy(path, node.data().join("keys").join(name)).unwrap();
        }
    }
    let (store, row) = (node.store().await, card_row(&card, SystemClock.now().0));
    let kept = store
        .write_with("test", row, |tx, row| Box::pin(async move { peers::add_card(tx, row).await }));
    assert!(kept.await.unwrap());
    store.close().await;
    card
}

/// What `sealane audit` says of a node that does not run, and whether all is sound.
fn audit(node: &TestNode) -> (String, bool) {
    let config = node.config_file();
    TestNode::command(&["audit", "--config", config.to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_with_a_new_root_is_removed_and_paired_again_under_its_new_words() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    xa.start().await;
    xb.start().await;
    pair(&[&xa, &xb]).await;
    let second = card_of(&xb, &xb.keys(), 2);
    xb.node().trust().renew_own(&second.encode()).await.unwrap();
    TestNode::until("the second card, and everything sent", async || {
        let peers = xa.node().trust().list().await.unwrap();
        let has_second = peers.iter().any(|peer| peer.card.version == 2);
        has_second && xa.is_settled().await && xb.is_settled().await
    })
    .await;
    xb.stop().await;
    let new = make_new_root(&xb).await;
    xb.start().await;

    let (trust, name) = (Arc::clone(xa.node().trust()), xb.name.clone());
    assert!(xa.node().courier().hello(&name).await.is_err(), "it is not the one that was pinned");
    let words = Fingerprint::of(&new.card.authority, &new.card.root_key).to_string();
    let early = trust.add_peer(&new.encode(), &words).await;
    assert!(matches!(early, Err(TrustError::OtherRoot(_))));
    trust.remove_peer(&name).await.unwrap();
    trust.add_peer(&new.encode(), &words).await.unwrap();
    let peers = trust.list().await.unwrap();
    assert_eq!(peers.iter().map(|peer| peer.card.version).collect::<Vec<_>>(), [1]);
    let stale = trust.adopt(&second.encode()).await;
    assert!(matches!(stale, Err(TrustError::OtherRoot(_))), "a card of the former root");

    xa.node().desk().log_witness_policy("quorum none\n".to_owned()).await.unwrap();
    TestNode::until("everything sent, and cosigned under the new keys", async || {
        xa.is_settled().await && xb.is_settled().await
    })
    .await;
    assert!(xa.node().courier().hello(&name).await.is_ok());
    xa.stop().await;
    xb.stop().await;
    for node in [&xa, &xb] {
        let (said, is_sound) = audit(node);
        assert!(is_sound, "{}: {said}", node.name);
    }
}
