//! Which key signed: key thumbprints and the signer of statements; keeps no files and judges no validity.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::record::value::Value;

// One strict check for every signature of this program (PROTOCOL 1.3).
pub use crate::transparency::ed25519::{public_key, verify_ed25519};

/// The id of an Ed25519 key: its COSE key thumbprint with SHA-256 (RFC 9679).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

impl KeyId {
    /// The thumbprint of a public key: SHA-256 over the deterministic `{1: 1, -1: 6, -2: x}`.
    #[must_use]
    pub fn of(key: &VerifyingKey) -> Self {
        let cose_key = Value::int_map([
            (1, Value::int(1)),
            (-1, Value::int(6)),
            (-2, Value::bytes(key.to_bytes())),
        ]);
        Self(Sha256::digest(cose_key.encode()).into())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A private key with its thumbprint; signs statements and receipts. `Debug` shows the thumbprint only.
pub struct Signer {
    key: SigningKey,
    id: KeyId,
}

impl Signer {
    /// A signer with this key. The key is wiped when the signer is dropped.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        let id = KeyId::of(&key.verifying_key());
        Self { key, id }
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// The thumbprint of the public key.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The public key.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_hashes_the_deterministic_cose_key() {
        let signer = Signer::new(SigningKey::from_bytes(&[7; 32]));
        let mut preimage = hex::decode("a30101200621").unwrap();
        preimage.extend([0x58, 0x20]);
        preimage.extend(signer.verifying_key().to_bytes());
        assert_eq!(signer.id().0, <[u8; 32]>::from(Sha256::digest(preimage)));
    }

    #[test]
    fn debug_of_a_signer_hides_the_key() {
        let shown = format!("{:?}", Signer::new(SigningKey::from_bytes(&[0x5a; 32])));
        assert!(!shown.contains("5a5a"), "{shown}");
        assert!(shown.starts_with("Signer("));
    }
}
