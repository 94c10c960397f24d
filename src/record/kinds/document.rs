//! A file that travels with a record: named by its hashes, fetched separately by range.

use crate::domain::id::ObjectId;
use crate::record::kinds::object;
use crate::record::value::Value;

/// A released evidence file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The evidence item at the authority that releases it.
    pub evidence: ObjectId,
    /// The name under which the blob is fetched.
    pub blob: String,
    /// File name or description.
    pub title: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// BLAKE3 of the file.
    pub blake3: [u8; 32],
    /// Marking, in its text form.
    pub marking: String,
}

impl Document {
    /// As a field's value.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::map([
            ("evidence", object(self.evidence)),
            ("blob", Value::text(self.blob.as_str())),
            ("title", Value::text(self.title.as_str())),
            ("media_type", Value::text(self.media_type.as_str())),
            ("size", Value::int(self.size)),
            ("sha256", Value::bytes(self.sha256)),
            ("blake3", Value::bytes(self.blake3)),
            ("marking", Value::text(self.marking.as_str())),
        ])
    }

    /// Reads a field's value.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key)?.as_text().map(str::to_owned);
        let id: [u8; 16] = value.get("evidence")?.as_bytes()?.try_into().ok()?;
        Some(Self {
            evidence: ObjectId(uuid::Uuid::from_bytes(id)),
            blob: text("blob")?,
            title: text("title")?,
            media_type: text("media_type")?,
            size: value.get("size")?.as_int()?,
            sha256: value.get("sha256")?.as_bytes()?.try_into().ok()?,
            blake3: value.get("blake3")?.as_bytes()?.try_into().ok()?,
            marking: text("marking")?,
        })
    }
}
