//! Records of how long a case is kept: reviewed, restricted, no longer restricted. They erase nothing.

use crate::record::fields::Fields;
use crate::record::kinds::{Facts, int_opt, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// Where a case says why it is restricted: the field of the word.
pub const RESTRICTION: &str = "restriction";

/// Where a case says when it is reviewed next, or was to be erased.
pub const REVIEW_BY: &str = "review_by";

/// An officer reviews whether the data of a case are still needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReviewed {
    /// `keep` or `erase`.
    pub decision: String,
    /// Why.
    pub reason: String,
    /// When it is reviewed next; the time of the review if the case is to be erased. Microseconds UTC.
    pub review_by: i64,
    /// What restricts the case from now on; none if nothing does.
    pub restriction: Option<String>,
}

impl Payload for CaseReviewed {
    const KIND: &'static str = "case.reviewed/1";

    fn fields(&self) -> Facts {
        pairs([
            ("review_decision", Value::text(self.decision.as_str())),
            ("review_reason", Value::text(self.reason.as_str())),
            (REVIEW_BY, int_opt(Some(self.review_by))),
            (RESTRICTION, text_opt(self.restriction.as_deref())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            decision: fields.text("review_decision")?,
            reason: fields.text("review_reason")?,
            review_by: fields.int(REVIEW_BY)?,
            restriction: fields.text_opt(RESTRICTION)?,
        })
    }
}

/// The data of a case are restricted: kept, and used for nothing but review, hold and erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRestricted {
    /// `ordered` by an officer, or what passed undone: `review` or `retention`.
    pub restriction: String,
    /// Why.
    pub reason: String,
    /// The law that asks for it.
    pub legal_basis: Option<String>,
}

impl Payload for CaseRestricted {
    const KIND: &'static str = "case.restricted/1";

    fn fields(&self) -> Facts {
        pairs([
            (RESTRICTION, Value::text(self.restriction.as_str())),
            ("restriction_reason", Value::text(self.reason.as_str())),
            ("restriction_basis", text_opt(self.legal_basis.as_deref())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            restriction: fields.text(RESTRICTION)?,
            reason: fields.text("restriction_reason")?,
            legal_basis: fields.text_opt("restriction_basis")?,
        })
    }
}

/// A restriction that was ordered is lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseUnrestricted {
    /// Why.
    pub reason: String,
}

impl Payload for CaseUnrestricted {
    const KIND: &'static str = "case.unrestricted/1";

    fn fields(&self) -> Facts {
        pairs([
            (RESTRICTION, Value::Null),
            ("unrestriction_reason", Value::text(self.reason.as_str())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self { reason: fields.text("unrestriction_reason")? })
    }
}
