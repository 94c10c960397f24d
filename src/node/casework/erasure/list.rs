//! Shows orders and certificates of erasure: what was erased, why and by whom, never what it said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::ObjectId;
use crate::node::casework::erasure::scope::Scope;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PageView, page_mark, page_rows, read_mark, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::node::store::{Page, StoreError};
use crate::policy::{Action, Permit};
use crate::record::Payload;
use crate::record::kinds::erasure::{ErasureCertified, ErasureOrdered, ErasureRefused};

/// Which orders to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureQuery {
    /// Only in this state: `ordered`, `refused`, `confirmed` or `done`.
    #[serde(default)]
    pub state: Option<String>,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// An order of erasure and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErasureView {
    /// Its id.
    pub id: String,
    /// The case; none if it is about an import.
    pub case: Option<String>,
    /// The import; none if it is about a case.
    pub import: Option<String>,
    /// What of it: `case`, `import`, or persons and fields by their paths.
    pub scope: Vec<String>,
    /// `ordered`, `refused`, `confirmed` or `done`.
    pub state: &'static str,
    /// Why it was ordered.
    pub reason: String,
    /// The law that asks for it.
    pub legal_basis: Option<String>,
    /// Who ordered it: a pseudonym.
    pub ordered_by: String,
    /// When it was ordered.
    pub ordered_at: String,
    /// When it was decided.
    pub decided_at: Option<String>,
    /// Why it was refused.
    pub refusal: Option<String>,
    /// The record that certifies it.
    pub certificate: Option<String>,
    /// The imported rows on which the case was opened and that were erased with it, by import and line.
    pub imported_rows: Vec<String>,
    /// Those that stay, since a case under a legal hold was opened on them too.
    pub rows_kept: Vec<String>,
    /// The cases that were opened on rows of the import; each keeps what it took over.
    pub used_by: Vec<String>,
    /// When the last backup that may hold a destroyed key or value is due to be gone.
    pub backups_until: Option<String>,
    /// The authorities that hold copies shared with them: withdraw the summaries, and tell them.
    pub holders: Vec<String>,
}

impl Desk {
    /// Orders and what became of them, newest first.
    ///
    /// # Errors
    /// If the permit is for something else, or there is no such state.
    pub async fn erasures(
        &self,
        permit: &Permit,
        query: ErasureQuery,
    ) -> Result<PageView<ErasureView>, Error> {
        permit.covers(Action::ErasureRead, None)?;
        let state = query.state.as_deref().map(|word| {
            ErasureState::parse(word).ok_or_else(|| {
                Error::invalid("state", "no such state: use ordered, refused, confirmed or done")
            })
        });
        let state = state.transpose()?;
        let rows = page_rows(query.limit);
        let page = Page { before: read_mark(query.after.as_deref())?, limit: i64::from(rows) };
        let found = self
            .store
            .read("erasures", move |tx| {
                Box::pin(async move { erasures::list(tx, state, &page).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let is_full = found.len() == usize::try_from(rows).unwrap_or(usize::MAX);
        let next = found.last().filter(|_| is_full).map(|row| page_mark(row.ordered_at, &row.id));
        let mut items = Vec::with_capacity(found.len());
        for row in found {
            items.push(self.told(row).await?);
        }
        Ok(PageView { items, next })
    }

    /// One order and what became of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that id.
    pub async fn erasure(&self, permit: &Permit, id: ObjectId) -> Result<ErasureView, Error> {
        permit.covers(Action::ErasureRead, None)?;
        self.erasure_view(id).await
    }

    pub(super) async fn erasure_view(&self, id: ObjectId) -> Result<ErasureView, Error> {
        let row = self.erasure_row(id).await?;
        self.told(row).await
    }

    pub(super) async fn erasure_row(&self, id: ObjectId) -> Result<Erasure, Error> {
        self.store
            .read("erasure", move |tx| {
                Box::pin(async move { erasures::get(tx, &id.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("order of erasure"))
    }

    async fn told(&self, row: Erasure) -> Result<ErasureView, Error> {
        let id: ObjectId = row.id.parse().map_err(Error::internal)?;
        let is_import = row.scope == Scope::Import.parts().join(" ");
        let used_by = if is_import {
            self.cases_of_import(row.object.parse().map_err(Error::internal)?).await?
        } else {
            Vec::new()
        };
        let mut view = ErasureView {
            id: row.id,
            case: (!is_import).then(|| row.object.clone()),
            import: is_import.then_some(row.object),
            imported_rows: Vec::new(),
            rows_kept: Vec::new(),
            used_by,
            scope: row.scope.split(' ').map(str::to_owned).collect(),
            state: row.state.as_str(),
            reason: String::new(),
            legal_basis: None,
            ordered_by: String::new(),
            ordered_at: time_text(row.ordered_at),
            decided_at: row.decided_at.map(time_text),
            refusal: None,
            certificate: None,
            backups_until: None,
            holders: Vec::new(),
        };
        for held in self.own_held_of(id).await? {
            match held.common().kind.as_str() {
                ErasureOrdered::KIND => {
                    let ordered: ErasureOrdered = held.payload()?;
                    view.ordered_by.clone_from(&held.common().actor);
                    (view.reason, view.legal_basis) = (ordered.reason, ordered.legal_basis);
                }
                ErasureRefused::KIND => {
                    view.refusal = Some(held.payload::<ErasureRefused>()?.reason);
                }
                ErasureCertified::KIND => {
                    let certified: ErasureCertified = held.payload()?;
                    view.certificate = Some(held.statement().hash().to_string());
                    view.backups_until = Some(time_text(certified.backups_until));
                    view.imported_rows.clone_from(&certified.imported_rows);
                    view.rows_kept.clone_from(&certified.rows_kept);
                    view.used_by.clone_from(&certified.cases);
                    view.holders = certified.holders.iter().map(ToString::to_string).collect();
                }
                _ => {}
            }
        }
        Ok(view)
    }
}
