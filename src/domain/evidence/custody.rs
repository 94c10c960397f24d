//! Custody: which events may follow which, and who holds an item; a hand-over is two events under two officers.

use std::fmt;
use std::str::FromStr;

use crate::domain::id::{AuthorityName, ObjectId, OfficerPseudonym};

/// An officer of an authority as holder of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Custodian {
    /// The authority.
    pub authority: AuthorityName,
    /// The officer.
    pub officer: OfficerPseudonym,
}

impl fmt::Display for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.officer, self.authority)
    }
}

/// Something that happens to an item. Time, place, reason and condition are fields of the record around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustodyEvent {
    /// The item is taken into custody.
    Collect {
        /// Who takes it.
        by: Custodian,
    },
    /// The item is sealed.
    Seal {
        /// Who seals it.
        by: Custodian,
        /// The numbers of the seals.
        seals: Vec<String>,
    },
    /// The holder gives the item away; the other has not yet received it.
    Transfer {
        /// Who gives.
        from: Custodian,
        /// Who is to receive.
        to: Custodian,
    },
    /// The named receiver has the item, or the giver takes it back.
    Receive {
        /// Who receives.
        by: Custodian,
    },
    /// The seals are broken.
    Open {
        /// Who opens.
        by: Custodian,
    },
    /// The item is examined.
    Examine {
        /// Who examines.
        by: Custodian,
    },
    /// A part is taken and becomes an item of its own.
    Sample {
        /// Who takes it.
        by: Custodian,
        /// The new item.
        child: ObjectId,
    },
    /// The item is divided into items of their own and ends.
    Split {
        /// Who divides.
        by: Custodian,
        /// The new items.
        children: Vec<ObjectId>,
    },
    /// A copy is made, an item of its own.
    Copy {
        /// Who copies.
        by: Custodian,
        /// The new item.
        child: ObjectId,
    },
    /// The item goes back to whom it belongs to.
    Return {
        /// Who gives it back.
        by: Custodian,
        /// To whom.
        to: String,
    },
    /// The item is lost.
    Lose {
        /// Who reports it.
        by: Custodian,
    },
    /// The item is destroyed.
    Destroy {
        /// Who destroys it.
        by: Custodian,
    },
}

/// The kinds of custody event and their stable names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustodyKind {
    /// See [`CustodyEvent::Collect`].
    Collect,
    /// See [`CustodyEvent::Seal`].
    Seal,
    /// See [`CustodyEvent::Transfer`].
    Transfer,
    /// See [`CustodyEvent::Receive`].
    Receive,
    /// See [`CustodyEvent::Open`].
    Open,
    /// See [`CustodyEvent::Examine`].
    Examine,
    /// See [`CustodyEvent::Sample`].
    Sample,
    /// See [`CustodyEvent::Split`].
    Split,
    /// See [`CustodyEvent::Copy`].
    Copy,
    /// See [`CustodyEvent::Return`].
    Return,
    /// See [`CustodyEvent::Lose`].
    Lose,
    /// See [`CustodyEvent::Destroy`].
    Destroy,
}

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
            CustodyEvent::Collect { by } => {
                Ok(Self { holder: by.clone(), place: Place::Held, seals: Vec::new() })
            }
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
            CustodyEvent::Receive { by } => self.received(by),
            CustodyEvent::Lose { by } => self.lost(by),
            CustodyEvent::Transfer { from, to } => {
                self.held_by(from)?;
                if from == to {
                    return Err(CustodyRefusal::SameOfficer);
                }
                Ok(Self { place: Place::OnTheWay { to: to.clone() }, ..self.clone() })
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
            CustodyEvent::Examine { by }
            | CustodyEvent::Sample { by, .. }
            | CustodyEvent::Copy { by, .. } => {
                self.open_with(by)?;
                Ok(self.clone())
            }
            CustodyEvent::Split { by, children } => {
                self.open_with(by)?;
                if children.len() < 2 {
                    return Err(CustodyRefusal::TooFewParts);
                }
                Ok(Self { place: Place::Divided, ..self.clone() })
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

    fn received(&self, by: &Custodian) -> Result<Self, CustodyRefusal> {
        match &self.place {
            Place::OnTheWay { to } if by == to || *by == self.holder => {
                Ok(Self { holder: by.clone(), place: Place::Held, seals: self.seals.clone() })
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

impl CustodyEvent {
    /// The officer whose act it is, under whose token the record must be made.
    #[must_use]
    pub const fn actor(&self) -> &Custodian {
        match self {
            Self::Transfer { from, .. } => from,
            Self::Collect { by }
            | Self::Seal { by, .. }
            | Self::Receive { by }
            | Self::Open { by }
            | Self::Examine { by }
            | Self::Sample { by, .. }
            | Self::Split { by, .. }
            | Self::Copy { by, .. }
            | Self::Return { by, .. }
            | Self::Lose { by }
            | Self::Destroy { by } => by,
        }
    }

    /// Which kind of event it is.
    #[must_use]
    pub const fn kind(&self) -> CustodyKind {
        match self {
            Self::Collect { .. } => CustodyKind::Collect,
            Self::Seal { .. } => CustodyKind::Seal,
            Self::Transfer { .. } => CustodyKind::Transfer,
            Self::Receive { .. } => CustodyKind::Receive,
            Self::Open { .. } => CustodyKind::Open,
            Self::Examine { .. } => CustodyKind::Examine,
            Self::Sample { .. } => CustodyKind::Sample,
            Self::Split { .. } => CustodyKind::Split,
            Self::Copy { .. } => CustodyKind::Copy,
            Self::Return { .. } => CustodyKind::Return,
            Self::Lose { .. } => CustodyKind::Lose,
            Self::Destroy { .. } => CustodyKind::Destroy,
        }
    }
}

impl CustodyKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Collect,
        Self::Seal,
        Self::Transfer,
        Self::Receive,
        Self::Open,
        Self::Examine,
        Self::Sample,
        Self::Split,
        Self::Copy,
        Self::Return,
        Self::Lose,
        Self::Destroy,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Seal => "seal",
            Self::Transfer => "transfer",
            Self::Receive => "receive",
            Self::Open => "open",
            Self::Examine => "examine",
            Self::Sample => "sample",
            Self::Split => "split",
            Self::Copy => "copy",
            Self::Return => "return",
            Self::Lose => "lose",
            Self::Destroy => "destroy",
        }
    }
}

/// A text that names no custody event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such custody event: use collect, seal, transfer, receive, open, examine, sample, split, copy, return, lose or destroy"
)]
pub struct UnknownCustodyKind;

impl FromStr for CustodyKind {
    type Err = UnknownCustodyKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownCustodyKind)
    }
}
