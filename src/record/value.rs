//! The one encoding that is signed: CBOR values in deterministic form (RFC 8949 4.2.1); no floats, no tags.

use std::fmt;

use minicbor::data::{Int, Type};
use minicbor::{Decoder, Encoder};

use crate::record::NESTING_MAX;

/// A value of a field or header: text, bytes, integers, booleans, null, arrays and maps of these.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// The absence of a value; as a field's value it clears what was set before.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer from -2^64 to 2^64-1.
    Int(i128),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// A sequence of values.
    Array(Vec<Value>),
    /// Pairs of key and value; kept in the deterministic order of their encoded keys.
    Map(Vec<(Value, Value)>),
}

/// Why bytes are not one deterministic CBOR value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The bytes are valid CBOR in part, but not in the one form that may be signed.
    #[error(
        "not in deterministic form (RFC 8949 4.2.1): an encoder must use shortest lengths, sorted unique keys and no surplus bytes"
    )]
    NotCanonical,
    /// The bytes end too early or are not CBOR.
    #[error("not CBOR: {0}")]
    Malformed(String),
    /// A type that records do not use.
    #[error("a {0} is not allowed in a record")]
    Forbidden(String),
    /// Arrays or maps lie too deep in each other.
    #[error("nested deeper than {NESTING_MAX}")]
    TooDeep,
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A byte value.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// An integer value.
    pub fn int(int: impl Into<i128>) -> Self {
        Self::Int(int.into())
    }

    /// A map with text keys, sorted as the encoding asks.
    pub fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Self)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().map(|(k, v)| (Self::Text(k.into()), v)).collect();
        sort_by_encoded_key(&mut pairs);
        Self::Map(pairs)
    }

    /// A map with integer keys, sorted as the encoding asks.
    pub fn int_map(pairs: impl IntoIterator<Item = (i128, Self)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().map(|(k, v)| (Self::Int(k), v)).collect();
        sort_by_encoded_key(&mut pairs);
        Self::Map(pairs)
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The bytes, if this is a byte string.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The integer, if this is one that fits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self { i64::try_from(*int).ok() } else { None }
    }

    /// The elements, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The value under a text key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        pairs.iter().find(|(k, _)| k.as_text() == Some(key)).map(|(_, v)| v)
    }

    /// The value under an integer key, if this is a map that has it.
    #[must_use]
    pub fn get_int(&self, key: i128) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        pairs.iter().find(|(k, _)| *k == Self::Int(key)).map(|(_, v)| v)
    }

    /// The deterministic encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        encode_into(self, &mut encoder);
        encoder.into_writer()
    }

    /// Reads one value that must fill `bytes` and be in deterministic form.
    ///
    /// # Errors
    /// If the bytes are not CBOR, use a forbidden type, nest too deep, or are not what [`Value::encode`] would write.
    pub fn decode(bytes: &[u8]) -> Result<Self, ValueError> {
        let mut decoder = Decoder::new(bytes);
        let value = decode_from(&mut decoder, bytes.len(), 0)?;
        // Comparing with the one right encoding refuses every other form at once: long lengths, unsorted or double
        // keys, indefinite items, surplus bytes.
        if decoder.position() == bytes.len() && value.keys_are_sorted() && value.encode() == bytes {
            Ok(value)
        } else {
            Err(ValueError::NotCanonical)
        }
    }

    fn keys_are_sorted(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Bytes(_) | Self::Text(_) => true,
            Self::Array(items) => items.iter().all(Self::keys_are_sorted),
            Self::Map(pairs) => {
                let keys: Vec<_> = pairs.iter().map(|(key, _)| key.encode()).collect();
                keys.is_sorted_by(|a, b| a < b)
                    && pairs.iter().all(|(k, v)| k.keys_are_sorted() && v.keys_are_sorted())
            }
        }
    }
}

impl fmt::Debug for Value {
    /// The shape only: a field's value may be personal data and must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool"),
            Self::Int(_) => f.write_str("Int"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Text(text) => write!(f, "Text({})", text.len()),
            Self::Array(items) => write!(f, "Array({})", items.len()),
            Self::Map(pairs) => write!(f, "Map({})", pairs.len()),
        }
    }
}

fn sort_by_encoded_key(pairs: &mut [(Value, Value)]) {
    pairs.sort_by_cached_key(|(key, _)| key.encode());
}

fn encode_into(value: &Value, encoder: &mut Encoder<Vec<u8>>) {
    const INFALLIBLE: &str = "writing to a Vec cannot fail";
    match value {
        Value::Null => {
            encoder.null().expect(INFALLIBLE);
        }
        Value::Bool(flag) => {
            encoder.bool(*flag).expect(INFALLIBLE);
        }
        Value::Int(int) => {
            // Out of range cannot be read from the wire; from our own code it would be a mistake that saturates.
            let limit = if *int < 0 { -(1_i128 << 64) } else { (1_i128 << 64) - 1 };
            let clamped = Int::try_from(*int).or_else(|_| Int::try_from(limit));
            encoder.int(clamped.expect("the limits are CBOR integers")).expect(INFALLIBLE);
        }
        Value::Bytes(bytes) => {
            encoder.bytes(bytes).expect(INFALLIBLE);
        }
        Value::Text(text) => {
            encoder.str(text).expect(INFALLIBLE);
        }
        Value::Array(items) => {
            encoder.array(items.len() as u64).expect(INFALLIBLE);
            for item in items {
                encode_into(item, encoder);
            }
        }
        Value::Map(pairs) => {
            encoder.map(pairs.len() as u64).expect(INFALLIBLE);
            for (key, value) in pairs {
                encode_into(key, encoder);
                encode_into(value, encoder);
            }
        }
    }
}

fn decode_from(decoder: &mut Decoder<'_>, total: usize, depth: usize) -> Result<Value, ValueError> {
    if depth > NESTING_MAX {
        return Err(ValueError::TooDeep);
    }
    let malformed = |e: minicbor::decode::Error| ValueError::Malformed(e.to_string());
    Ok(match decoder.datatype().map_err(malformed)? {
        Type::Null => {
            decoder.null().map_err(malformed)?;
            Value::Null
        }
        Type::Bool => Value::Bool(decoder.bool().map_err(malformed)?),
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64
        | Type::Int => Value::Int(i128::from(decoder.int().map_err(malformed)?)),
        Type::Bytes => Value::Bytes(decoder.bytes().map_err(malformed)?.to_vec()),
        Type::String => Value::Text(decoder.str().map_err(malformed)?.to_owned()),
        Type::Array => {
            let count = decoder.array().map_err(malformed)?.ok_or(ValueError::NotCanonical)?;
            let mut items = Vec::new();
            for _ in 0..bounded(count, decoder, total, 1)? {
                items.push(decode_from(decoder, total, depth + 1)?);
            }
            Value::Array(items)
        }
        Type::Map => {
            let count = decoder.map().map_err(malformed)?.ok_or(ValueError::NotCanonical)?;
            let mut pairs = Vec::new();
            for _ in 0..bounded(count, decoder, total, 2)? {
                let key = decode_from(decoder, total, depth + 1)?;
                pairs.push((key, decode_from(decoder, total, depth + 1)?));
            }
            Value::Map(pairs)
        }
        other => return Err(ValueError::Forbidden(other.to_string())),
    })
}

/// An announced count, refused when the bytes that are left could not hold that many items.
fn bounded(
    count: u64,
    decoder: &Decoder<'_>,
    total: usize,
    bytes_each: u64,
) -> Result<u64, ValueError> {
    let left = total.saturating_sub(decoder.position()) as u64;
    if count.saturating_mul(bytes_each) <= left {
        Ok(count)
    } else {
        Err(ValueError::Malformed("a length that exceeds the bytes".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|i| Value::Int(i.into())),
            any::<u64>().prop_map(|i| Value::Int(i.into())),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            ".{0,20}".prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::btree_map("[a-z]{0,8}", inner, 0..6).prop_map(Value::map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(value in any_value()) {
            prop_assert_eq!(Value::decode(&value.encode()), Ok(value));
        }

        #[test]
        fn whatever_is_accepted_is_in_the_one_form(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = Value::decode(&bytes) {
                prop_assert_eq!(value.encode(), bytes);
            }
        }
    }

    #[test]
    fn every_other_form_of_the_same_value_is_refused() {
        for (name, hex_form) in [
            ("integer longer than needed", "1800"),
            ("length longer than needed", "580100"),
            ("indefinite array", "9f00ff"),
            ("indefinite text", "7f6161ff"),
            ("unsorted keys", "a2616201616102"),
            ("double key", "a2616101616102"),
            ("surplus byte", "0000"),
            ("float", "f93c00"),
            ("tag", "c000"),
            ("undefined", "f7"),
            ("cut short", "6261"),
            ("length beyond the bytes", "9b7fffffffffffffff"),
            ("invalid UTF-8", "61ff"),
        ] {
            assert!(Value::decode(&hex::decode(hex_form).unwrap()).is_err(), "{name}");
        }
    }

    #[test]
    fn nesting_is_refused_one_beyond_the_limit() {
        let nested = |depth: usize| {
            let mut bytes = vec![0x81; depth];
            bytes.push(0);
            Value::decode(&bytes)
        };
        assert!(nested(NESTING_MAX).is_ok());
        assert_eq!(nested(NESTING_MAX + 1), Err(ValueError::TooDeep));
    }
}
