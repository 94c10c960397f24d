//! A record's fields: salted leaves under one signed root, each to be shown, withheld or erased by itself.

use crate::record::value::{Value, ValueError};
use crate::record::{RECORD_BYTES_MAX, RECORD_FIELDS_MAX};
use crate::transparency::tree::{Hash, leaf_hash};

/// The bytes of a salt: 128 random bits, never used twice (PROTOCOL 2.2).
pub const SALT_BYTES: usize = 16;

/// The number of leaves is padded with decoys to a multiple of this, so that it does not tell how much is said.
pub const PADDING: usize = 8;

/// One field: a value under a path such as `subjects/2/name`, with the salt that hides it (SD-CWT salted claim).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// 16 random bytes that make the leaf's hash say nothing about the value.
    pub salt: [u8; SALT_BYTES],
    /// What is said.
    pub value: Value,
    /// Where in the object it is said.
    pub key: String,
}

/// A leaf of a record's field tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// `[salt]`: pads the count.
    Decoy([u8; SALT_BYTES]),
    /// `[salt, value, key]`.
    Field(Field),
}

/// Why bytes are not a leaf, or leaves are not a record's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The leaf is not deterministic CBOR.
    #[error("a field is {0}")]
    Encoding(#[from] ValueError),
    /// The leaf is CBOR of another shape.
    #[error("a field must be [salt(16 bytes), value, key] or [salt(16 bytes)]")]
    Shape,
    /// The record is larger than any record may be.
    #[error("a record has at most {RECORD_FIELDS_MAX} fields and {RECORD_BYTES_MAX} bytes")]
    TooLarge,
    /// Two leaves set the same path.
    #[error("the field {0} is set twice in one record")]
    Twice(String),
}

impl Leaf {
    /// The leaf's bytes, which are hashed into the tree.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Decoy(salt) => Value::Array(vec![Value::bytes(*salt)]).encode(),
            Self::Field(field) => Value::Array(vec![
                Value::bytes(field.salt),
                field.value.clone(),
                Value::text(field.key.as_str()),
            ])
            .encode(),
        }
    }

    /// Reads a leaf.
    ///
    /// # Errors
    /// If the bytes are not deterministic CBOR of a leaf's shape.
    pub fn decode(bytes: &[u8]) -> Result<Self, FieldError> {
        let Value::Array(parts) = Value::decode(bytes)? else { return Err(FieldError::Shape) };
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Value::Bytes(salt)), None, None, None) => Ok(Self::Decoy(salt_of(&salt)?)),
            (Some(Value::Bytes(salt)), Some(value), Some(Value::Text(key)), None) => {
                Ok(Self::Field(Field { salt: salt_of(&salt)?, value, key }))
            }
            (_, _, _, _) => Err(FieldError::Shape),
        }
    }
}

fn salt_of(bytes: &[u8]) -> Result<[u8; SALT_BYTES], FieldError> {
    bytes.try_into().map_err(|_| FieldError::Shape)
}

/// The hashes of leaves, in order.
pub fn leaf_hashes<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Vec<Hash> {
    leaves.into_iter().map(leaf_hash).collect()
}

/// Refuses leaves that are more or larger than a record's may be.
///
/// # Errors
/// [`FieldError::TooLarge`] beyond the limits of PROTOCOL 2.4.
pub fn check_size<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Result<(), FieldError> {
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for leaf in leaves {
        count += 1;
        bytes = bytes.saturating_add(leaf.len());
        if count > RECORD_FIELDS_MAX || bytes > RECORD_BYTES_MAX {
            return Err(FieldError::TooLarge);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_read_back_and_every_other_shape_refused() {
        let field = Leaf::Field(Field {
            salt: [3; 16],
            value: Value::text("870323"),
            key: "hs".to_owned(),
        });
        assert_eq!(Leaf::decode(&field.encode()), Ok(field));
        assert_eq!(Leaf::decode(&Leaf::Decoy([1; 16]).encode()), Ok(Leaf::Decoy([1; 16])));
        for shape in [
            Value::Null,
            Value::Array(vec![]),
            Value::Array(vec![Value::bytes([0; 15])]),
            Value::Array(vec![Value::bytes([0; 16]), Value::Null]),
            Value::Array(vec![Value::bytes([0; 16]), Value::Null, Value::Null]),
            Value::Array(vec![Value::bytes([0; 16]), Value::Null, Value::text("k"), Value::Null]),
        ] {
            assert_eq!(Leaf::decode(&shape.encode()), Err(FieldError::Shape));
        }
    }

    #[test]
    fn the_leaf_of_the_published_example_has_these_bytes() {
        // formats example: field 1 is ["hs-code", "870323"].
        let leaf = Leaf::Field(Field {
            salt: hex::decode("dc90cf07de907ccc64636ceddb38e552").unwrap().try_into().unwrap(),
            value: Value::text("870323"),
            key: "hs-code".to_owned(),
        });
        assert_eq!(
            hex::encode(leaf.encode()),
            "8350dc90cf07de907ccc64636ceddb38e552663837303332336768732d636f6465"
        );
    }

    #[test]
    fn the_limits_hold_at_the_limit_and_one_beyond() {
        let leaf: &[u8] = &[0; 16];
        assert!(check_size(std::iter::repeat_n(leaf, RECORD_FIELDS_MAX)).is_ok());
        assert!(check_size(std::iter::repeat_n(leaf, RECORD_FIELDS_MAX + 1)).is_err());
        let (full, over) = (vec![0; RECORD_BYTES_MAX], vec![0; RECORD_BYTES_MAX + 1]);
        assert!(check_size([full.as_slice()]).is_ok());
        assert!(check_size([over.as_slice()]).is_err());
    }
}
