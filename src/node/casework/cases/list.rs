//! Lists the cases that an officer may know of.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::case::{CaseStatus, CaseType};
use crate::domain::id::ObjectId;
use crate::node::casework::cases::CaseRow;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::{Covers, resource_of_case};
use crate::node::casework::views::PageView;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::{self, Case, CaseFilter};
use crate::node::store::{Page, StoreError, Tx, users};
use crate::policy::{Action, Actor, Permit, Resource, ResourceKind};

/// Which cases to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
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
    /// Only restricted cases, which no other list shows.
    #[serde(default)]
    pub restricted: bool,
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
            is_restricted: Some(query.restricted),
            ..CaseFilter::default()
        };
        let part = Part::of(query.limit, query.after.as_deref())?;
        let listing = Cases { reader: self.reader(permit).await?, filter };
        let page = self
            .store
            .read("cases", move |tx| Box::pin(async move { part.read(tx, &listing).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(page.map(|row| CaseRow::from(row)))
    }

    /// The actor that a permit was given to, as the store knows them now.
    pub(crate) async fn actor_behind(&self, permit: &Permit) -> Result<Actor, Error> {
        let user = permit.user().map(|user| user.to_string()).unwrap_or_default();
        let backing = self.backing();
        self.store
            .read("actor_behind", move |tx| {
                Box::pin(async move {
                    match users::get(tx, &user).await? {
                        Some(user) => backing.actor(tx, &user).await,
                        None => Ok(None),
                    }
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or_else(|| Error::NotPermitted("this needs an officer's token".to_owned()))
    }
}

async fn case_row_resource(tx: &mut Tx, case: &Case) -> Result<Option<Resource>, StoreError> {
    let Ok(id) = case.id.parse::<ObjectId>() else { return Ok(None) };
    resource_of_case(tx, ResourceKind::Case, id, case).await.map(Some)
}

struct Cases {
    reader: Reader,
    filter: CaseFilter,
}

#[async_trait]
impl Listing for Cases {
    type Row = Case;

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Case>, StoreError> {
        cases::list(tx, &self.filter, page).await
    }

    fn place(row: &Case) -> (i64, String) {
        (row.opened_at, row.id.clone())
    }

    async fn is_open(&self, tx: &mut Tx, row: &Case) -> Result<bool, StoreError> {
        let resource = case_row_resource(tx, row).await?;
        Ok(resource.is_some_and(|resource| self.reader.may_open(&resource)))
    }
}
