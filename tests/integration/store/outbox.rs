//! Rules of the outbox: order within a conversation, leases, fencing, and its cost when the queue is long.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::outbox::{
    self, Lease, LeaseTerms, NewOutgoing, OutboxFrame, OutboxState, Outgoing,
};
use sealane::node::store::peers::{self, Peer};
use sealane::node::store::records::{self, NewRecord};
use sealane::node::store::{Store, StoreError, logs};

use crate::store::{Place, numbered};

const NOW: i64 = 1_000_000_000;
const PEER: &str = "customs.xb.example";

fn row(number: i64, conversation: &str) -> NewOutgoing {
    NewOutgoing {
        peer: PEER.into(),
        conversation: conversation.into(),
        record_hash: numbered(number),
        frame: OutboxFrame::Deliver,
        disclosure: None,
        queued_at: NOW - number,
    }
}

/// Pins the peer, or pins it anew.
async fn pin(store: &Store) {
    let peer =
        Peer { authority: PEER.into(), root_key: vec![1; 32], added_at: 1, removed_at: None };
    let pinned: Result<(), StoreError> =
        store.write_with("pin", peer, |tx, peer| Box::pin(peers::put(tx, peer))).await;
    pinned.unwrap();
}

/// Pins the peer and queues rows for it.
async fn enqueue_all(store: &Store, rows: Vec<NewOutgoing>) -> u64 {
    pin(store).await;
    let queued: Result<u64, StoreError> =
        store.write_with("enqueue", rows, |tx, rows| Box::pin(outbox::enqueue(tx, rows))).await;
    queued.unwrap()
}

/// Queues a row a conversation, numbered from `from`.
async fn enqueue(store: &Store, from: i64, conversations: &[&str]) {
    let rows: Vec<_> = (from..).zip(conversations).map(|(n, name)| row(n, name)).collect();
    assert_eq!(enqueue_all(store, rows).await, conversations.len() as u64);
}

/// The record of a row.
fn record(number: i64) -> NewRecord {
    NewRecord { hash: numbered(number), ..crate::store::engine::record(1) }
}

/// Commits and seals the records of that many rows from a number on.
async fn seal(store: &Store, from: i64, many: i64) {
    let rows: Vec<_> = (from..from + many).map(record).collect();
    let kept: Result<_, StoreError> =
        store.write_with("commit", rows, |tx, rows| Box::pin(records::append_all(tx, rows))).await;
    kept.unwrap();
    let leaves: Vec<_> = (from..from + many)
        .map(|n| logs::Leaf { origin: "log".into(), idx: n, record_hash: numbered(n) })
        .collect();
    let sealed: Result<(), StoreError> =
        store.write_with("seal", leaves, |tx, leaves| Box::pin(logs::add_leaves(tx, leaves))).await;
    sealed.unwrap();
}

async fn lease(store: &Store, now: i64, limit: i64, token: i64) -> Vec<Outgoing> {
    lease_through(store, i64::MAX, (now, limit, token)).await
}

/// Leases rows whose records may leave up to a place in commit order.
async fn lease_through(
    store: &Store,
    sealed_seq: i64,
    (now, limit, token): (i64, i64, i64),
) -> Vec<Outgoing> {
    let terms = LeaseTerms { now, limit, lease_ms: 1000, token, sealed_seq };
    let due: Result<Vec<Outgoing>, StoreError> =
        store.write("lease", move |tx| Box::pin(outbox::lease_due(tx, PEER, terms))).await;
    due.unwrap()
}

async fn lease_ids(store: &Store, now: i64, token: i64) -> Vec<i64> {
    lease(store, now, 100, token).await.iter().map(|row| row.id).collect()
}

/// The `no`-th lease of a row.
const fn held(id: i64, token: i64, no: i64) -> Lease {
    Lease { id, token, no }
}

async fn settle(store: &Store, leases: &[Lease]) -> u64 {
    let settled: Result<u64, StoreError> = store
        .write_with("settle", leases.to_vec(), move |tx, leases| {
            Box::pin(outbox::settle(tx, leases, OutboxState::Delivered, NOW, None))
        })
        .await;
    settled.unwrap()
}

async fn postpone(store: &Store, lease: Lease, next_at: i64) -> u64 {
    let postponed: Result<u64, StoreError> = store
        .write("postpone", move |tx| {
            Box::pin(async move { outbox::postpone(tx, &[lease], next_at, "away").await })
        })
        .await;
    postponed.unwrap()
}

pub(crate) async fn rows_are_leased_in_order_once_sealed(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a", "b", "a"]).await;
    assert_eq!(lease_ids(&store, NOW, 7).await, Vec::<i64>::new());
    seal(&store, 2, 2).await;
    assert_eq!(lease_ids(&store, NOW, 7).await, [2], "3 waits for 1 of its conversation");
    seal(&store, 1, 1).await;
    let due = lease(&store, NOW, 100, 7).await;
    assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 3]);
    assert_eq!((due[0].lease_token, due[0].lease_until), (7, NOW + 1_000_000));
    assert_eq!(due[0].record_hash, numbered(1));
}

pub(crate) async fn what_is_sealed_and_may_not_leave_yet_is_not_leased(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a", "a", "b"]).await;
    seal(&store, 1, 3).await;
    let seqs: Result<_, StoreError> = store
        .read("places", |tx| {
            Box::pin(async move { records::refs(tx, &[numbered(1), numbered(2)]).await })
        })
        .await;
    let mut seqs: Vec<_> = seqs.unwrap().iter().map(|one| one.seq).collect();
    seqs.sort_unstable();
    let leased = async |sealed_seq| {
        let rows = lease_through(&store, sealed_seq, (NOW, 100, 7)).await;
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(leased(seqs[0] - 1).await, Vec::<i64>::new());
    assert_eq!(leased(seqs[0]).await, [1]);
    assert_eq!(settle(&store, &[held(1, 7, 1)]).await, 1);
    assert_eq!(leased(seqs[1]).await, [2]);
    assert_eq!(leased(i64::MAX).await, [3]);
}

pub(crate) async fn a_row_waits_while_an_older_one_of_its_conversation_is_leased(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a", "a", "b"]).await;
    seal(&store, 1, 3).await;
    assert_eq!(lease(&store, NOW, 1, 7).await[0].id, 1);
    assert_eq!(lease_ids(&store, NOW, 8).await, [3]);
    assert_eq!(settle(&store, &[held(1, 7, 1)]).await, 1);
    assert_eq!(lease_ids(&store, NOW, 8).await, [2]);
}

pub(crate) async fn a_row_waits_while_an_older_one_of_its_conversation_is_postponed(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a", "a", "b"]).await;
    seal(&store, 1, 3).await;
    assert_eq!(lease(&store, NOW, 1, 7).await[0].id, 1);
    assert_eq!(postpone(&store, held(1, 7, 1), NOW + 50).await, 1);
    assert_eq!(lease_ids(&store, NOW, 8).await, [3]);
    assert_eq!(lease_ids(&store, NOW + 49, 8).await, Vec::<i64>::new());
    let due = lease(&store, NOW + 50, 100, 8).await;
    assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((due[0].attempts, due[0].last_error.as_deref()), (1, Some("away")));
}

pub(crate) async fn a_postponed_row_is_due_at_once_when_its_peer_is_back(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a"]).await;
    seal(&store, 1, 1).await;
    lease_ids(&store, NOW, 7).await;
    assert_eq!(postpone(&store, held(1, 7, 1), NOW + 1_000_000_000).await, 1);
    let woken: Result<u64, StoreError> =
        store.write("retry", |tx| Box::pin(outbox::retry_now(tx, PEER))).await;
    assert_eq!(woken.unwrap(), 1);
    assert_eq!(lease_ids(&store, NOW, 8).await, [1]);
}

pub(crate) async fn a_lost_lease_is_fenced_off(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a", "a"]).await;
    seal(&store, 1, 2).await;
    assert_eq!(lease_ids(&store, NOW, 7).await, [1, 2]);
    let later = NOW + 2_000_000;
    assert_eq!(lease_ids(&store, later, 8).await, [1, 2], "the lease of 7 has run out");
    assert_eq!(settle(&store, &[held(1, 7, 1)]).await, 0);
    assert_eq!(postpone(&store, held(2, 7, 1), later).await, 0);
    assert_eq!(settle(&store, &[held(1, 8, 2), held(2, 8, 2)]).await, 2);
    assert_eq!(settle(&store, &[held(1, 8, 2)]).await, 0, "a settled row stays settled");
}

pub(crate) async fn a_row_that_is_queued_anew_while_it_is_sent_is_sent_again(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a", "b"]).await;
    seal(&store, 1, 2).await;
    let sent: Vec<_> = lease(&store, NOW, 100, 7).await.iter().map(Outgoing::lease).collect();
    assert_eq!(sent, [held(1, 7, 1), held(2, 7, 1)]);
    let wider: Result<(), StoreError> = store
        .write("requeue", |tx| {
            Box::pin(async move { outbox::requeue(tx, 1, Some(&[0x81, 4]), NOW).await })
        })
        .await;
    wider.unwrap();
    assert_eq!(settle(&store, &sent).await, 1, "the other row of the batch is settled");
    let due = lease(&store, NOW, 100, 7).await;
    let [again] = due.as_slice() else { panic!("one row is due: {due:?}") };
    assert_eq!((again.id, again.disclosure.as_deref()), (1, Some([0x81, 4].as_slice())));
    assert_eq!(settle(&store, &sent).await, 0, "also under the same token");
    assert_eq!(settle(&store, &[again.lease()]).await, 1);
}

pub(crate) async fn rows_of_a_removed_peer_wait_until_it_is_pinned_again(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a", "a", "b"]).await;
    seal(&store, 1, 3).await;
    let removed: Result<(), StoreError> =
        store.write("remove", |tx| Box::pin(peers::remove(tx, PEER, NOW))).await;
    removed.unwrap();
    assert_eq!(lease_ids(&store, NOW, 7).await, Vec::<i64>::new());
    let backlogs = || store.read("backlogs", |tx| Box::pin(outbox::backlogs(tx)));
    let waiting: Result<Vec<_>, StoreError> = backlogs().await;
    assert_eq!(
        waiting.unwrap().iter().map(|b| (b.queued, b.is_paired)).collect::<Vec<_>>(),
        [(3, 0)]
    );
    pin(&store).await;
    let waiting: Result<Vec<_>, StoreError> = backlogs().await;
    assert_eq!(
        waiting.unwrap().iter().map(|b| (b.queued, b.is_paired)).collect::<Vec<_>>(),
        [(3, 1)]
    );
    assert_eq!(lease_ids(&store, NOW, 7).await, [1, 2, 3], "in order, and none is lost");
}

pub(crate) async fn leases_of_a_process_that_is_no_more_are_released(place: Place) {
    let store = place.open().await;
    enqueue(&store, 1, &["a"]).await;
    seal(&store, 1, 1).await;
    lease_ids(&store, NOW, 7).await;
    let released: Result<u64, StoreError> =
        store.write("release", |tx| Box::pin(outbox::release_others(tx, 8))).await;
    assert_eq!(released.unwrap(), 1);
    assert_eq!(lease_ids(&store, NOW, 8).await, [1]);
}

pub(crate) async fn a_record_is_queued_once_for_a_peer_and_frame(place: Place) {
    let store = place.open().await;
    let rows = vec![row(1, "a"), row(2, "a")];
    for expected in [2, 0] {
        assert_eq!(enqueue_all(&store, rows.clone()).await, expected);
    }
    let withdrawn: Result<u64, StoreError> = store
        .write("withdraw", |tx| {
            Box::pin(async move { outbox::withdraw(tx, &numbered(1), PEER, NOW).await })
        })
        .await;
    assert_eq!(withdrawn.unwrap(), 1);
    let seen: Result<_, StoreError> = store
        .read("seen", |tx| {
            Box::pin(async move {
                let backlogs = outbox::backlogs(tx).await?;
                let first = outbox::of_record(tx, &numbered(1)).await?;
                Ok((backlogs, first, outbox::queued(tx, PEER, 0, 10).await?))
            })
        })
        .await;
    let (backlogs, first, queued) = seen.unwrap();
    assert_eq!((backlogs[0].queued, backlogs[0].oldest_at), (1, NOW - 2));
    assert_eq!(first[0].state, OutboxState::Withdrawn);
    assert_eq!(queued.len(), 1);
}

/// Many rows wait behind a postponed one, and a second conversation goes on. Were the cost quadratic, it would take minutes.
pub(crate) async fn a_long_queue_does_not_hold_up_another_conversation(place: Place) {
    let store = place.open().await;
    let many = 30_000;
    let rows: Vec<_> = (1..=many).map(|n| row(n, if n == many { "b" } else { "a" })).collect();
    assert_eq!(enqueue_all(&store, rows).await, 30_000);
    seal(&store, 1, many).await;
    let started = tokio::time::Instant::now();
    assert_eq!(lease(&store, NOW, 256, 7).await.len(), 256);
    let quick = started.elapsed();
    assert!(quick.as_secs() < 5, "{quick:?}");
    assert_eq!(postpone(&store, held(1, 7, 1), NOW + 10_000_000).await, 1);
    let started = tokio::time::Instant::now();
    assert_eq!(lease_ids(&store, NOW, 8).await, [many]);
    let blocked = started.elapsed();
    assert!(blocked.as_secs() < 10, "{blocked:?}");
}

pub(crate) async fn proofs_are_queued_anew_for_whom_they_went_to_before(place: Place) {
    let store = place.open().await;
    let anchors = |number| NewOutgoing { frame: OutboxFrame::Anchors, ..row(number, "anchors") };
    let rows = vec![row(1, "a"), anchors(1), anchors(2), anchors(3)];
    assert_eq!(enqueue_all(&store, rows).await, 4);
    seal(&store, 1, 3).await;
    assert_eq!(lease_ids(&store, NOW, 7).await, [1, 2, 3, 4]);
    assert_eq!(settle(&store, &[held(1, 7, 1), held(2, 7, 1)]).await, 2);
    let again: Result<u64, StoreError> = store
        .write("again", |tx| {
            Box::pin(async move {
                outbox::anchors_again(tx, &[numbered(1), numbered(2)], NOW + 1).await
            })
        })
        .await;
    assert_eq!(again.unwrap(), 2, "one that had arrived, and one that is on its way");
    assert_eq!(
        settle(&store, &[held(3, 7, 1), held(4, 7, 1)]).await,
        1,
        "the old proof is not enough"
    );
    assert_eq!(lease_ids(&store, NOW + 1, 7).await, [2, 3]);
}
