//! Intake of a file (hashed twice, sealed, durable) beside copying it with one hash.

use std::sync::Arc;

use sealane::node::blobs::{BlobKey, Blobs};
use sealane::node::rng::OsRng;

use crate::meter::{Meter, Pair};
use crate::{Options, disk};

pub(crate) const GB: f64 = 1e9;

pub(crate) async fn run(options: &Options) {
    let folder = options.folder();
    let source = folder.path().join("source");
    disk::sample(&source, options.mib);
    let blobs = Blobs::open(&folder.path().join("blobs"), Arc::new(OsRng)).unwrap();
    let key = BlobKey::new(&[7; 32]);
    let mut pair = Pair::default();
    for _ in 0..options.rounds {
        pair.limit.push(disk::copy(&source, &folder.path().join("copy")));
        let meter = Meter::start();
        let file = tokio::fs::File::open(&source).await.unwrap();
        let taken = blobs.take_in(file, &key, &|_| {}).await.unwrap();
        pair.ours.push(meter.stop(taken.size));
        blobs.remove(taken.blob).await.unwrap();
    }
    let what = format!("GB of evidence taken in, {} MiB", options.mib);
    pair.print(&what, "GB: copy + SHA-256 + fdatasync", GB);
}
