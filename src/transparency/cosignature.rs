//! Time-stamped cosignatures of witnesses, type 0x04 (c2sp.org/tlog-cosignature); does not decide what may be cosigned.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use crate::transparency::ed25519::verify_ed25519;
use crate::transparency::key::{KeyError, KeyKind, VerifierKey};

/// The latest time that a cosignature can name (tlog-cosignature: at most 2^63 - 1).
pub const COSIGNATURE_TIME_MAX: u64 = i64::MAX.cast_unsigned();

/// A cosignature, the content of its signature line after the key id.
///
/// It says: at this time, the checkpoint was the largest tree of its origin that the witness had seen, and the tree
/// extended all that it had seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix_seconds: u64,
    /// The Ed25519 signature over [`cosigned_message`].
    pub signature: [u8; 64],
}

impl Cosignature {
    /// The encoded length: the time and the signature.
    pub const BYTES: usize = 72;

    /// Reads the content of a signature line; verifies nothing.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (time, signature) = bytes.split_first_chunk::<8>()?;
        let unix_seconds = u64::from_be_bytes(*time);
        let signature = signature.try_into().ok()?;
        (unix_seconds <= COSIGNATURE_TIME_MAX).then_some(Self { unix_seconds, signature })
    }

    /// The inverse of [`Cosignature::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (time, signature) = bytes.split_at_mut(8);
        time.copy_from_slice(&self.unix_seconds.to_be_bytes());
        signature.copy_from_slice(&self.signature);
        bytes
    }

    /// Whether the witness with this key cosigned the checkpoint text.
    #[must_use]
    pub fn is_by(&self, key: &VerifierKey, checkpoint_text: &str) -> bool {
        let message = cosigned_message(self.unix_seconds, checkpoint_text);
        match key.kind() {
            KeyKind::Witness => {
                verify_ed25519(key.public_key(), message.as_bytes(), &self.signature)
            }
            KeyKind::Log => false,
        }
    }
}

/// The bytes that a witness signs: its time and the whole checkpoint text with its final newline.
#[must_use]
pub fn cosigned_message(unix_seconds: u64, checkpoint_text: &str) -> String {
    format!("cosignature/v1\ntime {unix_seconds}\n{checkpoint_text}")
}

/// The secret key with which a witness cosigns.
pub struct Cosigner {
    public: VerifierKey,
    /// Wiped when dropped.
    secret: SigningKey,
}

impl Cosigner {
    /// Gives a witness's secret key its name.
    ///
    /// # Errors
    /// If the name cannot stand in a signature line.
    pub fn new(name: &str, secret: SigningKey) -> Result<Self, KeyError> {
        let public = VerifierKey::new(name, KeyKind::Witness, &secret.verifying_key())?;
        Ok(Self { public, secret })
    }

    /// Cosigns a checkpoint text as seen at that time; later times than a cosignature can name become the latest.
    ///
    /// Only after [`crate::transparency::witness::judge`] has accepted the checkpoint and the new state is durable.
    #[must_use]
    pub fn cosign(&self, checkpoint_text: &str, unix_seconds: u64) -> Cosignature {
        let unix_seconds = unix_seconds.min(COSIGNATURE_TIME_MAX);
        let message = cosigned_message(unix_seconds, checkpoint_text);
        Cosignature { unix_seconds, signature: self.secret.sign(message.as_bytes()).to_bytes() }
    }

    /// The key that verifies the cosignatures.
    #[must_use]
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.public
    }
}

/// Shows the public half only.
impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cosigner").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosignature_holds_for_its_time_text_and_key() {
        let cosigner = Cosigner::new("w.example", SigningKey::from_bytes(&[3; 32])).unwrap();
        let key = cosigner.verifier_key();
        let cosignature = cosigner.cosign("log.example\n0\n\n", 5);
        assert!(cosignature.is_by(key, "log.example\n0\n\n"));
        assert!(!cosignature.is_by(key, "log.example\n1\n\n"));
        assert!(!Cosignature { unix_seconds: 6, ..cosignature }.is_by(key, "log.example\n0\n\n"));
        let as_log = VerifierKey::new("w.example", KeyKind::Log, key.public_key()).unwrap();
        assert!(!cosignature.is_by(&as_log, "log.example\n0\n\n"));
    }

    #[test]
    fn the_encoding_is_72_bytes_with_a_time_below_2_to_the_63() {
        let cosignature = Cosignature { unix_seconds: COSIGNATURE_TIME_MAX, signature: [9; 64] };
        let bytes = cosignature.to_bytes();
        assert_eq!(Cosignature::from_bytes(&bytes), Some(cosignature));
        assert_eq!(Cosignature::from_bytes(&bytes[..71]), None);
        assert_eq!(Cosignature::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
        let mut late = bytes;
        late[0] = 0x80;
        assert_eq!(Cosignature::from_bytes(&late), None);
    }
}
