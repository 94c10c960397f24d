//! The exchange between two endpoints beside quinn alone: deliveries, bulk, and evidence from disk to disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use sealane::domain::id::ObjectId;
use sealane::node::blobs::{BlobKey, Blobs, TRANSFER_BYTES, Wanted};
use sealane::node::peer::{BlobRequest, Courier, Deliver, DeliverItem, Fields};
use sealane::node::rng::OsRng;
use tokio::io::AsyncReadExt;

use crate::Options;
use crate::blobs::GB;
use crate::disk;
use crate::meter::{Figure, Meter, Pair};
use crate::peers::{Desk, FROM_MEMORY, Pairing, RECEIPT_BYTES, pair};
use crate::raw_quinn::{self, RawPair};

const BULK_BYTES: u64 = 256 * 1024 * 1024;

pub(crate) async fn run(options: &Options) {
    deliveries(options).await;
    bulk(options).await;
    evidence(options).await;
}

/// One statement of 32 fields in each frame: what framing, limits and identity add to quinn.
async fn deliveries(options: &Options) {
    let raw = RawPair::new("/dev/null".into()).await;
    let ours = Arc::new(pair(Desk::default()));
    let deliver = Arc::new(statement());
    let body = Arc::new(vec![0; deliver.wire_bytes()]);
    for in_flight in [1, 16, 256] {
        let mut figures = Pair::default();
        for _ in 0..options.rounds {
            let limit = repeat(in_flight, options.seconds / 2.0, || {
                let (connection, body) = (raw.connection(), Arc::clone(&body));
                async move { raw_quinn::request(&connection, &body).await }
            });
            figures.limit.push(limit.await);
            let own = repeat(in_flight, options.seconds / 2.0, || {
                let (ours, deliver) = (Arc::clone(&ours), Arc::clone(&deliver));
                async move { drop(ours.courier.deliver(&ours.to, &deliver).await.unwrap()) }
            });
            figures.ours.push(own.await);
        }
        let limit = format!("quinn: {} B for {RECEIPT_BYTES} B", body.len());
        figures.print(&format!("deliveries answered, {in_flight} in flight"), &limit, 1.0);
    }
}

async fn bulk(options: &Options) {
    let raw = RawPair::new("/dev/null".into()).await;
    let ours = pair(Desk::default());
    let mut figures = Pair::default();
    for _ in 0..options.rounds {
        let meter = Meter::start();
        raw.bulk(BULK_BYTES).await;
        figures.limit.push(meter.stop(BULK_BYTES));
        let meter = Meter::start();
        let mut blob =
            ours.courier.blob(&ours.to, &range(FROM_MEMORY, 0, BULK_BYTES)).await.unwrap();
        let (mut buffer, mut read) = (vec![0; 256 * 1024], 0);
        while read < blob.length {
            read += blob.reader.read(&mut buffer).await.unwrap() as u64;
        }
        figures.ours.push(meter.stop(read));
    }
    figures.print("GB read as a blob from memory", "GB: quinn, one stream", GB);
}

/// Sealed on both disks, each group verified on arrival, both digests checked, durable.
async fn evidence(options: &Options) {
    let folder = options.folder();
    let source = folder.path().join("source");
    disk::sample(&source, options.mib);
    let open = |name: &str| Blobs::open(&folder.path().join(name), Arc::new(OsRng)).unwrap();
    let (sender, receiver) = (open("sender"), open("receiver"));
    let key = BlobKey::new(&[7; 32]);
    let file = tokio::fs::File::open(&source).await.unwrap();
    let taken = sender.take_in(file, &key, &|_| {}).await.unwrap();
    let wanted = Wanted { size: taken.size, sha256: taken.sha256, blake3: taken.blake3 };
    let ours = pair(Desk { evidence: Some((sender, key.clone(), taken)) });
    let raw = RawPair::new(source).await;
    let mut figures = Pair::default();
    for _ in 0..options.rounds {
        figures.limit.push(raw_evidence(&raw, folder.path()).await);
        let meter = Meter::start();
        fetch(&ours, &receiver, &key, wanted).await;
        figures.ours.push(meter.stop(wanted.size));
    }
    let what = format!("GB of evidence fetched, {} MiB", options.mib);
    figures.print(&what, "GB: read, quinn, SHA-256, write, fdatasync", GB);
}

async fn raw_evidence(raw: &RawPair, folder: &Path) -> Figure {
    let meter = Meter::start();
    let bytes = raw.evidence(&folder.join("received")).await;
    meter.stop(bytes)
}

async fn fetch(from: &Pairing, blobs: &Blobs, key: &BlobKey, wanted: Wanted) {
    let mut fetch = blobs.begin_fetch(key, wanted).await.unwrap();
    while !fetch.is_complete() {
        let request = range("evidence", fetch.next_offset(), TRANSFER_BYTES);
        let mut blob = from.courier.blob(&from.to, &request).await.unwrap();
        fetch.accept(TRANSFER_BYTES, &mut blob.reader).await.unwrap();
    }
    let kept = fetch.finish().await.unwrap();
    blobs.remove(kept.blob).await.unwrap();
}

/// Runs `act` over and over, `in_flight` at a time.
pub(crate) async fn repeat<F, A>(in_flight: u64, seconds: f64, act: F) -> Figure
where
    F: Fn() -> A,
    A: Future<Output = ()> + Send + 'static,
{
    act().await; // connects
    let done = Arc::new(AtomicU64::new(0));
    let meter = Meter::start();
    let mut acts = tokio::task::JoinSet::new();
    let go = |acts: &mut tokio::task::JoinSet<()>| {
        let (act, done) = (act(), Arc::clone(&done));
        acts.spawn(async move {
            act.await;
            done.fetch_add(1, Ordering::Relaxed);
        });
    };
    (0..in_flight).for_each(|_| go(&mut acts));
    while let Some(ended) = acts.join_next().await {
        ended.unwrap();
        if meter.seconds() < seconds {
            go(&mut acts);
        }
    }
    meter.stop(done.load(Ordering::Relaxed))
}

fn range(blob: &str, offset: u64, length: u64) -> BlobRequest {
    BlobRequest { blob: blob.to_owned(), offset, length, about: ObjectId::from_random([1; 16]) }
}

fn statement() -> Deliver {
    Deliver {
        checkpoints: vec![Bytes::from_static(&[7; 230])],
        items: vec![DeliverItem {
            statement: Bytes::from_static(&[7; 330]),
            fields: Fields::All(vec![Bytes::from_static(&[7; 80]); 32]),
            receipt: Bytes::from_static(&[7; RECEIPT_BYTES]),
        }],
    }
}
