//! Fingerprint words: what two administrators read to each other when they pair; decides nothing about trust.

use std::fmt;

use bip39::{Language, Mnemonic};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use crate::domain::id::AuthorityName;

/// How many words a fingerprint has: 128 bits and a checksum of 4.
pub const WORDS: usize = 12;

/// The longest text that is looked at when words are read.
const TEXT_BYTES_MAX: usize = 1024;

/// Twelve words of the English BIP-39 list that stand for an authority's name and root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(Mnemonic);

/// Why a text is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWords {
    /// There are not twelve words.
    #[error("a fingerprint has twelve words, not {0}: ask the other side to read them again")]
    Count(usize),
    /// A word is not on the list.
    #[error("word {0} of the fingerprint is not on the list: ask the other side to spell it")]
    Unknown(usize),
    /// The words do not belong together.
    #[error(
        "the fingerprint's checksum is wrong, so a word was misheard or swapped: ask the other side to read them again"
    )]
    Checksum,
}

impl Fingerprint {
    /// The fingerprint of an authority: SHA-256 over its name, a line feed and its root key, the first 128 bits.
    #[must_use]
    pub fn of(authority: &AuthorityName, root: &VerifyingKey) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(authority.as_str().as_bytes());
        hasher.update(b"\n");
        hasher.update(root.as_bytes());
        Self(mnemonic(&hasher.finalize().into()))
    }

    /// Reads words as a person types them: any case, parted by spaces, hyphens, commas or new lines.
    ///
    /// # Errors
    /// If there are not twelve words of the list with the right checksum.
    pub fn parse(text: &str) -> Result<Self, InvalidWords> {
        let words: Vec<String> = text
            .get(..TEXT_BYTES_MAX)
            .unwrap_or(text)
            .split(|c: char| c.is_whitespace() || matches!(c, '-' | ',' | '.' | ';'))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        if words.len() != WORDS {
            return Err(InvalidWords::Count(words.len()));
        }
        let joined = words.join(" ");
        match Mnemonic::parse_in_normalized(Language::English, &joined) {
            Ok(mnemonic) => Ok(Self(mnemonic)),
            Err(bip39::Error::UnknownWord(index)) => Err(InvalidWords::Unknown(index + 1)),
            Err(_) => Err(InvalidWords::Checksum),
        }
    }

    /// Whether these words stand for that authority with that root key.
    #[must_use]
    pub fn matches(&self, authority: &AuthorityName, root: &VerifyingKey) -> bool {
        *self == Self::of(authority, root)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.0.words().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

fn mnemonic(digest: &[u8; 32]) -> Mnemonic {
    let entropy = digest.first_chunk::<16>().expect("a digest of 32 bytes has a first 16");
    Mnemonic::from_entropy(entropy).expect("BIP-39 takes 16 bytes of entropy")
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;
    use crate::node::keys::role::{KeyRole, RoleKey};
    use crate::node::rng::SeededRng;

    fn authority(name: &str) -> AuthorityName {
        AuthorityName::from_str(name).unwrap()
    }

    fn root(seed: u64) -> VerifyingKey {
        RoleKey::generate(KeyRole::Root, &SeededRng::new(seed)).public()
    }

    #[test]
    fn words_stay_the_same_for_ever() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert_eq!(
            Fingerprint::of(&authority("customs.xa.example"), &key).to_string(),
            "treat immune permit glue easy love maple live survey kite grunt silk"
        );
    }

    #[test]
    fn words_are_read_as_people_type_them() {
        let fingerprint = Fingerprint::of(&authority("customs.xa.example"), &root(1));
        let text = fingerprint.to_string();
        for typed in [
            text.clone(),
            text.to_uppercase(),
            text.replace(' ', "-"),
            text.replace(' ', " - "),
            format!("  {}\n", text.replace(' ', "\n")),
        ] {
            assert_eq!(Fingerprint::parse(&typed).as_ref(), Ok(&fingerprint), "{typed}");
        }
    }

    #[test]
    fn another_name_or_key_has_other_words() {
        let fingerprint = Fingerprint::of(&authority("customs.xa.example"), &root(1));
        assert!(fingerprint.matches(&authority("customs.xa.example"), &root(1)));
        assert!(!fingerprint.matches(&authority("customs.xb.example"), &root(1)));
        assert!(!fingerprint.matches(&authority("customs.xa.example"), &root(2)));
    }

    #[test]
    fn misheard_words_are_told_apart() {
        let text = Fingerprint::of(&authority("customs.xa.example"), &root(1)).to_string();
        let words: Vec<&str> = text.split(' ').collect();
        assert_eq!(Fingerprint::parse("abandon"), Err(InvalidWords::Count(1)));
        let with_last = |last: &str| {
            let mut changed = words.clone();
            *changed.last_mut().unwrap() = last;
            changed.join(" ")
        };
        assert_eq!(Fingerprint::parse(&with_last("sealane")), Err(InvalidWords::Unknown(12)));
        // The checksum has 4 bits: of 16 words that differ in them, exactly one is right.
        let list = Language::English.word_list();
        let sound = list.iter().filter(|word| Fingerprint::parse(&with_last(word)).is_ok()).count();
        assert_eq!(sound, list.len() / 16);
    }
}
