//! Records of a share: a case summary that is given to named authorities, and its withdrawal.

use crate::domain::id::AuthorityName;
use crate::record::fields::Fields;
use crate::record::kinds::document::Document;
use crate::record::kinds::{Facts, authorities, authority_of, int_opt, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::statement::StatementHash;
use crate::record::value::Value;

/// A statement of which a summary discloses some fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The statement.
    pub statement: StatementHash,
    /// The indices of the leaves that are shown, the fixed ones left out.
    pub leaves: Vec<i64>,
}

/// Chosen fields of a case are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryShared {
    /// What it is about, in a line.
    pub title: String,
    /// Who receives it.
    pub recipients: Vec<AuthorityName>,
    /// The statements it draws from.
    pub sources: Vec<Source>,
    /// Marking, in its text form.
    pub marking: String,
    /// For what it may be used.
    pub use_purpose: String,
    /// When the recipients delete it, microseconds UTC.
    pub delete_by: Option<i64>,
    /// The officer who approved the release: pseudonym.
    pub approver: Option<String>,
    /// Released files.
    pub documents: Vec<Document>,
}

impl Payload for SummaryShared {
    const KIND: &'static str = "summary.shared/1";

    fn fields(&self) -> Facts {
        let sources = self
            .sources
            .iter()
            .map(|source| {
                let leaves = source.leaves.iter().map(|i| Value::int(*i)).collect();
                Value::map([
                    ("statement", Value::bytes(source.statement.0)),
                    ("leaves", Value::Array(leaves)),
                ])
            })
            .collect();
        pairs([
            ("title", Value::text(self.title.as_str())),
            ("recipients", authorities(&self.recipients)),
            ("sources", Value::Array(sources)),
            ("marking", Value::text(self.marking.as_str())),
            ("use_purpose", Value::text(self.use_purpose.as_str())),
            ("delete_by", int_opt(self.delete_by)),
            ("approver", text_opt(self.approver.as_deref())),
            ("documents", Value::Array(self.documents.iter().map(Document::value).collect())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            title: fields.text("title")?,
            recipients: fields.list("recipients", authority_of)?,
            sources: fields.list("sources", read_source)?,
            marking: fields.text("marking")?,
            use_purpose: fields.text("use_purpose")?,
            delete_by: fields.int_opt("delete_by")?,
            approver: fields.text_opt("approver")?,
            documents: fields.list("documents", Document::read)?,
        })
    }
}

fn read_source(value: &Value) -> Option<Source> {
    Some(Source {
        statement: StatementHash(value.get("statement")?.as_bytes()?.try_into().ok()?),
        leaves: value
            .get("leaves")?
            .as_array()?
            .iter()
            .map(Value::as_int)
            .collect::<Option<_>>()?,
    })
}

/// A share is withdrawn; use stops, and the recipients delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryWithdrawn {
    /// Who had received it.
    pub recipients: Vec<AuthorityName>,
    /// Why.
    pub reason: String,
}

impl Payload for SummaryWithdrawn {
    const KIND: &'static str = "summary.withdrawn/1";

    fn fields(&self) -> Facts {
        pairs([
            ("recipients", authorities(&self.recipients)),
            ("reason", Value::text(self.reason.as_str())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            recipients: fields.list("recipients", authority_of)?,
            reason: fields.text("reason")?,
        })
    }
}
