//! The random name of a blob; says nothing about its content.

use std::fmt;
use std::str::FromStr;

use crate::node::rng::{Rng, random};

/// 128 random bits in lower-case hexadecimal. Never derived from the content: two items with the same file
/// have two names, and nobody can ask the disk whether a known file is among the evidence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName([u8; 16]);

/// A text is not a blob's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a blob's name has 32 digits of lower-case hexadecimal")]
pub struct InvalidBlobName;

impl BlobName {
    /// A name that no other blob has.
    #[must_use]
    pub fn random(rng: &dyn Rng) -> Self {
        Self(random(rng))
    }
}

impl FromStr for BlobName {
    type Err = InvalidBlobName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidBlobName)?;
        let name = Self(bytes);
        // One spelling only, so that a name and its file are the same thing.
        if name.to_string() == text { Ok(name) } else { Err(InvalidBlobName) }
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::rng::SeededRng;

    #[test]
    fn a_name_has_one_spelling() {
        let name = BlobName::random(&SeededRng::new(1));
        assert_eq!(BlobName::from_str(&name.to_string()), Ok(name));
        for bad in ["", "..", &name.to_string().to_uppercase(), &format!("{name}0")] {
            assert!(BlobName::from_str(bad).is_err(), "{bad}");
        }
    }
}
