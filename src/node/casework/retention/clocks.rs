//! What the clocks of a case need to know of it, and the words of a restriction; decides nothing.

use crate::domain::case::{Track, TrackOutcome};
use crate::domain::retention::{Clock, Facts, Retention, clocks};
use crate::domain::time::{Date, Timestamp};
use crate::node::casework::cases::content::{Content, numbers, text};
use crate::node::casework::erasure::refuse_held;
use crate::node::store::cases::Case;

/// Why a case is restricted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restriction {
    /// An officer ordered it.
    Ordered,
    /// Its review was not done in time.
    Review,
    /// Its retention period ended.
    Retention,
    /// A review said that it is to be erased.
    ToErase,
}

impl Restriction {
    /// The word that records and rows have.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Review => "review",
            Self::Retention => "retention",
            Self::ToErase => "to_erase",
        }
    }

    /// What restricts a case; nothing if it is not restricted.
    pub(crate) fn of(case: &Case) -> Option<Self> {
        let all = [Self::Ordered, Self::Review, Self::Retention, Self::ToErase];
        all.into_iter().find(|one| one.name() == case.restricted)
    }
}

/// The clocks of a case as it stands.
pub(crate) fn clocks_of(periods: &Retention, case: &Case, content: &Content) -> Vec<Clock> {
    let review_by = case.review_by.map(Timestamp);
    let is_to_erase = Restriction::of(case) == Some(Restriction::ToErase);
    let facts = Facts {
        entered: Timestamp(case.opened_at),
        last_act: Timestamp(case.acted_at),
        outcomes: outcomes(content),
        cleared: numbers(content, "subjects/")
            .into_iter()
            .filter_map(|number| Some((number, cleared(content, number)?)))
            .collect(),
        is_held: refuse_held(content).is_err(),
        review_by,
        to_erase: review_by.filter(|_| is_to_erase),
    };
    clocks(periods, &facts)
}

fn cleared(content: &Content, number: u32) -> Option<Date> {
    text(content, &format!("subjects/{number}/cleared"))?.parse().ok()
}

fn outcomes(content: &Content) -> Vec<(Track, TrackOutcome)> {
    let outcome = |track: &Track| {
        let outcome = text(content, &format!("tracks/{track}/outcome"))?.parse().ok()?;
        Some((*track, outcome))
    };
    Track::ALL.iter().filter_map(outcome).collect()
}
