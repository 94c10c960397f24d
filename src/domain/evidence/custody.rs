//! Custody: which events may follow which, and who holds an item; a hand-over is two events under two officers.

use crate::domain::amount::Quantity;
use crate::domain::evidence::event::{Custodian, CustodyEvent, Part};
use crate::domain::finding::ImpossibleValue;

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// With its holder.
    Held,
    /// Given away, not yet received; the giver still answers for it.
    OnTheWay {
        /// Who is to receive it.
        to: Custodian,
    },
    /// Divided into other items.
    Divided,
    /// Given back.
    Returned,
    /// Lost.
    Lost,
    /// Destroyed.
    Destroyed,
}

/// Who holds an item and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustodyState {
    /// Who answers for it.
    pub holder: Custodian,
    /// Where it is.
    pub place: Place,
    /// The seals on it; none when it is open.
    pub seals: Vec<String>,
    /// How much of it there is, if that is known.
    pub quantity: Option<Quantity>,
}

/// A custody event that the rules do not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustodyRefusal {
    /// The first event of an item is not its collection.
    #[error("nobody holds the item yet: record its collection first")]
    NotCollected,
    /// The item was collected before.
    #[error("the item is in custody already; record a transfer instead")]
    AlreadyCollected,
    /// Somebody else holds the item.
    #[error("{actor} does not hold the item; {holder} does and must act or hand it over")]
    NotHolder {
        /// Who tried.
        actor: Custodian,
        /// Who holds it.
        holder: Custodian,
    },
    /// The item is on its way.
    #[error(
        "the item is on its way to {to}; they must receive it, or the giver take it back, first"
    )]
    OnTheWay {
        /// Who is to receive it.
        to: Custodian,
    },
    /// Nothing was handed over.
    #[error("the item is not on its way: its holder {holder} must record the transfer first")]
    NotOnTheWay {
        /// Who holds it.
        holder: Custodian,
    },
    /// Somebody else was named as receiver.
    #[error("{actor} is not the named receiver; only {to} can receive the item")]
    NotReceiver {
        /// Who tried.
        actor: Custodian,
        /// Who was named.
        to: Custodian,
    },
    /// Giver and receiver are the same.
    #[error("a transfer needs two officers; giver and receiver are the same")]
    SameOfficer,
    /// The item is sealed.
    #[error("the item is sealed: record the opening of the seals first")]
    Sealed,
    /// There is no seal to open, or no number for one to set.
    #[error("there is no seal: name the numbers of the seals to set, or none is there to open")]
    NoSeal,
    /// A split that makes fewer than two items.
    #[error("a split makes at least two new items; use a sample for one")]
    TooFewParts,
    /// What was taken does not add up with what there was.
    #[error(transparent)]
    Unbalanced(#[from] ImpossibleValue),
    /// The item is not in custody any more.
    #[error("the item's custody has ended; nothing more can happen to it here")]
    Ended,
}

impl CustodyState {
    /// The state after an item's first event.
    ///
    /// # Errors
    /// If that is not its collection.
    pub fn collected(event: &CustodyEvent) -> Result<Self, CustodyRefusal> {
        match event {
            CustodyEvent::Collect { by, seals, quantity } => Ok(Self {
                holder: by.clone(),
                place: Place::Held,
                seals: seals.clone(),
                quantity: quantity.clone(),
            }),
            CustodyEvent::Seal { .. }
            | CustodyEvent::Transfer { .. }
            | CustodyEvent::Receive { .. }
            | CustodyEvent::Open { .. }
            | CustodyEvent::Examine { .. }
            | CustodyEvent::Sample { .. }
            | CustodyEvent::Split { .. }
            | CustodyEvent::Copy { .. }
            | CustodyEvent::Return { .. }
            | CustodyEvent::Lose { .. }
            | CustodyEvent::Destroy { .. } => Err(CustodyRefusal::NotCollected),
        }
    }

    /// The state after all events of an item, in the order of its chain.
    ///
    /// # Errors
    /// If an event may not follow those before it, or there is none.
    pub fn replay<'a>(
        events: impl IntoIterator<Item = &'a CustodyEvent>,
    ) -> Result<Self, CustodyRefusal> {
        let mut events = events.into_iter();
        let first = events.next().ok_or(CustodyRefusal::NotCollected)?;
        events.try_fold(Self::collected(first)?, |state, event| state.step(event))
    }

    /// The state after one more event.
    ///
    /// # Errors
    /// If the event may not follow, with who must do what first.
    pub fn step(&self, event: &CustodyEvent) -> Result<Self, CustodyRefusal> {
        match event {
            CustodyEvent::Collect { .. } => Err(CustodyRefusal::AlreadyCollected),
            CustodyEvent::Receive { by, seals } => Ok(self.received(by)?.found(seals.as_ref())),
            CustodyEvent::Lose { by } => self.lost(by),
            CustodyEvent::Transfer { from, to, seals } => {
                self.held_by(from)?;
                if from == to {
                    return Err(CustodyRefusal::SameOfficer);
                }
                Ok(Self { place: Place::OnTheWay { to: to.clone() }, ..self.clone() }
                    .found(seals.as_ref()))
            }
            CustodyEvent::Seal { by, seals } => {
                self.held_by(by)?;
                if seals.is_empty() {
                    return Err(CustodyRefusal::NoSeal);
                }
                let seals = self.seals.iter().chain(seals).cloned().collect();
                Ok(Self { seals, ..self.clone() })
            }
            CustodyEvent::Open { by } => {
                self.held_by(by)?;
                if self.seals.is_empty() {
                    return Err(CustodyRefusal::NoSeal);
                }
                Ok(Self { seals: Vec::new(), ..self.clone() })
            }
            CustodyEvent::Copy { by, .. } => {
                self.open_with(by)?;
                Ok(self.clone())
            }
            CustodyEvent::Examine { by, consumed } => {
                self.open_with(by)?;
                self.less(consumed.as_ref())
            }
            CustodyEvent::Sample { by, part } => {
                self.open_with(by)?;
                self.stated(part)?;
                self.less(part.quantity.as_ref())
            }
            CustodyEvent::Split { by, parts } => {
                self.open_with(by)?;
                self.divided(parts)
            }
            CustodyEvent::Return { by, .. } => {
                self.held_by(by)?;
                Ok(Self { place: Place::Returned, ..self.clone() })
            }
            CustodyEvent::Destroy { by } => {
                self.held_by(by)?;
                Ok(Self { place: Place::Destroyed, ..self.clone() })
            }
        }
    }

    /// Whether something can still happen to the item.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.place {
            Place::Held | Place::OnTheWay { .. } => true,
            Place::Divided | Place::Returned | Place::Lost | Place::Destroyed => false,
        }
    }

    /// With the seals that somebody saw on it.
    fn found(self, seals: Option<&Vec<String>>) -> Self {
        Self { seals: seals.cloned().unwrap_or(self.seals), ..self }
    }

    /// Without what was taken; where nobody counted the whole there is nothing to subtract from.
    fn less(&self, taken: Option<&Quantity>) -> Result<Self, CustodyRefusal> {
        let quantity = match (&self.quantity, taken) {
            (Some(whole), Some(taken)) => Some(whole.without(taken)?),
            (whole, _) => whole.clone(),
        };
        Ok(Self { quantity, ..self.clone() })
    }

    /// Refuses a part that does not say how much it took of an item that was counted.
    fn stated(&self, part: &Part) -> Result<(), CustodyRefusal> {
        match (&self.quantity, &part.quantity) {
            (Some(whole), None) => Err(ImpossibleValue::of(
                "quantity",
                &format!("of each part is needed: the item it is taken from is {whole}"),
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// After a split; the parts are together what the item was.
    fn divided(&self, parts: &[Part]) -> Result<Self, CustodyRefusal> {
        if parts.len() < 2 {
            return Err(CustodyRefusal::TooFewParts);
        }
        parts.iter().try_for_each(|part| self.stated(part))?;
        let state =
            parts.iter().try_fold(self.clone(), |rest, part| rest.less(part.quantity.as_ref()))?;
        if let Some(rest) = state.quantity.as_ref().filter(|rest| !rest.amount.is_zero()) {
            let reason = format!("of the parts leaves {rest} over: a split divides the whole");
            return Err(ImpossibleValue::of("quantity", &reason).into());
        }
        Ok(Self { place: Place::Divided, ..state })
    }

    fn received(&self, by: &Custodian) -> Result<Self, CustodyRefusal> {
        match &self.place {
            Place::OnTheWay { to } if by == to || *by == self.holder => {
                Ok(Self { holder: by.clone(), place: Place::Held, ..self.clone() })
            }
            Place::OnTheWay { to } => {
                Err(CustodyRefusal::NotReceiver { actor: by.clone(), to: to.clone() })
            }
            Place::Held => Err(CustodyRefusal::NotOnTheWay { holder: self.holder.clone() }),
            Place::Divided | Place::Returned | Place::Lost | Place::Destroyed => {
                Err(CustodyRefusal::Ended)
            }
        }
    }

    /// Also on the way: giver and receiver may both find that it did not arrive.
    fn lost(&self, by: &Custodian) -> Result<Self, CustodyRefusal> {
        let may_report = match &self.place {
            Place::OnTheWay { to } => by == to || *by == self.holder,
            Place::Held => *by == self.holder,
            Place::Divided | Place::Returned | Place::Lost | Place::Destroyed => {
                return Err(CustodyRefusal::Ended);
            }
        };
        if may_report {
            Ok(Self { place: Place::Lost, ..self.clone() })
        } else {
            Err(self.not_holder(by))
        }
    }

    fn held_by(&self, actor: &Custodian) -> Result<(), CustodyRefusal> {
        match &self.place {
            Place::Divided | Place::Returned | Place::Lost | Place::Destroyed => {
                Err(CustodyRefusal::Ended)
            }
            Place::OnTheWay { to } => Err(CustodyRefusal::OnTheWay { to: to.clone() }),
            Place::Held if *actor == self.holder => Ok(()),
            Place::Held => Err(self.not_holder(actor)),
        }
    }

    fn open_with(&self, actor: &Custodian) -> Result<(), CustodyRefusal> {
        self.held_by(actor)?;
        if self.seals.is_empty() { Ok(()) } else { Err(CustodyRefusal::Sealed) }
    }

    fn not_holder(&self, actor: &Custodian) -> CustodyRefusal {
        CustodyRefusal::NotHolder { actor: actor.clone(), holder: self.holder.clone() }
    }
}
