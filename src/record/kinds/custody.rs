//! The record of a custody event; a hand-over is two of them, one by the giver and one by the receiver.

use crate::domain::id::ObjectId;
use crate::record::fields::Fields;
use crate::record::kinds::{Facts, object, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// An item that was made of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartMade {
    /// The new item.
    pub item: ObjectId,
    /// How much of the other it took with it, in the unit of that one's registration.
    pub quantity: Option<String>,
}

impl PartMade {
    fn write(&self) -> Value {
        Value::Array(vec![object(self.item), text_opt(self.quantity.as_deref())])
    }

    fn read(value: &Value) -> Option<Self> {
        let [item, quantity] = value.as_array()? else { return None };
        let item: [u8; 16] = item.as_bytes()?.try_into().ok()?;
        let quantity = match quantity {
            Value::Null => None,
            other => Some(other.as_text()?.to_owned()),
        };
        Some(Self { item: ObjectId(uuid::Uuid::from_bytes(item)), quantity })
    }
}

/// Something happened to an evidence item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustodyEvent {
    /// Which event, such as `transfer` or `receive`.
    pub event: String,
    /// Who held the item before: pseudonym.
    pub from: String,
    /// Who holds it after, or is to receive it: pseudonym. Of `return`: who got it, in words.
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
    /// How much of it there was, in the unit of the registration.
    pub quantity_before: Option<String>,
    /// How much of it is left.
    pub quantity_after: Option<String>,
    /// The items that were made of it, by `sample`, `split` or `copy`.
    pub parts: Vec<PartMade>,
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
            ("quantity_before", text_opt(self.quantity_before.as_deref())),
            ("quantity_after", text_opt(self.quantity_after.as_deref())),
            ("parts", Value::Array(self.parts.iter().map(PartMade::write).collect())),
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
            quantity_before: fields.text_opt("quantity_before")?,
            quantity_after: fields.text_opt("quantity_after")?,
            parts: match fields.get("parts") {
                Some(_) => fields.list("parts", PartMade::read)?,
                None => Vec::new(),
            },
        })
    }
}
