//! What an evidence item is in relation to its original.

use std::str::FromStr;

/// What an item is in relation to its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemForm {
    /// The thing or document itself.
    Original,
    /// A copy.
    Copy,
    /// A copy that somebody certified.
    CertifiedCopy,
    /// A part taken from another item to be examined.
    Sample,
    /// One of the items into which another was divided.
    Part,
}

impl ItemForm {
    /// Every form.
    pub const ALL: [Self; 5] =
        [Self::Original, Self::Copy, Self::CertifiedCopy, Self::Sample, Self::Part];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Copy => "copy",
            Self::CertifiedCopy => "certified_copy",
            Self::Sample => "sample",
            Self::Part => "part",
        }
    }
}

/// A text that names no form of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an evidence item is an original, a copy, a certified_copy, a sample or a part")]
pub struct UnknownItemForm;

impl FromStr for ItemForm {
    type Err = UnknownItemForm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|form| form.name() == text).ok_or(UnknownItemForm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_stable_names() {
        for form in ItemForm::ALL {
            assert_eq!(ItemForm::from_str(form.name()), Ok(form));
            assert!(UnknownItemForm.to_string().contains(form.name()));
        }
        assert_eq!(ItemForm::from_str("photocopy"), Err(UnknownItemForm));
    }
}
