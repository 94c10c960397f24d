//! Growth of the log by the sequencer: leaves, tiles, receipts and one signed checkpoint a batch, durable; no witnesses.

use std::sync::Arc;

use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use sealane::node::clock::{Clock, SystemClock};
use sealane::node::log::{
    HighWaterFile, LogError, LogOpening, Sequencer, SequencerParts, Signing, SigningGate,
};
use sealane::node::rng::SeededRng;
use sealane::node::signals::Signals;
use sealane::node::store::logs::{self, Log};
use sealane::node::store::{Store, StoreError, records};
use sealane::record::key::Signer;
use sealane::transparency::tree::empty_root;

use crate::meter::{Figure, Meter, Pair};
use crate::{Options, disk, store};

/// Leaves that are sealed in a round.
const LEAVES: u64 = 20_000;

pub(crate) async fn run(options: &Options) {
    let mut pair = Pair::default();
    for round in 0..options.rounds {
        let folder = options.folder();
        pair.limit.push(disk::floor(folder.path(), options.seconds / 2.0));
        let store = store::open(folder.path()).await;
        fill(&store, u64::try_from(round).unwrap()).await;
        let high_water = HighWaterFile::open(folder.path()).unwrap();
        pair.ours.push(seal(&store, high_water).await);
        store.close().await;
    }
    pair.print("leaves sealed, with receipts", "durable appends of 4 KB", 1.0);
}

async fn seal(store: &Store, high_water: HighWaterFile) -> Figure {
    let mut sequencer = Sequencer::new(SequencerParts {
        authority: "customs.xa.example".parse().unwrap(),
        store: store.clone(),
        clock: Arc::new(SystemClock),
        signals: Arc::new(Signals::default()),
        log_key: SigningKey::from_bytes(&[1; 32]),
        receipt_key: Arc::new(Signer::new(SigningKey::from_bytes(&[2; 32]))),
        high_water,
        gate: Arc::new(SigningGate::new(Signing::Allowed)),
        opening: Arc::new(Opened),
        drill: sealane::node::drill::Drill::of(None, std::path::Path::new("")).unwrap(),
    });
    let meter = Meter::start();
    sequencer.seal_all().await.unwrap();
    meter.stop(LEAVES)
}

/// Records that wait, and an open log.
async fn fill(store: &Store, seed: u64) {
    let rng = SeededRng::new(seed);
    for _ in 0..LEAVES / 500 {
        let batch: Vec<_> = (0..500).map(|_| store::record(&rng)).collect();
        store
            .write_with("bench_fill", batch, |tx, batch| {
                Box::pin(async move { records::append_all(tx, batch).await })
            })
            .await
            .unwrap();
    }
    let now = SystemClock.now();
    let log = Log {
        origin: format!("customs.xa.example/log/{}", now.year()),
        year: now.year().into(),
        size: 0,
        root: empty_root().0,
        frontier: Vec::new(),
        sealed_seq: 0,
        opened_at: now.0,
        closed_at: None,
    };
    store
        .write_with("bench_open", log, |tx, log| Box::pin(async move { logs::open(tx, log).await }))
        .await
        .unwrap();
}

/// The log is open already.
struct Opened;

#[async_trait]
impl LogOpening for Opened {
    async fn open_log(&self, _: i32, _: Option<Log>) -> Result<(), LogError> {
        Err(LogError::Store(StoreError::Closed))
    }
}
