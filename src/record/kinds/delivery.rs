//! A signed refusal of a delivered statement; the delivery ends with it.

use crate::record::fields::Fields;
use crate::record::kinds::{Facts, pairs};
use crate::record::payload::{Payload, PayloadError};
use crate::record::statement::StatementHash;
use crate::record::value::Value;

/// The receiver refuses a statement for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRefused {
    /// The refused statement.
    pub statement: StatementHash,
    /// A short code, such as `not_recipient`.
    pub code: String,
    /// What is wrong, for the sender's officer.
    pub reason: String,
}

impl Payload for DeliveryRefused {
    const KIND: &'static str = "delivery.refused/1";

    fn fields(&self) -> Facts {
        pairs([
            ("statement", Value::bytes(self.statement.0)),
            ("code", Value::text(self.code.as_str())),
            ("reason", Value::text(self.reason.as_str())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            statement: StatementHash(fields.bytes("statement")?),
            code: fields.text("code")?,
            reason: fields.text("reason")?,
        })
    }
}
