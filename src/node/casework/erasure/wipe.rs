//! Removes the rows of an erasure and keeps its certificate, in one transaction; destroys no keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::node::casework::append::Prepared;
use crate::node::casework::cases::due::{Due, due, rows};
use crate::node::casework::cases::origins;
use crate::node::casework::erasure::plan::Plan;
use crate::node::casework::erasure::scope::{Parts, Scope, is_among};
use crate::node::casework::search::TermMaker;
use crate::node::casework::{Desk, Error};
use crate::node::store::case_origins::{self, CaseOrigin};
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::node::store::evidence::{self, EvidenceItem};
use crate::node::store::records::SealedFields;
use crate::node::store::{
    StoreError, Tx, blobs, cases, deadlines, idempotency, identifiers, imported_rows, notices,
    object_fields, records, search,
};

/// How often rows are removed anew because the case was changed meanwhile.
pub(super) const WIPE_TRIES: usize = 5;

pub(super) struct Wipe {
    pub(super) plan: Plan,
    pub(super) certificate: Prepared,
    pub(super) row: Erasure,
}

/// What stays of a case of which parts are erased, as of one of its versions.
struct Left {
    version: i64,
    /// What search may still know of it.
    terms: BTreeSet<String>,
    maker: TermMaker,
    /// The groups of fields that are sealed without what is erased.
    sealed: Vec<SealedFields>,
    origins: Vec<CaseOrigin>,
    due: Vec<Due>,
    /// What goes, each with all below it.
    gone: BTreeSet<String>,
}

impl Desk {
    /// Removes the rows, again if the case was changed meanwhile.
    pub(super) async fn wipe(&self, wipe: Wipe) -> Result<(), Error> {
        let wipe = Arc::new(wipe);
        for attempt in 1.. {
            let left = match &wipe.plan.scope {
                Scope::Case | Scope::Import => None,
                Scope::Parts(parts) => Some(self.left(&wipe.plan, parts).await?),
            };
            let data = (Arc::clone(&wipe), left);
            let done: Result<(), StoreError> = self
                .store
                .write_with("carry_out_erasure", data, |tx, (wipe, left)| {
                    Box::pin(async move {
                        wipe.certificate.append(tx).await?;
                        wipe.rows(tx, left.as_ref()).await?;
                        erasures::advance(tx, ErasureState::Confirmed, &wipe.row).await
                    })
                })
                .await;
            match done {
                Err(StoreError::Conflict(_)) if attempt < WIPE_TRIES => {}
                done => return done.map_err(Error::from),
            }
        }
        Ok(())
    }

    /// What stays of a case, now that the keys of the persons among the parts are destroyed.
    async fn left(&self, plan: &Plan, parts: &Parts) -> Result<Left, Error> {
        let (mut standing, maker) = (self.standing(plan.object).await?, self.term_maker().await?);
        let fields = parts.with_fields();
        standing.content.retain(|path, _| !is_among(&fields, path));
        let terms = maker.of_case(&standing.case, &standing.content);
        let periods = self.workflow(standing.case.workflow).await?.retention;
        let sealed = self.resealed(plan.object, &fields).await?;
        Ok(Left {
            version: standing.case.version,
            terms,
            maker,
            sealed,
            origins: origins(&standing.case.id, &standing.content),
            due: due(&periods, &standing.case, &standing.content),
            gone: fields.into_iter().chain(parts.paths()).collect(),
        })
    }
}

impl Wipe {
    /// Removes what could be read; the statements and the hashes of their fields stay, and still verify.
    async fn rows(&self, tx: &mut Tx, left: Option<&Left>) -> Result<(), StoreError> {
        // An answer that was kept may tell what is erased.
        idempotency::lose_all_answers(tx).await?;
        for group in &self.plan.keys {
            records::erase_fields(tx, group.as_str()).await?;
        }
        for row in &self.plan.rows {
            imported_rows::erase(tx, &row.kind, &row.id).await?;
        }
        let object = &self.plan.order.object;
        match (&self.plan.scope, left) {
            (Scope::Import, _) => imported_rows::erase_import(tx, object).await,
            (Scope::Case, _) => self.whole_case(tx, object).await,
            (Scope::Parts(_), Some(left)) => left.keep(tx, object).await,
            (Scope::Parts(_), None) => Err(StoreError::Conflict("erasures.left")),
        }
    }

    async fn whole_case(&self, tx: &mut Tx, case: &str) -> Result<(), StoreError> {
        let planned = |item: &EvidenceItem| self.plan.items.iter().any(|i| i.id == item.id);
        if !evidence::of_case(tx, case).await?.iter().all(planned) {
            return Err(StoreError::Conflict("evidence was added"));
        }
        object_fields::clear_object(tx, case).await?;
        identifiers::clear_object(tx, case).await?;
        deadlines::clear_object(tx, case).await?;
        notices::clear_object(tx, case).await?;
        for item in &self.plan.items {
            if let Some(blob) = &item.blob {
                blobs::delete(tx, blob).await?;
            }
            object_fields::clear_object(tx, &item.id).await?;
            erasures::wipe_evidence(tx, &item.id).await?;
        }
        search::clear(tx, case).await?;
        cases::delete(tx, case).await
    }
}

impl Left {
    /// Makes it all that is kept of the case; a conflict if the case has another version by now.
    async fn keep(&self, tx: &mut Tx, case_id: &str) -> Result<(), StoreError> {
        let case = cases::get(tx, case_id).await?;
        let case = case.filter(|case| case.version == self.version);
        let case = case.ok_or(StoreError::Conflict("search_cases.erase"))?;
        cases::note_erasure(tx, case_id).await?;
        for path in &self.gone {
            erasures::wipe_path(tx, case_id, path).await?;
        }
        for group in &self.sealed {
            records::reseal(tx, group).await?;
        }
        case_origins::set(tx, case_id, &self.origins).await?;
        let due = rows(tx, case_id, &self.due).await?;
        deadlines::set(tx, case_id, &due).await?;
        let team = cases::team(tx, case_id).await?;
        search::put(tx, case_id, case.opened_at, &self.maker.with_team(&self.terms, &team)).await
    }
}
