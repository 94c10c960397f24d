//! Shows a case with content, warnings and history.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::case::CaseStatus;
use crate::domain::finding::Finding;
use crate::domain::id::ObjectId;
use crate::domain::workflow::{Approver, Workflow};
use crate::node::casework::cases::acknowledge::{ACKNOWLEDGED, acknowledged, open_warnings};
use crate::node::casework::cases::content::{Content, identifiers};
use crate::node::casework::cases::findings::findings;
use crate::node::casework::cases::guards::lacks;
use crate::node::casework::cases::projection::{CurrentField, content_of, proposal_of};
use crate::node::casework::cases::{
    AcknowledgedView, CaseRow, CaseView, IdentifierView, ProposalView, QualityView, StepView,
    WarningView,
};
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
        let history = self.history(id).await?;
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
            quality: quality(&workflow, status, &content),
            warnings: warnings(&fields, &content, &history),
            content: json_content(&content),
            history,
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

/// The warnings, with who acknowledged them.
fn warnings(
    fields: &BTreeMap<String, CurrentField>,
    content: &Content,
    history: &[HistoryView],
) -> Vec<WarningView> {
    let places = acknowledged(content);
    let who = |path: &str| {
        let field = fields.get(&format!("{}/reason", places.get(path)?))?;
        let record = field.record.to_string();
        let signed = history.iter().find(|signed| signed.hash == record)?;
        Some(AcknowledgedView {
            by: signed.actor.clone(),
            at: signed.at.clone(),
            reason: field.value.as_text()?.to_owned(),
        })
    };
    let view = |finding: &Finding| WarningView {
        acknowledged: who(&finding.path),
        finding: FindingView::from(finding),
    };
    findings(content).iter().map(view).collect()
}

fn quality(workflow: &Workflow, from: CaseStatus, content: &Content) -> QualityView {
    let paths = |findings: Vec<Finding>| -> BTreeSet<String> {
        findings.into_iter().map(|finding| finding.path).collect()
    };
    let open = paths(open_warnings(content));
    let odd = paths(findings(content));
    let next = workflow.next(from).iter();
    let is_there = |path: &String| {
        let under = format!("{path}/");
        let next = content.range(under.clone()..).next();
        content.contains_key(path) || next.is_some_and(|(key, _)| key.starts_with(&under))
    };
    // What a warning misses is lacking too.
    let lacking: BTreeSet<String> = next
        .flat_map(|to| lacks(workflow, *to, content))
        .map(|finding| finding.path)
        .chain(open.iter().cloned())
        .filter(|path| !is_there(path))
        .collect();
    let own = content.keys().filter(|path| path.split('/').nth(2) != Some(ACKNOWLEDGED));
    let fields = own.count();
    let judged = fields.saturating_add(lacking.len());
    let sound = fields.saturating_sub(open.difference(&lacking).count());
    QualityView {
        percent: sound
            .saturating_mul(100)
            .checked_div(judged)
            .and_then(|percent| u32::try_from(percent).ok()),
        fields,
        open: open.len(),
        acknowledged: odd.difference(&open).count(),
        lacking: lacking.len(),
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
