//! Shows orders and certificates of erasure: what was erased, why and by whom, never what it said.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::handling::Purpose;
use crate::domain::id::ObjectId;
use crate::node::casework::erasure::scope::Scope;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::{Covers, erasure_resource, resource_of_case};
use crate::node::casework::views::{PageView, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::store::cases;
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Actor, Decision, Permit, Resource, ResourceKind, Role, decide};
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
    /// The cases that were opened on rows of the import, as far as the reader may know of them; each keeps what it took over.
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
        let part = Part::of(query.limit, query.after.as_deref())?;
        let actor = self.actor_behind(permit).await?;
        let listing = Erasures { actor: actor.clone(), state };
        let found = self
            .store
            .read("erasures", move |tx| Box::pin(async move { part.read(tx, &listing).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let mut items = Vec::with_capacity(found.items.len());
        for row in found.items {
            items.push(self.told(row, &actor).await?);
        }
        Ok(PageView { items, next: found.next })
    }

    /// One order and what became of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that id.
    pub async fn erasure(&self, permit: &Permit, id: ObjectId) -> Result<ErasureView, Error> {
        permit.covers(Action::ErasureRead, None)?;
        let actor = self.actor_behind(permit).await?;
        let listing = Erasures { actor: actor.clone(), state: None };
        let row = self.erasure_row(id).await?;
        let order = row.clone();
        let is_open = self.store.read("erasure_open", move |tx| {
            Box::pin(async move { listing.is_open(tx, &order).await })
        });
        if is_open.await.map_err(|error: StoreError| Error::from(error))? {
            self.told(row, &actor).await
        } else {
            Err(Error::NotFound("order of erasure"))
        }
    }

    pub(super) async fn erasure_view(
        &self,
        permit: &Permit,
        id: ObjectId,
    ) -> Result<ErasureView, Error> {
        let row = self.erasure_row(id).await?;
        self.told(row, permit.who()).await
    }

    /// Those of the cases that a reader may know of. Whoever protects data or audits sees that each is there.
    async fn known_to(&self, reader: &Actor, ids: Vec<String>) -> Result<Vec<String>, Error> {
        let sees_all = [Role::DataProtectionOfficer, Role::Auditor];
        if ids.is_empty() || sees_all.iter().any(|role| reader.roles.contains(role)) {
            return Ok(ids);
        }
        let reader = Reader::of(reader.clone(), Action::CaseList);
        self.store
            .read("cases_known", move |tx| {
                Box::pin(async move {
                    let mut known = Vec::new();
                    for text in ids {
                        let (Ok(id), Some(case)) = (text.parse(), cases::get(tx, &text).await?)
                        else {
                            continue;
                        };
                        let resource = resource_of_case(tx, ResourceKind::Case, id, &case).await?;
                        if reader.may_open(&resource) {
                            known.push(text);
                        }
                    }
                    Ok(known)
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))
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

    async fn told(&self, row: Erasure, reader: &Actor) -> Result<ErasureView, Error> {
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
        view.used_by = self.known_to(reader, view.used_by).await?;
        Ok(view)
    }
}

/// Whoever protects data or audits sees every order; a supervisor those that they could decide on, were they another's.
struct Erasures {
    actor: Actor,
    state: Option<ErasureState>,
}

#[async_trait]
impl Listing for Erasures {
    type Row = Erasure;

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Erasure>, StoreError> {
        erasures::list(tx, self.state, page).await
    }

    fn place(row: &Erasure) -> (i64, String) {
        (row.ordered_at, row.id.clone())
    }

    async fn is_open(&self, tx: &mut Tx, row: &Erasure) -> Result<bool, StoreError> {
        let Ok(id) = row.id.parse() else { return Ok(false) };
        let resource = erasure_resource(tx, id, row).await?;
        let is_conflicted = self.actor.user.is_some_and(|user| resource.conflicted.contains(&user));
        let roles = &self.actor.roles;
        if [Role::DataProtectionOfficer, Role::Auditor].iter().any(|role| roles.contains(role)) {
            return Ok(!is_conflicted);
        }
        let resource = Resource { four_eyes: false, ..resource };
        let purpose = Some(Purpose::DataProtection);
        let decision = decide(&self.actor, Action::ErasureDecide, &resource, purpose);
        Ok(matches!(decision, Decision::Permit(_)))
    }
}
