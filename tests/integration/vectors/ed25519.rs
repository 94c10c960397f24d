//! Ed25519: Wycheproof, the C2SP edge cases, the original `sign.input`.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sealane::transparency::ed25519::{public_key, verify_ed25519};
use serde_json::Value;

use crate::support::shared;
use crate::vectors::{json, string, text, unhex};

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn wycheproof() {
    let Some(folder) = shared("wycheproof") else { return };
    let set = json(&folder.join("ed25519_test.json"));
    let mut cases = 0;
    for group in array(&set["testGroups"]) {
        let key = public_key(&unhex(string(&group["publicKey"], "pk"))).expect("keys are sound");
        for case in array(&group["tests"]) {
            let [message, signature] = ["msg", "sig"].map(|field| unhex(string(case, field)));
            let is_valid = string(case, "result") == "valid";
            assert_eq!(verify_ed25519(&key, &message, &signature), is_valid, "{}", case["tcId"]);
            cases += 1;
        }
    }
    assert!(cases >= 76, "only {cases} cases");
}

/// Strict verification accepts a case only if it has no point of low order, no non-canonical encoding and no residue
/// that a cofactored formula would forgive.
#[test]
fn edge_cases_of_c2sp() {
    let Some(folder) = shared("cctv") else { return };
    let set = json(&folder.join("ed25519vectors.json"));
    let mut accepted = 0;
    for case in array(&set) {
        let flags = case["flags"].as_array().map(Vec::as_slice).unwrap_or_default();
        let flags: Vec<&str> = flags.iter().filter_map(Value::as_str).collect();
        let is_refused = |flag: &&str| {
            ["low_order_A", "low_order_R", "low_order_residue"].contains(flag)
                || flag.starts_with("non_canonical_")
        };
        let expected = !flags.iter().any(is_refused);
        let key = unhex(string(case, "key"));
        let [message, signature] =
            [string(case, "msg").as_bytes().to_vec(), unhex(string(case, "sig"))];
        // The signature check alone must refuse a weak key, also when it did not come through `public_key`.
        let unchecked = VerifyingKey::try_from(key.as_slice())
            .is_ok_and(|key| verify_ed25519(&key, &message, &signature));
        assert_eq!(unchecked, expected, "{} {flags:?}", case["number"]);
        let checked =
            public_key(&key).is_some_and(|key| verify_ed25519(&key, &message, &signature));
        assert_eq!(checked, expected, "{} {flags:?}", case["number"]);
        accepted += usize::from(expected);
    }
    assert!(array(&set).len() >= 457 && accepted > 0, "{accepted} accepted");
}

#[test]
fn sign_input() {
    let Some(folder) = shared("ed25519-sign-input") else { return };
    let mut cases = 0;
    for line in text(&folder.join("sign.input")).lines() {
        let fields: Vec<Vec<u8>> = line.split(':').map(unhex).collect();
        let [secret, key, message, signature, _] = fields.as_slice() else { panic!("five fields") };
        // The secret is followed by the public key, the signature by the message.
        let (seed, signature) = (&secret[..32], &signature[..64]);
        let signer = SigningKey::from_bytes(seed.try_into().expect("32 bytes"));
        assert_eq!(signer.sign(message).to_bytes(), signature);
        let key = public_key(key).expect("keys are sound");
        assert!(verify_ed25519(&key, message, signature));
        let mut altered = message.clone();
        altered.push(0);
        assert!(!verify_ed25519(&key, &altered, signature));
        cases += 1;
    }
    assert!(cases >= 64, "only {cases} cases");
}
