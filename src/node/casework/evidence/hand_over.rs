//! Hands an item over: one record under the giver's token, one under the receiver's.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::evidence::CustodyEvent as Event;
use crate::node::casework::audit_trail::done;
use crate::node::casework::evidence::EvidenceView;
use crate::node::casework::evidence::custody::{Standing, Words, optional, required, seals_of};
use crate::node::casework::evidence::write::Write;
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::policy::{Action, Permit};

/// What the giver says.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The officer who is to receive: name, pseudonym or id.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Where.
    pub place: String,
    /// Condition of the item.
    #[serde(default)]
    pub condition: Option<String>,
    /// Seal numbers on it as the giver sees them, separated by commas; without it those that are known.
    #[serde(default)]
    pub seals: Option<String>,
}

/// What the receiver says.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeOver {
    /// Why, if there is more to say than that it was received.
    #[serde(default)]
    pub reason: Option<String>,
    /// Where.
    #[serde(default)]
    pub place: Option<String>,
    /// Condition of the item.
    #[serde(default)]
    pub condition: Option<String>,
    /// Seal numbers found on it, separated by commas, none of them as an empty text; without it those that are known.
    #[serde(default)]
    pub seals: Option<String>,
}

impl Desk {
    /// The holder gives the item of the permit away; the receiver must sign before it is theirs.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if the officer does not hold it or it is on its way, [`Error::NotFound`] for an unknown
    /// receiver, [`Error::Invalid`] for an unsound field.
    pub async fn transfer_evidence(
        &self,
        permit: &Permit,
        input: HandOver,
    ) -> Result<EvidenceView, Error> {
        let id = permit.object_for(Action::CustodyTransfer)?;
        let receiver = self.receiver(&input.to).await?;
        let standing = self.custody_standing(id).await?;
        let event = Event::Transfer {
            from: self.custodian(permit.actor().as_str())?,
            to: self.custodian(&receiver)?,
            seals: seen(input.seals)?,
        };
        let words = Words {
            reason: required("reason", &input.reason)?,
            place: Some(required("place", &input.place)?),
            condition: optional("condition", input.condition)?,
        };
        self.keep_custody(permit, standing, (event, words)).await
    }

    /// The named receiver signs for the item of the permit and holds it then; the giver may take it back so too.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if it was not handed to the officer.
    pub async fn receive_evidence(
        &self,
        permit: &Permit,
        input: TakeOver,
    ) -> Result<EvidenceView, Error> {
        let id = permit.object_for(Action::CustodyReceive)?;
        let standing = self.custody_standing(id).await?;
        let by = self.custodian(permit.actor().as_str())?;
        let event = Event::Receive { by, seals: seen(input.seals)? };
        let words = Words {
            reason: optional("reason", input.reason)?.unwrap_or_else(|| "received".to_owned()),
            place: optional("place", input.place)?,
            condition: optional("condition", input.condition)?,
        };
        self.keep_custody(permit, standing, (event, words)).await
    }

    /// Keeps an event that makes no new item, and shows the item after it.
    pub(super) async fn keep_custody(
        &self,
        permit: &Permit,
        standing: Standing,
        event: (Event, Words),
    ) -> Result<EvidenceView, Error> {
        let id = standing.item.id.parse().map_err(Error::internal)?;
        let happened = Some(self.happen(permit, standing, event).await?);
        let event = done(permit, self.clock.now(), Some(id));
        self.keep_evidence("custody", Write { happened, made: Vec::new(), event }).await?;
        self.committed();
        self.evidence_view(id).await
    }

    /// The pseudonym of the officer who is to receive.
    async fn receiver(&self, who: &str) -> Result<String, Error> {
        let who = who.to_owned();
        let user = self
            .store
            .read("receiver", move |tx| Box::pin(async move { find_user(tx, &who).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .filter(|user| user.disabled_at.is_none());
        Ok(user.ok_or(Error::NotFound("officer"))?.pseudonym)
    }
}

/// The seals that somebody says to see; an empty text says that there are none.
fn seen(text: Option<String>) -> Result<Option<Vec<String>>, Error> {
    let Some(text) = text else { return Ok(None) };
    Ok(Some(seals_of(optional("seals", Some(text))?.as_deref())))
}
