//! What is shown of a case; reads nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::node::casework::views::{FindingView, HistoryView, time_text};
use crate::node::store::cases::Case;

/// A case in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaseRow {
    /// Its id.
    pub id: String,
    /// The reference that officers use.
    pub reference: String,
    /// The title.
    pub title: String,
    /// The case type.
    pub case_type: String,
    /// The status.
    pub status: String,
    /// The unit.
    pub unit: String,
    /// When it was opened.
    pub opened_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// How many records its chain has.
    pub version: i64,
    /// The state to which somebody proposed to move it, if that waits for approval.
    pub pending: Option<String>,
    /// What restricts it: `ordered`, `review`, `retention` or `to_erase`, if anything does.
    pub restricted: Option<String>,
    /// Its classification level, from 0.
    pub level: i64,
    /// The compartment that it is in.
    pub compartment: Option<String>,
}

impl From<&Case> for CaseRow {
    fn from(case: &Case) -> Self {
        Self {
            id: case.id.clone(),
            reference: case.reference.clone(),
            title: case.title.clone(),
            case_type: case.case_type.clone(),
            status: case.status.clone(),
            unit: case.unit.clone(),
            opened_at: time_text(case.opened_at),
            updated_at: time_text(case.updated_at),
            version: case.version,
            pending: Some(case.pending.clone()).filter(|state| !state.is_empty()),
            restricted: Some(case.restricted.clone()).filter(|word| !word.is_empty()),
            level: case.level,
            compartment: Some(case.compartment.clone()).filter(|name| !name.is_empty()),
        }
    }
}

/// An identifier in a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IdentifierView {
    /// Where it stands.
    pub path: String,
    /// The scheme.
    pub scheme: &'static str,
    /// As it was seen.
    pub observed: String,
    /// The form to match by.
    pub normalised: String,
    /// `pass`, `fail` or `not_applicable`.
    pub check: &'static str,
    /// Why the check failed.
    pub reason: Option<String>,
}

/// A step that a case may take, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepView {
    /// The state.
    pub to: &'static str,
    /// What the case lacks to enter it; empty if nothing.
    pub lacks: Vec<FindingView>,
    /// The role that must approve the move; none if the officer alone decides.
    pub approval: Option<&'static str>,
    /// Whether a reason must be given.
    pub needs_reason: bool,
    /// Whether the law must be named.
    pub needs_legal_basis: bool,
}

/// A move that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProposalView {
    /// The state.
    pub to: String,
    /// Why.
    pub reason: String,
    /// The law that the decision rests on.
    pub legal_basis: Option<String>,
    /// The role that must approve.
    pub approver: String,
    /// Who proposed it: a pseudonym.
    pub proposer: String,
    /// The record that proposes it.
    pub record: String,
}

/// A warning, and whether somebody looked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WarningView {
    /// What is odd.
    #[serde(flatten)]
    pub finding: FindingView,
    /// Who said that it stands so; none while it is open.
    pub acknowledged: Option<AcknowledgedView>,
}

/// That a warning was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcknowledgedView {
    /// By whom: pseudonym.
    pub by: String,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// How good the data of a case are (R10): of the fields that it has or lacks, how many leave nothing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QualityView {
    /// 0 to 100, rounded down; none for a case without content.
    pub percent: Option<u32>,
    /// Fields that the case has.
    pub fields: usize,
    /// Fields with a warning that nobody acknowledged.
    pub open: usize,
    /// Fields with a warning that somebody acknowledged.
    pub acknowledged: usize,
    /// Fields that it lacks for its next steps, or that a warning misses.
    pub lacking: usize,
}

/// A case with its content and history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaseView {
    /// What lists show too.
    #[serde(flatten)]
    pub row: CaseRow,
    /// The officer who leads it: pseudonym.
    pub owner: String,
    /// The officers who work on it: pseudonyms.
    pub team: Vec<String>,
    /// The newest record of its chain; name it when changing the case, so that nobody's change is lost.
    pub head: String,
    /// The workflow that it follows, such as `revenue/1`.
    pub workflow: String,
    /// The states it may be moved to.
    pub next: Vec<&'static str>,
    /// The same states, with what each takes.
    pub steps: Vec<StepView>,
    /// The move that waits for approval.
    pub proposal: Option<ProposalView>,
    /// The values by path.
    pub content: BTreeMap<String, serde_json::Value>,
    /// The identifiers with what their checks say.
    pub identifiers: Vec<IdentifierView>,
    /// What an officer should look at.
    pub warnings: Vec<WarningView>,
    /// How good its data are.
    pub quality: QualityView,
    /// Its records, oldest first.
    pub history: Vec<HistoryView>,
}
