//! The record of an act that moves a request for mutual assistance.

use crate::domain::id::AuthorityName;
use crate::record::fields::Fields;
use crate::record::kinds::document::Document;
use crate::record::kinds::{Facts, bytes_opt, facts_under, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// The first part of the paths under which an act has content, such as `content/facts`.
pub const CONTENT: [&str; 1] = ["content/"];

/// One act of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestAct {
    /// The act, such as `submit` or `final_reply`.
    pub act: String,
    /// Who asks.
    pub applicant: AuthorityName,
    /// Who is asked.
    pub requested: AuthorityName,
    /// The instrument cited, such as `generic.policy`; its hash is the fixed field `profile`.
    pub instrument: String,
    /// For `accept_conditions` and `decline_conditions`: the hash of the statement that made the offer.
    pub offer: Option<[u8; 32]>,
    /// The second officer who approved, where the act needs one: pseudonym.
    pub approver: Option<String>,
    /// Marking of what is said, in its text form.
    pub marking: Option<String>,
    /// Released files.
    pub documents: Vec<Document>,
    /// What is asked or answered, by path under `content/`.
    pub content: Facts,
}

impl Payload for RequestAct {
    const KIND: &'static str = "request.act/1";

    fn fields(&self) -> Facts {
        let documents = self.documents.iter().map(Document::value).collect();
        let mut fields = pairs([
            ("act", Value::text(self.act.as_str())),
            ("applicant", Value::text(self.applicant.as_str())),
            ("requested", Value::text(self.requested.as_str())),
            ("instrument", Value::text(self.instrument.as_str())),
            ("offer", bytes_opt(self.offer)),
            ("approver", text_opt(self.approver.as_deref())),
            ("marking", text_opt(self.marking.as_deref())),
            ("documents", Value::Array(documents)),
        ]);
        fields.extend(self.content.iter().cloned());
        fields
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            act: fields.text("act")?,
            applicant: fields.authority("applicant")?,
            requested: fields.authority("requested")?,
            instrument: fields.text("instrument")?,
            offer: fields.bytes_opt("offer")?,
            approver: fields.text_opt("approver")?,
            marking: fields.text_opt("marking")?,
            documents: fields.list("documents", Document::read)?,
            content: facts_under(fields, &CONTENT),
        })
    }
}
