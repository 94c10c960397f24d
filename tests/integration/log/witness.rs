//! Our witness: one history of a log is cosigned, whatever comes at once.

use std::sync::Arc;

use futures_util::future::join_all;
use sealane::domain::time::Timestamp;
use sealane::node::clock::ManualClock;
use sealane::node::log::{Witness, WitnessReply};
use sealane::node::store::peers::{self, Peer};
use sealane::node::store::{Store, witness};
use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::cosignature::Cosigner;
use sealane::transparency::key::NoteSigner;
use sealane::transparency::note::Note;
use sealane::transparency::tree::Hash;
use sealane::transparency::witness::AddCheckpoint;

use crate::support::node::TestNode;

/// A witness of `xb` over the log of `xa`, with the log's signer.
struct World {
    _xa: TestNode,
    _xb: TestNode,
    store: Store,
    clock: Arc<ManualClock>,
    witness: Arc<Witness>,
    log: NoteSigner,
    origin: String,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_795_502_520)));
        let xa = TestNode::with_clock("xa", clock.clone()).await;
        let xb = TestNode::with_clock("xb", clock.clone()).await;
        let (from, store) = (xa.store().await, xb.store().await);
        let card = from
            .read("test", |tx| Box::pin(async move { peers::card(tx, "customs.xa.example").await }))
            .await
            .unwrap()
            .unwrap();
        from.close().await;
        let root_key = xa.keys().root_key().unwrap().public().as_bytes().to_vec();
        store
            .write_with("test", (card, root_key), |tx, (card, root_key)| {
                Box::pin(async move {
                    let peer = Peer {
                        authority: card.authority.clone(),
                        root_key: root_key.clone(),
                        added_at: 1,
                        removed_at: None,
                    };
                    peers::put(tx, &peer).await?;
                    peers::add_card(tx, card).await
                })
            })
            .await
            .unwrap();
        let key = xb.keys().signing_keys().unwrap().witness.signing_key().clone();
        let cosigner = Cosigner::new(&xb.name.witness_name(), key).unwrap();
        let witness = Witness::new(xb.name.clone(), store.clone(), clock.clone(), cosigner);
        let origin = "customs.xa.example/log/2026".to_owned();
        let log = xa.keys().signing_keys().unwrap().log.signing_key().clone();
        let log = NoteSigner::new(&origin, log).unwrap();
        Self { _xa: xa, _xb: xb, store, clock, witness: Arc::new(witness), log, origin }
    }

    fn request(&self, old: u64, size: u64, root: u8) -> Vec<u8> {
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root: Hash([root; 32]) };
        let note = checkpoint.sign(&self.log).unwrap();
        AddCheckpoint::new(old, Vec::new(), note).unwrap().to_text().into_bytes()
    }

    async fn ask(&self, old: u64, size: u64, root: u8) -> WitnessReply {
        self.witness.add_checkpoint(&self.request(old, size, root)).await
    }

    async fn conflicts(&self) -> usize {
        let read = self
            .store
            .read("test", |tx| Box::pin(async move { witness::conflicts(tx, 1000).await }));
        read.await.unwrap().len()
    }
}

#[tokio::test]
async fn of_forty_contradicting_requests_at_once_one_is_cosigned() {
    let world = World::new().await;
    let requests: Vec<_> = (0..40).map(|root| world.request(0, 7, root)).collect();
    let answers = join_all(requests.iter().map(|body| world.witness.add_checkpoint(body))).await;
    let cosigned: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(cosigned.len(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409 | 503)));
    let state = world.witness.state(&world.origin).await.unwrap().unwrap();
    let line = cosigned.first().unwrap().body.trim_end().to_owned();
    assert!(String::from_utf8(state).unwrap().contains(&line));
    assert!(world.conflicts().await > 0, "a fork is kept as evidence");
}

#[tokio::test]
async fn the_same_checkpoint_is_cosigned_again_and_another_root_of_its_size_is_kept_as_evidence() {
    let world = World::new().await;
    assert_eq!(world.ask(0, 7, 1).await.status, 200);
    assert_eq!(world.ask(7, 7, 1).await.status, 200);
    let stale = world.ask(0, 9, 3).await;
    assert_eq!((stale.status, stale.body.as_str()), (409, "7\n"));
    assert_eq!(world.conflicts().await, 0);
    for root in 2..60 {
        assert_eq!(world.ask(7, 7, root).await.status, 422);
    }
    assert_eq!(world.conflicts().await, 32, "evidence is kept, and not without end");
}

#[tokio::test]
async fn strangers_and_forgers_get_no_cosignature() {
    let world = World::new().await;
    let stranger = Checkpoint {
        origin: "customs.xz.example/log/2026".to_owned(),
        size: 1,
        root: Hash([1; 32]),
    };
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let signer = NoteSigner::new(&stranger.origin, key.clone()).unwrap();
    let body = AddCheckpoint::new(0, Vec::new(), stranger.sign(&signer).unwrap()).unwrap();
    assert_eq!(world.witness.add_checkpoint(body.to_text().as_bytes()).await.status, 404);
    let forger = NoteSigner::new(&world.origin, key).unwrap();
    let claimed = Checkpoint { origin: world.origin.clone(), ..stranger };
    let body = AddCheckpoint::new(0, Vec::new(), claimed.sign(&forger).unwrap()).unwrap();
    assert_eq!(world.witness.add_checkpoint(body.to_text().as_bytes()).await.status, 403);
    assert_eq!(world.witness.add_checkpoint(b"old 00\n\n").await.status, 400);
    assert_eq!(world.witness.state(&world.origin).await.unwrap(), None);
}

#[tokio::test]
async fn a_clock_that_went_backwards_cosigns_nothing() {
    let world = World::new().await;
    assert_eq!(world.ask(0, 7, 1).await.status, 200);
    world.clock.advance_secs(-1);
    assert_eq!(world.ask(7, 7, 1).await.status, 503);
    world.clock.advance_secs(1);
    assert_eq!(world.ask(7, 7, 1).await.status, 200);
}

#[tokio::test]
async fn foreign_signature_lines_are_not_kept() {
    let world = World::new().await;
    let checkpoint = Checkpoint { origin: world.origin.clone(), size: 3, root: Hash([1; 32]) };
    let mut note = checkpoint.sign(&world.log).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    note.sign(&NoteSigner::new("someone.example/else", key).unwrap());
    let body = AddCheckpoint::new(0, Vec::new(), note).unwrap().to_text();
    assert_eq!(world.witness.add_checkpoint(body.as_bytes()).await.status, 200);
    let state = world.witness.state(&world.origin).await.unwrap().unwrap();
    assert_eq!(Note::parse(&state).unwrap().signatures().len(), 2, "the log's and ours");
}
