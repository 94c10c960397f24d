//! Restricts the data of a case by order or because a date passed, and lifts what was ordered; destroys nothing.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::long_text;
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;
use crate::node::casework::permits::Covers;
use crate::node::casework::retention::{KeepingView, Restriction};
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::node::store::cases::Case;
use crate::node::store::deadlines::{self, Deadline, DeadlineKind};
use crate::policy::{Action, Actor, Permit};
use crate::record::kinds::keeping::{CaseRestricted, CaseUnrestricted};

/// Cases that are restricted in one look.
const STEP_ROWS: i64 = 100;

/// An order to restrict the data of a case.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRestriction {
    /// Why; without personal data.
    pub reason: String,
    /// The law that asks for it.
    #[serde(default)]
    pub legal_basis: Option<String>,
}

/// An order to lift a restriction.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lifting {
    /// Why; without personal data.
    pub reason: String,
}

impl Desk {
    /// Restricts the case of the permit.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if an order restricts it already, [`Error::Invalid`] without a reason.
    pub async fn restrict_case(
        &self,
        permit: &Permit,
        input: NewRestriction,
    ) -> Result<KeepingView, Error> {
        let id = permit.object_for(Action::CaseRestrict)?;
        let legal_basis = input.legal_basis.map(|text| line("legal_basis", &text)).transpose()?;
        let payload = CaseRestricted {
            restriction: Restriction::Ordered.name().to_owned(),
            reason: line("reason", &input.reason)?,
            legal_basis,
        };
        let standing = self.standing(id).await?;
        // What the node did by itself gives way: the next review would lift it, and not what was ordered.
        let stays = [Restriction::Ordered, Restriction::ToErase];
        if let Some(restriction) = Restriction::of(&standing.case).filter(|was| stays.contains(was))
        {
            return Err(Error::IllegalStep(format!(
                "the case is restricted already: {}",
                restriction.name()
            )));
        }
        let case = Case { restricted: payload.restriction.clone(), ..standing.case };
        let write = self.case_write(permit, &payload, case, &standing.content).await?;
        self.keep_case("restrict_case", write).await?;
        self.keeping_of(id).await
    }

    /// Lifts a restriction that an officer ordered.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if the case is not restricted by order, [`Error::Invalid`] without a reason.
    pub async fn unrestrict_case(
        &self,
        permit: &Permit,
        input: Lifting,
    ) -> Result<KeepingView, Error> {
        let id = permit.object_for(Action::CaseRestrict)?;
        let payload = CaseUnrestricted { reason: line("reason", &input.reason)? };
        let standing = self.standing(id).await?;
        match Restriction::of(&standing.case) {
            Some(Restriction::Ordered) => {}
            Some(other) => {
                return Err(Error::IllegalStep(format!(
                    "nobody ordered this restriction ({}): review the case, or order its erasure",
                    other.name()
                )));
            }
            None => return Err(Error::IllegalStep("the case is not restricted".to_owned())),
        }
        let case = Case { restricted: String::new(), ..standing.case };
        let write = self.case_write(permit, &payload, case, &standing.content).await?;
        self.keep_case("unrestrict_case", write).await?;
        self.keeping_of(id).await
    }

    /// Restricts the cases whose review or retention passed; gives how many. What cannot be restricted now is tried again
    /// at the next look, and holds up no other.
    ///
    /// # Errors
    /// If they cannot be looked for. A case that cannot be restricted is named in the log lines and holds up no other.
    pub async fn restrict_overdue(&self) -> Result<u64, Error> {
        let now = self.clock.now().0;
        let overdue = self
            .store
            .read("overdue_cases", move |tx| {
                Box::pin(async move { deadlines::overdue_cases(tx, now, STEP_ROWS).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let mut count = 0_u64;
        for deadline in overdue {
            match self.restrict_for(&deadline).await {
                Ok(is_new) => count = count.saturating_add(u64::from(is_new)),
                // Somebody changed the case meanwhile; the next look sees how it stands.
                Err(Error::Conflict(_)) => {}
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(case.id = deadline.object, error = %error, cause, "an overdue case could not be restricted");
                }
            }
        }
        Ok(count)
    }

    /// Whether nobody reviewed the case, or set a hold, since it was found to be overdue. What happens from here on makes the
    /// write a conflict.
    async fn is_still_due(&self, deadline: &Deadline) -> Result<bool, Error> {
        let object = deadline.object.clone();
        let due = self.store.read("still_due", move |tx| {
            Box::pin(async move { deadlines::of_object(tx, &object).await })
        });
        let due = due.await.map_err(|error: StoreError| Error::from(error))?;
        Ok(due.iter().any(|row| row.place == deadline.place && row.due_at == deadline.due_at))
    }

    /// Whether it was not restricted before.
    async fn restrict_for(&self, deadline: &Deadline) -> Result<bool, Error> {
        let id: ObjectId = deadline.object.parse().map_err(Error::internal)?;
        let standing = self.standing(id).await?;
        if Restriction::of(&standing.case).is_some() || !self.is_still_due(deadline).await? {
            return Ok(false);
        }
        let permit = self.permit(&Actor::node(), Action::CaseRestrict, Some(id), None).await?;
        let day = Timestamp(deadline.due_at).date();
        let (restriction, reason) = if deadline.kind == DeadlineKind::CaseReview {
            (Restriction::Review, format!("the review that was due on {day} was not done"))
        } else {
            (Restriction::Retention, format!("the retention ended on {day}"))
        };
        let restriction = restriction.name().to_owned();
        let payload =
            CaseRestricted { restriction: restriction.clone(), reason, legal_basis: None };
        let case = Case { restricted: restriction, ..standing.case };
        let write = self.case_write(&permit, &payload, case, &standing.content).await?;
        self.keep_case("restrict_overdue", write).await.map(|()| true)
    }
}

fn line(path: &'static str, text: &str) -> Result<String, Error> {
    long_text(path, text).map_err(|error| Error::invalid(path, error.reason))
}
