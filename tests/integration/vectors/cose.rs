//! COSE statements and receipts that others made: signatures and proofs agree, and forms outside our profile are refused.
//!
//! Of the other sets, `sd-cwt` hashes its disclosures in another envelope, `openzeppelin-merkle-tree` uses Keccak,
//! `rfc3161` belongs to a time-stamp client that is not built, and `x509-limbo` judges certificate paths, which is the
//! work of rustls here and not ours.

use std::path::Path;

use coset::{CoseSign1, TaggedCborSerializable as _};
use sealane::record::key::{public_key, verify_ed25519};
use sealane::record::receipt::Receipt;
use sealane::record::{Statement, Value as Cbor};
use sealane::transparency::proof::root_from_inclusion;
use sealane::transparency::tree::{Hash, leaf_hash};
use serde_json::Value;

use crate::support::shared;
use crate::vectors::{bytes, text};

/// The raw key at the end of an Ed25519 SPKI in PEM.
fn pem_key(path: &Path) -> ed25519_dalek::VerifyingKey {
    use base64::Engine as _;
    let body: String = text(path).lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).expect("a PEM body is base64");
    public_key(&der[der.len() - 32..]).expect("an SPKI ends with its key")
}

fn holds(key: &ed25519_dalek::VerifyingKey, signature: &[u8], message: &[u8]) -> Result<(), ()> {
    if verify_ed25519(key, message, signature) { Ok(()) } else { Err(()) }
}

#[test]
fn scitt_receipts_are_judged_as_their_authors_expect() {
    let Some(folder) = shared("scitt-cose") else { return };
    for (name, is_valid) in [("valid-eddsa", true), ("fail-tampered-path", false)] {
        let set = folder.join(name);
        let expected: Value = serde_json::from_str(&text(&set.join("expected.json"))).unwrap();
        let statement = CoseSign1::from_tagged_slice(&bytes(&set.join("statement.cose"))).unwrap();
        let issuer = pem_key(&set.join("issuer-key.pub"));
        assert!(statement.verify_signature(&[], |s, m| holds(&issuer, s, m)).is_ok(), "{name}");

        let entry = hex::decode(expected["leaf_entry"].as_str().unwrap()).unwrap();
        let path: Vec<Hash> = expected["inclusion_path"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| Hash::from_slice(&hex::decode(hash.as_str().unwrap()).unwrap()).unwrap())
            .collect();
        let number = |key: &str| expected[key].as_u64().unwrap();
        let (index, size) = (number("leaf_index"), number("tree_size"));
        let root = root_from_inclusion(&leaf_hash(&entry), index, size, &path).unwrap();
        let receipt = CoseSign1::from_tagged_slice(&bytes(&set.join("receipt.cose"))).unwrap();
        let log = pem_key(&set.join("log-key.pub"));
        let verdict = receipt.verify_detached_signature(&root.0, &[], |s, m| holds(&log, s, m));
        assert_eq!(verdict.is_ok(), is_valid, "{name}");
    }
}

#[test]
fn what_is_signed_has_the_bytes_of_the_cose_working_group() {
    let Some(folder) = shared("cose-wg-examples") else { return };
    let example = text(&folder.join("eddsa-examples/eddsa-sig-01.json"));
    let example: Value = serde_json::from_str(&example).unwrap();
    let hex_of = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let sign1 = CoseSign1::from_tagged_slice(&hex_of(&example["output"]["cbor"])).unwrap();
    let signed = Cbor::Array(vec![
        Cbor::text("Signature1"),
        Cbor::bytes(sign1.protected.original_data.clone().unwrap()),
        Cbor::bytes([]),
        Cbor::bytes(sign1.payload.clone().unwrap()),
    ])
    .encode();
    assert_eq!(signed, hex_of(&example["intermediates"]["ToBeSign_hex"]));
    let key = public_key(&hex_of(&example["input"]["sign0"]["key"]["x_hex"])).unwrap();
    assert!(verify_ed25519(&key, &signed, &sign1.signature));
}

#[test]
fn forms_outside_of_our_profile_are_refused_with_a_reason() {
    let foreign = [
        // Headers not in deterministic order.
        ("scitt-cose", "valid-eddsa/receipt.cose"),
        // ES256.
        ("cose-receipts-ietf", "inclusion-receipt.cbor"),
        ("scitt-transmute", "1ts-statement.scitt"),
        ("scitt-cose", "valid-eddsa/statement.cose"),
    ];
    for (set, file) in foreign {
        let Some(folder) = shared(set) else { continue };
        let bytes = bytes(&folder.join(file));
        assert!(Receipt::parse(&bytes).is_err(), "{file} as a receipt");
        assert!(Statement::parse(&bytes).is_err(), "{file} as a statement");
        assert!(Statement::parse_transparent(&bytes).is_err(), "{file} as a transparent statement");
    }
}
