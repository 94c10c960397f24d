//! Records kept by the store at 1, 64 and 256 callers, beside durable appends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealane::node::clock::SystemClock;
use sealane::node::rng::{Rng, SeededRng};
use sealane::node::store::records::{self, NewRecord, SealedFields};
use sealane::node::store::{Store, StoreConfig, StoreError};

use crate::Options;
use crate::disk;
use crate::meter::{Figure, Meter, Pair};

/// A statement of 330 bytes, 32 leaf hashes, sealed fields of 2.6 KB: what a record of 32 fields takes.
const STATEMENT_BYTES: usize = 330;
const LEAVES: usize = 32;
const FIELDS_BYTES: usize = 2_650;

pub(crate) async fn run(options: &Options) {
    for callers in [1, 64, 256] {
        let mut pair = Pair::default();
        for _ in 0..options.rounds {
            let folder = options.folder();
            pair.limit.push(disk::floor(folder.path(), options.seconds / 2.0));
            let store = open(folder.path()).await;
            pair.ours.push(keep(&store, callers, options.seconds).await);
            store.close().await;
        }
        let limit = "durable appends of 4 KB";
        pair.print(&format!("records kept, {callers} callers"), limit, 1.0);
    }
}

pub(crate) async fn open(folder: &Path) -> Store {
    open_at(&StoreConfig::Sqlite { path: folder.join("store.sqlite") }).await
}

pub(crate) async fn open_at(config: &StoreConfig) -> Store {
    Store::open(config, Arc::new(SystemClock)).await.unwrap()
}

async fn keep(store: &Store, callers: u64, seconds: f64) -> Figure {
    let kept = Arc::new(AtomicU64::new(0));
    let meter = Arc::new(Meter::start());
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (store, kept, meter) = (store.clone(), Arc::clone(&kept), Arc::clone(&meter));
        tasks.spawn(async move {
            let rng = SeededRng::new(caller);
            while meter.seconds() < seconds {
                keep_one(&store, record(&rng)).await;
                kept.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tasks.join_all().await;
    meter.stop(kept.load(Ordering::Relaxed))
}

async fn keep_one(store: &Store, record: NewRecord) {
    store
        .write_with("bench_keep", record, |tx, record| {
            Box::pin(async move {
                let record_seq = records::append(tx, record).await?;
                let sealed = vec![7; FIELDS_BYTES];
                let fields = SealedFields { record_seq, key_group: "case".to_owned(), sealed };
                records::put_fields(tx, &[fields]).await?;
                Ok::<_, StoreError>(())
            })
        })
        .await
        .unwrap();
}

pub(crate) fn record(rng: &dyn Rng) -> NewRecord {
    let mut hash = [0; 32];
    rng.fill(&mut hash);
    NewRecord {
        hash,
        author: "customs.xa.example".to_owned(),
        object: "0b5d1c0e-7f3a-4c59-9c5e-2f6a3f1f9a01".to_owned(),
        kind: "case.updated/1".to_owned(),
        prev: Some(hash),
        issued_at: 1_795_500_000,
        stored_at: 1_795_500_000_000_000,
        own: 1,
        statement: hash.repeat(STATEMENT_BYTES / 32 + 1),
        leaf_hashes: hash.repeat(LEAVES),
    }
}
