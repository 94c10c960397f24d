//! COSE receipts: a log's signed promise that a statement is in it (RFC 9942, RFC 9943); asks no witness.

use std::collections::HashSet;

use ed25519_dalek::VerifyingKey;

use crate::record::disclosure::inclusion_proof;
use crate::record::key::{KeyId, Signer, verify_ed25519};
use crate::record::statement::{
    Sign1, StatementError, check_algorithm, key_id, sig_structure, sign1,
};
use crate::record::value::Value;
use crate::transparency::proof::{ProofError, root_from_inclusion};
use crate::transparency::tree::{Hash, leaf_hash};

/// The most bytes of a receipt: a path of 64 hashes and the header fit well within.
pub const RECEIPT_BYTES_MAX: usize = 4096;

/// One signature over a tree root that serves every receipt of that tree size (PROTOCOL 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRoot {
    protected: Vec<u8>,
    signature: [u8; 64],
    size: u64,
}

impl SignedRoot {
    /// Signs the root of a log at a size. Issuer and subject are both the origin, so that the signature is the same for
    /// all leaves.
    #[must_use]
    pub fn sign(origin: &str, size: u64, root: Hash, issued_at: i64, signer: &Signer) -> Self {
        let protected = Value::int_map([
            (1, Value::Int(-8)),
            (4, Value::bytes(signer.id().0)),
            (
                15,
                Value::int_map([
                    (1, Value::text(origin)),
                    (2, Value::text(origin)),
                    (6, Value::int(issued_at)),
                ]),
            ),
            (395, Value::int(1)),
        ])
        .encode();
        let signature = signer.sign(&sig_structure(&protected, &root.0));
        Self { protected, signature, size }
    }

    /// The receipt of the leaf at `index`, whose sibling hashes up to the root are `path`.
    #[must_use]
    pub fn receipt(&self, index: u64, path: &[Hash]) -> Vec<u8> {
        let proof = Value::Array(vec![
            Value::int(self.size),
            Value::int(index),
            Value::Array(path.iter().map(|hash| Value::bytes(hash.0)).collect()),
        ])
        .encode();
        let proofs = Value::Array(vec![Value::Bytes(proof)]);
        let unprotected = Value::int_map([(396, Value::int_map([(-1, proofs)]))]);
        sign1(&self.protected, unprotected, Value::Null, &self.signature)
    }
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes are not a receipt.
    #[error("the receipt is malformed: {0}")]
    Malformed(#[from] StatementError),
    /// The inclusion proof does not lead to a root.
    #[error("the receipt's inclusion proof is wrong: {0}")]
    Proof(#[from] ProofError),
    /// The signature does not hold over the root that the proof leads to.
    #[error(
        "the receipt's signature does not hold: it is for another statement, was changed, or is by another log key"
    )]
    Signature,
    /// The key offered is not the one that the receipt names.
    #[error("the receipt names log key {0}, which is not the key it was checked with")]
    OtherKey(KeyId),
}

/// Signatures over roots that hold. A log signs the root of a batch once for all its receipts, so that one check serves
/// them all; what is the same is key, signature and every signed byte.
#[derive(Debug, Default)]
pub struct CheckedRoots(HashSet<([u8; 32], [u8; 64], Vec<u8>)>);

/// A parsed inclusion receipt. Parsing does not verify; [`Receipt::verify`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    protected: Vec<u8>,
    signature: [u8; 64],
    /// The log key's thumbprint, if named.
    pub key: Option<KeyId>,
    /// The log's origin, if named (always, in receipts of this software).
    pub origin: Option<String>,
    /// When the root was signed, seconds since the epoch, if named.
    pub issued_at: Option<i64>,
    /// The size of the tree as the receipt says it. It is not signed: where it matters, take it from a checkpoint with
    /// the same root.
    pub tree_size: u64,
    /// The place of the statement in the log.
    pub leaf_index: u64,
    /// Sibling hashes from the leaf to the root.
    pub path: Vec<Hash>,
}

impl Receipt {
    /// Reads a receipt with one inclusion proof.
    ///
    /// # Errors
    /// If the bytes are not a deterministic COSE receipt with vds 1 and a detached payload.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        use StatementError::Shape;
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(Shape("longer than 4,096 bytes").into());
        }
        let parts = Sign1::parse(bytes)?;
        check_algorithm(&parts.header)?;
        if parts.header.get_int(395) != Some(&Value::Int(1)) {
            return Err(Shape("its structure is not RFC9162_SHA256").into());
        }
        if parts.payload != Value::Null {
            return Err(Shape("its payload is not detached").into());
        }
        let proofs = parts
            .unprotected
            .get_int(396)
            .and_then(|proofs| proofs.get_int(-1))
            .and_then(Value::as_array)
            .ok_or(Shape("it has no inclusion proof"))?;
        let [Value::Bytes(proof)] = proofs else {
            return Err(Shape("it has not exactly one inclusion proof").into());
        };
        let (tree_size, leaf_index, path) =
            inclusion_proof(proof).ok_or(Shape("its inclusion proof is malformed"))?;
        let claims = parts.header.get_int(15);
        Ok(Self {
            key: key_id(&parts.header),
            origin: claims.and_then(|c| c.get_int(1)).and_then(Value::as_text).map(str::to_owned),
            issued_at: claims.and_then(|c| c.get_int(6)).and_then(Value::as_int),
            protected: parts.protected,
            signature: parts.signature,
            tree_size,
            leaf_index,
            path,
        })
    }

    /// Checks that the log that owns `key` holds `entry`; gives the root that it signed.
    ///
    /// # Errors
    /// If the proof does not lead from the entry to a root, or the signature over that root does not hold.
    pub fn verify(&self, entry: &[u8], key: &VerifyingKey) -> Result<Hash, ReceiptError> {
        self.verify_among(entry, key, &mut CheckedRoots::default())
    }

    /// As [`Receipt::verify`], for one of many receipts: a signature that held before is not checked again.
    ///
    /// # Errors
    /// As [`Receipt::verify`].
    pub fn verify_among(
        &self,
        entry: &[u8],
        key: &VerifyingKey,
        checked: &mut CheckedRoots,
    ) -> Result<Hash, ReceiptError> {
        if let Some(named) = self.key
            && named != KeyId::of(key)
        {
            return Err(ReceiptError::OtherKey(named));
        }
        let root =
            root_from_inclusion(&leaf_hash(entry), self.leaf_index, self.tree_size, &self.path)?;
        let signed = (key.to_bytes(), self.signature, sig_structure(&self.protected, &root.0));
        if checked.0.contains(&signed) {
            return Ok(root);
        }
        if !verify_ed25519(key, &signed.2, &self.signature) {
            return Err(ReceiptError::Signature);
        }
        checked.0.insert(signed);
        Ok(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::payload::tests::signer;
    use crate::transparency::small_tree::SmallTree;

    fn tree() -> (Vec<Vec<u8>>, SmallTree) {
        let entries: Vec<Vec<u8>> = (0..11_u8).map(|i| vec![i; 40]).collect();
        let tree = SmallTree::new(entries.iter().map(|e| leaf_hash(e)).collect());
        (entries, tree)
    }

    #[test]
    fn one_signature_serves_the_receipts_of_all_leaves() {
        let (entries, tree) = tree();
        let signed =
            SignedRoot::sign("customs.xa.example/log/2026", 11, tree.root(), 1000, &signer(3));
        for (index, entry) in entries.iter().enumerate() {
            let bytes = signed.receipt(index as u64, &tree.inclusion_path(index).unwrap());
            let receipt = Receipt::parse(&bytes).unwrap();
            assert_eq!(receipt.verify(entry, &signer(3).verifying_key()), Ok(tree.root()));
            assert_eq!(receipt.origin.as_deref(), Some("customs.xa.example/log/2026"));
            assert_eq!((receipt.tree_size, receipt.leaf_index), (11, index as u64));
        }
    }

    #[test]
    fn a_signature_that_held_is_no_proof_of_another_entry_root_or_key() {
        let (entries, tree) = tree();
        let signed = SignedRoot::sign("o", 11, tree.root(), 1000, &signer(3));
        let receipt = |index: usize| {
            let path = tree.inclusion_path(index).unwrap();
            Receipt::parse(&signed.receipt(index as u64, &path)).unwrap()
        };
        let (key, mut checked) = (signer(3).verifying_key(), CheckedRoots::default());
        for (index, entry) in entries.iter().enumerate() {
            assert!(receipt(index).verify_among(entry, &key, &mut checked).is_ok());
        }
        assert_eq!(checked.0.len(), 1, "one check for all");
        let wrong = receipt(4).verify_among(&entries[5], &key, &mut checked);
        assert_eq!(wrong, Err(ReceiptError::Signature));
        let other = Receipt { key: None, ..receipt(4) };
        let wrong = other.verify_among(&entries[4], &signer(4).verifying_key(), &mut checked);
        assert_eq!(wrong, Err(ReceiptError::Signature));
        let mut forged = receipt(4);
        forged.signature[0] ^= 1;
        let wrong = forged.verify_among(&entries[4], &key, &mut checked);
        assert_eq!(wrong, Err(ReceiptError::Signature));
        assert_eq!(checked.0.len(), 1, "what does not hold is not remembered");
    }

    #[test]
    fn a_receipt_of_another_entry_key_or_path_is_refused() {
        let (entries, tree) = tree();
        let signed = SignedRoot::sign("o", 11, tree.root(), 1000, &signer(3));
        let path = tree.inclusion_path(4).unwrap();
        let receipt = Receipt::parse(&signed.receipt(4, &path)).unwrap();
        let key = signer(3).verifying_key();
        assert_eq!(receipt.verify(&entries[5], &key), Err(ReceiptError::Signature));
        assert!(matches!(
            receipt.verify(&entries[4], &signer(4).verifying_key()),
            Err(ReceiptError::OtherKey(_))
        ));
        let mut surplus = path.clone();
        surplus.push(path[0]);
        let receipt = Receipt::parse(&signed.receipt(4, &surplus)).unwrap();
        assert!(matches!(receipt.verify(&entries[4], &key), Err(ReceiptError::Proof(_))));
    }

    /// The size is not signed: some other sizes have a path of the same shape. Index and root are bound all the same.
    #[test]
    fn every_flipped_bit_of_a_receipt_is_refused_but_a_size_of_the_same_shape() {
        let (entries, tree) = tree();
        let signed = SignedRoot::sign("o", 11, tree.root(), 1000, &signer(3));
        let bytes = signed.receipt(4, &tree.inclusion_path(4).unwrap());
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(receipt) = Receipt::parse(&flipped) else { continue };
            if let Ok(root) = receipt.verify(&entries[4], &signer(3).verifying_key()) {
                assert_eq!((root, receipt.leaf_index), (tree.root(), 4), "bit {bit}");
                assert_ne!(receipt.tree_size, 11, "bit {bit}");
            }
        }
    }
}
