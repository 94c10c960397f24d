//! What is shown of a case that was found; reads nothing.

use schemars::JsonSchema;
use serde::Serialize;

use crate::node::casework::CaseRow;
use crate::node::store::identifiers::Identifier;

/// A case that was found, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HitView {
    /// The case, as lists show it.
    #[serde(flatten)]
    pub row: CaseRow,
    /// Where the identifier stands that was looked for.
    pub places: Vec<PlaceView>,
    /// The name that is likest to the one that was looked for. Whether it is the same person, an officer decides.
    pub name: Option<NameView>,
}

/// A place where an identifier stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlaceView {
    /// The field.
    pub path: String,
    /// The scheme.
    pub scheme: String,
    /// The form to match by.
    pub normalised: String,
    /// `pass`, `fail` or `not_applicable`.
    pub check_result: String,
}

impl From<Identifier> for PlaceView {
    fn from(place: Identifier) -> Self {
        Self {
            path: place.path,
            scheme: place.scheme,
            normalised: place.normalised,
            check_result: place.check_result,
        }
    }
}

/// A name that is like the one that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NameView {
    /// The field.
    pub path: String,
    /// The name as it stands there.
    pub name: String,
    /// How alike they are, of 1000.
    pub score: u16,
    /// Why.
    pub reasons: Vec<String>,
}
