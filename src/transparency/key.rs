//! Named keys of signed notes (c2sp.org/signed-note): verifier keys as text, the signer of checkpoints.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::transparency::ed25519::public_key;
use crate::transparency::text;

/// What a key signs, the type byte of signed-note.
///
/// A cosignature does not name its witness in the signed bytes, so a key must never serve both roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// 0x01: an Ed25519 signature of the note's text, as logs make it.
    Log,
    /// 0x04: a time-stamped Ed25519 cosignature, as witnesses make it.
    Witness,
}

/// The number that, with the name, selects a key: the first four bytes of a hash over name, kind and key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// A public key with the name under which it signs notes; its text form is the *vkey* of signed-note.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    kind: KeyKind,
    key: VerifyingKey,
}

/// The secret key with which a log signs its checkpoints.
pub struct NoteSigner {
    public: VerifierKey,
    /// Wiped when dropped.
    secret: SigningKey,
}

/// Why a text or a pair of name and key is not a named key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name that a signature line cannot carry.
    #[error("'{0}' cannot name a key: a name has no spaces and no '+'")]
    BadName(String),
    /// A text that is not `<name>+<key id>+<base64>`.
    #[error("'{0}' is not a verifier key: expected name+id+key as the log or witness publishes it")]
    Malformed(String),
    /// An id that does not belong to name and key.
    #[error(
        "the id of verifier key '{0}' does not belong to its name and key; copy the whole line again"
    )]
    WrongId(String),
    /// A signature scheme other than 0x01 and 0x04.
    #[error(
        "verifier key '{name}' is of type {kind:#04x}; only Ed25519 keys (0x01, 0x04) are supported"
    )]
    UnsupportedKind {
        /// The key's name.
        name: String,
        /// Its type byte.
        kind: u8,
    },
    /// Bytes that are no Ed25519 key, or a weak one.
    #[error("verifier key '{0}' does not hold a sound Ed25519 key")]
    BadKey(String),
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Whether a signature line can carry this name (signed-note: not empty, no Unicode space, no plus sign).
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl VerifierKey {
    /// Gives a public key its name and role.
    ///
    /// # Errors
    /// If the name cannot stand in a signature line or the key is weak.
    pub fn new(name: &str, kind: KeyKind, key: &VerifyingKey) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::BadName(text::clip(name)));
        }
        let key = public_key(key.as_bytes()).ok_or_else(|| KeyError::BadKey(text::clip(name)))?;
        let hash = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', kind.byte()])
            .chain_update(key.as_bytes())
            .finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
        Ok(Self { name: name.to_owned(), id: KeyId([a, b, c, d]), kind, key })
    }

    /// The name, for a log its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id that stands before each signature.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The bare public key.
    #[must_use]
    pub const fn public_key(&self) -> &VerifyingKey {
        &self.key
    }
}

/// `<name>+<id>+<base64(type || key)>`; the inverse of [`VerifierKey::from_str`].
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, text::to_base64(&key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, Self::Err> {
        let malformed = || KeyError::Malformed(text::clip(vkey));
        let (name, rest) = vkey.split_once('+').ok_or_else(malformed)?;
        let (id, key) = rest.split_once('+').ok_or_else(malformed)?;
        let bytes = text::parse_base64(key).ok_or_else(malformed)?;
        let (kind, bytes) = bytes.split_first().ok_or_else(malformed)?;
        let kind = match kind {
            1 => KeyKind::Log,
            4 => KeyKind::Witness,
            other => {
                return Err(KeyError::UnsupportedKind { name: text::clip(name), kind: *other });
            }
        };
        let key = public_key(bytes).ok_or_else(|| KeyError::BadKey(text::clip(name)))?;
        let parsed = Self::new(name, kind, &key)?;
        if parsed.id.to_string() == id {
            Ok(parsed)
        } else {
            Err(KeyError::WrongId(text::clip(name)))
        }
    }
}

impl NoteSigner {
    /// Gives a log's secret key its name, the log's origin.
    ///
    /// # Errors
    /// If the name cannot stand in a signature line.
    pub fn new(name: &str, secret: SigningKey) -> Result<Self, KeyError> {
        let public = VerifierKey::new(name, KeyKind::Log, &secret.verifying_key())?;
        Ok(Self { public, secret })
    }

    /// Signs the text of a note; the result is the signature line's content after the key id.
    #[must_use]
    pub fn sign(&self, text: &str) -> [u8; 64] {
        self.secret.sign(text.as_bytes()).to_bytes()
    }

    /// The key that verifies the signatures.
    #[must_use]
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.public
    }
}

/// Shows the public half only.
impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSigner").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn the_verifier_key_of_the_specification_is_read_and_written() {
        let key: VerifierKey = VKEY.parse().unwrap();
        assert_eq!((key.name(), key.kind()), ("example.com/foo", KeyKind::Log));
        assert_eq!(key.to_string(), VKEY);
    }

    #[test]
    fn a_verifier_key_with_one_broken_rule_is_refused_by_name() {
        let broken = |from: &str, to: &str| VKEY.replacen(from, to, 1).parse::<VerifierKey>();
        let name = "example.com/foo".to_owned();
        assert_eq!(broken("530d903a", "530d903b"), Err(KeyError::WrongId(name.clone())));
        assert_eq!(broken("530d903a", "530D903A"), Err(KeyError::WrongId(name.clone())));
        assert_eq!(broken("foo+", "fo+"), Err(KeyError::WrongId("example.com/fo".to_owned())));
        assert!(matches!(broken("+530d903a+", "+"), Err(KeyError::Malformed(_))));
        assert!(matches!(broken("2k", "2"), Err(KeyError::Malformed(_))));
        assert!(matches!(broken("example", "exa mple"), Err(KeyError::BadName(_))));
        assert!(matches!(broken("example.com/foo", ""), Err(KeyError::BadName(_))));
        let kind = KeyError::UnsupportedKind { name: name.clone(), kind: 5 };
        assert_eq!(broken("+Aek", "+Bek"), Err(kind));
        let weak = format!(
            "example.com/foo+530d903a+{}",
            text::to_base64(&[&[1u8][..], &[0; 32]].concat())
        );
        assert_eq!(weak.parse::<VerifierKey>(), Err(KeyError::BadKey(name)));
    }

    #[test]
    fn verifier_keys_agree_with_signed_note() {
        let secret = SigningKey::from_bytes(&[5; 32]);
        let key = VerifierKey::new("log.example/1", KeyKind::Log, &secret.verifying_key()).unwrap();
        let content = [&[1u8][..], key.public_key().as_bytes()].concat();
        let oracle = signed_note::key_id("log.example/1", &content);
        assert_eq!(key.id().0, oracle.to_be_bytes());
        for name in ["", "a b", "a+b", "a\u{a0}b", "a\n", "a/b", "é"] {
            assert_eq!(is_key_name(name), signed_note::is_key_name_valid(name), "{name}");
        }
    }

    #[test]
    fn the_secret_half_is_not_shown() {
        let signer = NoteSigner::new("log.example", SigningKey::from_bytes(&[5; 32])).unwrap();
        assert!(!format!("{signer:?}").contains("5, 5"));
        assert!(!format!("{signer:?}").contains("0505"));
    }
}
