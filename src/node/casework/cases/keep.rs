//! The one transaction that every change of a case is: chain, record, projections, audit trail.

use std::collections::BTreeSet;

use crate::domain::finding::{Finding, has_error};
use crate::domain::id::ObjectId;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done;
use crate::node::casework::cases::content::Content;
use crate::node::casework::cases::due::{Due, due, rows};
use crate::node::casework::cases::findings::{findings, searchable};
use crate::node::casework::cases::origin::origins;
use crate::node::casework::cases::projection::{FieldChanges, Proposal, content_of, proposal_of};
use crate::node::casework::search::TermMaker;
use crate::node::casework::{Desk, Error};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::case_origins::{self, CaseOrigin};
use crate::node::store::cases::{self, Case, CaseOutcome};
use crate::node::store::deadlines;
use crate::node::store::identifiers::{self, Identifier};
use crate::node::store::{StoreError, Tx, idempotency, search};
use crate::policy::Permit;
use crate::record::kinds::case::{CaseMoved, CaseOpened, CaseUpdated};
use crate::record::kinds::keeping::{CaseRestricted, CaseReviewed, CaseUnrestricted};
use crate::record::{Payload, StatementHash, Value};

/// The records that are acts of work on a case: retention runs from the last one while no breach is found.
pub(super) const ACTS: [&str; 3] = [CaseOpened::KIND, CaseUpdated::KIND, CaseMoved::KIND];

/// A case with its current content.
pub(crate) struct Standing {
    pub(crate) case: Case,
    pub(crate) content: Content,
    /// The move that waits for approval.
    pub(crate) proposal: Option<Proposal>,
}

/// A change that is ready to be written.
pub(crate) struct CaseWrite {
    pub(crate) prepared: Prepared,
    pub(crate) case: Case,
    fields: FieldChanges,
    identifiers: Vec<Identifier>,
    /// What search knows of it but for its team, which only the store knows.
    terms: BTreeSet<String>,
    maker: TermMaker,
    /// Whether the case enters its state with this record.
    enters: bool,
    /// The outcomes, if the record says something of them.
    outcomes: Option<Vec<CaseOutcome>>,
    origins: Vec<CaseOrigin>,
    due: Vec<Due>,
    event: NewAuditEvent,
}

impl CaseWrite {
    /// The same with more said in the audit trail.
    pub(crate) fn noting(mut self, detail: String) -> Self {
        self.event.detail = Some(detail);
        self
    }

    /// Writes everything; a stale head or a taken reference is a conflict.
    pub(crate) async fn keep(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.prepared.append(tx).await?;
        if self.case.version == 1 {
            cases::insert(tx, &self.case).await?;
            case_origins::set(tx, &self.case.id, &self.origins).await?;
        } else {
            cases::refuse_erased(tx, &self.case.id, self.case.erasures).await?;
            cases::refuse_reassigned(tx, &self.case.id, &self.case.owner).await?;
            cases::put(tx, &self.case).await?;
            identifiers::clear_object(tx, &self.case.id).await?;
        }
        if !self.case.restricted.is_empty() {
            // Those to whom it is closed now may have been answered before.
            idempotency::lose_all_answers(tx).await?;
        }
        if self.enters {
            cases::enter(tx, &self.case.id, &self.case.status, self.case.status_since).await?;
        }
        if let Some(outcomes) = &self.outcomes {
            cases::set_outcomes(tx, &self.case.id, outcomes).await?;
        }
        self.fields.apply(tx).await?;
        if !self.identifiers.is_empty() {
            identifiers::put_all(tx, &self.identifiers).await?;
        }
        let team = cases::team(tx, &self.case.id).await?;
        let terms = self.maker.with_team(&self.terms, &team);
        search::put(tx, &self.case.id, self.case.opened_at, &terms).await?;
        let due = rows(tx, &self.case.id, &self.due).await?;
        deadlines::set(tx, &self.case.id, &due).await?;
        audit_events::append(tx, &self.event).await.map(drop)
    }
}

impl Desk {
    /// A case as it stands.
    pub(crate) async fn standing(&self, id: ObjectId) -> Result<Standing, Error> {
        let case = self.case_row(id).await?;
        let fields = self.current_fields(CaseOpened::KIND, id).await?;
        Ok(Standing { case, content: content_of(&fields), proposal: proposal_of(&fields) })
    }

    /// The row of a case.
    pub(crate) async fn case_row(&self, id: ObjectId) -> Result<Case, Error> {
        self.store
            .read("case_row", move |tx| {
                Box::pin(async move { cases::get(tx, &id.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("case"))
    }

    /// Signs what changes and makes ready what follows from it. The head and version of `case` are set here.
    pub(crate) async fn case_write<P: Payload>(
        &self,
        permit: &Permit,
        payload: &P,
        case: Case,
        content: &Content,
    ) -> Result<CaseWrite, Error> {
        refuse_restricted(&case, payload)?;
        let id: ObjectId = case.id.parse().map_err(Error::internal)?;
        let prev = (case.version > 0).then_some(StatementHash(case.head));
        let authorship =
            Authorship { profile: Some(case.workflow), ..Authorship::of(permit, prev) };
        let prepared = self.author(id, authorship, payload).await?;
        let fields = self.field_changes(&prepared).await?;
        let now = self.clock.now();
        let identifiers = searchable(content).into_iter().map(|(path, found)| Identifier {
            scheme: found.scheme.name().to_owned(),
            normalised: found.normalised,
            object: case.id.clone(),
            path,
            check_result: found.check.name().to_owned(),
        });
        let identifiers = identifiers.collect();
        let enters = [CaseOpened::KIND, CaseMoved::KIND].contains(&P::KIND);
        let signed_at = prepared.held.common().authored_at.0;
        let case = Case {
            head: prepared.hash().0,
            version: case.version.saturating_add(1),
            updated_at: now.0,
            opened_at: if P::KIND == CaseOpened::KIND { signed_at } else { case.opened_at },
            status_since: if enters { signed_at } else { case.status_since },
            acted_at: if ACTS.contains(&P::KIND) { signed_at } else { case.acted_at },
            ..case
        };
        let says_outcome = fields.touches("tracks/");
        let maker = self.term_maker().await?;
        let periods = self.workflow(case.workflow).await?.retention;
        Ok(CaseWrite {
            outcomes: says_outcome.then(|| outcomes(&case.id, content)),
            enters,
            identifiers,
            terms: maker.of_case(&case, content),
            maker,
            due: due(&periods, &case, content),
            origins: origins(&case.id, content),
            fields,
            event: done(permit, now, Some(id)),
            case,
            prepared,
        })
    }

    /// Writes a change under a name and wakes the sequencer.
    pub(crate) async fn keep_case(
        &self,
        name: &'static str,
        write: CaseWrite,
    ) -> Result<(), Error> {
        self.store
            .write_with(name, write, |tx, write| Box::pin(async move { write.keep(tx).await }))
            .await
            .map_err(stale)?;
        self.committed();
        Ok(())
    }
}

/// Why a change was not kept.
pub(super) fn stale(error: StoreError) -> Error {
    match error {
        StoreError::Conflict(_) => Error::Conflict(
            "the case was changed by somebody else meanwhile: read it again and repeat".to_owned(),
        ),
        other => other.into(),
    }
}

/// Refuses a change of a case whose data are restricted, unless it sets or lifts a legal hold. `case` is as the change leaves it.
fn refuse_restricted<P: Payload>(case: &Case, payload: &P) -> Result<(), Error> {
    let is_of_keeping =
        [CaseReviewed::KIND, CaseRestricted::KIND, CaseUnrestricted::KIND].contains(&P::KIND);
    if case.restricted.is_empty() || is_of_keeping {
        return Ok(());
    }
    if P::KIND == CaseUpdated::KIND
        && payload.fields().iter().all(|(path, _)| path.starts_with("holds/"))
    {
        return Ok(());
    }
    Err(Error::IllegalStep(format!(
        "the data of this case are restricted ({}): review it, set a legal hold (holds/), or order its erasure",
        case.restricted
    )))
}

/// What came out of the tracks of a case.
pub(super) fn outcomes(case_id: &str, content: &Content) -> Vec<CaseOutcome> {
    let outcome = |(path, value): (&String, &Value)| {
        let track = path.strip_prefix("tracks/")?.strip_suffix("/outcome")?;
        Some(CaseOutcome {
            case_id: case_id.to_owned(),
            track: track.to_owned(),
            outcome: value.as_text()?.to_owned(),
        })
    };
    content.iter().filter_map(outcome).collect()
}

/// Refuses a content with errors.
/// As [`refuse_errors`], of a change: what was at fault before, as an erasure of a field leaves it, stands in no other's way.
pub(crate) fn refuse_new_errors(before: &Content, after: &Content) -> Result<(), Error> {
    let known = findings(before);
    let is_new =
        |finding: &Finding| has_error(std::slice::from_ref(finding)) && !known.contains(finding);
    let new: Vec<_> = findings(after).into_iter().filter(is_new).collect();
    if new.is_empty() { Ok(()) } else { Err(Error::Invalid(new)) }
}

pub(crate) fn refuse_errors(content: &Content) -> Result<(), Error> {
    let found: Vec<Finding> = findings(content);
    if !has_error(&found) {
        return Ok(());
    }
    let is_error = |finding: &Finding| has_error(std::slice::from_ref(finding));
    Err(Error::Invalid(found.into_iter().filter(is_error).collect()))
}
