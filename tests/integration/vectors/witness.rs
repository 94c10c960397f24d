//! The witness protocol: the requests of torchwood's litewitness, the cases of witness-conformance.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::ed25519::public_key;
use sealane::transparency::key::{KeyKind, NoteSigner, VerifierKey};
use sealane::transparency::note::{Note, SignatureLine};
use sealane::transparency::tree::{Hash, TreeHead, root_of_leaf_hashes};
use sealane::transparency::witness::{AddCheckpoint, WitnessRefusal, judge, size_body};

use crate::support::shared;
use crate::vectors::{hash_or_filler, hashes, json, json_files, number, string, unhex};

/// litewitness of 2025 answered 403 for a log it does not know; the specification has since settled on 404.
const UNKNOWN_IN_SOURCE: &str = "unknown log";

/// One request spells its wrong signature with bits that base64 leaves unused. Go reads it and answers 403; for us a
/// note has one spelling, so it is malformed. With those bits cleared the signature is still wrong, and judged so.
const SPARE_BITS: &str = "WVrx6gx=";
const SPARE_BITS_CLEARED: &str = "WVrx6gw=";

#[test]
fn the_request_sequence_of_litewitness() {
    let Some(folder) = shared("torchwood-witness") else { return };
    let sequence = json(&folder.join("add-checkpoint-sequence.json"));
    let key = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";
    let key = public_key(&unhex(key)).expect("a sound key");
    let origin =
        "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
    let key = VerifierKey::new(origin, KeyKind::Log, &key).expect("a sound key");
    let known = BTreeMap::from([(origin, vec![key])]);

    let requests = sequence["requests"].as_array().expect("a list");
    let mut stored = None;
    for (place, request) in requests.iter().enumerate() {
        let body = string(request, "body");
        let body = match AddCheckpoint::parse(body.as_bytes()) {
            Ok(_) => body.to_owned(),
            Err(refusal) => {
                assert!(body.contains(SPARE_BITS), "request {place}: {refusal}");
                assert_eq!(refusal.status(), 400);
                body.replace(SPARE_BITS, SPARE_BITS_CLEARED)
            }
        };
        let parsed = AddCheckpoint::parse(body.as_bytes()).expect("it is well-formed");
        assert_eq!(parsed.to_text(), body);
        let keys = known.get(parsed.checkpoint().origin.as_str()).map(Vec::as_slice);
        let asserts: Vec<&str> = request["asserts_in_source"]
            .as_array()
            .map(|list| list.iter().filter_map(|item| item.as_str()).collect())
            .unwrap_or_default();
        let is_unknown = asserts.iter().any(|assert| assert.contains(UNKNOWN_IN_SOURCE));
        let expected = if is_unknown { 404 } else { number(request, "status_in_source") };
        match judge(&parsed, keys, stored) {
            Ok(head) => {
                assert_eq!(expected, 200, "request {place}");
                stored = Some(head);
            }
            Err(refusal) => {
                assert_eq!(u64::from(refusal.status()), expected, "request {place}: {refusal}");
                if let WitnessRefusal::OtherSize { stored, .. } = refusal {
                    let body = format!("body == {:?}", size_body(stored));
                    assert_eq!(asserts, [body], "request {place}");
                }
            }
        }
    }
    assert!(requests.len() >= 9, "only {} requests", requests.len());
    assert_eq!(stored.map(|head| head.size), Some(5));
}

/// The log of the set: leaf hash `i` is the byte 0x2a, then `i` in four little-endian bytes, then zeros.
fn head(size: u64) -> TreeHead {
    let leaf = |i: u32| {
        let mut bytes = [0; 32];
        bytes[0] = 0x2a;
        bytes[1..5].copy_from_slice(&i.to_le_bytes());
        Hash(bytes)
    };
    let count = u32::try_from(size).expect("the trees are small");
    TreeHead { size, root: root_of_leaf_hashes((0..count).map(leaf)) }
}

/// The set leaves the keys to the tester, and gives each case a witness that has cosigned the old size.
#[test]
fn witness_conformance() {
    let Some(folder) = shared("witness-conformance") else { return };
    let origin = "log.example/conformance";
    let signer = NoteSigner::new(origin, SigningKey::from_bytes(&[1; 32])).expect("a name");
    let keys = [signer.verifier_key().clone()];
    let files = json_files(&folder);
    for file in &files {
        let case = json(file);
        let (old, size) = (number(&case, "old_size"), number(&case, "new_size"));
        let root = hash_or_filler(string(&case, "root_hash"));
        let checkpoint = Checkpoint { origin: origin.to_owned(), size, root };
        let mut note = checkpoint.sign(&signer).expect("it can be signed");
        if case["checkpoint_valid"] == false {
            note = Note::new(note.text().to_owned()).expect("the text is sound");
            note.push(SignatureLine::new(&keys[0], vec![0; 64]));
        }
        let request = AddCheckpoint::new(old, hashes(&case["proof"]), note).expect("well-formed");
        let parsed = AddCheckpoint::parse(request.to_text().as_bytes());
        assert_eq!(parsed.as_ref(), Ok(&request));
        let stored = (old > 0).then(|| head(old));
        let verdict = judge(&request, Some(&keys), stored);
        let status = verdict.as_ref().err().map_or(200, WitnessRefusal::status);
        assert_eq!(u64::from(status), number(&case, "expected_status"), "{}", file.display());
        if let Ok(accepted) = verdict {
            assert_eq!(accepted, head(size), "{}", file.display());
        }
    }
    assert!(files.len() >= 10, "only {} cases", files.len());
}
