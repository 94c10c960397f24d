//! Delivery against a peer that loses, repeats, delays, refuses and forges; the queue and the store are real.

use std::sync::Arc;

use sealane::node::drill::Drill;
use sealane::node::jobs::anchor::keep_proofs;
use sealane::node::jobs::deliver::{DeliverParts, Deliverer};
use sealane::node::jobs::resting::Resting;
use sealane::node::jobs::roster::Roster;
use sealane::node::peer::RefusalCode;
use sealane::node::rng::OsRng;
use sealane::node::signals::Signals;
use sealane::node::store::outbox::{self, LeaseTerms, OutboxState};
use sealane::node::store::{StoreError, logs, receipts};
use sealane::record::receipt::Receipt;
use sealane::transparency::proof::verify_inclusion;
use sealane::transparency::tree::{Hash, leaf_hash};

use crate::node::deliver::peer::{Fault, Heard};
use crate::node::deliver::world::World;

mod peer;
mod publish;
mod world;

#[tokio::test]
async fn what_is_lost_on_the_way_or_on_the_way_back_arrives_once_and_is_receipted() {
    let world = World::new(3).await;
    world.queue(&["a", "a", "a"]).await;
    world.peer.script([Fault::LostRequest, Fault::LostAnswer, Fault::LostAnswer]);
    world.deliver_until_settled().await;
    assert_eq!(world.peer.log(), world.statements(), "each once, in order");
    let kept = world.receipts().await;
    assert_eq!(kept.len(), 3);
    for (receipt, statement) in kept.iter().zip(world.statements()) {
        let parsed = Receipt::parse(&receipt.receipt).unwrap();
        assert!(parsed.verify(&statement, &world.peer.receipt_key()).is_ok());
    }
    assert_eq!(world.heard.receipted(), 3);
    assert!(world.states().await.iter().all(|state| *state == OutboxState::Delivered));
}

#[tokio::test]
async fn a_delivery_that_is_repeated_after_its_receipt_was_stored_changes_nothing() {
    let world = World::new(1).await;
    world.queue(&["a"]).await;
    world.deliver_until_settled().await;
    let first = world.receipts().await;
    world.unsettle().await;
    world.deliver_until_settled().await;
    assert_eq!(world.receipts().await, first, "the same bytes, once");
    assert_eq!(world.peer.log().len(), 1);
}

#[tokio::test]
async fn a_conversation_waits_for_its_first_and_others_do_not() {
    let world = World::new(4).await;
    world.queue(&["a", "b", "a", "b"]).await;
    world.peer.script([Fault::Later(0)]);
    world.deliver_now().await;
    let states = world.states().await;
    assert_eq!(states[0], OutboxState::Queued);
    assert_eq!((states[1], states[3]), (OutboxState::Delivered, OutboxState::Delivered));
    world.deliver_until_settled().await;
    assert!(world.states().await.iter().all(|state| *state == OutboxState::Delivered));
}

#[tokio::test]
async fn a_signed_refusal_ends_one_delivery_and_reaches_the_casework() {
    let world = World::new(3).await;
    world.queue(&["a", "a", "a"]).await;
    world.peer.script([Fault::Refuse(1)]);
    world.deliver_until_settled().await;
    let states = world.states().await;
    assert_eq!(states, [OutboxState::Delivered, OutboxState::Refused, OutboxState::Delivered]);
    assert_eq!(world.heard.refused(), [world.hashes()[1]]);
}

#[tokio::test]
async fn a_refusal_that_nobody_of_the_peer_signed_ends_nothing() {
    let world = World::new(1).await;
    world.queue(&["a"]).await;
    world.peer.script([Fault::ForgedRefusal(0)]);
    world.deliver_now().await;
    assert_eq!(world.states().await, [OutboxState::Queued]);
    assert!(world.heard.refused().is_empty());
    world.deliver_until_settled().await;
    assert_eq!(world.states().await, [OutboxState::Delivered]);
}

#[tokio::test]
async fn a_receipt_of_another_key_or_for_another_statement_is_not_kept() {
    let world = World::new(2).await;
    world.queue(&["a", "b"]).await;
    world.peer.script([Fault::ForgedReceipts, Fault::SwappedReceipts]);
    world.deliver_now().await;
    assert!(world.receipts().await.is_empty());
    world.later();
    world.deliver_now().await;
    assert!(world.receipts().await.is_empty());
    assert!(world.states().await.iter().all(|state| *state == OutboxState::Queued));
    world.deliver_until_settled().await;
    assert_eq!(world.receipts().await.len(), 2);
}

#[tokio::test]
async fn one_statement_that_the_peer_will_not_read_holds_up_no_other() {
    let world = World::new(3).await;
    world.queue(&["a", "b", "c"]).await;
    world.peer.never_takes(world.hashes()[1]);
    world.deliver_now().await;
    let states = world.states().await;
    assert_eq!(states, [OutboxState::Delivered, OutboxState::Queued, OutboxState::Delivered]);
}

#[tokio::test]
async fn a_peer_that_cannot_be_reached_rests_and_keeps_its_queue() {
    let world = World::new(2).await;
    world.queue(&["a", "b"]).await;
    world.peer.script(std::iter::repeat_n(Fault::LostRequest, 30));
    world.deliver_now().await;
    let asked = world.peer.asked();
    world.deliver_now().await;
    assert_eq!(world.peer.asked(), asked, "it is left alone for a while");
    world.peer.script([]);
    world.deliver_until_settled().await;
    assert_eq!(world.peer.log().len(), 2);
}

#[tokio::test]
async fn what_a_dead_process_had_leased_is_due_at_once() {
    let world = World::new(2).await;
    world.queue(&["a", "a"]).await;
    let (now, peer) = (world.now(), world.peer.name().to_string());
    let (limit, lease_ms, sealed_seq) = (10, 600_000, i64::MAX);
    let terms = LeaseTerms { now, limit, lease_ms, token: 7777, sealed_seq };
    let leased = world
        .store
        .write_with("test", peer, move |tx, peer| {
            Box::pin(async move { outbox::lease_due(tx, peer, terms).await })
        })
        .await
        .unwrap();
    assert_eq!(leased.len(), 2);
    world.deliver_now().await;
    assert!(world.states().await.iter().all(|state| *state == OutboxState::Delivered));
}

#[tokio::test]
async fn a_witnessed_proof_is_kept_and_pushed_to_who_holds_the_record() {
    let world = World::new(2).await;
    world.queue(&["a", "b"]).await;
    world.deliver_until_settled().await;
    let checkpoint = world
        .store
        .read("test", |tx| {
            Box::pin(async move {
                let log = logs::newest(tx).await?.unwrap();
                Ok::<_, StoreError>(logs::last_checkpoint(tx, &log.origin).await?.unwrap())
            })
        })
        .await
        .unwrap();
    let size = u64::try_from(checkpoint.size).unwrap();
    let place = (checkpoint.origin.as_str(), size);
    keep_proofs(&world.store, place, &checkpoint.note, world.now()).await.unwrap();
    world.deliver_until_settled().await;
    let anchors = world.peer.anchors();
    assert_eq!(anchors.len(), 2);
    for (statement, hash) in world.statements().iter().zip(world.hashes()) {
        let anchor = anchors.iter().find(|anchor| anchor.statement == hash.0).unwrap();
        let path: Vec<_> = anchor.path.iter().map(|hash| Hash(*hash)).collect();
        let root = Hash(checkpoint.root);
        verify_inclusion(&leaf_hash(statement), anchor.index, size, &path, &root).unwrap();
    }
    let own = world
        .store
        .read("test", |tx| {
            let origin = checkpoint.origin.clone();
            Box::pin(async move { receipts::unwitnessed(tx, &origin, i64::MAX, 9).await })
        })
        .await
        .unwrap();
    assert!(own.is_empty(), "every own receipt has its proof");
}

/// Keeps the proofs of everything that is sealed, as if the newest checkpoint were witnessed.
async fn witness(world: &World) {
    let checkpoint = world
        .store
        .read("test", |tx| {
            Box::pin(async move {
                let log = logs::newest(tx).await?.unwrap();
                Ok::<_, StoreError>(logs::last_checkpoint(tx, &log.origin).await?.unwrap())
            })
        })
        .await
        .unwrap();
    let place = (checkpoint.origin.as_str(), u64::try_from(checkpoint.size).unwrap());
    keep_proofs(&world.store, place, &checkpoint.note, world.now()).await.unwrap();
}

#[tokio::test]
async fn proofs_that_a_peer_cannot_place_yet_are_sent_again_and_unreadable_ones_end_alone() {
    let world = World::new(3).await;
    world.queue(&["a", "b", "c"]).await;
    world.deliver_until_settled().await;
    witness(&world).await;
    for code in [RefusalCode::NotPermitted, RefusalCode::UnknownMethod, RefusalCode::Busy] {
        world.peer.refuses_anchors(Some(code));
        world.deliver_now().await;
        world.later();
    }
    assert!(world.peer.anchors().is_empty());
    world.peer.refuses_anchors(None);
    world.peer.cannot_read_proof_of(world.hashes()[1]);
    world.deliver_until_settled().await;
    let hashes = [world.hashes()[0].0, world.hashes()[2].0];
    let mut got: Vec<_> = world.peer.anchors().iter().map(|anchor| anchor.statement).collect();
    got.sort_by_key(|hash| hashes.iter().position(|known| known == hash));
    assert_eq!(got, hashes, "the other two arrived");
}

#[tokio::test]
async fn what_the_high_water_file_does_not_know_yet_is_sent_to_nobody() {
    let world = World::new(1).await;
    world.queue(&["a"]).await;
    let signals = Arc::new(Signals::default());
    let mut waits = deliverer_with(&world, Arc::clone(&signals)).await;
    waits.run_once().await.unwrap();
    assert_eq!((world.peer.asked(), world.states().await), (0, vec![OutboxState::Queued]));
    signals.seal(i64::MAX);
    waits.run_once().await.unwrap();
    assert_eq!(world.states().await, [OutboxState::Delivered]);
}

/// A deliverer over the world's store and peer; everything that is sealed may leave.
async fn deliverer(world: &World) -> Deliverer {
    let signals = Arc::new(Signals::default());
    signals.seal(i64::MAX);
    deliverer_with(world, signals).await
}

async fn deliverer_with(world: &World, signals: Arc<Signals>) -> Deliverer {
    let roster = Arc::new(Roster::default());
    roster.refresh(&world.store).await.unwrap();
    let parts = DeliverParts {
        authority: world.own.clone(),
        store: world.store.clone(),
        clock: world.clock.clone(),
        rng: Arc::new(OsRng),
        signals,
        roster,
        courier: world.peer.clone(),
        leaves: Arc::new(world::StoredStatements(world.store.clone())),
        outcomes: Arc::clone(&world.heard) as Arc<Heard>,
        resting: Arc::clone(&world.resting) as Arc<Resting>,
        drill: Drill::default(),
    };
    Deliverer::take_over(parts).await.unwrap()
}
