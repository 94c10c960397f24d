//! Rules that only an embedded file can break: full disk, damaged pages, remains of deleted keys, long statements.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sealane::node::store::{Store, StoreConfig, StoreError, records};

use crate::store::Place;
use crate::store::engine::{in_one_batch, record};

async fn pragma(store: &Store, sql: &'static str) {
    let done: Result<Vec<_>, StoreError> =
        store.write("pragma", move |tx| Box::pin(tx.fetch_all(sql, Vec::new()))).await;
    done.unwrap();
}

/// Appends a record with a statement of that many bytes; counts how often its body ran.
fn append_counted(
    store: &Store,
    byte: u8,
    bytes: usize,
    runs: &Arc<AtomicU32>,
) -> BoxFuture<'static, Result<i64, StoreError>> {
    let (store, runs) = (store.clone(), Arc::clone(runs));
    let mut big = record(byte);
    big.statement = vec![byte; bytes];
    Box::pin(async move {
        store
            .write_with("append", big, move |tx, record| {
                runs.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move { records::append(tx, record).await })
            })
            .await
    })
}

#[tokio::test]
async fn a_full_disk_fails_those_who_do_not_fit_and_the_store_goes_on() {
    let place = Place::sqlite();
    let store = place.open().await;
    pragma(&store, "-- test.limit\nPRAGMA max_page_count = 120").await;
    let small = Arc::new(AtomicU32::new(0));
    let large = Arc::new(AtomicU32::new(0));
    let callers = vec![
        append_counted(&store, 1, 10, &small),
        append_counted(&store, 2, 2_000_000, &large),
        append_counted(&store, 3, 10, &small),
    ];
    let answers = in_one_batch(&store, callers).await;
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(StoreError::Full)), "{answers:?}");
    assert!(large.load(Ordering::Relaxed) >= 2, "the batch was run again caller by caller");
    assert!(!store.is_halted());
    pragma(&store, "-- test.limit\nPRAGMA max_page_count = 100000").await;
    append_counted(&store, 2, 2_000_000, &large).await.unwrap();
    let count = store.read("count", |tx| Box::pin(records::count(tx))).await;
    assert_eq!(count.map_err(|error: StoreError| error).unwrap(), 3);
}

#[tokio::test]
async fn a_damaged_page_halts_the_store() {
    let place = Place::sqlite();
    let store = place.open().await;
    let root: Result<i64, StoreError> = store
        .read("root", |tx| {
            Box::pin(async move {
                let sql = "-- test.root\nSELECT rootpage FROM sqlite_schema WHERE name = 'records'";
                tx.fetch_one(sql, Vec::new()).await?.int(0)
            })
        })
        .await;
    let root = u64::try_from(root.unwrap()).unwrap();
    store.close().await;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(place.folder.path().join("sealane.db"))
        .unwrap();
    file.write_all_at(&[0xff; 8192], (root - 1) * 8192).unwrap();

    let store = place.open().await;
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.halted().await }
    });
    let runs = Arc::new(AtomicU32::new(0));
    let answer = append_counted(&store, 1, 10, &runs).await;
    assert!(matches!(answer, Err(StoreError::Halted)), "{answer:?}");
    waiting.await.unwrap();
    let later: Result<(), StoreError> =
        store.write("later", |_| Box::pin(async move { Ok(()) })).await;
    assert!(matches!(later, Err(StoreError::Halted)));
    let reading: Result<(), StoreError> =
        store.read("reading", |_| Box::pin(async move { Ok(()) })).await;
    assert!(matches!(reading, Err(StoreError::Halted)));
    assert_eq!(runs.load(Ordering::Relaxed), 1, "nothing is tried again after a disk error");
}

#[tokio::test]
async fn a_destroyed_key_leaves_no_bytes_in_the_files() {
    let place = Place::sqlite();
    let vault = place.open_vault().await;
    let wrapped = *b"the wrapped bytes of a content key, forty";
    vault.put_if_absent("case:1", wrapped.to_vec()).await.unwrap();
    assert!(remains(&place, &wrapped), "the test must be able to find it");
    vault.destroy("case:1").await.unwrap();
    assert!(!remains(&place, &wrapped));
}

fn remains(place: &Place, needle: &[u8]) -> bool {
    std::fs::read_dir(place.folder.path()).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn another_programs_file_is_refused() {
    let place = Place::sqlite();
    place.open().await.close().await;
    let keys = sealane::node::store::KeyVault::open(&place.main, place.clock.clone()).await;
    assert!(matches!(keys.err(), Some(StoreError::Settings(_))));
}

#[tokio::test]
async fn a_copy_is_a_sound_store_of_its_own() {
    let place = Place::sqlite();
    let store = place.open().await;
    let runs = Arc::new(AtomicU32::new(0));
    append_counted(&store, 1, 10, &runs).await.unwrap();
    let path = place.folder.path().join("copy.db");
    store.copy_to(&path).await.unwrap();
    let config = StoreConfig::Sqlite { path };
    let copy = Store::open(&config, place.clock.clone()).await.unwrap();
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
    let count = copy.read("count", |tx| Box::pin(records::count(tx))).await;
    assert_eq!(count.map_err(|error: StoreError| error).unwrap(), 1);
}

#[tokio::test]
async fn the_files_are_readable_by_their_owner_alone() {
    let place = Place::sqlite();
    let (_store, _vault) = (place.open().await, place.open_vault().await);
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let place = Place::sqlite();
    let config = StoreConfig::Sqlite { path: place.folder.path().join("absent/sealane.db") };
    let refused = Store::open(&config, place.clock.clone()).await;
    let Err(StoreError::Settings(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("absent/sealane.db"), "{why}");
}

const LONG: &str = "-- test.long
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
    SELECT COUNT(*) FROM n";
const ENDLESS: &str = "-- test.endless
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";

/// Counts the turns that a task gets on this thread until `work` is done.
async fn turns_beside<T>(work: impl Future<Output = T>) -> (T, u32) {
    let turns = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&turns);
    let counting = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    tokio::task::yield_now().await;
    let before = turns.load(Ordering::Relaxed);
    let done = work.await;
    counting.abort();
    (done, turns.load(Ordering::Relaxed) - before)
}

#[tokio::test]
async fn a_long_statement_keeps_no_other_task_from_its_turn() {
    let place = Place::sqlite();
    let store = place.open().await;
    let reading = store
        .read("long", |tx| Box::pin(async move { tx.fetch_one(LONG, Vec::new()).await?.int(0) }));
    let (read, turns): (Result<i64, StoreError>, _) = turns_beside(reading).await;
    assert_eq!(read.unwrap(), 1_000_000);
    assert!(turns > 10, "{turns} turns beside a long read");
    let writing = store
        .write("long", |tx| Box::pin(async move { tx.fetch_one(LONG, Vec::new()).await?.int(0) }));
    let (written, turns): (Result<i64, StoreError>, _) = turns_beside(writing).await;
    assert_eq!(written.unwrap(), 1_000_000);
    assert!(turns > 10, "{turns} turns beside a long write");
}

#[tokio::test]
async fn many_short_statements_keep_no_other_task_from_its_turn() {
    let place = Place::sqlite();
    let store = place.open().await;
    let reading = store.read("many", |tx| {
        Box::pin(async move {
            for _ in 0..5000 {
                records::count(tx).await?;
            }
            Ok(())
        })
    });
    let (read, turns): (Result<(), StoreError>, _) = turns_beside(reading).await;
    read.unwrap();
    assert!(turns > 2, "{turns} turns beside many short reads");
}

#[tokio::test]
async fn a_long_statement_sees_the_snapshot_of_the_short_ones_before_it() {
    let place = Place::sqlite();
    let store = place.open().await;
    let runs = Arc::new(AtomicU32::new(0));
    append_counted(&store, 1, 10, &runs).await.unwrap();
    let writer = store.clone();
    let seen: Result<_, StoreError> = store
        .read("snapshot", |tx| {
            Box::pin(async move {
                let before = records::count(tx).await?;
                append_counted(&writer, 2, 10, &runs).await?;
                let sql = "-- test.long_count
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                    SELECT COUNT(*), (SELECT COUNT(*) FROM records) FROM n";
                let row = tx.fetch_one(sql, Vec::new()).await?;
                Ok((before, row.int(0)?, row.int(1)?, records::count(tx).await?))
            })
        })
        .await;
    assert_eq!(seen.unwrap(), (1, 100_000, 1, 1));
}

#[tokio::test]
async fn a_long_statement_ends_when_its_reader_goes_away() {
    let place = Place::sqlite();
    let store = place.open().await;
    for _ in 0..8 {
        let endless = store.read("endless", |tx| {
            Box::pin(async move { tx.fetch_one(ENDLESS, Vec::new()).await?.int(0) })
        });
        let read: Result<Result<i64, StoreError>, _> =
            tokio::time::timeout(Duration::from_millis(20), endless).await;
        assert!(read.is_err(), "it has no end");
    }
    // All connections are free again, or this would wait for ever.
    store.close().await;
}
