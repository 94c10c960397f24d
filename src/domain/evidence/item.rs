//! What an evidence item is and the digests of its content; computes no digest.

use std::fmt;
use std::str::FromStr;

use crate::domain::amount::Quantity;
use crate::domain::finding::{ImpossibleValue, short_text};
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;

/// The digests of an item's plain bytes, made in one pass at intake.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest {
    /// SHA-256, which courts and foreign tools ask for.
    pub sha256: [u8; 32],
    /// BLAKE3, by which a transfer is verified while it streams.
    pub blake3: [u8; 32],
    /// How many bytes.
    pub length: u64,
}

impl ContentDigest {
    /// SHA-256 in lower-case hexadecimal.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }

    /// BLAKE3 in lower-case hexadecimal.
    #[must_use]
    pub fn blake3_hex(&self) -> String {
        hex::encode(self.blake3)
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{} ({} bytes)", self.sha256_hex(), self.length)
    }
}

/// What an item is in relation to its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemForm {
    /// The thing or document itself.
    Original,
    /// A copy.
    Copy,
    /// A copy that somebody certified.
    CertifiedCopy,
    /// A part taken from another item.
    Sample,
}

impl ItemForm {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Original, Self::Copy, Self::CertifiedCopy, Self::Sample];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Copy => "copy",
            Self::CertifiedCopy => "certified_copy",
            Self::Sample => "sample",
        }
    }
}

/// A text that names no form of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an evidence item is an original, a copy, a certified_copy or a sample")]
pub struct UnknownItemForm;

impl FromStr for ItemForm {
    type Err = UnknownItemForm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|form| form.name() == text).ok_or(UnknownItemForm)
    }
}

/// An evidence item as it is registered.
#[derive(Clone, PartialEq, Eq)]
pub struct EvidenceItem {
    /// The case it belongs to.
    pub case: ObjectId,
    /// What it is, in one line.
    pub description: String,
    /// Original, copy or sample.
    pub form: ItemForm,
    /// The item it was taken or copied from.
    pub parent: Option<ObjectId>,
    /// How much of it, for goods.
    pub quantity: Option<Quantity>,
    /// The digests, where it is a file.
    pub content: Option<ContentDigest>,
    /// The media type of the file.
    pub media_type: Option<String>,
    /// Where it was collected.
    pub place: Option<String>,
    /// When it was collected.
    pub collected_at: Timestamp,
    /// The legal power used to take it.
    pub legal_power: Option<String>,
    /// Numbers of the seals on it.
    pub seals: Vec<String>,
}

impl fmt::Debug for EvidenceItem {
    /// Descriptions stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvidenceItem")
            .field("case", &self.case)
            .field("form", &self.form)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl EvidenceItem {
    /// An original of which only the description is known.
    ///
    /// # Errors
    /// If the description is empty, too long or not one line of text.
    pub fn original(
        case: ObjectId,
        description: &str,
        collected_at: Timestamp,
    ) -> Result<Self, ImpossibleValue> {
        Ok(Self {
            case,
            description: short_text("description", description)?,
            form: ItemForm::Original,
            parent: None,
            quantity: None,
            content: None,
            media_type: None,
            place: None,
            collected_at,
            legal_power: None,
            seals: Vec::new(),
        })
    }

    /// The same item as a copy or sample of another.
    ///
    /// # Errors
    /// If the form is that of an original.
    pub fn derived_from(self, parent: ObjectId, form: ItemForm) -> Result<Self, ImpossibleValue> {
        match form {
            ItemForm::Original => {
                Err(ImpossibleValue::of("form", "of an item with a parent is a copy or a sample"))
            }
            ItemForm::Copy | ItemForm::CertifiedCopy | ItemForm::Sample => {
                Ok(Self { form, parent: Some(parent), ..self })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_names_its_original() {
        let case = ObjectId::from_random([1; 16]);
        let parent = ObjectId::from_random([2; 16]);
        let item = EvidenceItem::original(case, "invoice", Timestamp(0)).unwrap();
        assert!(item.clone().derived_from(parent, ItemForm::Original).is_err());
        let copy = item.derived_from(parent, ItemForm::CertifiedCopy).unwrap();
        assert_eq!(copy.parent, Some(parent));
        assert!(EvidenceItem::original(case, "", Timestamp(0)).is_err());
        for form in ItemForm::ALL {
            assert_eq!(ItemForm::from_str(form.name()), Ok(form));
        }
    }
}
