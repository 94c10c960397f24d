//! What else happens to an item in custody: sealed, opened, examined, divided, given back, lost, destroyed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::amount::Quantity;
use crate::domain::evidence::{
    CustodyEvent as Event, CustodyKind, ItemForm, Part, UnknownCustodyKind,
};
use crate::domain::id::ObjectId;
use crate::node::casework::audit_trail::done;
use crate::node::casework::erasure::refuse_held;
use crate::node::casework::evidence::EvidenceView;
use crate::node::casework::evidence::add::{Registration, Source};
use crate::node::casework::evidence::custody::{Standing, Words, optional, required, seals_of};
use crate::node::casework::evidence::write::Write;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error, EvidenceInput};
use crate::node::rng::random;
use crate::policy::{Action, Permit};

/// The most items that one split makes.
const PARTS_MAX: usize = 200;

/// What an officer says happened to an item.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustodyInput {
    /// `seal`, `open`, `examine`, `sample`, `split`, `return`, `lose` or `destroy`.
    pub event: String,
    /// Why.
    pub reason: String,
    /// Where.
    #[serde(default)]
    pub place: Option<String>,
    /// Condition of the item.
    #[serde(default)]
    pub condition: Option<String>,
    /// Numbers of the seals that are set, separated by commas.
    #[serde(default)]
    pub seals: Option<String>,
    /// Of `return`: who gets the item back.
    #[serde(default)]
    pub to: Option<String>,
    /// Of `examine`: how much of the item it used up, in the unit of the item.
    #[serde(default)]
    pub consumed: Option<String>,
    /// Of `sample` the new item, of `split` all new items.
    #[serde(default)]
    pub parts: Vec<PartInput>,
}

/// An item that is made of another.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartInput {
    /// What it is.
    pub description: String,
    /// How much of the other it takes with it, a decimal number.
    #[serde(default)]
    pub quantity: Option<String>,
    /// The unit of that; without it that of the other.
    #[serde(default)]
    pub unit: Option<String>,
    /// Numbers of the seals on it, separated by commas.
    #[serde(default)]
    pub seals: Option<String>,
}

impl CustodyInput {
    /// What an officer must be allowed to do for it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is no event, or one that is recorded in another way.
    pub fn action(&self) -> Result<Action, Error> {
        match kind_of(self)? {
            CustodyKind::Examine => Ok(Action::EvidenceExamine),
            CustodyKind::Collect => {
                Err(Error::invalid("event", "is recorded by registering the item"))
            }
            CustodyKind::Transfer | CustodyKind::Receive => Err(Error::invalid(
                "event",
                "is recorded by handing the item over and signing for it",
            )),
            CustodyKind::Copy => {
                Err(Error::invalid("event", "is recorded by registering the copy, with copy_of"))
            }
            CustodyKind::Seal
            | CustodyKind::Open
            | CustodyKind::Sample
            | CustodyKind::Split
            | CustodyKind::Return
            | CustodyKind::Lose
            | CustodyKind::Destroy => Ok(Action::CustodyRecord),
        }
    }
}

impl Desk {
    /// Records what happened to the item of the permit; a sample and a split register the new items with it.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if the officer does not hold the item, it is sealed, on its way or under a legal hold,
    /// or the quantities do not add up; [`Error::Invalid`] for an unsound field.
    pub async fn record_custody(
        &self,
        permit: &Permit,
        input: CustodyInput,
    ) -> Result<EvidenceView, Error> {
        let id = permit.object_for(input.action()?)?;
        let kind = kind_of(&input)?;
        only_its_fields(&input, kind)?;
        let standing = self.custody_standing(id).await?;
        let words = Words {
            reason: required("reason", &input.reason)?,
            place: optional("place", input.place.clone())?,
            condition: optional("condition", input.condition.clone())?,
        };
        let registrations = self.parts(&input, kind, &standing)?;
        let parts: Vec<Part> = registrations.iter().map(|(part, _)| part.clone()).collect();
        let event = self.event(permit, &input, kind, (&standing, parts))?;
        if matches!(kind, CustodyKind::Destroy | CustodyKind::Return) {
            refuse_held(&self.standing(standing.signed.case).await?.content)?;
        }
        let case = standing.signed.case;
        let happened = Some(self.happen(permit, standing, (event, words)).await?);
        let form = if kind == CustodyKind::Sample { ItemForm::Sample } else { ItemForm::Part };
        let mut made = Vec::with_capacity(registrations.len());
        for (part, input) in registrations {
            let source = Source::Item { parent: id, form };
            let registration = Registration { id: part.item, case, input, intake: None, source };
            made.push(self.new_item(permit, registration).await?);
        }
        let event = done(permit, self.clock.now(), Some(id));
        self.keep_evidence("custody", Write { happened, made, event }).await?;
        self.committed();
        self.evidence_view(id).await
    }

    fn event(
        &self,
        permit: &Permit,
        input: &CustodyInput,
        kind: CustodyKind,
        (standing, mut parts): (&Standing, Vec<Part>),
    ) -> Result<Event, Error> {
        let by = self.custodian(permit.actor().as_str())?;
        Ok(match kind {
            CustodyKind::Seal => Event::Seal { by, seals: seals_of(input.seals.as_deref()) },
            CustodyKind::Open => Event::Open { by },
            CustodyKind::Examine => {
                let unit = standing.signed.unit.as_deref();
                let consumed = amount("consumed", (input.consumed.as_deref(), unit))?;
                Event::Examine { by, consumed }
            }
            CustodyKind::Sample => {
                if let (Some(part), true) = (parts.pop(), parts.is_empty()) {
                    Event::Sample { by, part }
                } else {
                    let one = "of a sample is one: the new item, with its description";
                    return Err(Error::invalid("parts", one));
                }
            }
            CustodyKind::Split => Event::Split { by, parts },
            CustodyKind::Return => {
                Event::Return { by, to: required("to", input.to.as_deref().unwrap_or_default())? }
            }
            CustodyKind::Lose => Event::Lose { by },
            CustodyKind::Destroy if standing.signed.file.is_some() => {
                return Err(Error::IllegalStep(
                    "the content of a file is destroyed by an erasure of its case, which two officers decide"
                        .to_owned(),
                ));
            }
            CustodyKind::Destroy => Event::Destroy { by },
            CustodyKind::Collect
            | CustodyKind::Transfer
            | CustodyKind::Receive
            | CustodyKind::Copy => return Err(Error::internal("an event of another use case")),
        })
    }

    /// The items that are made of another, each with what is said of it.
    fn parts(
        &self,
        input: &CustodyInput,
        kind: CustodyKind,
        standing: &Standing,
    ) -> Result<Vec<(Part, EvidenceInput)>, Error> {
        if input.parts.len() > PARTS_MAX {
            return Err(Error::invalid("parts", "are more than 200: split it in several steps"));
        }
        if !input.parts.is_empty() && standing.signed.file.is_some() {
            return Err(Error::IllegalStep(format!(
                "a file is copied, not divided: no {} can be made of it",
                kind.name()
            )));
        }
        let unit = standing.signed.unit.as_deref();
        let parts = input.parts.iter().map(|part| {
            let unit = part.unit.as_deref().or(unit);
            let quantity = amount("parts", (part.quantity.as_deref(), unit))?;
            let said = EvidenceInput {
                description: required("parts", &part.description)?,
                quantity: quantity.as_ref().map(|quantity| quantity.amount.to_string()),
                unit: quantity.as_ref().map(|quantity| quantity.unit.clone()),
                seals: optional("parts", part.seals.clone())?,
                place: input.place.clone(),
                legal_power: standing.signed.legal_power.clone(),
                ..EvidenceInput::default()
            };
            let item = ObjectId::from_random(random(&*self.rng));
            Ok((Part { item, quantity }, said))
        });
        parts.collect()
    }
}

fn kind_of(input: &CustodyInput) -> Result<CustodyKind, Error> {
    input
        .event
        .parse()
        .map_err(|error: UnknownCustodyKind| Error::invalid("event", error.to_string()))
}

/// Refuses a field that says nothing of such an event: it would be lost.
fn only_its_fields(input: &CustodyInput, kind: CustodyKind) -> Result<(), Error> {
    let said = [
        ("seals", input.seals.is_some(), kind == CustodyKind::Seal),
        ("to", input.to.is_some(), kind == CustodyKind::Return),
        ("consumed", input.consumed.is_some(), kind == CustodyKind::Examine),
        (
            "parts",
            !input.parts.is_empty(),
            matches!(kind, CustodyKind::Sample | CustodyKind::Split),
        ),
    ];
    match said.into_iter().find(|(_, is_said, is_its)| *is_said && !is_its) {
        Some((field, _, _)) => {
            Err(Error::invalid(field, format!("is not said of the event {}", kind.name())))
        }
        None => Ok(()),
    }
}

/// A quantity above zero that an officer states.
fn amount(
    path: &'static str,
    (amount, unit): (Option<&str>, Option<&str>),
) -> Result<Option<Quantity>, Error> {
    let Some(amount) = amount.filter(|amount| !amount.trim().is_empty()) else { return Ok(None) };
    let unit = unit.ok_or_else(|| {
        Error::invalid(path, "need a unit, such as KGM, NMB or LTR: the item has no quantity")
    })?;
    let quantity =
        Quantity::parse(amount, unit).map_err(|error| Error::invalid(path, error.reason))?;
    if quantity.amount.is_zero() {
        return Err(Error::invalid(path, "take something: the quantity is above zero"));
    }
    Ok(Some(quantity))
}
