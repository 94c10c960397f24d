//! Hands an item over: one record under the giver's token, one under the receiver's.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::evidence::{Custodian, CustodyEvent as Event, CustodyState, Place};
use crate::domain::finding::short_text;
use crate::domain::id::ObjectId;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done;
use crate::node::casework::evidence::read::registered;
use crate::node::casework::evidence::{CustodyView, EvidenceView};
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error, Held};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::evidence::{self, CustodyEvent as Row, EvidenceItem, PendingTransfer};
use crate::node::store::{StoreError, Tx};
use crate::policy::{Action, Permit};
use crate::record::kinds::custody::CustodyEvent;
use crate::record::{Payload, StatementHash};

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
    /// Seal numbers on it.
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
    /// Seal numbers found on it.
    #[serde(default)]
    pub seals: Option<String>,
}

struct Write {
    prepared: Prepared,
    item: EvidenceItem,
    row: Row,
    offered: Option<PendingTransfer>,
    ended: Option<PendingTransfer>,
    event: NewAuditEvent,
}

/// What happens to an item: the state after it, its record, and the hand-over that begins with it.
struct Step {
    next: CustodyState,
    payload: CustodyEvent,
    offered: Option<PendingTransfer>,
}

/// An item, how it stands by its records, and what waits.
struct Standing {
    item: EvidenceItem,
    state: CustodyState,
    pending: Option<PendingTransfer>,
    seals: Option<String>,
    length: i64,
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
        let from = self.custodian(permit.actor().as_str())?;
        let event = Event::Transfer { from, to: self.custodian(&receiver)? };
        let next = standing.state.step(&event).map_err(refused)?;
        let payload = CustodyEvent {
            event: "transfer".to_owned(),
            from: permit.actor().to_string(),
            to: receiver.clone(),
            reason: required("reason", &input.reason)?,
            place: Some(required("place", &input.place)?),
            condition: optional("condition", input.condition)?,
            seals_before: standing.seals.clone(),
            seals_after: optional("seals", input.seals)?.or_else(|| standing.seals.clone()),
        };
        let offered = PendingTransfer {
            evidence_id: standing.item.id.clone(),
            record_hash: [0; 32],
            giver: payload.from.clone(),
            receiver,
            at: self.clock.now().0,
        };
        self.keep_custody(permit, standing, Step { next, payload, offered: Some(offered) }).await
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
        let next = standing.state.step(&Event::Receive { by }).map_err(refused)?;
        let payload = CustodyEvent {
            event: "receive".to_owned(),
            from: standing.state.holder.officer.to_string(),
            to: permit.actor().to_string(),
            reason: optional("reason", input.reason)?.unwrap_or_else(|| "received".to_owned()),
            place: optional("place", input.place)?,
            condition: optional("condition", input.condition)?,
            seals_before: standing.seals.clone(),
            seals_after: optional("seals", input.seals)?.or_else(|| standing.seals.clone()),
        };
        self.keep_custody(permit, standing, Step { next, payload, offered: None }).await
    }

    async fn keep_custody(
        &self,
        permit: &Permit,
        standing: Standing,
        step: Step,
    ) -> Result<EvidenceView, Error> {
        let Step { next, payload, offered } = step;
        let id: ObjectId = standing.item.id.parse().map_err(Error::internal)?;
        let prev = Some(StatementHash(standing.item.head));
        let prepared = self.author(id, Authorship::of(permit, prev), &payload).await?;
        let (hash, now) = (prepared.hash().0, self.clock.now());
        let write = Write {
            item: EvidenceItem {
                holder: next.holder.officer.to_string(),
                state: place_name(&next.place).to_owned(),
                head: hash,
                ..standing.item
            },
            row: Row {
                evidence_id: id.to_string(),
                position: standing.length,
                record_hash: hash,
                event: payload.event.clone(),
                from_actor: Some(payload.from.clone()),
                to_actor: Some(payload.to.clone()),
                at: now.0,
            },
            ended: if offered.is_none() { standing.pending } else { None },
            offered: offered.map(|offered| PendingTransfer { record_hash: hash, ..offered }),
            event: done(permit, now, Some(id)),
            prepared,
        };
        self.store
            .write_with("custody", write, |tx, write| Box::pin(async move { write.keep(tx).await }))
            .await
            .map_err(|error: StoreError| match error {
                StoreError::Conflict(_) => Error::Conflict(
                    "something else happened to the item meanwhile: read it again".to_owned(),
                ),
                other => other.into(),
            })?;
        self.committed();
        self.evidence_view(id).await
    }

    async fn custody_standing(&self, id: ObjectId) -> Result<Standing, Error> {
        let (item, pending) = self.evidence_row(id).await?;
        let held = self.own_held_of(id).await?;
        let (_, signed) = registered(&held)?;
        let collected = Event::Collect { by: self.custodian(&signed.collected_by)? };
        let mut state = CustodyState::collected(&collected).map_err(refused)?;
        let mut seals = signed.seals;
        let mut length = 1;
        for held in held.iter().filter(|held| held.common().kind == CustodyEvent::KIND) {
            let event: CustodyEvent = held.payload()?;
            state = state.step(&self.domain_event(&event)?).map_err(Error::internal)?;
            seals = event.seals_after;
            length += 1;
        }
        Ok(Standing { item, state, pending, seals, length })
    }

    fn domain_event(&self, event: &CustodyEvent) -> Result<Event, Error> {
        match event.event.as_str() {
            "transfer" => Ok(Event::Transfer {
                from: self.custodian(&event.from)?,
                to: self.custodian(&event.to)?,
            }),
            "receive" => Ok(Event::Receive { by: self.custodian(&event.to)? }),
            other => Err(Error::internal(format!("custody event {other} is not understood here"))),
        }
    }

    fn custodian(&self, pseudonym: &str) -> Result<Custodian, Error> {
        let officer = pseudonym.parse().map_err(Error::internal)?;
        Ok(Custodian { authority: self.authority.clone(), officer })
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

impl Write {
    async fn keep(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.prepared.append(tx).await?;
        evidence::put(tx, &self.item).await?;
        evidence::add_custody(tx, &self.row).await?;
        if let Some(ended) = &self.ended {
            evidence::end_transfer(tx, &ended.evidence_id, &ended.record_hash).await?;
        }
        if let Some(offered) = &self.offered {
            evidence::offer_transfer(tx, offered).await?;
        }
        audit_events::append(tx, &self.event).await.map(drop)
    }
}

/// The chain of custody that the records of an item tell.
pub(crate) fn custody_views(held: &[Held]) -> Vec<CustodyView> {
    let mut views: Vec<CustodyView> = Vec::new();
    for held in held {
        let view = CustodyView {
            position: views.len(),
            event: "collect".to_owned(),
            from: None,
            to: None,
            at: time_text(held.common().authored_at.0),
            reason: None,
            place: None,
            condition: None,
            seals: None,
            record: held.statement().hash().to_string(),
        };
        if let Ok((_, signed)) = registered(std::slice::from_ref(held)) {
            let (to, place, seals) = (Some(signed.collected_by), signed.place, signed.seals);
            views.push(CustodyView { to, place, seals, ..view });
        } else if let Ok(event) = held.payload::<CustodyEvent>() {
            views.push(CustodyView {
                event: event.event,
                from: Some(event.from),
                to: Some(event.to),
                reason: Some(event.reason),
                place: event.place,
                condition: event.condition,
                seals: event.seals_after,
                ..view
            });
        }
    }
    views
}

const fn place_name(place: &Place) -> &'static str {
    match place {
        Place::Held => "held",
        Place::OnTheWay { .. } => "on_the_way",
        Place::Divided => "divided",
        Place::Returned => "returned",
        Place::Lost => "lost",
        Place::Destroyed => "destroyed",
    }
}

fn required(path: &'static str, text: &str) -> Result<String, Error> {
    short_text(path, text).map_err(|error| Error::invalid(path, error.reason))
}

fn optional(path: &'static str, text: Option<String>) -> Result<Option<String>, Error> {
    text.filter(|text| !text.trim().is_empty()).map(|text| required(path, &text)).transpose()
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn refused(refusal: crate::domain::evidence::CustodyRefusal) -> Error {
    Error::IllegalStep(refusal.to_string())
}
