//! A record's fields read by key: what kinds take their values from; proves nothing about the leaves.

use std::collections::BTreeMap;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::record::field::{Field, FieldError, Leaf};
use crate::record::payload::{FIXED_KEYS, PayloadError};
use crate::record::value::Value;

/// A record's fields by key, with the index of each leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, (usize, Value)>);

impl Fields {
    /// Reads leaves with their indices.
    ///
    /// # Errors
    /// If a leaf is malformed or a key is set twice.
    pub fn of<'a>(leaves: impl IntoIterator<Item = (usize, &'a [u8])>) -> Result<Self, FieldError> {
        let mut fields = BTreeMap::new();
        for (index, bytes) in leaves {
            if let Leaf::Field(Field { key, value, .. }) = Leaf::decode(bytes)? {
                if fields.contains_key(&key) {
                    return Err(FieldError::Twice(key));
                }
                fields.insert(key, (index, value));
            }
        }
        Ok(Self(fields))
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|(_, value)| value)
    }

    /// The leaf index of a key.
    #[must_use]
    pub fn index(&self, key: &str) -> Option<usize> {
        self.0.get(key).map(|(index, _)| *index)
    }

    /// Every field but the fixed ones: key, leaf index, value, by key.
    pub fn free(&self) -> impl Iterator<Item = (&str, usize, &Value)> {
        self.0
            .iter()
            .filter(|(key, _)| !FIXED_KEYS.contains(&key.as_str()))
            .map(|(key, (index, value))| (key.as_str(), *index, value))
    }

    /// A text that the kind needs.
    ///
    /// # Errors
    /// [`PayloadError::Missing`]
    pub fn text(&self, key: &str) -> Result<String, PayloadError> {
        self.need(key, |value| value.as_text().map(str::to_owned))
    }

    /// A text that may be absent or null.
    ///
    /// # Errors
    /// [`PayloadError::Missing`] if it is there and no text.
    pub fn text_opt(&self, key: &str) -> Result<Option<String>, PayloadError> {
        self.optional(key, |value| value.as_text().map(str::to_owned))
    }

    /// An integer that the kind needs.
    ///
    /// # Errors
    /// [`PayloadError::Missing`]
    pub fn int(&self, key: &str) -> Result<i64, PayloadError> {
        self.need(key, Value::as_int)
    }

    /// An integer that may be absent or null.
    ///
    /// # Errors
    /// [`PayloadError::Missing`] if it is there and no integer.
    pub fn int_opt(&self, key: &str) -> Result<Option<i64>, PayloadError> {
        self.optional(key, Value::as_int)
    }

    /// A byte string of fixed length that the kind needs.
    ///
    /// # Errors
    /// [`PayloadError::Missing`]
    pub fn bytes<const N: usize>(&self, key: &str) -> Result<[u8; N], PayloadError> {
        self.need(key, |value| value.as_bytes()?.try_into().ok())
    }

    /// A byte string of fixed length that may be absent or null.
    ///
    /// # Errors
    /// [`PayloadError::Missing`] if it is there and no such byte string.
    pub fn bytes_opt<const N: usize>(&self, key: &str) -> Result<Option<[u8; N]>, PayloadError> {
        self.optional(key, |value| value.as_bytes()?.try_into().ok())
    }

    /// An object id that the kind needs, kept as its 16 bytes.
    ///
    /// # Errors
    /// [`PayloadError::Missing`]
    pub fn object(&self, key: &str) -> Result<ObjectId, PayloadError> {
        self.bytes::<16>(key).map(|bytes| ObjectId(uuid::Uuid::from_bytes(bytes)))
    }

    /// An object id that may be absent or null.
    ///
    /// # Errors
    /// [`PayloadError::Missing`] if it is there and no object id.
    pub fn object_opt(&self, key: &str) -> Result<Option<ObjectId>, PayloadError> {
        Ok(self.bytes_opt::<16>(key)?.map(|bytes| ObjectId(uuid::Uuid::from_bytes(bytes))))
    }

    /// An authority's name that the kind needs.
    ///
    /// # Errors
    /// [`PayloadError::Missing`]
    pub fn authority(&self, key: &str) -> Result<AuthorityName, PayloadError> {
        self.need(key, |value| value.as_text()?.parse().ok())
    }

    /// An array that the kind needs, each element read by `read`.
    ///
    /// # Errors
    /// [`PayloadError::Missing`]
    pub fn list<T>(
        &self,
        key: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, PayloadError> {
        self.need(key, |value| value.as_array()?.iter().map(&read).collect())
    }

    fn need<T>(&self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<T, PayloadError> {
        self.get(key).and_then(read).ok_or_else(|| PayloadError::Missing(key.to_owned()))
    }

    fn optional<T>(
        &self,
        key: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, PayloadError> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                read(value).map(Some).ok_or_else(|| PayloadError::Missing(key.to_owned()))
            }
        }
    }
}
