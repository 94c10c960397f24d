//! What an exchange would cost if it were only its signatures, its durable rows and its packets, each measured alone in
//! the same run; leaves out what is small beside them: hashes, encoding, tiles.

use std::path::Path;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use sealane::node::rng::SeededRng;
use sealane::node::store::records;

use crate::meter::{Figure, Meter};
use crate::raw_quinn::{self, RawPair};
use crate::store;
use crate::wire::repeat;

/// How long each part is measured.
const SECONDS: f64 = 0.2;
/// What is signed: as long as the bytes that a statement signs.
const SIGNED_BYTES: usize = 330;
/// A statement of 32 fields with its receipt, as it is sent.
const SENT_BYTES: usize = 3_800;
const ROWS: u64 = 4_096;
/// Rows of a transaction.
const BATCH: usize = 256;

/// Two signatures (statement, receipt), two strict checks, three durable rows, a request and its answer.
pub(crate) async fn exchange(folder: &Path) -> Figure {
    let (signs, checks) = signatures();
    let cost = 2.0 / signs + 2.0 / checks + 3.0 / rows(folder).await + 1.0 / packets().await;
    Figure { rate: 1.0 / cost, per_cpu: 1.0 / cost }
}

fn signatures() -> (f64, f64) {
    let key = SigningKey::from_bytes(&[1; 32]);
    let (public, bytes) = (key.verifying_key(), [7; SIGNED_BYTES]);
    let signature = key.sign(&bytes);
    let signs = often(|| {
        std::hint::black_box(key.sign(&bytes));
    });
    let checks = often(|| public.verify_strict(&bytes, &signature).unwrap());
    (signs, checks)
}

fn often(mut act: impl FnMut()) -> f64 {
    let (meter, mut done) = (Meter::start(), 0);
    while meter.seconds() < SECONDS {
        act();
        done += 1;
    }
    meter.stop(done).per_cpu
}

async fn rows(folder: &Path) -> f64 {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let store = store::open(folder.path()).await;
    let rng = SeededRng::new(1);
    let rows: Vec<_> = (0..ROWS).map(|_| store::record(&rng)).collect();
    let meter = Meter::start();
    for batch in rows.chunks(BATCH) {
        store
            .write_with("bench_rows", batch.to_vec(), |tx, batch| {
                Box::pin(async move { records::append_all(tx, batch).await })
            })
            .await
            .unwrap();
    }
    let figure = meter.stop(ROWS);
    store.close().await;
    figure.per_cpu
}

async fn packets() -> f64 {
    let raw = RawPair::new("/dev/null".into()).await;
    let body = Arc::new(vec![0; SENT_BYTES]);
    let figure = repeat(16, SECONDS, || {
        let (connection, body) = (raw.connection(), Arc::clone(&body));
        async move { raw_quinn::request(&connection, &body).await }
    });
    figure.await.per_cpu
}
