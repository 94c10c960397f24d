//! A second officer decides on a move that was proposed; its author can only take it back.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::case::CaseStatus;
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::guards::refuse_lacking;
use crate::node::casework::cases::keep::Standing;
use crate::node::casework::cases::moving::{Step, said};
use crate::node::casework::cases::projection::Proposal;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::policy::{Action, Permit, Role};
use crate::record::kinds::case::CaseProposalRefused;

/// Why a proposed move does not happen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The reason, for its author.
    pub reason: String,
}

impl Desk {
    /// Approves the move that waits: the case moves.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if nothing waits or the workflow no longer allows it, [`Error::NotPermitted`] for an
    /// officer without the role that the workflow names, [`Error::Invalid`] with what the case lacks by now,
    /// [`Error::Conflict`] if the case was changed since the head of the permit.
    pub async fn approve_move(&self, permit: &Permit) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseApprove)?;
        let standing = self.standing(id).await?;
        let proposal = waiting(&standing)?;
        refuse_other_role(permit, &proposal)?;
        let workflow = self.workflow(standing.case.workflow).await?;
        let from: CaseStatus = standing.case.status.parse().map_err(Error::internal)?;
        let to: CaseStatus = proposal.status.parse().map_err(Error::internal)?;
        workflow.step(from, to).map_err(|error| Error::IllegalStep(error.to_string()))?;
        refuse_lacking(&workflow, to, &standing.content)?;
        let step = Step {
            from,
            to,
            reason: proposal.reason,
            legal_basis: proposal.legal_basis,
            approves: Some(proposal.record),
        };
        self.take_step(permit, standing, &workflow, step).await?;
        self.case_view(id).await
    }

    /// Refuses the move that waits: the case stays where it is.
    ///
    /// # Errors
    /// As [`Desk::approve_move`]; [`Error::Invalid`] without a reason.
    pub async fn refuse_move(&self, permit: &Permit, input: Refusal) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseApprove)?;
        let standing = self.standing(id).await?;
        refuse_other_role(permit, &waiting(&standing)?)?;
        self.end_proposal(permit, standing, input).await
    }

    /// Takes a move back that the officer proposed.
    ///
    /// # Errors
    /// As [`Desk::refuse_move`]; [`Error::NotPermitted`] if another officer proposed it.
    pub async fn withdraw_move(&self, permit: &Permit, input: Refusal) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseMove)?;
        let standing = self.standing(id).await?;
        waiting(&standing)?;
        let is_own = permit.user().is_some_and(|user| user.to_string() == standing.case.proposer);
        if !is_own {
            return Err(Error::NotPermitted(
                "another officer proposed the move; only they can take it back".to_owned(),
            ));
        }
        self.end_proposal(permit, standing, input).await
    }

    async fn end_proposal(
        &self,
        permit: &Permit,
        standing: Standing,
        input: Refusal,
    ) -> Result<CaseView, Error> {
        let proposal = waiting(&standing)?;
        let refusal = said("reason", Some(input.reason))?
            .ok_or_else(|| Error::invalid("reason", "say why the case does not move"))?;
        let payload = CaseProposalRefused { refuses: proposal.record.0, refusal };
        let case = Case { pending: String::new(), proposer: String::new(), ..standing.case };
        let id = case.id.parse().map_err(Error::internal)?;
        let write = self.case_write(permit, &payload, case, &standing.content).await?;
        self.keep_case("refuse_move", write).await?;
        self.case_view(id).await
    }
}

fn waiting(standing: &Standing) -> Result<Proposal, Error> {
    standing
        .proposal
        .clone()
        .ok_or_else(|| Error::IllegalStep("no move of this case waits for approval".to_owned()))
}

fn refuse_other_role(permit: &Permit, proposal: &Proposal) -> Result<(), Error> {
    let role: Role = proposal.approver.parse().map_err(Error::internal)?;
    if permit.who().roles.contains(&role) {
        return Ok(());
    }
    Err(Error::NotPermitted(format!(
        "the workflow wants the move to {} approved by a {role}",
        proposal.status
    )))
}
