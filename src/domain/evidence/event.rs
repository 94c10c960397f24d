//! What can happen to an evidence item in custody, and who does it.

use std::fmt;
use std::str::FromStr;

use crate::domain::amount::Quantity;
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
        /// The numbers of the seals on it.
        seals: Vec<String>,
        /// How much of it, if that was counted or weighed.
        quantity: Option<Quantity>,
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
        /// The seals on it as the giver sees them, if he looked.
        seals: Option<Vec<String>>,
    },
    /// The named receiver has the item, or the giver takes it back.
    Receive {
        /// Who receives.
        by: Custodian,
        /// The seals that were found on it, if somebody looked; others than before are kept as found.
        seals: Option<Vec<String>>,
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
        /// How much of it the examination used up.
        consumed: Option<Quantity>,
    },
    /// A part is taken and becomes an item of its own.
    Sample {
        /// Who takes it.
        by: Custodian,
        /// The new item.
        part: Part,
    },
    /// The item is divided into items of their own and ends.
    Split {
        /// Who divides.
        by: Custodian,
        /// The new items.
        parts: Vec<Part>,
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

/// An item that was made of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The new item.
    pub item: ObjectId,
    /// How much of the other it took with it.
    pub quantity: Option<Quantity>,
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

impl CustodyEvent {
    /// The officer whose act it is, under whose token the record must be made.
    #[must_use]
    pub const fn actor(&self) -> &Custodian {
        match self {
            Self::Transfer { from, .. } => from,
            Self::Collect { by, .. }
            | Self::Seal { by, .. }
            | Self::Receive { by, .. }
            | Self::Open { by }
            | Self::Examine { by, .. }
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
