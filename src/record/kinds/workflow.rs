//! Records of workflows: a version is taken into use.

use crate::record::fields::Fields;
use crate::record::kinds::{Facts, bytes_opt, int_opt, pairs};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// A version of the workflow of a case type is taken into use; cases that are opened from now on follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowAdopted {
    /// The case type.
    pub case_type: String,
    /// The version.
    pub version: i64,
    /// The SHA-256 of the file.
    pub hash: [u8; 32],
    /// Why.
    pub reason: String,
    /// Of how many cases of the type that are not closed it was tried what the version asks of them.
    pub tried: i64,
    /// How many of those stand in a state from which the version knows no way on.
    pub stuck: i64,
}

impl Payload for WorkflowAdopted {
    const KIND: &'static str = "workflow.adopted/1";

    fn fields(&self) -> Facts {
        pairs([
            ("case_type", Value::text(self.case_type.as_str())),
            ("version", int_opt(Some(self.version))),
            ("hash", bytes_opt(Some(self.hash))),
            ("reason", Value::text(self.reason.as_str())),
            ("tried", int_opt(Some(self.tried))),
            ("stuck", int_opt(Some(self.stuck))),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            case_type: fields.text("case_type")?,
            version: fields.int("version")?,
            hash: fields.bytes("hash")?,
            reason: fields.text("reason")?,
            tried: fields.int("tried")?,
            stuck: fields.int("stuck")?,
        })
    }
}
