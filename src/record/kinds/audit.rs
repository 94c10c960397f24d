//! Records of the audit trail: a part of it was exported.

use crate::record::fields::Fields;
use crate::record::kinds::{Facts, bytes_opt, int_opt, pairs};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// A part of the audit trail was exported. The hashes bind all that the file says, and the log of this record binds the trail:
/// what is chained up to `last` cannot be written anew once this is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailExported {
    /// From when on, microseconds UTC.
    pub from: i64,
    /// Until when, microseconds UTC.
    pub to: i64,
    /// How many entries the file has, with the one before and the one after the time.
    pub entries: i64,
    /// The place of the first one; none if there is none.
    pub first: Option<i64>,
    /// The place of the last one.
    pub last: Option<i64>,
    /// The hash before the first one; zeros if the trail begins with it.
    pub prev_hash: [u8; 32],
    /// The hash of the last one.
    pub last_hash: [u8; 32],
    /// 1 if the trail ended with the last one, 0 if it goes on.
    pub is_end: i64,
    /// SHA-256 over the lines of the entries, as they stand in the file.
    pub lines: [u8; 32],
}

impl Payload for TrailExported {
    const KIND: &'static str = "audit.exported/1";

    fn fields(&self) -> Facts {
        pairs([
            ("from", Value::int(self.from)),
            ("to", Value::int(self.to)),
            ("entries", Value::int(self.entries)),
            ("first", int_opt(self.first)),
            ("last", int_opt(self.last)),
            ("prev_hash", bytes_opt(Some(self.prev_hash))),
            ("last_hash", bytes_opt(Some(self.last_hash))),
            ("is_end", Value::int(self.is_end)),
            ("lines", bytes_opt(Some(self.lines))),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            from: fields.int("from")?,
            to: fields.int("to")?,
            entries: fields.int("entries")?,
            first: fields.int_opt("first")?,
            last: fields.int_opt("last")?,
            prev_hash: fields.bytes("prev_hash")?,
            last_hash: fields.bytes("last_hash")?,
            is_end: fields.int("is_end")?,
            lines: fields.bytes("lines")?,
        })
    }
}
