//! Records of a case: opened, updated, moved.

use crate::record::fields::Fields;
use crate::record::kinds::{Facts, facts_under, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// The first parts of the paths under which a case has content (PROTOCOL 2.7).
pub const CONTENT: [&str; 7] =
    ["subjects/", "consignments/", "goods/", "identifiers/", "notes/", "links/", "facts/"];

/// A case is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOpened {
    /// The authority's own case number.
    pub reference: String,
    /// What it is about, in a line.
    pub title: String,
    /// One of the case types, such as `tobacco_excise`.
    pub case_type: String,
    /// The state in which it starts.
    pub status: String,
    /// The unit that owns it.
    pub unit: Option<String>,
    /// Subjects, consignments, goods lines and identifiers, by path.
    pub content: Facts,
}

impl Payload for CaseOpened {
    const KIND: &'static str = "case.opened/1";

    fn fields(&self) -> Facts {
        let mut fields = pairs([
            ("reference", Value::text(self.reference.as_str())),
            ("title", Value::text(self.title.as_str())),
            ("case_type", Value::text(self.case_type.as_str())),
            ("status", Value::text(self.status.as_str())),
            ("unit", text_opt(self.unit.as_deref())),
        ]);
        fields.extend(self.content.iter().cloned());
        fields
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            reference: fields.text("reference")?,
            title: fields.text("title")?,
            case_type: fields.text("case_type")?,
            status: fields.text("status")?,
            unit: fields.text_opt("unit")?,
            content: facts_under(fields, &CONTENT),
        })
    }
}

/// Content of a case is set or cleared; what is not named is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseUpdated {
    /// The title, if it changes.
    pub title: Option<String>,
    /// Content by path; null clears.
    pub content: Facts,
}

impl Payload for CaseUpdated {
    const KIND: &'static str = "case.updated/1";

    fn fields(&self) -> Facts {
        let mut fields: Facts = Vec::new();
        if let Some(title) = &self.title {
            fields.push(("title".to_owned(), Value::text(title.as_str())));
        }
        fields.extend(self.content.iter().cloned());
        fields
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self { title: fields.text_opt("title")?, content: facts_under(fields, &CONTENT) })
    }
}

/// A case moves from one state to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseMoved {
    /// The state before.
    pub from: String,
    /// The state after.
    pub status: String,
    /// Why.
    pub reason: String,
    /// The law that the decision rests on.
    pub legal_basis: Option<String>,
}

impl Payload for CaseMoved {
    const KIND: &'static str = "case.moved/1";

    fn fields(&self) -> Facts {
        pairs([
            ("from", Value::text(self.from.as_str())),
            ("status", Value::text(self.status.as_str())),
            ("reason", Value::text(self.reason.as_str())),
            ("legal_basis", text_opt(self.legal_basis.as_deref())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            from: fields.text("from")?,
            status: fields.text("status")?,
            reason: fields.text("reason")?,
            legal_basis: fields.text_opt("legal_basis")?,
        })
    }
}
