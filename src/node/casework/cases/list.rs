//! Lists the cases that an officer may know of.

use serde::Deserialize;

use crate::domain::case::{CaseStatus, CaseType};
use crate::domain::id::ObjectId;
use crate::node::casework::cases::CaseRow;
use crate::node::casework::officers::actor_of;
use crate::node::casework::permits::{Covers, resource_of_case};
use crate::node::casework::views::{PageView, page_mark, page_rows, read_mark};
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::{self, Case, CaseFilter};
use crate::node::store::{Page, StoreError, Tx, users};
use crate::policy::{Action, Actor, Decision, Permit, ResourceKind, decide};

/// Rows that are read at a time while those are sought that may be shown.
const STEP_ROWS: i64 = 200;

/// The most rows that are looked at for one page.
const SEARCH_ROWS_MAX: usize = 10_000;

/// Which cases to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseQuery {
    /// Only in this state.
    #[serde(default)]
    pub status: Option<String>,
    /// Only of this type.
    #[serde(default)]
    pub case_type: Option<String>,
    /// Only of this unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Only with these letters in reference or title.
    #[serde(default)]
    pub text: Option<String>,
    /// Only with a move that waits for approval.
    #[serde(default)]
    pub pending: bool,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

impl Desk {
    /// The cases that fit and that the officer may read, newest first.
    ///
    /// # Errors
    /// If the permit is for something else, a filter names nothing that there is, or the store fails.
    pub async fn cases(
        &self,
        permit: &Permit,
        query: CaseQuery,
    ) -> Result<PageView<CaseRow>, Error> {
        permit.covers(Action::CaseList, None)?;
        let actor = self.actor_behind(permit).await?;
        let rows = usize::try_from(page_rows(query.limit)).unwrap_or(usize::MAX);
        let status = query.status.as_deref().map(str::parse::<CaseStatus>).transpose();
        let status = status.map_err(|error| Error::invalid("status", error.to_string()))?;
        let case_type = query.case_type.as_deref().map(str::parse::<CaseType>).transpose();
        let case_type =
            case_type.map_err(|error| Error::invalid("case_type", error.to_string()))?;
        let filter = CaseFilter {
            status: status.map(|status| status.name().to_owned()),
            case_type: case_type.map(|case_type| case_type.name().to_owned()),
            unit: query.unit,
            text: query.text,
            is_pending: query.pending,
            ..CaseFilter::default()
        };
        let before = read_mark(query.after.as_deref())?;
        let (found, is_more) = self
            .store
            .read("cases", move |tx| {
                Box::pin(async move { visible(tx, &actor, &filter, before, rows).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let next = found.last().filter(|_| is_more);
        Ok(PageView {
            next: next.map(|case| page_mark(case.opened_at, &case.id)),
            items: found.iter().map(CaseRow::from).collect(),
        })
    }

    /// The actor that a permit was given to, as the store knows them now.
    pub(crate) async fn actor_behind(&self, permit: &Permit) -> Result<Actor, Error> {
        let user = permit.user().map(|user| user.to_string()).unwrap_or_default();
        let user = self
            .store
            .read("actor_behind", move |tx| Box::pin(async move { users::get(tx, &user).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        user.as_ref()
            .and_then(actor_of)
            .ok_or_else(|| Error::NotPermitted("this needs an officer's token".to_owned()))
    }
}

/// Whether an officer may know of a case.
pub(crate) async fn is_visible(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
) -> Result<bool, StoreError> {
    let Ok(id) = case.id.parse::<ObjectId>() else { return Ok(false) };
    let resource = resource_of_case(tx, ResourceKind::Case, id, case).await?;
    Ok(matches!(decide(actor, Action::CaseList, &resource, None), Decision::Permit(_)))
}

async fn visible(
    tx: &mut Tx,
    actor: &Actor,
    filter: &CaseFilter,
    mut before: Option<(i64, String)>,
    rows: usize,
) -> Result<(Vec<Case>, bool), StoreError> {
    let mut found = Vec::new();
    let mut looked_at = 0_usize;
    loop {
        let page = Page { before: before.take(), limit: STEP_ROWS };
        let step = cases::list(tx, filter, &page).await?;
        looked_at = looked_at.saturating_add(step.len());
        before = step.last().map(|case| (case.opened_at, case.id.clone()));
        for case in step {
            if !is_visible(tx, actor, &case).await? {
                continue;
            }
            if found.len() == rows {
                return Ok((found, true));
            }
            found.push(case);
        }
        if before.is_none() || looked_at >= SEARCH_ROWS_MAX {
            return Ok((found, false));
        }
    }
}
