//! Moves a case from one state to another as its workflow allows (R04a, R04b), or proposes the move for approval.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::case::{CaseStatus, UnknownCaseStatus};
use crate::domain::finding::{Finding, long_text};
use crate::domain::workflow::{StateRule, Workflow};
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::content::merged;
use crate::node::casework::cases::guards::{refuse_lacking, started};
use crate::node::casework::cases::keep::Standing;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::case::{CaseMoved, CaseProposed};

/// Where to move a case, and why.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// The state.
    pub to: String,
    /// Why; the workflow says for which states it is needed.
    #[serde(default)]
    pub reason: Option<String>,
    /// The law that the decision rests on; the workflow says for which states it is needed.
    #[serde(default)]
    pub legal_basis: Option<String>,
}

/// A move as it is written: from where to where, and what was said.
pub(crate) struct Step {
    pub(crate) from: CaseStatus,
    pub(crate) to: CaseStatus,
    pub(crate) reason: String,
    pub(crate) legal_basis: Option<String>,
    /// The record that proposed it.
    pub(crate) approves: Option<StatementHash>,
}

impl Desk {
    /// Moves a case. Where the workflow wants approval the move is proposed, and waits for another officer.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] with the rule and the states that are open, or if a proposal waits; [`Error::Invalid`]
    /// for an unknown state and with each field or task that the workflow asks for; [`Error::Conflict`] if somebody
    /// else was first.
    pub async fn move_case(&self, permit: &Permit, input: Movement) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseMove)?;
        let to: CaseStatus = input
            .to
            .parse()
            .map_err(|error: UnknownCaseStatus| Error::invalid("to", error.to_string()))?;
        let (reason, legal_basis) =
            (said("reason", input.reason)?, said("legal_basis", input.legal_basis)?);
        let standing = self.standing(id).await?;
        if let Some(waiting) = &standing.proposal {
            return Err(Error::IllegalStep(format!(
                "the move to {} waits for approval by a {}: it must be approved, refused or withdrawn first",
                waiting.status, waiting.approver
            )));
        }
        let workflow = self.workflow(standing.case.workflow).await?;
        let from: CaseStatus = standing.case.status.parse().map_err(Error::internal)?;
        let rule =
            workflow.step(from, to).map_err(|error| Error::IllegalStep(error.to_string()))?;
        refuse_unsaid(rule, to, reason.as_deref(), legal_basis.as_deref())?;
        refuse_lacking(&workflow, to, &standing.content)?;
        let step =
            Step { from, to, reason: reason.unwrap_or_default(), legal_basis, approves: None };
        match rule.approval {
            Some(approver) => self.propose(permit, standing, step, approver.name()).await?,
            None => self.take_step(permit, standing, &workflow, step).await?,
        }
        self.case_view(id).await
    }

    /// Writes a move, with the tasks that begin.
    pub(crate) async fn take_step(
        &self,
        permit: &Permit,
        standing: Standing,
        workflow: &Workflow,
        step: Step,
    ) -> Result<(), Error> {
        let begun = started(workflow, step.to, &standing.content, self.clock.now());
        let content = merged(&standing.content, &begun);
        let payload = CaseMoved {
            from: step.from.name().to_owned(),
            status: step.to.name().to_owned(),
            reason: step.reason,
            legal_basis: step.legal_basis,
            approves: step.approves.map(|hash| hash.0),
            content: begun.into_iter().collect(),
        };
        let case = Case {
            status: step.to.name().to_owned(),
            pending: String::new(),
            proposer: String::new(),
            ..standing.case
        };
        let write = self.case_write(permit, &payload, case, &content).await?;
        self.keep_case("move_case", write).await
    }

    async fn propose(
        &self,
        permit: &Permit,
        standing: Standing,
        step: Step,
        approver: &str,
    ) -> Result<(), Error> {
        let user = permit
            .user()
            .ok_or_else(|| Error::NotPermitted("a move is proposed by an officer".to_owned()))?;
        let payload = CaseProposed {
            status: step.to.name().to_owned(),
            reason: step.reason,
            legal_basis: step.legal_basis,
            approver: approver.to_owned(),
        };
        let case = Case {
            pending: step.to.name().to_owned(),
            proposer: user.to_string(),
            ..standing.case
        };
        let write = self.case_write(permit, &payload, case, &standing.content).await?;
        self.keep_case("propose_move", write).await
    }
}

/// A text that was given and is not blank.
pub(super) fn said(path: &'static str, text: Option<String>) -> Result<Option<String>, Error> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| long_text(path, &text))
        .transpose()
        .map_err(|error| Error::invalid(path, error.reason))
}

fn refuse_unsaid(
    rule: &StateRule,
    to: CaseStatus,
    reason: Option<&str>,
    legal_basis: Option<&str>,
) -> Result<(), Error> {
    let mut findings = Vec::new();
    if rule.reason && reason.is_none() {
        findings.push(Finding::error("reason", &format!("say why the case moves to {to}")));
    }
    if rule.legal_basis && legal_basis.is_none() {
        let message = format!("name the law on which the move to {to} rests");
        findings.push(Finding::error("legal_basis", &message));
    }
    if findings.is_empty() { Ok(()) } else { Err(Error::Invalid(findings)) }
}
