//! Shows a case with content, warnings and history.

use std::collections::HashMap;

use crate::domain::case::CaseStatus;
use crate::domain::id::ObjectId;
use crate::domain::workflow::{Approver, Workflow};
use crate::node::casework::cases::content::{Content, identifiers};
use crate::node::casework::cases::findings::findings;
use crate::node::casework::cases::guards::lacks;
use crate::node::casework::cases::projection::{content_of, proposal_of};
use crate::node::casework::cases::{CaseRow, CaseView, IdentifierView, ProposalView, StepView};

use crate::node::casework::permits::Covers;
use crate::node::casework::views::{FindingView, HistoryView, json_content, time_text};
use crate::node::casework::{Desk, Error, Held};
use crate::node::store::cases::{self, Case};
use crate::node::store::{StoreError, logs, object_fields, users};
use crate::policy::{Action, Permit};
use crate::record::{Payload, kinds::case::CaseOpened};

struct Rows {
    case: Case,
    owner: String,
    proposer: String,
    team: Vec<String>,
    fields: Vec<object_fields::ObjectField>,
}

impl Desk {
    /// Shows a case; that it was seen is in the audit trail.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn case(&self, permit: &Permit) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseRead)?;
        self.note_seen(permit).await?;
        self.case_view(id).await
    }

    /// What is shown of a case.
    pub(crate) async fn case_view(&self, id: ObjectId) -> Result<CaseView, Error> {
        let rows = self.case_rows(id).await?;
        let fields = self.open_fields(CaseOpened::KIND, id, rows.fields).await?;
        let content = content_of(&fields);
        let status: CaseStatus = rows.case.status.parse().map_err(Error::internal)?;
        let identifiers = identifiers(&content).into_iter().map(|(path, found)| IdentifierView {
            path,
            scheme: found.scheme.name(),
            observed: found.as_observed,
            normalised: found.normalised,
            check: found.check.name(),
            reason: found.reason,
        });
        let workflow = self.workflow(rows.case.workflow).await?;
        let proposal = proposal_of(&fields).map(|proposal| ProposalView {
            to: proposal.status,
            reason: proposal.reason,
            legal_basis: proposal.legal_basis,
            approver: proposal.approver,
            proposer: rows.proposer,
            record: proposal.record.to_string(),
        });
        Ok(CaseView {
            row: CaseRow::from(&rows.case),
            workflow: workflow.name(),
            steps: steps(&workflow, status, &content),
            proposal,
            owner: rows.owner,
            team: rows.team,
            head: hex::encode(rows.case.head),
            next: workflow.next(status).iter().map(|status| status.name()).collect(),
            identifiers: identifiers.collect(),
            warnings: findings(&content).iter().map(FindingView::from).collect(),
            content: json_content(&content),
            history: self.history(id).await?,
        })
    }

    async fn case_rows(&self, id: ObjectId) -> Result<Rows, Error> {
        let found = self
            .store
            .read("case_view", move |tx| {
                Box::pin(async move {
                    let id = id.to_string();
                    let Some(case) = cases::get(tx, &id).await? else { return Ok(None) };
                    let owner = users::get(tx, &case.owner).await?;
                    let proposer = users::get(tx, &case.proposer).await?;
                    let proposer = proposer.map(|user| user.pseudonym).unwrap_or_default();
                    let mut team = Vec::new();
                    for member in cases::team(tx, &id).await? {
                        team.extend(users::get(tx, &member.user_id).await?.map(|u| u.pseudonym));
                    }
                    let fields = object_fields::of_object(tx, &id).await?;
                    let owner = owner.map(|user| user.pseudonym).unwrap_or_default();
                    Ok(Some(Rows { case, owner, proposer, team, fields }))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        found.ok_or(Error::NotFound("case"))
    }

    /// The own records of an object, oldest first, with their places in this node's log.
    pub(crate) async fn history(&self, id: ObjectId) -> Result<Vec<HistoryView>, Error> {
        let held = self.own_held_of(id).await?;
        self.history_of(&held).await
    }

    /// As [`Desk::history`], of records that are open already.
    pub(crate) async fn history_of(&self, held: &[Held]) -> Result<Vec<HistoryView>, Error> {
        let hashes: Vec<_> = held.iter().map(|held| held.statement().hash().0).collect();
        let leaves = self
            .store
            .read("history", move |tx| Box::pin(async move { logs::leaves_of(tx, &hashes).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let places: HashMap<_, _> =
            leaves.into_iter().map(|leaf| (leaf.record_hash, leaf.idx)).collect();
        let view = |held: &Held| {
            let (common, statement) = (held.common(), held.statement());
            HistoryView {
                hash: statement.hash().to_string(),
                kind: common.kind.clone(),
                actor: common.actor.clone(),
                role: common.role.clone(),
                purpose: common.purpose.clone(),
                at: time_text(common.authored_at.0),
                author: statement.issuer.to_string(),
                log_index: places.get(&statement.hash().0).copied(),
            }
        };
        Ok(held.iter().map(view).collect())
    }
}

fn steps(workflow: &Workflow, from: CaseStatus, content: &Content) -> Vec<StepView> {
    let view = |to: &CaseStatus| {
        let rule = workflow.states.get(to)?;
        Some(StepView {
            to: to.name(),
            lacks: lacks(workflow, *to, content).iter().map(FindingView::from).collect(),
            approval: rule.approval.map(Approver::name),
            needs_reason: rule.reason,
            needs_legal_basis: rule.legal_basis,
        })
    };
    workflow.next(from).iter().filter_map(view).collect()
}
