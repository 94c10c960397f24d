//! Rules of transactions: batches, failures, snapshots, opening; tables stand in only as examples.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};
use sealane::node::store::records::NewRecord;
use sealane::node::store::{Param, Store, StoreError, Tx, chains, logs, records};
use tokio::sync::Semaphore;

use crate::store::{Place, hash, numbered};

pub(crate) fn record(byte: u8) -> NewRecord {
    NewRecord {
        hash: hash(byte),
        author: "customs.xa.example".into(),
        object: "object".into(),
        kind: "note/1".into(),
        prev: None,
        issued_at: 1,
        stored_at: 2,
        own: 1,
        statement: vec![byte; 100],
        leaf_hashes: vec![0; 64],
    }
}

async fn append(store: &Store, byte: u8) -> Result<i64, StoreError> {
    store
        .write_with("append", record(byte), |tx, record| {
            Box::pin(async move { records::append(tx, record).await })
        })
        .await
}

async fn count(store: &Store) -> i64 {
    store.read("count", |tx| Box::pin(records::count(tx))).await.unwrap()
}

/// Holds the writer in a body until the gate is given a permit, so that what is asked meanwhile forms one batch; the
/// second semaphore gets a permit as soon as the writer is there.
fn hold(
    store: &Store,
) -> (Arc<Semaphore>, Arc<Semaphore>, BoxFuture<'static, Result<(), StoreError>>) {
    let (gate, inside) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (held, entered, store) = (Arc::clone(&gate), Arc::clone(&inside), store.clone());
    let holding = async move {
        store
            .write("hold", move |_| {
                let (gate, inside) = (Arc::clone(&held), Arc::clone(&entered));
                Box::pin(async move {
                    inside.add_permits(1);
                    gate.acquire().await.unwrap().forget();
                    Ok(())
                })
            })
            .await
    };
    (gate, inside, Box::pin(holding))
}

/// Runs the callers so that the writer finds all of them waiting at once.
pub(crate) async fn in_one_batch<T: Send + 'static>(
    store: &Store,
    callers: Vec<BoxFuture<'static, T>>,
) -> Vec<T> {
    let (gate, inside, holding) = hold(store);
    let holding = tokio::spawn(holding);
    inside.acquire().await.unwrap().forget();
    let callers: Vec<_> = callers.into_iter().map(tokio::spawn).collect();
    for _ in 0..10 {
        tokio::task::yield_now().await; // each has put its body into the queue
    }
    gate.add_permits(1);
    holding.await.unwrap().unwrap();
    join_all(callers).await.into_iter().map(Result::unwrap).collect()
}

pub(crate) async fn one_failure_does_not_touch_the_others_of_its_batch(place: Place) {
    let store = place.open().await;
    append(&store, 1).await.unwrap();
    let before = store.batches();
    let callers = [2, 1, 3, 1, 4, 5].map(|byte| {
        let store = store.clone();
        let caller: BoxFuture<'static, _> = Box::pin(async move { append(&store, byte).await });
        caller
    });
    let answers = in_one_batch(&store, Vec::from(callers)).await;
    let succeeded: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(succeeded, [true, false, true, false, true, true]);
    assert!(answers.iter().flatten().is_sorted(), "commit order is queue order");
    assert_eq!(store.batches() - before, 2, "the holder, then all together");
    assert_eq!(count(&store).await, 5);
}

pub(crate) async fn sixty_four_writers_share_commits_and_are_all_durable(place: Place) {
    let store = place.open().await;
    let before = store.batches();
    let answers = join_all((0..64).map(|byte| append(&store, byte))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(store.batches() - before < 64, "{} commits", store.batches() - before);
    store.close().await;
    assert_eq!(count(&place.open().await).await, 64);
}

pub(crate) async fn a_stale_chain_head_conflicts(place: Place) {
    let store = place.open().await;
    let advance = async |old: Option<u8>, new: u8| -> Result<(), StoreError> {
        store
            .write("advance", move |tx| {
                Box::pin(async move {
                    chains::advance(tx, "o", "a", old.map(hash).as_ref(), &hash(new)).await
                })
            })
            .await
    };
    advance(None, 1).await.unwrap();
    advance(Some(1), 2).await.unwrap();
    assert!(matches!(advance(Some(1), 3).await, Err(StoreError::Conflict("chains.advance"))));
    assert!(matches!(advance(None, 3).await, Err(StoreError::Conflict("chains.begin"))));
    let chain =
        store.read("chain", |tx| Box::pin(chains::get(tx, "o", "a"))).await.map(Option::unwrap);
    let chain: chains::Chain = chain.map_err(|error: StoreError| error).unwrap();
    assert_eq!((chain.head, chain.length), (hash(2), 2));
    let put_back = async |head: Option<u8>, length: i64| -> Option<chains::Chain> {
        let write = store.write("put_back", move |tx| {
            Box::pin(async move {
                chains::put_back(tx, "o", "a", head.map(hash).as_ref(), length).await?;
                chains::get(tx, "o", "a").await.map_err(|error: StoreError| error)
            })
        });
        write.await.unwrap()
    };
    let chain = put_back(Some(1), 1).await.unwrap();
    assert_eq!((chain.head, chain.length), (hash(1), 1));
    assert!(put_back(None, 0).await.is_none());
    advance(None, 1).await.unwrap();
}

pub(crate) async fn a_panicking_body_is_undone_and_harms_nobody_else(place: Place) {
    let store = place.open().await;
    let panicking = {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write::<(), StoreError, _>("panics", |tx| {
                    Box::pin(async move {
                        records::append(tx, &record(1)).await?;
                        panic!("a mistake in a use case");
                    })
                })
                .await
        })
    };
    assert!(panicking.await.unwrap_err().is_panic());
    append(&store, 2).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

pub(crate) async fn a_body_that_goes_on_after_a_failed_statement_is_undone(place: Place) {
    let store = place.open().await;
    append(&store, 1).await.unwrap();
    let answer: Result<(), StoreError> = store
        .write("swallows", |tx| {
            Box::pin(async move {
                records::append(tx, &record(2)).await?;
                tx.execute(FAILING, Vec::new()).await.ok();
                Ok(())
            })
        })
        .await;
    assert!(matches!(answer, Err(StoreError::Conflict("swallows"))));
    assert_eq!(count(&store).await, 1);
}

const FAILING: &str = "-- test.fail
    INSERT INTO peers (authority, root_key, added_at) SELECT author, hash, NULL FROM records";

pub(crate) async fn a_reader_cannot_write(place: Place) {
    let store = place.open().await;
    let answer: Result<(), StoreError> = store
        .read("writes", |tx| {
            Box::pin(async move { records::append(tx, &record(1)).await.map(|_| ()) })
        })
        .await;
    assert!(answer.is_err());
    assert!(!store.is_halted());
    assert_eq!(count(&store).await, 0);
}

pub(crate) async fn a_reader_sees_one_snapshot(place: Place) {
    let store = place.open().await;
    let writer = store.clone();
    let seen: Result<_, StoreError> = store
        .read("snapshot", |tx| {
            Box::pin(async move {
                let before = records::count(tx).await?;
                append(&writer, 1).await?;
                Ok((before, records::count(tx).await?))
            })
        })
        .await;
    assert_eq!(seen.unwrap(), (0, 0));
    assert_eq!(count(&store).await, 1);
}

pub(crate) async fn a_reader_that_goes_away_leaves_no_transaction_behind(place: Place) {
    let store = place.open().await;
    for _ in 0..20 {
        let never = store.read::<(), StoreError, _>("goes away", |tx| {
            Box::pin(async move {
                records::count(tx).await?;
                std::future::pending().await
            })
        });
        let mut never = Box::pin(never);
        // Polled until it waits for ever, then dropped.
        for _ in 0..50 {
            assert!(futures_util::poll!(&mut never).is_pending());
            tokio::task::yield_now().await;
        }
    }
    append(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1);
    store.checkpoint().await.unwrap();
}

pub(crate) async fn a_closed_store_refuses_and_keeps_what_it_answered(place: Place) {
    let store = place.open().await;
    append(&store, 1).await.unwrap();
    store.close().await;
    assert!(matches!(append(&store, 2).await, Err(StoreError::Closed)));
    assert!(matches!(store.checkpoint().await, Err(StoreError::Closed)));
    assert_eq!(count(&place.open().await).await, 1);
}

pub(crate) async fn a_second_open_shares_the_store(place: Place) {
    let (first, second) = (place.open().await, place.open().await);
    append(&first, 1).await.unwrap();
    append(&second, 2).await.unwrap();
    assert!(matches!(append(&second, 1).await, Err(StoreError::Conflict(_))));
    assert_eq!(count(&first).await, 2);
}

pub(crate) async fn a_store_of_a_newer_version_is_refused(place: Place) {
    let store = place.open().await;
    let pretend: Result<u64, StoreError> = store
        .write("pretend", |tx| {
            Box::pin(tx.execute(
                "-- test.newer
                 INSERT INTO _sqlx_migrations
                     (version, description, installed_on, success, checksum, execution_time)
                 SELECT 9999, description, installed_on, success, checksum, execution_time
                 FROM _sqlx_migrations WHERE version = 1",
                Vec::new(),
            ))
        })
        .await;
    pretend.unwrap();
    store.close().await;
    let refused = place.try_open().await;
    assert!(matches!(refused, Err(StoreError::NewerSchema { found: 9999, known: 1 })));
}

pub(crate) async fn a_corrupt_row_is_named_by_table_and_column(place: Place) {
    let store = place.open().await;
    let spoil: Result<u64, StoreError> = store
        .write("spoil", |tx| {
            Box::pin(tx.execute(
                "-- test.spoil
                 INSERT INTO chains (object, author, head, length) VALUES ('o', 'a', $1, 1)",
                vec![Param::Bytes(vec![1, 2, 3])],
            ))
        })
        .await;
    spoil.unwrap();
    let read = store.read("chain", |tx| Box::pin(chains::get(tx, "o", "a"))).await;
    let Err(StoreError::Corrupt { table, column, row }) = read else { panic!("{read:?}") };
    assert_eq!((table, column.as_str(), row.as_str()), ("chains", "head", "o"));
}

pub(crate) async fn many_rows_are_inserted_in_few_statements(place: Place) {
    let store = place.open().await;
    let leaf = |idx| logs::Leaf { origin: "log".into(), idx, record_hash: numbered(idx) };
    let leaves: Vec<_> = (0..1234).map(leaf).collect();
    let add = async |leaves: Vec<logs::Leaf>| -> Result<(), StoreError> {
        store
            .write_with("leaves", leaves, |tx, leaves| {
                Box::pin(async move { logs::add_leaves(tx, leaves).await })
            })
            .await
    };
    add(leaves.clone()).await.unwrap();
    assert!(matches!(add(vec![leaf(2000), leaf(7)]).await, Err(StoreError::Conflict(_))));
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.record_hash).collect();
    let (all, found) = read_both(&store, hashes).await.unwrap();
    assert_eq!(all, leaves);
    assert_eq!(found, 1234);
}

async fn read_both(
    store: &Store,
    hashes: Vec<[u8; 32]>,
) -> Result<(Vec<logs::Leaf>, usize), StoreError> {
    store
        .read("leaves", |tx: &mut Tx| {
            Box::pin(async move {
                let all = logs::leaves_from(tx, "log", 0, 5000).await?;
                Ok((all, logs::leaves_of(tx, &hashes).await?.len()))
            })
        })
        .await
}
