//! The record of a custody event; a hand-over is two of them, one by the giver and one by the receiver.

use crate::record::fields::Fields;
use crate::record::kinds::{Facts, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// Something happened to an evidence item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustodyEvent {
    /// Which event, such as `transfer` or `receive`.
    pub event: String,
    /// Who held the item before: pseudonym.
    pub from: String,
    /// Who holds it after, or is to receive it: pseudonym.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Where.
    pub place: Option<String>,
    /// Condition of the item.
    pub condition: Option<String>,
    /// Seal numbers before.
    pub seals_before: Option<String>,
    /// Seal numbers after.
    pub seals_after: Option<String>,
}

impl Payload for CustodyEvent {
    const KIND: &'static str = "custody.event/1";

    fn fields(&self) -> Facts {
        pairs([
            ("event", Value::text(self.event.as_str())),
            ("from", Value::text(self.from.as_str())),
            ("to", Value::text(self.to.as_str())),
            ("reason", Value::text(self.reason.as_str())),
            ("place", text_opt(self.place.as_deref())),
            ("condition", text_opt(self.condition.as_deref())),
            ("seals_before", text_opt(self.seals_before.as_deref())),
            ("seals_after", text_opt(self.seals_after.as_deref())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            event: fields.text("event")?,
            from: fields.text("from")?,
            to: fields.text("to")?,
            reason: fields.text("reason")?,
            place: fields.text_opt("place")?,
            condition: fields.text_opt("condition")?,
            seals_before: fields.text_opt("seals_before")?,
            seals_after: fields.text_opt("seals_after")?,
        })
    }
}
