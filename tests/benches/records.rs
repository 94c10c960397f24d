//! What records and the log cost in CPU time, each beside the cryptography that it cannot do without; touches no disk
//! and no network.
//!
//! `cargo bench --bench records`. The table at the end gives for each part its figure, the bound composed of the raw
//! operations measured in the same run, and how near it comes (100 % would be nothing but cryptography).

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use ed25519_dalek::{Signer as _, SigningKey};
use sealane::domain::id::{AuthorityName, ObjectId};
use sealane::domain::time::Timestamp;
use sealane::record::disclosure::Excerpt;
use sealane::record::field::leaf_hashes;
use sealane::record::key::Signer;
use sealane::record::kinds::case::CaseUpdated;
use sealane::record::payload::{Common, Record};
use sealane::record::receipt::{Receipt, SignedRoot};
use sealane::record::statement::Statement;
use sealane::record::value::Value;
use sealane::transparency::append::TileBuilder;
use sealane::transparency::prove::LoadedTiles;
use sealane::transparency::small_tree::SmallTree;
use sealane::transparency::tree::{Hash, leaf_hash};
use sha2::{Digest, Sha256};

use crate::cpu_time::CpuTime;

mod cpu;
mod cpu_time;

type Bench = Criterion<CpuTime>;

/// With the eight fixed ones 32 leaves, no decoys.
const FREE_FIELDS: usize = 24;
/// Enough distinct records that no cache holds what is verified.
const RECORDS: usize = 64;
/// Receipts that share a signature.
const BATCH: usize = 256;
const ORIGIN: &str = "customs.xa.example/log/2026";

fn main() {
    let results = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut bench = Criterion::default()
        .with_measurement(CpuTime)
        .output_directory(&results)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    let records: Vec<Record> = (0..RECORDS).map(record).collect();
    raw_operations(&mut bench, &records);
    signing_and_verifying(&mut bench, &records);
    field_trees(&mut bench, &records);
    receipts(&mut bench, &records);
    appending(&mut bench);
    bench.final_summary();
    print_table(&results, &records);
}

/// The bounds: one raw operation each, by the libraries themselves.
fn raw_operations(bench: &mut Bench, records: &[Record]) {
    let key = SigningKey::from_bytes(&[1; 32]);
    let public = key.verifying_key();
    // As long as what a record's signature covers.
    let message = [7; 260];
    let signature = key.sign(&message);
    bench.bench_function("raw/sign", |b| b.iter(|| key.sign(black_box(&message))));
    bench.bench_function("raw/verify", |b| {
        b.iter(|| public.verify_strict(black_box(&message), &signature).unwrap());
    });
    bench.bench_function("raw/tree", |b| b.iter(|| raw_tree(black_box(records[0].leaves()))));
    bench.bench_function("raw/leaf", |b| {
        b.iter(|| Sha256::digest(black_box(records[0].statement().bytes())));
    });
    bench.bench_function("raw/node", |b| b.iter(|| Sha256::digest(black_box([1_u8; 65]))));
}

/// The hashing of a field tree and nothing else: each leaf, and one node fewer than leaves.
fn raw_tree(leaves: &[Vec<u8>]) -> [u8; 32] {
    let mut node = [1; 65];
    for leaf in leaves {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(leaf);
        node[1..33].copy_from_slice(&hash.finalize());
    }
    for _ in 1..leaves.len() {
        let hash = Sha256::digest(node);
        node[33..].copy_from_slice(&hash);
    }
    node[33..].try_into().unwrap()
}

fn signing_and_verifying(bench: &mut Bench, records: &[Record]) {
    let (name, signer, payload) = (authority(), signer(), payload(0));
    bench.bench_function("record/sign", |b| {
        let mut draw = salts(1);
        b.iter(|| Record::sign(common(0), &payload, &name, &signer, &mut draw).unwrap());
    });
    let key = signer.verifying_key();
    bench.bench_function("record/verify", |b| {
        let mut all = records.iter().cycle();
        b.iter_batched(
            || all.next().map(|r| (r.statement().bytes(), r.leaves().to_vec())).unwrap(),
            |(bytes, leaves)| Record::open(Statement::parse(bytes).unwrap(), leaves, &key).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let excerpt = Excerpt::of(&records[0], &[9, 20]);
    bench.bench_function("record/excerpt", |b| {
        b.iter_batched(
            || (excerpt.statement().clone(), excerpt.leaves().to_vec()),
            |(said, leaves)| Excerpt::open(said, excerpt.leaf_count(), leaves, &key).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn field_trees(bench: &mut Bench, records: &[Record]) {
    bench.bench_function("tree/build", |b| {
        let mut all = records.iter().cycle();
        b.iter(|| {
            let leaves = all.next().unwrap().leaves();
            SmallTree::new(leaf_hashes(leaves.iter().map(Vec::as_slice))).root()
        });
    });
    bench.bench_function("tree/excerpt", |b| {
        b.iter(|| Excerpt::of(black_box(&records[0]), &[9, 20]));
    });
}

fn receipts(bench: &mut Bench, records: &[Record]) {
    let signer = signer();
    let entries: Vec<&[u8]> =
        records.iter().cycle().take(BATCH).map(|r| r.statement().bytes()).collect();
    let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut builder = TileBuilder::new();
    let mut tiles = LoadedTiles::default();
    builder.append(&hashes).into_iter().for_each(|tile| tiles.insert(tile));
    let (size, root) = (builder.size(), builder.root());
    bench.bench_function("receipt/batch", |b| {
        b.iter(|| {
            let by_root = SignedRoot::sign(ORIGIN, size, root, 1_795_500_000, &signer);
            let receipt =
                |index| by_root.receipt(index, &tiles.inclusion_path(index, size).unwrap());
            (0..size).map(receipt).collect::<Vec<_>>()
        });
    });
    let by_root = SignedRoot::sign(ORIGIN, size, root, 1_795_500_000, &signer);
    let receipt = by_root.receipt(70, &tiles.inclusion_path(70, size).unwrap());
    let key = signer.verifying_key();
    bench.bench_function("receipt/verify", |b| {
        b.iter(|| {
            let receipt = Receipt::parse(black_box(&receipt)).unwrap();
            assert_eq!(receipt.verify(entries[70], &key), Ok(root));
        });
    });
}

fn appending(bench: &mut Bench) {
    for leaves in [10_000_u32, 100_000] {
        let hashes: Vec<Hash> = (0..leaves).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        bench.bench_function(&format!("append/{leaves}"), |b| {
            b.iter(|| {
                let mut builder = TileBuilder::new();
                // As the sequencer does: a batch at a time, the root after each.
                for batch in hashes.chunks(BATCH) {
                    black_box(builder.append(batch));
                    black_box(builder.root());
                }
                builder.root()
            });
        });
    }
}

fn record(at: usize) -> Record {
    let mut draw = salts(at + 2);
    Record::sign(common(at), &payload(at), &authority(), &signer(), &mut draw).unwrap()
}

fn common(at: usize) -> Common {
    let mut object = [5; 16];
    object[0] = u8::try_from(at % 256).unwrap();
    Common {
        kind: String::new(),
        prev: None,
        object: ObjectId::from_random(object),
        actor: "p-17".to_owned(),
        role: "case_officer".to_owned(),
        purpose: "customs_enforcement".to_owned(),
        authored_at: Timestamp::from_secs(1_795_500_000),
        profile: None,
    }
}

fn payload(at: usize) -> CaseUpdated {
    let line = |field: usize| {
        let value = format!("record {at}: ceramic tiles, low water absorption, 24600.0 kg");
        (format!("goods/{field}/description"), Value::text(value))
    };
    CaseUpdated { title: None, content: (0..FREE_FIELDS).map(line).collect() }
}

fn authority() -> AuthorityName {
    "customs.xa.example".parse().unwrap()
}

fn signer() -> Signer {
    Signer::new(SigningKey::from_bytes(&[1; 32]))
}

/// Cheap and different each time; what a real node draws from the system costs it more.
fn salts(seed: usize) -> impl FnMut(&mut [u8]) {
    let mut state = u64::try_from(seed).unwrap();
    move |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(8) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            chunk.copy_from_slice(&state.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A line of the table.
struct Part {
    what: &'static str,
    /// Its benchmark.
    id: &'static str,
    /// How many items a run of it handles.
    items: f64,
    /// The raw operations that an item cannot do without, and how many of each.
    bound: &'static [(&'static str, f64)],
}

impl Part {
    const fn new(
        what: &'static str,
        id: &'static str,
        items: f64,
        bound: &'static [(&'static str, f64)],
    ) -> Self {
        Self { what, id, items, bound }
    }
}

const SIGN: (&str, f64) = ("raw/sign", 1.0);
const VERIFY: (&str, f64) = ("raw/verify", 1.0);
const TREE: (&str, f64) = ("raw/tree", 1.0);
const NODE: (&str, f64) = ("raw/node", 1.0);

const PARTS: [Part; 9] = [
    Part::new("sign a record of 32 fields", "record/sign", 1.0, &[SIGN, TREE]),
    Part::new("verify a record received", "record/verify", 1.0, &[VERIFY, TREE]),
    // Ten leaves with five hashes each, and the leaves themselves.
    Part::new("verify 10 of its fields", "record/excerpt", 1.0, &[VERIFY, ("raw/node", 60.0)]),
    Part::new("build a field tree", "tree/build", 1.0, &[TREE]),
    Part::new("prove 10 of its fields", "tree/excerpt", 1.0, &[TREE]),
    Part::new(
        "make a receipt, 256 a signature",
        "receipt/batch",
        256.0,
        &[("raw/sign", 1.0 / 256.0)],
    ),
    Part::new(
        "verify a receipt",
        "receipt/verify",
        1.0,
        &[VERIFY, ("raw/leaf", 1.0), ("raw/node", 8.0)],
    ),
    Part::new("append a leaf, 10,000 leaves", "append/10000", 1e4, &[NODE]),
    Part::new("append a leaf, 100,000 leaves", "append/100000", 1e5, &[NODE]),
];

#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
fn print_table(results: &Path, records: &[Record]) {
    let bytes: usize = records[0].leaves().iter().map(Vec::len).sum();
    println!("\nCPU time; a record has {} leaves of {bytes} bytes", records[0].leaves().len());
    println!("{:34}{:>10}{:>14}{:>10}{:>10}", "", "us", "per CPU-s", "bound us", "of bound");
    for Part { what, id, items, bound } in PARTS {
        let Some(ours) = median_ns(results, id).map(|ns| ns / items) else { continue };
        let bound: Option<f64> =
            bound.iter().map(|(raw, times)| Some(median_ns(results, raw)? * times)).sum();
        let Some(bound) = bound else { continue };
        let (us, bound_us) = (ours / 1e3, bound / 1e3);
        let (rate, share) = (1e9 / ours, 100.0 * bound / ours);
        println!("{what:34}{us:>10.2}{rate:>14.0}{bound_us:>10.2}{share:>8.0} %");
    }
}

/// The median of a benchmark that has run (criterion keeps it in a file); none in the mode that only tests.
fn median_ns(results: &Path, id: &str) -> Option<f64> {
    let file = results.join(id.replace('/', "_")).join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
