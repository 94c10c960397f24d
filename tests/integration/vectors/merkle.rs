//! Merkle proofs: transparency-dev/merkle, the RFC 6962 reference tree, a live Certificate Transparency log.

use sealane::transparency::proof::{verify_consistency, verify_inclusion};
use sealane::transparency::small_tree::SmallTree;
use sealane::transparency::tree::{Frontier, Hash, leaf_hash};
use serde_json::Value;

use crate::support::shared;
use crate::vectors::{hash_or_filler, hashes, json, json_files, number, string, unbase64, unhex};

/// Judges each probe of a folder; `judge` says `None` for a probe that is not about our kind of proof.
fn probe(folder: &str, cases_min: usize, judge: impl Fn(&Value) -> Option<bool>) {
    let Some(merkle) = shared("merkle") else { return };
    let mut cases = 0;
    for file in json_files(&merkle.join("testdata").join(folder)) {
        let case = json(&file);
        let Some(accepted) = judge(&case) else { continue };
        let should_fail = case["wantErr"].as_bool().expect("a probe says what it wants");
        assert_eq!(accepted, !should_fail, "{}", file.display());
        cases += 1;
    }
    assert!(cases >= cases_min, "{folder}: only {cases} cases");
}

/// A garbage hash of another length is refused before any proof is looked at, as our types do it.
fn has_whole_hashes(case: &Value, keys: &[&str]) -> bool {
    let proof = case["proof"].as_array().map(Vec::as_slice).unwrap_or_default();
    let proof = proof.iter().filter_map(Value::as_str);
    keys.iter().map(|key| string(case, key)).chain(proof).all(|line| unbase64(line).len() == 32)
}

#[test]
fn inclusion_probes_of_transparency_dev() {
    probe("inclusion", 52, |case| {
        let leaf = hash_or_filler(string(case, "leafHash"));
        let root = hash_or_filler(string(case, "root"));
        let (index, size) = (number(case, "leafIdx"), number(case, "treeSize"));
        let is_good = verify_inclusion(&leaf, index, size, &hashes(&case["proof"]), &root).is_ok();
        Some(is_good && has_whole_hashes(case, &["leafHash", "root"]))
    });
}

#[test]
fn consistency_probes_of_transparency_dev() {
    probe("consistency", 51, |case| {
        let [root1, root2] = ["root1", "root2"].map(|key| hash_or_filler(string(case, key)));
        let (older, newer) = (number(case, "size1"), number(case, "size2"));
        // One probe compares two equal twelve-byte roots and wants success, so lengths are not judged here.
        Some(verify_consistency(older, newer, &root1, &root2, &hashes(&case["proof"])).is_ok())
    });
}

/// A subtree's inclusion proof is an inclusion proof in a tree of the subtree's leaves. Whether a range is a subtree at
/// all (its start a multiple of its rounded-up length) is no question that a log with whole-tree proofs asks, so the
/// rule stands here.
#[test]
fn subtree_inclusion_probes_of_transparency_dev() {
    probe("subtreeinclusion", 102, |case| {
        let (start, end) = (number(case, "start"), number(case, "end"));
        let Some(size) = end.checked_sub(start).filter(|size| *size > 0) else {
            return Some(false);
        };
        let is_subtree =
            size.checked_next_power_of_two().is_some_and(|width| start.is_multiple_of(width));
        let Some(index) = number(case, "leafIdx").checked_sub(start) else { return Some(false) };
        let leaf = hash_or_filler(string(case, "leafHash"));
        let root = hash_or_filler(string(case, "root"));
        let is_good = verify_inclusion(&leaf, index, size, &hashes(&case["proof"]), &root).is_ok();
        Some(is_subtree && is_good && has_whole_hashes(case, &["leafHash", "root"]))
    });
}

/// Only the subtrees that start at leaf 0 are older trees; we verify no proofs of other subtrees (they belong to
/// ML-DSA subtree cosignatures, which are out of scope).
#[test]
fn subtree_consistency_probes_of_transparency_dev_that_are_about_whole_trees() {
    probe("subtreeconsistency", 45, |case| {
        let (start, end) = (number(case, "start"), number(case, "end"));
        if start != 0 || end == 0 {
            return None;
        }
        let [root1, root2] = ["root1", "root2"].map(|key| hash_or_filler(string(case, key)));
        let path = hashes(&case["proof"]);
        Some(verify_consistency(end, number(case, "size"), &root1, &root2, &path).is_ok())
    });
}

#[test]
fn the_reference_tree_of_rfc_6962() {
    let Some(merkle) = shared("merkle") else { return };
    let reference = json(&merkle.join("rfc6962-reference-tree.json"));
    let list = |key: &str| -> Vec<Vec<u8>> {
        let items = reference[key].as_array().expect("a list");
        items.iter().map(|item| unhex(item.as_str().expect("text"))).collect()
    };
    let entries = list("leaf_inputs_hex");
    let roots = list("root_hashes_hex");
    assert_eq!((entries.len(), roots.len()), (8, 9));
    let mut frontier = Frontier::new();
    let mut heads = vec![frontier.root()];
    for entry in &entries {
        frontier.push(leaf_hash(entry));
        heads.push(frontier.root());
    }
    let roots: Vec<Hash> = roots.iter().filter_map(|root| Hash::from_slice(root)).collect();
    assert_eq!(heads, roots);

    let levels = reference["node_hashes_hex_by_level"].as_array().expect("a list of levels");
    assert!(levels.len() >= 3);
    for (height, level) in levels.iter().enumerate() {
        for (index, expected) in level.as_array().expect("a list").iter().enumerate() {
            let leaves: Vec<Hash> = entries[index << height..(index + 1) << height]
                .iter()
                .map(|e| leaf_hash(e))
                .collect();
            assert_eq!(SmallTree::new(leaves).root().to_string(), expected.as_str().expect("text"));
        }
    }
}

/// The older tree head is not part of the set. A consistency path determines it, so the test reconstructs it from the
/// path's own hashes: the path must lead to the newer root that the log published and to no other.
#[test]
fn a_live_ct_logs_consistency_proof_leads_to_its_published_root() {
    let Some(live) = shared("ct-live") else { return };
    let (older, newer) = (3_654_490, 961_984_011);
    let sth = json(&live.join("get-sth.json"));
    assert_eq!(number(&sth, "tree_size"), newer);
    let root = hash_or_filler(string(&sth, "sha256_root_hash"));
    let name = format!("get-sth-consistency-first-{older}-second-{newer}.json");
    let path = hashes(&json(&live.join(name))["consistency"]);
    assert_eq!(path.len(), 30);

    let older_root = older_root_of(older, newer, &path);
    assert_eq!(verify_consistency(older, newer, &older_root, &root, &path), Ok(()));
    for altered in 0..path.len() {
        let mut path = path.clone();
        path[altered].0[0] ^= 1;
        assert!(verify_consistency(older, newer, &older_root, &root, &path).is_err(), "{altered}");
    }
    assert!(verify_consistency(older + 1, newer, &older_root, &root, &path).is_err());
    assert!(verify_consistency(older, newer * 2, &older_root, &root, &path).is_err());
    assert!(verify_consistency(older, newer, &older_root, &root, &path[1..]).is_err());
}

/// The root of the older tree by RFC 6962's recursive definition of the proof, unlike the iterative one under test.
fn older_root_of(older: u64, newer: u64, path: &[Hash]) -> Hash {
    let (last, rest) = path.split_last().expect("the path is long enough");
    if older == newer {
        assert!(rest.is_empty());
        return *last;
    }
    let split = newer.next_power_of_two() / 2;
    if older <= split {
        older_root_of(older, split, rest)
    } else {
        let right = older_root_of(older - split, newer - split, rest);
        sealane::transparency::tree::node_hash(last, &right)
    }
}
