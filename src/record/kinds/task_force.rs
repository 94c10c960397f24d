//! Records of a joint task force: its charter, a member's signature, a post, a member's leaving, its close.

use crate::domain::id::AuthorityName;
use crate::record::fields::Fields;
use crate::record::kinds::document::Document;
use crate::record::kinds::{Facts, authorities, authority_of, int_opt, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::statement::StatementHash;
use crate::record::value::Value;

/// The terms that every member signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    /// Name of the operation.
    pub name: String,
    /// What it is to achieve.
    pub mandate: String,
    /// The members, the coordinator among them.
    pub members: Vec<AuthorityName>,
    /// The member that proposes the charter and can close the room.
    pub coordinator: AuthorityName,
    /// When it ends, microseconds UTC.
    pub ends_at: Option<i64>,
    /// Marking of what is posted unless a post says otherwise.
    pub marking: String,
}

impl Payload for Charter {
    const KIND: &'static str = "task_force.charter/1";

    fn fields(&self) -> Facts {
        pairs([
            ("name", Value::text(self.name.as_str())),
            ("mandate", Value::text(self.mandate.as_str())),
            ("members", authorities(&self.members)),
            ("coordinator", Value::text(self.coordinator.as_str())),
            ("ends_at", int_opt(self.ends_at)),
            ("marking", Value::text(self.marking.as_str())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            name: fields.text("name")?,
            mandate: fields.text("mandate")?,
            members: fields.list("members", authority_of)?,
            coordinator: fields.authority("coordinator")?,
            ends_at: fields.int_opt("ends_at")?,
            marking: fields.text("marking")?,
        })
    }
}

/// A member signs the charter (`join`), leaves (`leave`), or the coordinator closes the room (`close`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// `join`, `leave` or `close`.
    pub step: String,
    /// The charter that is signed, left or closed.
    pub charter: StatementHash,
    /// Why.
    pub reason: Option<String>,
    /// The newest statement of each member that the signer had seen.
    pub heads: Vec<StatementHash>,
}

impl Payload for Membership {
    const KIND: &'static str = "task_force.membership/1";

    fn fields(&self) -> Facts {
        pairs([
            ("step", Value::text(self.step.as_str())),
            ("charter", Value::bytes(self.charter.0)),
            ("reason", text_opt(self.reason.as_deref())),
            ("heads", hashes(&self.heads)),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            step: fields.text("step")?,
            charter: StatementHash(fields.bytes("charter")?),
            reason: fields.text_opt("reason")?,
            heads: fields.list("heads", hash_of)?,
        })
    }
}

/// A member says something to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The charter of the room.
    pub charter: StatementHash,
    /// What is said.
    pub text: String,
    /// Marking, in its text form.
    pub marking: String,
    /// The newest statement of each member that the author had seen.
    pub heads: Vec<StatementHash>,
    /// Released files.
    pub documents: Vec<Document>,
}

impl Payload for Post {
    const KIND: &'static str = "task_force.post/1";

    fn fields(&self) -> Facts {
        pairs([
            ("charter", Value::bytes(self.charter.0)),
            ("text", Value::text(self.text.as_str())),
            ("marking", Value::text(self.marking.as_str())),
            ("heads", hashes(&self.heads)),
            ("documents", Value::Array(self.documents.iter().map(Document::value).collect())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            charter: StatementHash(fields.bytes("charter")?),
            text: fields.text("text")?,
            marking: fields.text("marking")?,
            heads: fields.list("heads", hash_of)?,
            documents: fields.list("documents", Document::read)?,
        })
    }
}

fn hashes(of: &[StatementHash]) -> Value {
    Value::Array(of.iter().map(|hash| Value::bytes(hash.0)).collect())
}

fn hash_of(value: &Value) -> Option<StatementHash> {
    value.as_bytes()?.try_into().ok().map(StatementHash)
}
