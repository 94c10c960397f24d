//! The example log of the shared vectors, in the form of PROTOCOL 4.1, which Go, Python and `OpenSSL` tools have accepted.

use sealane::transparency::append::TileBuilder;
use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::key::{KeyKind, VerifierKey};
use sealane::transparency::note::Note;
use sealane::transparency::proof::{verify_consistency, verify_inclusion};
use sealane::transparency::prove::{consistency_path, inclusion_path, root};
use sealane::transparency::tile::{BundleId, TileId};
use sealane::transparency::tlog_policy::TlogPolicy;
use sealane::transparency::tlog_proof::{TlogProof, TlogProofError};
use sealane::transparency::tree::{Hash, leaf_hash};

use crate::support::shared;
use crate::vectors::tessera::{LogFolder, entries};
use crate::vectors::{bytes, text};

const ORIGIN: &str = "customs.aa.example/xlog/2026";

#[test]
fn the_example_log_is_rebuilt_byte_for_byte() {
    let Some(example) = shared("example") else { return };
    let log = example.join("log");
    let mut all = entries(&log, BundleId { n: 0, width: 256 });
    all.extend(entries(&log, BundleId { n: 1, width: 44 }));
    let leaves: Vec<Hash> = all.iter().map(|entry| leaf_hash(entry)).collect();
    let mut builder = TileBuilder::new();
    let changed = builder.append(&leaves);
    assert_eq!(changed.len(), 3);
    for tile in changed {
        assert_eq!(tile.to_bytes(), bytes(&log.join(tile.id.path())), "{}", tile.id.path());
    }
    let checkpoint = note(&example, "log/checkpoint");
    let checkpoint = Checkpoint::parse(checkpoint.text()).expect("the checkpoint is sound");
    assert_eq!((checkpoint.size, checkpoint.root), (300, builder.root()));
    let log = LogFolder(log);
    assert_eq!(root(&log, 300), Ok(checkpoint.root));
    let path = inclusion_path(&log, 299, 300).expect("the tiles are there");
    assert_eq!(verify_inclusion(&leaves[299], 299, 300, &path, &checkpoint.root), Ok(()));
    assert_eq!(TileId::in_log(1, 0, 300), Some(TileId { level: 1, n: 0, width: 1 }));
}

#[test]
fn the_example_checkpoint_bears_the_logs_signature_and_two_cosignatures() {
    let Some(example) = shared("example") else { return };
    let keys: Vec<VerifierKey> =
        text(&example.join("vkeys.txt")).lines().map(|key| key.parse().expect("sound")).collect();
    assert_eq!(keys.len(), 3);
    let note = note(&example, "log/checkpoint");
    assert_eq!(note.to_text().as_bytes(), bytes(&example.join("log/checkpoint")));
    let good = note.verify(&keys).expect("all signatures hold");
    assert_eq!(good.len(), 3);
    for signature in good {
        let is_witness = signature.key.kind() == KeyKind::Witness;
        assert_eq!(signature.unix_seconds.is_some(), is_witness);
    }
    let opened = Checkpoint::open(&note, ORIGIN, &keys).expect("the log signed it");
    for logsigned in ["checkpoint.logsigned", "checkpoint-256.logsigned"] {
        let note = self::note(&example, logsigned);
        assert_eq!(note.verify(&keys).map(|good| good.len()), Ok(1), "{logsigned}");
    }
    let older = self::note(&example, "checkpoint-256.logsigned");
    let older = Checkpoint::open(&older, ORIGIN, &keys).expect("the log signed it");
    let path: Vec<Hash> = text(&example.join("consistency-256-300.txt"))
        .lines()
        .map(|line| Hash::from_base64(line).expect("a hash"))
        .collect();
    assert_eq!(verify_consistency(256, 300, &older.root, &opened.root, &path), Ok(()));
    let log = LogFolder(example.join("log"));
    assert_eq!(consistency_path(&log, 256, 300).expect("the tiles are there"), path);
}

#[test]
fn the_example_proof_verifies_under_the_example_policy() {
    let Some(example) = shared("example") else { return };
    let policy_text = text(&example.join("policy.txt"));
    let policy = TlogPolicy::parse(&policy_text).expect("the policy is sound");
    assert_eq!(policy.to_text(), policy_text);
    let keys = policy.log_keys(ORIGIN);
    let entry = bytes(&example.join("statement.cose"));
    let proof_bytes = bytes(&example.join("record.tlog-proof"));
    let proof = TlogProof::parse(&proof_bytes).expect("the proof is sound");
    assert_eq!(proof.to_text().as_bytes(), proof_bytes);
    let proven = proof.verify(&entry, ORIGIN, &keys, &policy).expect("it holds");
    assert_eq!((proof.index, proven.checkpoint.size, proven.witnessings.len()), (270, 300, 2));

    // The policy wants both witnesses.
    let log_signed = note(&example, "checkpoint.logsigned");
    let unwitnessed = TlogProof { note: log_signed, ..proof.clone() };
    let cosigned = vec![];
    assert_eq!(
        unwitnessed.verify(&entry, ORIGIN, &keys, &policy),
        Err(TlogProofError::TooFewWitnesses { cosigned })
    );

    let log = LogFolder(example.join("log"));
    assert_eq!(inclusion_path(&log, 270, 300), Ok(proof.path));
    assert_eq!(entries(&log.0, BundleId { n: 1, width: 44 })[270 - 256], entry);
}

fn note(example: &std::path::Path, name: &str) -> Note {
    Note::parse(&bytes(&example.join(name))).expect("the note is sound")
}
