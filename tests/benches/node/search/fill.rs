//! Fills a store with invented cases, and the tables of the plain SQL with the same.

use std::time::Instant;

use sealane::node::store::identifiers::{self, Identifier};
use sealane::node::store::search;
use sealane::node::store::{Store, StoreError, Tx};

use crate::search::made::Made;
use crate::search::plain;

/// Cases of a transaction.
const BATCH: u64 = 2_000;
/// Changes that are measured.
const CHANGES: u64 = 100;

pub(super) async fn fill(store: &Store, cases: u64) {
    let is_postgres = plain::is_postgres(store);
    write(store, |tx| Box::pin(plain::begin(tx))).await;
    if is_postgres {
        // An index is built faster over rows that are there.
        write(store, |tx| Box::pin(run(tx, "-- bench.drop\nDROP INDEX search_cases_terms"))).await;
    }
    let mut from = 0;
    while from < cases {
        let batch: Vec<Made> = (from..cases.min(from + BATCH)).map(Made::case).collect();
        from += BATCH;
        store
            .write_with("bench_fill", batch, |tx, batch| {
                Box::pin(async move {
                    tx.insert_all(&batch.iter().map(Made::row).collect::<Vec<_>>()).await?;
                    let identifiers: Vec<_> = batch.iter().flat_map(found_in).collect();
                    identifiers::put_all(tx, &identifiers).await?;
                    let known: Vec<_> = batch.iter().map(Made::known).collect();
                    search::insert_all(tx, &known).await?;
                    plain::keep(tx, batch).await
                })
            })
            .await
            .unwrap();
    }
    if is_postgres {
        for sql in [
            "-- bench.memory\nSET maintenance_work_mem = '1GB'",
            "-- bench.index\nCREATE INDEX search_cases_terms ON search_cases USING GIN (terms) WITH (fastupdate = off)",
            "-- bench.words\nCREATE INDEX bench_words_words ON bench_words USING GIN (words)",
            "-- bench.names\nCREATE INDEX bench_names_name ON bench_names (name, doc)",
            "-- bench.analyze\nANALYZE",
        ] {
            write(store, move |tx| Box::pin(run(tx, sql))).await;
        }
    } else {
        let sql = "-- bench.names\nCREATE INDEX bench_names_name ON bench_names (name, doc)";
        write(store, move |tx| Box::pin(run(tx, sql))).await;
    }
}

/// Cases get a word more, one after the other; gives the milliseconds of each.
pub(super) async fn change(store: &Store, cases: u64) -> Vec<f64> {
    let mut took = Vec::new();
    for number in 0..CHANGES {
        let made = Made::case(number.wrapping_mul(104_729) % cases);
        let start = Instant::now();
        store
            .write_with("bench_change", made, |tx, made| {
                Box::pin(async move {
                    search::change(tx, &made.id(), None, Some("aaaa2222"))
                        .await
                        .map_err(|error: StoreError| error)
                })
            })
            .await
            .unwrap();
        took.push(start.elapsed().as_secs_f64() * 1e3);
    }
    took
}

fn found_in(made: &Made) -> [Identifier; 2] {
    [("container", &made.container), ("hs", &made.hs)].map(|(scheme, value)| Identifier {
        scheme: scheme.to_owned(),
        normalised: value.clone(),
        object: made.id(),
        path: format!("goods/0/{scheme}"),
        check_result: "pass".to_owned(),
    })
}

pub(super) async fn run(tx: &mut Tx, sql: &'static str) -> Result<(), StoreError> {
    tx.execute(sql, Vec::new()).await.map(drop)
}

async fn write(
    store: &Store,
    body: impl for<'a> Fn(&'a mut Tx) -> futures_util::future::BoxFuture<'a, Result<(), StoreError>>
    + Send
    + Sync
    + 'static,
) {
    store.write("bench", body).await.unwrap();
}
