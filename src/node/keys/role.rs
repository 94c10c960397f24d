//! The signing roles of an authority, one Ed25519 key each; the keys of TLS and of storage are kept apart from them.

use std::fmt;

use ed25519_dalek::{SigningKey, VerifyingKey};

use crate::node::rng::{Rng, random};

/// What an Ed25519 key may sign. No key has two roles, so a signature of one kind never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// Cards only; lives in a file that `serve` never opens.
    Root,
    /// Records of cases, evidence and requests.
    Record,
    /// Checkpoints of the authority's own log.
    Log,
    /// COSE receipts of the authority's own log.
    Receipt,
    /// Cosignatures on the logs of others.
    Witness,
}

impl KeyRole {
    /// Every role, in the order in which the files are made.
    pub const ALL: [Self; 5] = [Self::Root, Self::Record, Self::Log, Self::Receipt, Self::Witness];

    /// The role as it appears in file names and cards.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Record => "record",
            Self::Log => "log",
            Self::Receipt => "receipt",
            Self::Witness => "witness",
        }
    }

    /// The key's file below the folder of keys.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}.key", self.as_str())
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A signing key with its role. The secret part is wiped when dropped and never printed.
#[derive(Clone)]
pub struct RoleKey {
    role: KeyRole,
    key: SigningKey,
}

impl RoleKey {
    /// A fresh key.
    #[must_use]
    pub fn generate(role: KeyRole, rng: &dyn Rng) -> Self {
        let seed = zeroize::Zeroizing::new(random::<32>(rng));
        Self { role, key: SigningKey::from_bytes(&seed) }
    }

    /// A key that was read from elsewhere.
    #[must_use]
    pub const fn new(role: KeyRole, key: SigningKey) -> Self {
        Self { role, key }
    }

    /// What the key may sign.
    #[must_use]
    pub const fn role(&self) -> KeyRole {
        self.role
    }

    /// The key itself, for the one layer that signs in this role.
    #[must_use]
    pub const fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> VerifyingKey {
        self.key.verifying_key()
    }
}

impl fmt::Debug for RoleKey {
    /// The role and the public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleKey")
            .field("role", &self.role)
            .field("public", &hex::encode(self.public().to_bytes()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::rng::SeededRng;

    #[test]
    fn debug_shows_the_public_half_only() {
        let key = RoleKey::generate(KeyRole::Log, &SeededRng::new(1));
        let shown = format!("{key:?}");
        assert!(shown.contains(&hex::encode(key.public().to_bytes())));
        assert!(!shown.contains(&hex::encode(key.signing_key().to_bytes())));
        assert!(!shown.contains(&format!("{:?}", key.signing_key().to_bytes())));
    }

    #[test]
    fn every_role_has_its_own_file() {
        let mut names: Vec<_> = KeyRole::ALL.iter().map(|role| role.file_name()).collect();
        names.dedup();
        assert_eq!(names, ["root.key", "record.key", "log.key", "receipt.key", "witness.key"]);
    }
}
