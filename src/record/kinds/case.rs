//! Records of a case: opened, updated, moved, a move proposed and refused, put under another workflow, an officer's
//! conflict of interest declared and lifted.

use crate::record::fields::Fields;
use crate::record::kinds::keeping::{CaseRestricted, CaseReviewed, CaseUnrestricted};
use crate::record::kinds::{Facts, bytes_opt, facts_under, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// The first parts of the paths under which a case has content (PROTOCOL 2.7).
pub const CONTENT: [&str; 14] = [
    "subjects/",
    "consignments/",
    "goods/",
    "seizures/",
    "documents/",
    "interviews/",
    "inspections/",
    "identifiers/",
    "notes/",
    "links/",
    "facts/",
    "tasks/",
    "tracks/",
    "holds/",
];

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
    /// How it is protected from the beginning; none if it is not.
    pub protection: Option<Protection>,
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
        fields.extend(self.protection.iter().flat_map(Protection::fields));
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
            protection: Protection::read(fields)?,
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

/// A case moves from one state to another. A move that was proposed clears the proposal.
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
    /// The record that proposed it, which this one approves; none if nobody had to approve.
    pub approves: Option<[u8; 32]>,
    /// The tasks that begin with the new state, by path.
    pub content: Facts,
}

impl Payload for CaseMoved {
    const KIND: &'static str = "case.moved/1";

    fn fields(&self) -> Facts {
        let mut fields = pairs([
            ("from", Value::text(self.from.as_str())),
            ("status", Value::text(self.status.as_str())),
            ("reason", Value::text(self.reason.as_str())),
            ("legal_basis", text_opt(self.legal_basis.as_deref())),
            ("approves", bytes_opt(self.approves)),
        ]);
        if self.approves.is_some() {
            fields.extend(no_proposal());
        }
        fields.extend(self.content.iter().cloned());
        fields
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            from: fields.text("from")?,
            status: fields.text("status")?,
            reason: fields.text("reason")?,
            legal_basis: fields.text_opt("legal_basis")?,
            approves: fields.bytes_opt("approves")?,
            content: facts_under(fields, &CONTENT),
        })
    }
}

/// Where a proposal stands among the fields of a case.
pub const PROPOSAL: [&str; 4] =
    ["proposal/status", "proposal/reason", "proposal/legal_basis", "proposal/approver"];

fn no_proposal() -> Facts {
    pairs(PROPOSAL.map(|path| (path, Value::Null)))
}

/// An officer proposes a move that another one must approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseProposed {
    /// The state to move to.
    pub status: String,
    /// Why.
    pub reason: String,
    /// The law that the decision rests on.
    pub legal_basis: Option<String>,
    /// The role that must approve.
    pub approver: String,
}

impl Payload for CaseProposed {
    const KIND: &'static str = "case.proposed/1";

    fn fields(&self) -> Facts {
        let [status, reason, legal_basis, approver] = PROPOSAL;
        pairs([
            (status, Value::text(self.status.as_str())),
            (reason, Value::text(self.reason.as_str())),
            (legal_basis, text_opt(self.legal_basis.as_deref())),
            (approver, Value::text(self.approver.as_str())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        let [status, reason, legal_basis, approver] = PROPOSAL;
        Ok(Self {
            status: fields.text(status)?,
            reason: fields.text(reason)?,
            legal_basis: fields.text_opt(legal_basis)?,
            approver: fields.text(approver)?,
        })
    }
}

/// A proposal is refused, or taken back by its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseProposalRefused {
    /// The record that proposed.
    pub refuses: [u8; 32],
    /// Why.
    pub refusal: String,
}

impl Payload for CaseProposalRefused {
    const KIND: &'static str = "case.proposal_refused/1";

    fn fields(&self) -> Facts {
        let mut fields = pairs([
            ("refuses", bytes_opt(Some(self.refuses))),
            ("refusal", Value::text(self.refusal.as_str())),
        ]);
        fields.extend(no_proposal());
        fields
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self { refuses: fields.bytes("refuses")?, refusal: fields.text("refusal")? })
    }
}

/// A case is put under another version of its workflow, which the fixed field `profile` of this record names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseWorkflowChanged {
    /// The workflow by name, such as `revenue/2`.
    pub workflow: String,
    /// Why.
    pub workflow_reason: String,
}

impl Payload for CaseWorkflowChanged {
    const KIND: &'static str = "case.workflow_changed/1";

    fn fields(&self) -> Facts {
        pairs([
            ("workflow", Value::text(self.workflow.as_str())),
            ("workflow_reason", Value::text(self.workflow_reason.as_str())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            workflow: fields.text("workflow")?,
            workflow_reason: fields.text("workflow_reason")?,
        })
    }
}

/// Warnings are acknowledged: under the item that each is about stand what it said, the value that was seen, and why it
/// stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseAcknowledged {
    /// By path.
    pub content: Facts,
}

impl Payload for CaseAcknowledged {
    const KIND: &'static str = "case.acknowledged/1";

    fn fields(&self) -> Facts {
        self.content.clone()
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self { content: facts_under(fields, &CONTENT) })
    }
}

/// Who may know of a case beside unit and team: those with the clearance who were let into the compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The classification level, from 0.
    pub level: i64,
    /// The compartment, such as `operation-amber`.
    pub compartment: Option<String>,
}

/// Where the protection of a case stands among its fields. It is no content of the case.
pub const PROTECTION: [&str; 2] = ["level", "compartment"];

impl Protection {
    fn fields(&self) -> Facts {
        let [level, compartment] = PROTECTION;
        pairs([
            (level, Value::int(self.level)),
            (compartment, text_opt(self.compartment.as_deref())),
        ])
    }

    fn read(fields: &Fields) -> Result<Option<Self>, PayloadError> {
        let [level, compartment] = PROTECTION;
        let Some(level) = fields.int_opt(level)? else { return Ok(None) };
        Ok(Some(Self { level, compartment: fields.text_opt(compartment)? }))
    }
}

/// A case is classified, put into a compartment, or either is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseProtected {
    /// How it is protected from now on.
    pub protection: Protection,
    /// Why.
    pub protection_reason: String,
}

impl Payload for CaseProtected {
    const KIND: &'static str = "case.protected/1";

    fn fields(&self) -> Facts {
        let mut fields = self.protection.fields();
        fields.extend(pairs([("protection_reason", Value::text(self.protection_reason.as_str()))]));
        fields
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        let missing = || PayloadError::Missing("level".to_owned());
        Ok(Self {
            protection: Protection::read(fields)?.ok_or_else(missing)?,
            protection_reason: fields.text("protection_reason")?,
        })
    }
}

/// The first part of the paths under which conflicts of interest stand: `conflicts/PSEUDONYM/reason`. They are no content
/// of the case.
pub const CONFLICTS: &str = "conflicts/";

/// An officer has a conflict of interest in the case: it is closed to them until that is lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseConflictDeclared {
    /// The pseudonym of the officer; the record's actor, if they declare it themselves.
    pub officer: String,
    /// Why.
    pub reason: String,
}

impl Payload for CaseConflictDeclared {
    const KIND: &'static str = "case.conflict_declared/1";

    fn fields(&self) -> Facts {
        vec![(conflict_path(&self.officer), Value::text(self.reason.as_str()))]
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        let mut stated = fields.free().filter_map(|(path, _, value)| {
            Some((conflict_of(path)?.to_owned(), value.as_text()?.to_owned()))
        });
        let missing = || PayloadError::Missing(conflict_path("PSEUDONYM"));
        let (officer, reason) = stated.next().ok_or_else(missing)?;
        Ok(Self { officer, reason })
    }
}

/// A conflict of interest is lifted by a supervisor: the officer may work on the case again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseConflictLifted {
    /// The record that declared it.
    pub lifts: [u8; 32],
    /// The pseudonym of the officer.
    pub officer: String,
    /// Why.
    pub lift_reason: String,
}

impl Payload for CaseConflictLifted {
    const KIND: &'static str = "case.conflict_lifted/1";

    fn fields(&self) -> Facts {
        let mut fields = pairs([
            ("lifts", bytes_opt(Some(self.lifts))),
            ("lift_reason", Value::text(self.lift_reason.as_str())),
        ]);
        fields.push((conflict_path(&self.officer), Value::Null));
        fields
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        let mut cleared = fields.free().filter_map(|(path, _, _)| conflict_of(path));
        let missing = || PayloadError::Missing(conflict_path("PSEUDONYM"));
        Ok(Self {
            lifts: fields.bytes("lifts")?,
            officer: cleared.next().ok_or_else(missing)?.to_owned(),
            lift_reason: fields.text("lift_reason")?,
        })
    }
}

fn conflict_path(officer: &str) -> String {
    format!("{CONFLICTS}{officer}/reason")
}

/// The pseudonym in a path under which a conflict of interest stands.
#[must_use]
pub fn conflict_of(path: &str) -> Option<&str> {
    path.strip_prefix(CONFLICTS)?.strip_suffix("/reason")
}

/// The kinds of records that make up a case, in the order in which they were introduced.
pub const KINDS: [&str; 13] = [
    CaseOpened::KIND,
    CaseUpdated::KIND,
    CaseMoved::KIND,
    CaseProposed::KIND,
    CaseProposalRefused::KIND,
    CaseWorkflowChanged::KIND,
    CaseAcknowledged::KIND,
    CaseConflictDeclared::KIND,
    CaseConflictLifted::KIND,
    CaseReviewed::KIND,
    CaseRestricted::KIND,
    CaseUnrestricted::KIND,
    CaseProtected::KIND,
];
