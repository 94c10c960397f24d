//! How an item stands by its records, and the record of what happens to it next.

use crate::domain::amount::Quantity;
use crate::domain::evidence::{Custodian, CustodyEvent as Event, CustodyState, Part, Place};
use crate::domain::finding::short_text;
use crate::domain::id::ObjectId;
use crate::node::casework::append::Authorship;
use crate::node::casework::evidence::read::registered;
use crate::node::casework::evidence::write::Happened;
use crate::node::casework::{Desk, Error, Held};
use crate::node::store::evidence::{CustodyEvent as Row, EvidenceItem, PendingTransfer};
use crate::policy::Permit;
use crate::record::kinds::custody::{CustodyEvent, PartMade};
use crate::record::kinds::evidence::EvidenceRegistered;
use crate::record::{Payload, StatementHash};

/// An item, how it stands by its records, and what waits.
pub(super) struct Standing {
    /// Its row.
    pub(super) item: EvidenceItem,
    /// Its registration.
    pub(super) signed: EvidenceRegistered,
    /// How it stands.
    pub(super) state: CustodyState,
    /// The hand-over that waits.
    pub(super) pending: Option<PendingTransfer>,
    /// How many links its chain has.
    pub(super) length: i64,
}

/// What an officer says of an event, beside what it is.
#[derive(Default)]
pub(super) struct Words {
    /// Why.
    pub(super) reason: String,
    /// Where.
    pub(super) place: Option<String>,
    /// Condition of the item.
    pub(super) condition: Option<String>,
}

/// How an item stands by its records, as its row is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Who holds it: pseudonym.
    pub(crate) holder: String,
    /// `held`, `on_the_way`, ..
    pub(crate) state: &'static str,
    /// How much of it is left.
    pub(crate) quantity: Option<String>,
}

impl Desk {
    /// How the item of that id stands.
    pub(super) async fn custody_standing(&self, id: ObjectId) -> Result<Standing, Error> {
        let (item, pending) = self.evidence_row(id).await?;
        let held = self.own_held_of(id).await?;
        let (_, signed) = registered(&held)?;
        let (state, length) = self.replay(&signed, &held)?;
        Ok(Standing { item, signed, state, pending, length })
    }

    /// What the records of an item say of it.
    ///
    /// # Errors
    /// If they are no chain of custody.
    pub(crate) fn custody_told(&self, held: &[Held]) -> Result<Told, Error> {
        let (_, signed) = registered(held)?;
        let (state, _) = self.replay(&signed, held)?;
        Ok(Told {
            holder: state.holder.officer.to_string(),
            state: place_name(&state.place),
            quantity: state.quantity.map(|quantity| quantity.amount.to_string()),
        })
    }

    fn replay(
        &self,
        signed: &EvidenceRegistered,
        held: &[Held],
    ) -> Result<(CustodyState, i64), Error> {
        let mut state = CustodyState::collected(&Event::Collect {
            by: self.custodian(&signed.collected_by)?,
            seals: seals_of(signed.seals.as_deref()),
            quantity: quantity_of(signed.quantity.as_deref(), signed.unit.as_deref())?,
        })
        .map_err(refused)?;
        let mut length = 1;
        for held in held.iter().filter(|held| held.common().kind == CustodyEvent::KIND) {
            let event: CustodyEvent = held.payload()?;
            state = state.step(&self.domain_event(&event, &state)?).map_err(Error::internal)?;
            length += 1;
        }
        Ok((state, length))
    }

    /// The record of an event and the rows that follow from it.
    pub(super) async fn happen(
        &self,
        permit: &Permit,
        standing: Standing,
        (event, words): (Event, Words),
    ) -> Result<Happened, Error> {
        let next = standing.state.step(&event).map_err(refused)?;
        let payload = payload(&event, words, (&standing.state, &next));
        let id: ObjectId = standing.item.id.parse().map_err(Error::internal)?;
        let prev = Some(StatementHash(standing.item.head));
        let prepared = self.author(id, Authorship::of(permit, prev), &payload).await?;
        let (hash, now) = (prepared.hash().0, self.clock.now());
        let offered = match &event {
            Event::Transfer { to, .. } => Some(PendingTransfer {
                evidence_id: standing.item.id.clone(),
                record_hash: hash,
                giver: payload.from.clone(),
                receiver: to.officer.to_string(),
                at: now.0,
            }),
            _ => None,
        };
        Ok(Happened {
            item: EvidenceItem {
                holder: next.holder.officer.to_string(),
                state: place_name(&next.place).to_owned(),
                quantity: next.quantity.map(|quantity| quantity.amount.to_string()),
                head: hash,
                ..standing.item
            },
            row: Row {
                evidence_id: id.to_string(),
                position: standing.length,
                record_hash: hash,
                event: payload.event,
                from_actor: Some(payload.from),
                to_actor: Some(payload.to),
                at: now.0,
            },
            ended: if offered.is_none() { standing.pending } else { None },
            offered,
            prepared,
        })
    }

    /// The event that a record tells of an item that stood so before.
    fn domain_event(&self, event: &CustodyEvent, before: &CustodyState) -> Result<Event, Error> {
        let by = self.custodian(&event.from);
        let unit = before.quantity.as_ref().map(|quantity| quantity.unit.as_str());
        let parts = || {
            let made = event.parts.iter().map(|made| {
                let quantity = quantity_of(made.quantity.as_deref(), unit)?;
                Ok(Part { item: made.item, quantity })
            });
            made.collect::<Result<Vec<_>, Error>>()
        };
        let first = || parts()?.into_iter().next().ok_or_else(|| unreadable("without an item"));
        let seals_after = || seals_of(event.seals_after.as_deref());
        Ok(match event.event.as_str() {
            "transfer" => Event::Transfer {
                from: by?,
                to: self.custodian(&event.to)?,
                seals: Some(seals_after()),
            },
            "receive" => {
                Event::Receive { by: self.custodian(&event.to)?, seals: Some(seals_after()) }
            }
            "seal" => {
                let mut seals = seals_after();
                seals.drain(..before.seals.len().min(seals.len()));
                Event::Seal { by: by?, seals }
            }
            "open" => Event::Open { by: by? },
            "examine" => {
                let consumed = match (&before.quantity, &event.quantity_after) {
                    (Some(whole), Some(_)) => {
                        let left = quantity_of(event.quantity_after.as_deref(), unit)?;
                        left.map(|left| whole.without(&left))
                            .transpose()
                            .map_err(Error::internal)?
                    }
                    _ => None,
                };
                Event::Examine { by: by?, consumed }
            }
            "sample" => Event::Sample { by: by?, part: first()? },
            "split" => Event::Split { by: by?, parts: parts()? },
            "copy" => Event::Copy { by: by?, child: first()?.item },
            "return" => Event::Return { by: by?, to: event.to.clone() },
            "lose" => Event::Lose { by: by? },
            "destroy" => Event::Destroy { by: by? },
            other => return Err(unreadable(other)),
        })
    }

    /// An officer of this authority.
    pub(super) fn custodian(&self, pseudonym: &str) -> Result<Custodian, Error> {
        let officer = pseudonym.parse().map_err(Error::internal)?;
        Ok(Custodian { authority: self.authority.clone(), officer })
    }
}

/// What is written of an event that leads from one state to the next.
fn payload(
    event: &Event,
    words: Words,
    (before, after): (&CustodyState, &CustodyState),
) -> CustodyEvent {
    let by = event.actor().officer.to_string();
    let (from, to) = match event {
        Event::Transfer { to, .. } => (by, to.officer.to_string()),
        Event::Receive { .. } => (before.holder.officer.to_string(), by),
        Event::Return { to, .. } => (by, to.clone()),
        _ => (by.clone(), by),
    };
    let made = |part: &Part| PartMade {
        item: part.item,
        quantity: part.quantity.as_ref().map(|quantity| quantity.amount.to_string()),
    };
    let amount = |state: &CustodyState| state.quantity.as_ref().map(|q| q.amount.to_string());
    CustodyEvent {
        event: event.kind().name().to_owned(),
        from,
        to,
        reason: words.reason,
        place: words.place,
        condition: words.condition,
        seals_before: seals_text(&before.seals),
        seals_after: seals_text(&after.seals),
        quantity_before: amount(before),
        quantity_after: amount(after),
        parts: match event {
            Event::Sample { part, .. } => vec![made(part)],
            Event::Split { parts, .. } => parts.iter().map(made).collect(),
            Event::Copy { child, .. } => vec![PartMade { item: *child, quantity: None }],
            _ => Vec::new(),
        },
    }
}

/// The numbers of seals in a text such as `XA-1, XA-2`.
pub(super) fn seals_of(text: Option<&str>) -> Vec<String> {
    let numbers = text.unwrap_or_default().split([',', ';']).map(str::trim);
    numbers.filter(|number| !number.is_empty()).map(str::to_owned).collect()
}

/// Those numbers as one text.
pub(super) fn seals_text(seals: &[String]) -> Option<String> {
    (!seals.is_empty()).then(|| seals.join(", "))
}

/// A quantity that was signed.
fn quantity_of(amount: Option<&str>, unit: Option<&str>) -> Result<Option<Quantity>, Error> {
    match (amount, unit) {
        (Some(amount), Some(unit)) => {
            Quantity::parse(amount, unit).map(Some).map_err(Error::internal)
        }
        _ => Ok(None),
    }
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

/// A line of text that is needed.
pub(super) fn required(path: &'static str, text: &str) -> Result<String, Error> {
    short_text(path, text).map_err(|error| Error::invalid(path, error.reason))
}

/// A line of text; empty ones are none.
pub(super) fn optional(path: &'static str, text: Option<String>) -> Result<Option<String>, Error> {
    text.filter(|text| !text.trim().is_empty()).map(|text| required(path, &text)).transpose()
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn refused(refusal: crate::domain::evidence::CustodyRefusal) -> Error {
    Error::IllegalStep(refusal.to_string())
}

fn unreadable(what: &str) -> Error {
    Error::internal(format!("custody event {what} is not understood here"))
}
