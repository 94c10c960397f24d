//! Conflicts of interest (R16): an officer who has one in a case neither sees nor changes nor approves anything of it.
//!
//! A conflict is a signed record of the case and a row that the rules read. It stands until a supervisor lifts it, and
//! only to the officer it is about the case is closed; whoever may read the case sees who that is and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::ObjectId;
use crate::node::casework::cases::keep::{CaseWrite, Standing, stale};
use crate::node::casework::cases::moving::said;
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::{self, Case};
use crate::node::store::conflicts::{self, CaseConflict};
use crate::node::store::users::User;
use crate::node::store::{StoreError, Tx, compartments, idempotency};
use crate::policy::{Action, Permit};
use crate::record::kinds::case::{
    CaseConflictDeclared, CaseConflictLifted, CaseOpened, conflict_of,
};
use crate::record::{Payload as _, StatementHash};

/// A conflict of interest to be put on record.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConflict {
    /// Whose, by name, pseudonym or id; without it one's own.
    #[serde(default)]
    pub officer: Option<String>,
    /// What it consists in, for those who may read the case.
    pub reason: String,
}

/// A conflict of interest to be lifted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    /// Whose, by name, pseudonym or id.
    pub officer: String,
    /// Why it stands no longer.
    pub reason: String,
}

/// A conflict of interest that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConflictView {
    /// The officer to whom the case is closed: pseudonym.
    pub officer: String,
    /// Who put it on record: pseudonym.
    pub declared_by: String,
    /// When.
    pub at: String,
    /// What it consists in.
    pub reason: String,
    /// The record that says so.
    pub record: String,
}

impl Desk {
    /// Puts a conflict of interest on record: the officer is out of the team, and the case is closed to them, at once.
    ///
    /// The permit is one to declare, if no officer or the own name is given, else one to flag.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer, [`Error::Invalid`] without a reason, [`Error::Conflict`] if one
    /// of that officer stands already.
    pub async fn declare_conflict(
        &self,
        permit: &Permit,
        input: NewConflict,
    ) -> Result<ConflictView, Error> {
        let id = match input.officer {
            None => permit.object_for(Action::ConflictDeclare)?,
            Some(_) => permit.object_for(Action::ConflictFlag)?,
        };
        let own = permit.user().map(|user| user.to_string()).unwrap_or_default();
        let officer = self.officer_meant(input.officer.unwrap_or(own)).await?;
        let reason = reason(input.reason)?;
        let Standing { case, content, .. } = self.standing(id).await?;
        if self.conflict_of(id, &officer).await?.is_some() {
            return Err(Error::IllegalStep(format!(
                "a conflict of interest of {} is on record for this case already",
                officer.name
            )));
        }
        let payload =
            CaseConflictDeclared { officer: officer.pseudonym.clone(), reason: reason.clone() };
        let write = self.case_write(permit, &payload, case, &content).await?;
        let write = write.noting(format!("{} has a conflict of interest", officer.pseudonym));
        let record = write.prepared.hash();
        let declared = ConflictView {
            officer: officer.pseudonym.clone(),
            declared_by: permit.actor().to_string(),
            at: time_text(write.prepared.held.common().authored_at.0),
            reason,
            record: record.to_string(),
        };
        let kept =
            self.store.write_with("declare_conflict", (write, officer.id), |tx, (write, user)| {
                Box::pin(async move { close(tx, write, user).await })
            });
        kept.await.map_err(stale)?;
        self.committed();
        Ok(declared)
    }

    /// Lifts a conflict of interest of another officer. It brings nobody back into the team.
    ///
    /// # Errors
    /// As [`Desk::declare_conflict`]; [`Error::NotFound`] if none of that officer stands.
    pub async fn lift_conflict(
        &self,
        permit: &Permit,
        input: Lift,
    ) -> Result<Vec<ConflictView>, Error> {
        let id = permit.object_for(Action::ConflictLift)?;
        let officer = self.officer_meant(input.officer).await?;
        let lift_reason = reason(input.reason)?;
        let Standing { case, content, .. } = self.standing(id).await?;
        let stands = self.conflict_of(id, &officer).await?;
        let lifts = stands.ok_or(Error::NotFound("conflict of interest of that officer"))?;
        let pseudonym = officer.pseudonym.clone();
        let payload =
            CaseConflictLifted { lifts: lifts.record_hash, officer: pseudonym, lift_reason };
        let write = self.case_write(permit, &payload, case, &content).await?;
        let detail = format!("the conflict of interest of {} is lifted", officer.pseudonym);
        let write = write.noting(detail);
        let kept =
            self.store.write_with("lift_conflict", (write, officer.id), |tx, (write, user)| {
                Box::pin(async move {
                    conflicts::remove(tx, &write.case.id, user).await?;
                    write.keep(tx).await
                })
            });
        kept.await.map_err(stale)?;
        self.committed();
        self.conflict_views(id).await
    }

    /// The conflicts of interest that stand in a case; that they were seen is in the audit trail.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn conflicts(&self, permit: &Permit) -> Result<Vec<ConflictView>, Error> {
        let id = permit.object_for(Action::CaseRead)?;
        self.note_seen(permit).await?;
        self.conflict_views(id).await
    }

    async fn conflict_views(&self, id: ObjectId) -> Result<Vec<ConflictView>, Error> {
        let mut views = Vec::new();
        for (path, field) in self.current_fields(CaseOpened::KIND, id).await? {
            let (Some(officer), Some(reason)) = (conflict_of(&path), field.value.as_text()) else {
                continue;
            };
            let held = self.held(field.record).await?;
            views.push(ConflictView {
                officer: officer.to_owned(),
                declared_by: held.common().actor.clone(),
                at: time_text(held.common().authored_at.0),
                reason: reason.to_owned(),
                record: StatementHash(field.record.0).to_string(),
            });
        }
        Ok(views)
    }

    async fn officer_meant(&self, who: String) -> Result<User, Error> {
        let found = self
            .store
            .read("officer_meant", move |tx| Box::pin(async move { find_user(tx, &who).await }));
        let found = found.await.map_err(|error: StoreError| Error::from(error))?;
        found.ok_or(Error::NotFound("officer"))
    }

    async fn conflict_of(
        &self,
        id: ObjectId,
        officer: &User,
    ) -> Result<Option<CaseConflict>, Error> {
        let user = officer.id.clone();
        self.store
            .read("conflict_of", move |tx| {
                Box::pin(async move {
                    let rows = conflicts::of_case(tx, &id.to_string()).await?;
                    Ok(rows.into_iter().find(|row| row.user_id == user))
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }
}

/// The officer is out of the team, and what they were answered before is not repeated to them.
async fn close(tx: &mut Tx, write: &CaseWrite, user: &str) -> Result<(), StoreError> {
    let case_id = write.case.id.clone();
    cases::remove_member(tx, &case_id, user).await?;
    idempotency::lose_answers(tx, user).await?;
    let record_hash = write.prepared.hash().0;
    conflicts::insert(tx, &CaseConflict { case_id, user_id: user.to_owned(), record_hash }).await?;
    write.keep(tx).await
}

/// Refuses to give an officer a part in a case that is closed to them: by a conflict of interest, by its level or by its
/// compartment.
///
/// # Errors
/// [`Error::IllegalStep`] with the officer's name.
pub(super) async fn refuse_closed(tx: &mut Tx, case: &Case, user: &User) -> Result<(), Error> {
    if user.clearance < case.level {
        let (name, level) = (&user.name, case.level);
        let why = format!("the case is classified at level {level}, above the clearance of {name}");
        return Err(Error::IllegalStep(why));
    }
    let within = compartments::of_user(tx, &user.id).await?;
    if !case.compartment.is_empty() && within.iter().all(|row| row.compartment != case.compartment)
    {
        let why =
            format!("{} is not in the compartment of the case; a supervisor grants it", user.name);
        return Err(Error::IllegalStep(why));
    }
    if !conflicts::stands(tx, &case.id, &user.id).await? {
        return Ok(());
    }
    Err(Error::IllegalStep(format!(
        "{} has a conflict of interest in this case: choose another officer, or have a supervisor lift it",
        user.name
    )))
}

fn reason(text: String) -> Result<String, Error> {
    let told = said("reason", Some(text))?;
    told.ok_or_else(|| Error::invalid("reason", "say what the reason is"))
}
