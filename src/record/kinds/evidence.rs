//! The record that registers an evidence item.

use crate::domain::id::ObjectId;
use crate::record::fields::Fields;
use crate::record::kinds::{Facts, bytes_opt, int_opt, object, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// The file of an item, by its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Media type as stated at intake.
    pub media_type: String,
    /// Bytes of the file.
    pub size: i64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// BLAKE3 of the file, against which a transfer is verified while it streams.
    pub blake3: [u8; 32],
}

/// An evidence item is registered: a file with the hashes of its bytes, or a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRegistered {
    /// The case it belongs to.
    pub case: ObjectId,
    /// What it is.
    pub description: String,
    /// What it is in relation to its original: `original` (also where nothing is said), `copy`, `certified_copy`,
    /// `sample` or `part`.
    pub form: String,
    /// The item of this authority that it was copied or taken from.
    pub parent: Option<ObjectId>,
    /// How much of it there is, as a decimal number.
    pub quantity: Option<String>,
    /// The unit of that quantity, by UN/CEFACT Recommendation 20.
    pub unit: Option<String>,
    /// The name of the file as it was found.
    pub file_name: Option<String>,
    /// The file, where the item is one.
    pub file: Option<FileFacts>,
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
        let file = self.file.as_ref();
        pairs([
            ("case", object(self.case)),
            ("description", Value::text(self.description.as_str())),
            ("form", Value::text(self.form.as_str())),
            ("parent", self.parent.map_or(Value::Null, object)),
            ("quantity", text_opt(self.quantity.as_deref())),
            ("unit", text_opt(self.unit.as_deref())),
            ("file_name", text_opt(self.file_name.as_deref())),
            ("media_type", text_opt(file.map(|file| file.media_type.as_str()))),
            ("size", int_opt(file.map(|file| file.size))),
            ("sha256", bytes_opt(file.map(|file| file.sha256))),
            ("blake3", bytes_opt(file.map(|file| file.blake3))),
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
            form: fields.text_opt("form")?.unwrap_or_else(|| "original".to_owned()),
            parent: fields.object_opt("parent")?,
            quantity: fields.text_opt("quantity")?,
            unit: fields.text_opt("unit")?,
            file_name: fields.text_opt("file_name")?,
            file: read_file(fields)?,
            collected_by: fields.text("collected_by")?,
            collected_at: fields.int_opt("collected_at")?,
            place: fields.text_opt("place")?,
            legal_power: fields.text_opt("legal_power")?,
            seals: fields.text_opt("seals")?,
            copied_from: fields.bytes_opt("copied_from")?,
        })
    }
}

/// All of a file's facts or none.
fn read_file(fields: &Fields) -> Result<Option<FileFacts>, PayloadError> {
    if fields.bytes_opt::<32>("sha256")?.is_none() {
        return Ok(None);
    }
    Ok(Some(FileFacts {
        media_type: fields.text("media_type")?,
        size: fields.int("size")?,
        sha256: fields.bytes("sha256")?,
        blake3: fields.bytes("blake3")?,
    }))
}
