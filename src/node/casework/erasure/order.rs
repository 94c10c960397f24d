//! An officer orders an erasure of a case, of parts of it or of an import; nothing is erased before another one decides.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::long_text;
use crate::domain::id::ObjectId;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done;
use crate::node::casework::cases::content::{Content, numbers, text};
use crate::node::casework::erasure::ErasureView;
use crate::node::casework::erasure::plan::subjects_of;
use crate::node::casework::erasure::scope::{NoScope, Parts, Scope, is_among};
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error, Held};
use crate::node::rng::random;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::node::store::{StoreError, Tx, records};
use crate::policy::{Action, Permit};
use crate::record::kinds::erasure::ErasureOrdered;

/// An erasure to order.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// `["case"]` for the whole case with its evidence, or persons such as `subjects/0` and fields such as
    /// `notes/0/text` or `subjects/0/identifiers/1`.
    pub scope: Vec<String>,
    /// Why; without personal data, since it stays.
    pub reason: String,
    /// The law that asks for it.
    #[serde(default)]
    pub legal_basis: Option<String>,
}

/// The erasure of an import to order.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImportErasure {
    /// Why; without personal data, since it stays.
    pub reason: String,
    /// The law that asks for it.
    #[serde(default)]
    pub legal_basis: Option<String>,
}

struct Ordering {
    prepared: Prepared,
    row: Erasure,
    event: NewAuditEvent,
}

impl Desk {
    /// Orders that data of a case are erased.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the case has no such person or field or a text is unsound, [`Error::IllegalStep`] under a
    /// legal hold or while another order is under way.
    pub async fn order_erasure(
        &self,
        permit: &Permit,
        input: NewErasure,
    ) -> Result<ErasureView, Error> {
        let case = permit.object_for(Action::ErasureOrder)?;
        let unsound = |error: NoScope| Error::invalid("scope", error.to_string());
        let scope = Scope::of(&input.scope).map_err(unsound)?;
        let standing = self.standing(case).await?;
        refuse_held(&standing.content)?;
        match &scope {
            Scope::Case => {}
            Scope::Parts(parts) => self.refuse_absent(case, parts).await?,
            Scope::Import => return Err(unsound(NoScope)),
        }
        let payload = ErasureOrdered {
            case: Some(case),
            import: None,
            scope: scope.parts(),
            reason: input.reason,
            legal_basis: input.legal_basis,
        };
        self.order(permit, case, payload).await
    }

    /// Orders that an import with all its rows is erased. Cases that were opened on them keep what they took over.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such import, [`Error::IllegalStep`] while a legal hold stands on a case that was
    /// opened on one of its rows, or another order is under way.
    pub async fn order_import_erasure(
        &self,
        permit: &Permit,
        input: NewImportErasure,
    ) -> Result<ErasureView, Error> {
        let import = permit.object_for(Action::ErasureOrder)?;
        self.import_row(import).await?;
        self.refuse_held_import(import).await?;
        let payload = ErasureOrdered {
            case: None,
            import: Some(import),
            scope: Scope::Import.parts(),
            reason: input.reason,
            legal_basis: input.legal_basis,
        };
        self.order(permit, import, payload).await
    }

    async fn order(
        &self,
        permit: &Permit,
        object: ObjectId,
        payload: ErasureOrdered,
    ) -> Result<ErasureView, Error> {
        let line = |path: &'static str, text: &str| {
            long_text(path, text).map_err(|error| Error::invalid(path, error.reason))
        };
        let reason = line("reason", &payload.reason)?;
        let legal_basis = payload.legal_basis.map(|text| line("legal_basis", &text)).transpose()?;
        let payload = ErasureOrdered { reason, legal_basis, ..payload };
        let user = permit
            .user()
            .ok_or_else(|| Error::NotPermitted("an erasure is ordered by an officer".to_owned()))?;
        let id = ObjectId::from_random(random(&*self.rng));
        let prepared = self.author(id, Authorship::of(permit, None), &payload).await?;
        let row = Erasure {
            id: id.to_string(),
            object: object.to_string(),
            scope: payload.scope.join(" "),
            state: ErasureState::Ordered,
            ordered_by: user.to_string(),
            ordered_at: self.clock.now().0,
            decided_at: None,
            head: prepared.hash().0,
        };
        let event = NewAuditEvent {
            detail: Some(format!("erasure {id}: {}", row.scope)),
            ..done(permit, self.clock.now(), Some(object))
        };
        self.store
            .write_with("order_erasure", Ordering { prepared, row, event }, |tx, ordering| {
                Box::pin(keep_order(tx, ordering))
            })
            .await?;
        self.committed();
        self.erasure_view(permit, id).await
    }

    /// Refuses the erasure of an import while a legal hold stands on a case that was opened on one of its rows. Which case it
    /// is, is not said: it may be closed to whoever asks.
    pub(super) async fn refuse_held_import(&self, import: ObjectId) -> Result<(), Error> {
        for case in self.cases_of_import(import).await? {
            let standing = self.standing(case.parse().map_err(Error::internal)?).await?;
            if refuse_held(&standing.content).is_err() {
                let why = "a case that was opened on a row of this import is under a legal hold: it is erased once the hold \
                           is lifted";
                return Err(Error::IllegalStep(why.to_owned()));
            }
        }
        Ok(())
    }

    /// Refuses persons that the case does not have, and fields that it never had.
    async fn refuse_absent(&self, case: ObjectId, parts: &Parts) -> Result<(), Error> {
        let id = case.to_string();
        let groups = self.store.read("erasure_subjects", move |tx| {
            Box::pin(async move { records::key_groups(tx, &id).await })
        });
        let groups = groups.await.map_err(|error: StoreError| Error::from(error))?;
        if let Some(number) = parts.subjects.difference(&subjects_of(case, &groups)).next() {
            let message = format!("the case never had subjects/{number}, or it is erased");
            return Err(Error::invalid("scope", message));
        }
        if parts.fields.is_empty() {
            return Ok(());
        }
        // What was cleared still stands in the records.
        let held = self.own_held_of(case).await?;
        for field in &parts.fields {
            let only = BTreeSet::from([field.clone()]);
            let has = |held: &Held| held.fields().free().any(|(path, _, _)| is_among(&only, path));
            if !held.iter().any(has) {
                let message = format!("the case never had {field}, or it is erased");
                return Err(Error::invalid("scope", message));
            }
        }
        Ok(())
    }
}

async fn keep_order(tx: &mut Tx, ordering: &Ordering) -> Result<(), Error> {
    if erasures::is_under_way(tx, &ordering.row.object).await? {
        return Err(Error::IllegalStep(
            "an erasure of this is under way already: it must be decided first".to_owned(),
        ));
    }
    ordering.prepared.append(tx).await.map_err(|error: StoreError| Error::from(error))?;
    erasures::insert(tx, &ordering.row).await?;
    audit_events::append(tx, &ordering.event).await?;
    Ok(())
}

/// Refuses while a legal hold stands: what a court may ask for is not erased, given away or destroyed.
pub(crate) fn refuse_held(content: &Content) -> Result<(), Error> {
    let stands = |number: &u32| text(content, &format!("holds/{number}/lifted")).is_none();
    let Some(number) = numbers(content, "holds/").into_iter().find(stands) else { return Ok(()) };
    let leaf =
        |name: &str| text(content, &format!("holds/{number}/{name}")).unwrap_or("-").to_owned();
    Err(Error::IllegalStep(format!(
        "the case is under a legal hold (holds/{number}: {}, to be reviewed {}): set holds/{number}/lifted first",
        leaf("proceeding"),
        leaf("review")
    )))
}
