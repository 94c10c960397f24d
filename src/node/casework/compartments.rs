//! Who is let into which compartment: a supervisor decides, never on themselves; opens no case by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::finding::short_text;
use crate::node::casework::audit_trail::done;
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::compartments::{self, UserCompartment};
use crate::node::store::{StoreError, Tx, idempotency, users};
use crate::policy::{Action, Permit};

/// The longest name of a compartment, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A compartment to let an officer into, or to take them out of.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCompartment {
    /// Its name, such as `operation-amber`.
    pub compartment: String,
    /// Why.
    pub reason: String,
}

/// A compartment that an officer is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CompartmentView {
    /// The officer: pseudonym.
    pub officer: String,
    /// The compartment.
    pub compartment: String,
    /// Who let them in: pseudonym.
    pub granted_by: String,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
}

impl Desk {
    /// Lets an officer (name, pseudonym or id) into a compartment. Gives those that the officer is in by now.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer, [`Error::NotPermitted`] for oneself, [`Error::Invalid`] for an
    /// unsound name or no reason.
    pub async fn grant_compartment(
        &self,
        permit: &Permit,
        who: &str,
        input: NewCompartment,
    ) -> Result<Vec<CompartmentView>, Error> {
        self.change_compartment(permit, who, input, true).await
    }

    /// Takes an officer out of a compartment.
    ///
    /// # Errors
    /// As [`Desk::grant_compartment`].
    pub async fn revoke_compartment(
        &self,
        permit: &Permit,
        who: &str,
        input: NewCompartment,
    ) -> Result<Vec<CompartmentView>, Error> {
        self.change_compartment(permit, who, input, false).await
    }

    async fn change_compartment(
        &self,
        permit: &Permit,
        who: &str,
        input: NewCompartment,
        is_granted: bool,
    ) -> Result<Vec<CompartmentView>, Error> {
        permit.covers(Action::CompartmentGrant, None)?;
        let granted_by = permit.user().map(|user| user.to_string()).unwrap_or_default();
        let now = self.clock.now();
        let reason = short_text("reason", &input.reason)
            .map_err(|error| Error::invalid("reason", error.reason))?;
        let row = UserCompartment {
            user_id: String::new(),
            compartment: compartment_name(&input.compartment)?,
            granted_by,
            reason,
            granted_at: now.0,
        };
        let data = (who.to_owned(), row, done(permit, now, None));
        self.store
            .write_with("change_compartment", data, move |tx, (who, row, event)| {
                Box::pin(async move {
                    let user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    if user.id == row.granted_by {
                        let why =
                            "nobody decides on their own compartments: ask another supervisor";
                        return Err(Error::NotPermitted(why.to_owned()));
                    }
                    let row = UserCompartment { user_id: user.id.clone(), ..row.clone() };
                    let word = if is_granted {
                        compartments::grant(tx, &row).await?;
                        "let into"
                    } else {
                        compartments::revoke(tx, &user.id, &row.compartment).await?;
                        idempotency::lose_answers(tx, &user.id).await?;
                        "taken out of"
                    };
                    // Why stands in the row: the trail is read by those who see no content.
                    let detail =
                        format!("{} {word} the compartment {}", user.pseudonym, row.compartment);
                    let event = NewAuditEvent { detail: Some(detail), ..event.clone() };
                    audit_events::append(tx, &event).await?;
                    Ok::<_, Error>(views(tx, &user).await?)
                })
            })
            .await
    }

    /// The compartments that an officer (name, pseudonym or id) is in.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer.
    pub async fn compartments(
        &self,
        permit: &Permit,
        who: &str,
    ) -> Result<Vec<CompartmentView>, Error> {
        permit.covers(Action::CompartmentRead, None)?;
        let who = who.to_owned();
        self.store
            .read("compartments", move |tx| {
                Box::pin(async move {
                    let user = find_user(tx, &who).await?.ok_or(Error::NotFound("officer"))?;
                    Ok(views(tx, &user).await?)
                })
            })
            .await
    }
}

async fn views(tx: &mut Tx, user: &users::User) -> Result<Vec<CompartmentView>, StoreError> {
    let mut views = Vec::new();
    for row in compartments::of_user(tx, &user.id).await? {
        let by = users::get(tx, &row.granted_by).await?;
        views.push(CompartmentView {
            officer: user.pseudonym.clone(),
            compartment: row.compartment,
            granted_by: by.map(|by| by.pseudonym).unwrap_or_default(),
            at: time_text(row.granted_at),
            reason: row.reason,
        });
    }
    Ok(views)
}

/// Reads the name of a compartment.
///
/// # Errors
/// [`Error::Invalid`] if it is none.
pub(crate) fn compartment_name(text: &str) -> Result<String, Error> {
    let name = text.trim();
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_letter) {
        let advice = "has 1 to 64 lower-case letters, digits and hyphens, such as operation-amber";
        return Err(Error::invalid("compartment", advice));
    }
    Ok(name.to_owned())
}
