//! Whole nodes: set up, started, paired, stopped, killed; each rule of their life is one test.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use sealane::domain::time::Timestamp;
use sealane::node::StartError;
use sealane::node::clock::{Clock as _, ManualClock, SystemClock};
use sealane::node::init::{CardFacts, InitError, NewNode, init, sign_card};
use sealane::node::log::Signing;
use sealane::node::rng::OsRng;
use sealane::node::trust::TrustError;

use crate::support::node::{TestNode, pair};

mod commands;
mod deliver;
mod new_root;
mod peers;
mod processes;
mod witnesses;

#[tokio::test]
async fn a_training_node_pairs_with_training_nodes_only() {
    let real = TestNode::new("xa").await;
    let named = async |name: &str, country: &str| {
        TestNode::named(name, country, Arc::new(SystemClock)).await
    };
    let one = named("training.customs.xb.example", "xb").await;
    let other = named("training.customs.xc.example", "xc").await;
    let (mut real, mut one, mut other) = (real, one, other);
    for node in [&mut real, &mut one, &mut other] {
        node.start().await;
    }
    for (node, card_of) in [(&real, &one), (&one, &real)] {
        let (card, words) = card_of.card().await;
        let refused = node.node().trust().add_peer(&card.encode(), &words).await;
        assert!(matches!(refused, Err(TrustError::Training { .. })), "{refused:?}");
        assert!(node.node().trust().preview(&card.encode()).is_err());
        assert!(node.node().trust().list().await.unwrap().is_empty());
    }
    pair(&[&one, &other]).await;
    for node in [real, one, other] {
        let mut node = node;
        node.stop().await;
    }
}

#[tokio::test]
async fn two_nodes_pair_by_their_words_and_witness_each_other() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    xa.start().await;
    xb.start().await;
    let (card, words) = xb.card().await;
    let (_, wrong) = xa.card().await;
    let refused = xa.node().trust().add_peer(&card.encode(), &wrong).await;
    assert!(matches!(refused, Err(TrustError::WrongWords(_))));
    assert!(xa.node().trust().list().await.unwrap().is_empty());
    let own = xb.node().trust().add_peer(&card.encode(), &words).await;
    assert!(matches!(own, Err(TrustError::OwnCard)));
    pair(&[&xa, &xb]).await;
    for (node, witness) in [(&xa, &xb), (&xb, &xa)] {
        let line = format!("— {}/witness/1 ", witness.name);
        TestNode::until("the cosigned checkpoint", async || node.checkpoint().contains(&line))
            .await;
    }
    xa.stop().await;
    xb.stop().await;
}

#[tokio::test]
async fn a_witness_that_was_away_cosigns_when_it_is_back() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    xa.start().await;
    xb.start().await;
    pair(&[&xa, &xb]).await;
    xb.stop().await;
    xa.node().desk().log_witness_policy("quorum none\n".to_owned()).await.unwrap();
    let line = format!("— {}/witness/1 ", xb.name);
    TestNode::until("a checkpoint without witness", async || {
        let checkpoint = xa.checkpoint();
        !checkpoint.is_empty() && !checkpoint.contains(&line)
    })
    .await;
    xb.start().await;
    TestNode::until("the cosignature", async || xa.checkpoint().contains(&line)).await;
    xa.stop().await;
    xb.stop().await;
}

#[tokio::test]
async fn a_data_directory_belongs_to_one_running_node() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    assert!(matches!(xa.try_start().await, Err(StartError::Locked(_))));
    xa.stop().await;
    xa.start().await;
    xa.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let (mut xa, xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    let _tcp = std::net::TcpListener::bind(xb.config().http.listen).unwrap();
    let refused = xb.try_start().await.unwrap_err();
    assert!(refused.to_string().contains("change http.listen"), "{refused}");
    let udp = std::net::UdpSocket::bind(xa.config().peer.listen).unwrap();
    let refused = xa.try_start().await.unwrap_err();
    assert!(refused.to_string().contains("change peer.listen"), "{refused}");
    drop(udp);
    xa.start().await;
    xa.stop().await;
}

#[tokio::test]
async fn a_clock_before_the_newest_record_is_refused() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_795_502_520)));
    let mut xa = TestNode::with_clock("xa", clock.clone()).await;
    xa.start().await;
    xa.stop().await;
    clock.advance_secs(-290);
    xa.start().await;
    xa.stop().await;
    clock.advance_secs(-20);
    assert!(matches!(xa.try_start().await, Err(StartError::ClockBehind { .. })));
}

#[tokio::test]
async fn a_store_restored_from_an_old_copy_records_and_signs_nothing() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    xa.start().await;
    xb.start().await;
    pair(&[&xa, &xb]).await;
    let line = format!("— {}/witness/1 ", xb.name);
    TestNode::until("a cosignature", async || xa.is_settled().await && xb.is_settled().await).await;
    let size = |text: &str| text.lines().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0_u64);
    let first = size(&xa.checkpoint());
    xa.stop().await;
    let old = std::fs::read(xa.data().join("store.db")).unwrap();
    xa.start().await;
    xa.node().desk().log_witness_policy("quorum none\n".to_owned()).await.unwrap();
    TestNode::until("a later checkpoint", async || {
        size(&xa.checkpoint()) > first && xa.checkpoint().contains(&line)
    })
    .await;
    xa.stop().await;
    let before = xa.checkpoint();
    std::fs::write(xa.data().join("store.db"), old).unwrap();
    for high_water_is_lost in [false, true] {
        if high_water_is_lost {
            std::fs::remove_file(xa.data().join("high-water")).unwrap();
        }
        xa.start().await;
        TestNode::until("the verdict of the witness", async || {
            matches!(xa.node().signing(), Signing::Behind { .. })
        })
        .await;
        let recorded =
            xa.node().desk().log_witness_policy(format!("# {high_water_is_lost}\nquorum none\n"));
        assert!(recorded.await.unwrap(), "recording goes on");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(xa.checkpoint(), before, "nothing is signed");
        xa.stop().await;
    }
    xb.stop().await;
}

#[tokio::test]
async fn a_new_card_reaches_peers_by_itself() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    xa.start().await;
    xb.start().await;
    pair(&[&xa, &xb]).await;
    let mut config = xa.config();
    config.node.title = "Customs and Excise".to_owned();
    let keys = xa.keys();
    let (signing, tls) = (keys.signing_keys().unwrap(), keys.tls().unwrap());
    let facts = |version| CardFacts {
        config: &config,
        keys: &signing,
        tls: &tls,
        version,
        previous: None,
        now: SystemClock.now(),
    };
    let root = keys.root_key().unwrap();
    let old = sign_card(&facts(1), &root, &OsRng).unwrap();
    let refused = xa.node().trust().renew_own(&old.encode()).await;
    assert!(matches!(refused, Err(TrustError::NotNewer { .. })));
    let new = sign_card(&facts(2), &root, &OsRng).unwrap();
    xa.node().trust().renew_own(&new.encode()).await.unwrap();
    TestNode::until("the new card at the peer", async || {
        let peers = xb.node().trust().list().await.unwrap();
        peers.iter().any(|peer| peer.card.title == "Customs and Excise")
    })
    .await;
    // A card of another root, however high its version, changes nothing.
    let forged = sign_card(&facts(9), &xb.keys().root_key().unwrap(), &OsRng).unwrap();
    let refused = xb.node().trust().adopt(&forged.encode()).await;
    assert!(matches!(refused, Err(TrustError::OtherRoot(_))));
    xa.stop().await;
    xb.stop().await;
}

#[tokio::test]
async fn a_node_is_set_up_in_an_empty_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let node = NewNode {
        dir: folder.path().to_owned(),
        authority: "customs.xa.example".parse().unwrap(),
        title: "XA".to_owned(),
        country: "XA".to_owned(),
        listen: "127.0.0.1:4710".to_owned(),
        http: "127.0.0.1:8710".to_owned(),
        management: "127.0.0.1:9480".to_owned(),
        advertise: Vec::new(),
    };
    let refused = init(&node, Arc::new(SystemClock), &OsRng).await;
    assert!(matches!(refused, Err(InitError::NotEmpty(_))));
    let unfit = NewNode { dir: folder.path().join("new"), country: "Xa".to_owned(), ..node };
    assert!(matches!(init(&unfit, Arc::new(SystemClock), &OsRng).await, Err(InitError::Config(_))));
}
