//! Rules that only a server can break: it asks to repeat, cuts connections, or is set up to lose records.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use sealane::node::store::{Param, Store, StoreError, records};
use sqlx::{Connection, PgConnection};

use crate::store::Place;
use crate::store::engine::{in_one_batch, record};
use crate::support::postgres::PostgresServer;

pub(crate) async fn every_rule(server: &PostgresServer) {
    a_batch_that_must_be_repeated_is_run_caller_by_caller(server).await;
    a_caller_is_repeated_a_bounded_number_of_times(server).await;
    a_cut_connection_is_made_anew(server).await;
    a_server_that_would_lose_records_is_refused(server).await;
}

const FAIL_WITH_40001: &str = "-- test.serialization_failure
    DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$";

/// Appends a record; the body fails with a serialization failure as often as told.
fn append_failing(
    store: &Store,
    byte: u8,
    failures: u32,
    runs: &Arc<AtomicU32>,
) -> BoxFuture<'static, Result<i64, StoreError>> {
    let (store, runs) = (store.clone(), Arc::clone(runs));
    Box::pin(async move {
        store
            .write("append", move |tx| {
                let run = runs.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move {
                    let seq = records::append(tx, &record(byte)).await?;
                    if run < failures {
                        tx.execute(FAIL_WITH_40001, Vec::<Param>::new()).await?;
                    }
                    Ok(seq)
                })
            })
            .await
    })
}

async fn a_batch_that_must_be_repeated_is_run_caller_by_caller(server: &PostgresServer) {
    let store = Place::postgres(&server.database("repeat").await).open().await;
    let (calm, unlucky) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let callers = vec![append_failing(&store, 1, 0, &calm), append_failing(&store, 2, 2, &unlucky)];
    let answers = in_one_batch(&store, callers).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(calm.load(Ordering::Relaxed), 2);
    assert_eq!(unlucky.load(Ordering::Relaxed), 3);
}

async fn a_caller_is_repeated_a_bounded_number_of_times(server: &PostgresServer) {
    let store = Place::postgres(&server.database("bounded").await).open().await;
    let runs = Arc::new(AtomicU32::new(0));
    let answer = append_failing(&store, 1, u32::MAX, &runs).await;
    assert!(matches!(answer, Err(StoreError::Unavailable)));
    assert!((10..=11).contains(&runs.load(Ordering::Relaxed)));
    assert!(append_failing(&store, 1, 0, &runs).await.is_ok());
}

async fn a_cut_connection_is_made_anew(server: &PostgresServer) {
    let url = server.database("cut").await;
    let store = Place::postgres(&url).open().await;
    let runs = Arc::new(AtomicU32::new(0));
    append_failing(&store, 1, 0, &runs).await.unwrap();
    let mut admin = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = 'cut' AND pid <> pg_backend_pid()",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    append_failing(&store, 2, 0, &runs).await.unwrap();
    let count = store.read("count", |tx| Box::pin(records::count(tx))).await;
    assert_eq!(count.map_err(|error: StoreError| error).unwrap(), 2);
}

async fn a_server_that_would_lose_records_is_refused(server: &PostgresServer) {
    let url = server.database("lossy").await;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("ALTER DATABASE lossy SET synchronous_commit = off")
        .execute(&mut admin)
        .await
        .unwrap();
    let refused = Place::postgres(&url).try_open().await;
    let Err(StoreError::Settings(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("synchronous_commit"), "{why}");
}
