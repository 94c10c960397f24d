//! What a confirmed erasure touches: keys, items of evidence, imported rows, and who holds copies; destroys nothing.

use std::collections::BTreeSet;

use crate::domain::id::ObjectId;
use crate::node::casework::erasure::order::refuse_held;
use crate::node::casework::erasure::scope::Scope;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::store::case_origins::{self, CaseOrigin};
use crate::node::store::erasures::Erasure;
use crate::node::store::evidence::{self, EvidenceItem};
use crate::node::store::{StoreError, imported_rows, records, summaries};

/// What an erasure touches.
pub(super) struct Plan {
    pub(super) order: Erasure,
    /// The case or the import.
    pub(super) object: ObjectId,
    pub(super) scope: Scope,
    pub(super) keys: Vec<KeyGroup>,
    pub(super) items: Vec<EvidenceItem>,
    pub(super) holders: Vec<String>,
    /// The imported rows on which the case was opened, that go with it.
    pub(super) rows: Vec<RowPlace>,
    /// Those that stay, since a case under a legal hold was opened on them too.
    pub(super) rows_kept: Vec<RowPlace>,
    /// The cases that were opened on rows of the import; each keeps what it took over.
    pub(super) cases: Vec<String>,
}

/// An imported row by its number, and by its place, which names nobody.
#[derive(Clone, Debug)]
pub(super) struct RowPlace {
    pub(super) kind: String,
    pub(super) id: String,
    place: String,
}

impl RowPlace {
    /// The import and the line of its file.
    pub(super) fn place(&self) -> String {
        self.place.clone()
    }
}

/// The persons of whom records of a case hold fields, also those whom the case shows no longer.
pub(super) fn subjects_of(case: ObjectId, groups: &[String]) -> BTreeSet<u32> {
    let prefix = format!("subject:{case}/");
    groups.iter().filter_map(|group| group.strip_prefix(&prefix)?.parse().ok()).collect()
}

impl Desk {
    pub(super) async fn plan(&self, id: ObjectId) -> Result<Plan, Error> {
        let order = self.erasure_row(id).await?;
        let object: ObjectId = order.object.parse().map_err(Error::internal)?;
        let scope: Scope = order.scope.parse().map_err(Error::internal)?;
        let mut plan = Plan {
            order,
            object,
            scope,
            keys: Vec::new(),
            items: Vec::new(),
            holders: Vec::new(),
            rows: Vec::new(),
            rows_kept: Vec::new(),
            cases: Vec::new(),
        };
        if plan.scope == Scope::Import {
            plan.cases = self.cases_of_import(object).await?;
        } else {
            self.plan_case(&mut plan).await?;
            for (row, others) in self.origins_of(object).await? {
                if self.is_any_held(&others).await? {
                    plan.rows_kept.push(row);
                } else {
                    plan.rows.push(row);
                }
            }
        }
        Ok(plan)
    }

    /// The cases that were opened on rows of an import.
    pub(super) async fn cases_of_import(&self, import: ObjectId) -> Result<Vec<String>, Error> {
        let found = self
            .store
            .read("cases_of_import", move |tx| {
                Box::pin(async move { case_origins::of_import(tx, &import.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let mut cases: Vec<String> = found.into_iter().map(|origin| origin.case_id).collect();
        cases.dedup();
        Ok(cases)
    }

    async fn plan_case(&self, plan: &mut Plan) -> Result<(), Error> {
        let (is_whole, case_id) = (plan.scope == Scope::Case, plan.order.object.clone());
        let (groups, items, holders) = self
            .store
            .read("erasure_plan", move |tx| {
                Box::pin(async move {
                    let groups = records::key_groups(tx, &case_id).await?;
                    let items =
                        if is_whole { evidence::of_case(tx, &case_id).await? } else { vec![] };
                    let holders = summaries::holders_of_case(tx, &case_id).await?;
                    Ok((groups, items, holders))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        plan.keys = plan.scope.keys(plan.object, &subjects_of(plan.object, &groups));
        for item in &items {
            plan.keys.push(KeyGroup::evidence(item.id.parse().map_err(Error::internal)?));
        }
        (plan.items, plan.holders) = (items, holders);
        Ok(())
    }

    /// The imported rows on which a case was opened and that are still there, each with the other cases opened on it.
    async fn origins_of(&self, case: ObjectId) -> Result<Vec<(RowPlace, Vec<CaseOrigin>)>, Error> {
        self.store
            .read("case_origins", move |tx| {
                Box::pin(async move {
                    let case = case.to_string();
                    let mut found = Vec::new();
                    for CaseOrigin { kind, row_id, .. } in case_origins::of_case(tx, &case).await? {
                        let place = imported_rows::place(tx, &kind, &row_id).await?;
                        let Some((import, line)) = place else { continue };
                        let mut others = case_origins::of_row(tx, &kind, &row_id).await?;
                        others.retain(|other| other.case_id != case);
                        let place = format!("{import} line {line}");
                        found.push((RowPlace { kind, id: row_id, place }, others));
                    }
                    Ok(found)
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }

    async fn is_any_held(&self, cases: &[CaseOrigin]) -> Result<bool, Error> {
        for origin in cases {
            let case = origin.case_id.parse().map_err(Error::internal)?;
            if refuse_held(&self.standing(case).await?.content).is_err() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
