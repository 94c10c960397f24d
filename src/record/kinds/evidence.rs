//! The record that registers an evidence item.

use crate::domain::id::ObjectId;
use crate::record::fields::Fields;
use crate::record::kinds::{Facts, bytes_opt, int_opt, object, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// An evidence item is registered with the hashes of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRegistered {
    /// The case it belongs to.
    pub case: ObjectId,
    /// What it is.
    pub description: String,
    /// The name of the file as it was found.
    pub file_name: Option<String>,
    /// Media type as stated at intake.
    pub media_type: String,
    /// Bytes of the file.
    pub size: i64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// BLAKE3 of the file, against which a transfer is verified while it streams.
    pub blake3: [u8; 32],
    /// Pseudonym of the officer who collected it and holds it first.
    pub collected_by: String,
    /// When it was collected, microseconds UTC.
    pub collected_at: Option<i64>,
    /// Where.
    pub place: Option<String>,
    /// The legal power used.
    pub legal_power: Option<String>,
    /// Seal numbers, as observed.
    pub seals: Option<String>,
    /// The item it was copied from, at another authority: hash of that registration.
    pub copied_from: Option<[u8; 32]>,
}

impl Payload for EvidenceRegistered {
    const KIND: &'static str = "evidence.registered/1";

    fn fields(&self) -> Facts {
        pairs([
            ("case", object(self.case)),
            ("description", Value::text(self.description.as_str())),
            ("file_name", text_opt(self.file_name.as_deref())),
            ("media_type", Value::text(self.media_type.as_str())),
            ("size", Value::int(self.size)),
            ("sha256", Value::bytes(self.sha256)),
            ("blake3", Value::bytes(self.blake3)),
            ("collected_by", Value::text(self.collected_by.as_str())),
            ("collected_at", int_opt(self.collected_at)),
            ("place", text_opt(self.place.as_deref())),
            ("legal_power", text_opt(self.legal_power.as_deref())),
            ("seals", text_opt(self.seals.as_deref())),
            ("copied_from", bytes_opt(self.copied_from)),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            case: fields.object("case")?,
            description: fields.text("description")?,
            file_name: fields.text_opt("file_name")?,
            media_type: fields.text("media_type")?,
            size: fields.int("size")?,
            sha256: fields.bytes("sha256")?,
            blake3: fields.bytes("blake3")?,
            collected_by: fields.text("collected_by")?,
            collected_at: fields.int_opt("collected_at")?,
            place: fields.text_opt("place")?,
            legal_power: fields.text_opt("legal_power")?,
            seals: fields.text_opt("seals")?,
            copied_from: fields.bytes_opt("copied_from")?,
        })
    }
}
