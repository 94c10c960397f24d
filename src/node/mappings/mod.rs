//! How the columns of an imported file become fields: mapping files in TOML, checked as a whole; reads no rows.
//!
//! A mapping names the kind of rows, the form of the file, and for each field where its text stands: in a column, at a
//! JSON pointer, or in the mapping itself. Every error says the line of the mapping.

mod dictionary;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

pub(crate) use crate::node::mappings::dictionary::scheme_of_column;
pub use crate::node::mappings::dictionary::{Field, Form, fields_of};

/// The mappings that ship with the node, by file name; the first of a kind is used when an officer names none.
pub const SHIPPED: [(&str, &str); 4] = [
    ("declarations.toml", include_str!("../../../config/mappings/declarations.toml")),
    ("declarations-json.toml", include_str!("../../../config/mappings/declarations-json.toml")),
    ("manifests.toml", include_str!("../../../config/mappings/manifests.toml")),
    ("seizures.toml", include_str!("../../../config/mappings/seizures.toml")),
];

/// The longest mapping file, in bytes.
pub const FILE_BYTES_MAX: usize = 64 * 1024;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Goods declared to customs (WCO Revised Kyoto Convention, general annex, chapter 3).
    Declaration,
    /// Consignments on board of a means of transport (cargo manifest, WCO; FAL form 2).
    Manifest,
    /// Goods taken by an authority.
    Seizure,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Declaration, Self::Manifest, Self::Seizure];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declaration => "declaration",
            Self::Manifest => "manifest",
            Self::Seizure => "seizure",
        }
    }

    /// The text of the mapping that is used when an officer names none.
    #[must_use]
    pub fn default_mapping(self) -> &'static str {
        let [(_, declarations), _, (_, manifests), (_, seizures)] = SHIPPED;
        match self {
            Self::Declaration => declarations,
            Self::Manifest => manifests,
            Self::Seizure => seizures,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no kind of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use declaration, manifest or seizure")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownKind)
    }
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180), divided by this character.
    Csv(u8),
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    JsonLines,
}

/// Where the text of a field stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In these columns or members of the object, joined by `/`; all must be there.
    Columns(Vec<String>),
    /// At that JSON pointer (RFC 6901).
    Pointer(String),
    /// In the mapping itself, for all rows.
    Constant(String),
}

/// How one field is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The field.
    pub field: Field,
    /// Where its text stands.
    pub place: Place,
    /// Whether a file without that column is fit too.
    pub is_optional: bool,
    /// What divides several values in one text.
    pub split: Option<String>,
    /// What each code of the file means here.
    pub values: BTreeMap<String, String>,
    /// Whether a code that is not among `values` refuses the row; else it is kept as it stands.
    pub refuses_unlisted: bool,
    /// The form of a date, as for `strptime`; none if it is written `YYYY-MM-DD`.
    pub date: Option<String>,
}

/// A mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// What the rows are.
    pub kind: Kind,
    /// What the mapping is for, in a line.
    pub title: String,
    /// The form of the file.
    pub format: Format,
    /// The fields, in the order of their names.
    pub rules: Vec<Rule>,
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct MappingError {
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong there and what to do.
    pub reason: String,
}

impl Mapping {
    /// Reads a mapping from the text of its file.
    ///
    /// # Errors
    /// [`MappingError`] for the first line that is not in form, or whose word is not known.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        read::mapping(text)
    }
}

#[cfg(test)]
mod tests;
