//! Rekor v2 bundles of sigstore-conformance: other people's checkpoints, notes and inclusion proofs.
//!
//! Certificates, timestamps and DSSE payloads of the bundles are not this layer's subject.

use std::fs;
use std::path::Path;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey as _;
use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::key::{KeyKind, VerifierKey};
use sealane::transparency::note::Note;
use sealane::transparency::proof::verify_inclusion;
use sealane::transparency::tree::leaf_hash;
use serde_json::Value;

use crate::support::shared;
use crate::vectors::{hash_or_filler, hashes, json, string, unbase64};

#[test]
fn rekor_2_bundles() {
    let Some(folder) = shared("sigstore-conformance") else { return };
    let mut cases: Vec<String> = fs::read_dir(&folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("rekor2-"))
        .collect();
    cases.sort();
    for case in &cases {
        // Here the fault lies in the RFC 3161 timestamp alone, and the log's part is sound.
        let is_outside = case == "rekor2-timestamp-payload-mismatch_fail";
        let is_sound = !case.ends_with("_fail") || is_outside;
        assert_eq!(log_part_holds(&folder.join(case)).is_some(), is_sound, "{case}");
    }
    assert!(cases.len() >= 9, "only {} cases", cases.len());
}

/// A v1 bundle: its checkpoint has an ECDSA key, which we do not verify, but its inclusion proof is of our kind.
#[test]
fn inclusion_proofs_of_rekor_1_bundles() {
    let Some(folder) = shared("sigstore-conformance") else { return };
    let holds = |case: &str| {
        let bundle = json(&folder.join(case).join("bundle.sigstore.json"));
        inclusion_holds(&bundle["verificationMaterial"]["tlogEntries"][0])
    };
    assert_eq!(holds("happy-path-v0.3"), Some(()));
    assert_eq!(holds("inclusion-proof-corrupted-hash_fail"), None);
}

fn log_part_holds(case: &Path) -> Option<()> {
    let bundle = json(&case.join("bundle.sigstore.json"));
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let envelope = entry["inclusionProof"]["checkpoint"]["envelope"].as_str()?;
    let note = Note::parse(envelope.as_bytes()).ok()?;
    let key = log_key(&case.join("trusted_root.json"), string(&entry["logId"], "keyId"));
    let checkpoint = Checkpoint::open(&note, key.name(), std::slice::from_ref(&key)).ok()?;
    assert_eq!(checkpoint.root, hash_or_filler(string(&entry["inclusionProof"], "rootHash")));
    assert_eq!(checkpoint.size.to_string(), string(&entry["inclusionProof"], "treeSize"));
    inclusion_holds(entry)
}

fn inclusion_holds(entry: &Value) -> Option<()> {
    let proof = &entry["inclusionProof"];
    let count = |key: &str| string(proof, key).parse::<u64>().expect("a number");
    let leaf = leaf_hash(&unbase64(string(entry, "canonicalizedBody")));
    let root = hash_or_filler(string(proof, "rootHash"));
    let path = hashes(&proof["hashes"]);
    verify_inclusion(&leaf, count("logIndex"), count("treeSize"), &path, &root).ok()
}

/// The key of the log that the trusted root lists under that id.
fn log_key(trusted_root: &Path, id: &str) -> VerifierKey {
    let root = json(trusted_root);
    let logs = root["tlogs"].as_array().expect("a list of logs");
    let log = logs.iter().find(|log| string(&log["logId"], "keyId") == id).expect("the log");
    let key = unbase64(string(&log["publicKey"], "rawBytes"));
    let key = VerifyingKey::from_public_key_der(&key).expect("an Ed25519 key");
    let name = string(log, "baseUrl").strip_prefix("https://").expect("a URL");
    let key = VerifierKey::new(name, KeyKind::Log, &key).expect("a sound key");
    assert_eq!(key.id().0, unbase64(id)[..4]);
    key
}
