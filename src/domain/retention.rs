//! How long the data of a case are kept, by what came out of it, and when the case is reviewed; erases nothing.
//!
//! The periods are those of the customs files identification database (FIDE, Regulation (EC) No 515/97) where a workflow says
//! nothing else: they run from the entry of the data and are not added up. A review at least each year is what the customs
//! information system asks for; Directive (EU) 2016/680, Article 5, asks for one in time limits of one's own.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::case::{Track, TrackOutcome};
use crate::domain::deadline::DeadlineSource;
use crate::domain::time::{Date, Timestamp};

/// The longest period, in months: a hundred years.
pub const MONTHS_MAX: u32 = 1_200;

/// The periods of a case type, in months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// While no breach was found.
    pub no_breach_months: u32,
    /// While no breach was found, without an act of investigation.
    pub no_act_months: u32,
    /// A breach was found and is not decided.
    pub breach_months: u32,
    /// A breach was decided.
    pub decided_months: u32,
    /// A person was cleared; 0 is at once.
    pub cleared_months: u32,
    /// From one review to the next.
    pub review_months: u32,
    /// Who sets these periods.
    pub source: DeadlineSource,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            no_breach_months: 36,
            no_act_months: 12,
            breach_months: 72,
            decided_months: 120,
            cleared_months: 0,
            review_months: 12,
            source: DeadlineSource::Policy,
        }
    }
}

/// A period that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} is {months}; {least} to 1200 months are possible")]
pub struct BadPeriod {
    /// Which one.
    pub key: &'static str,
    /// What it is.
    pub months: u32,
    /// The least that it may be.
    pub least: u32,
}

impl Retention {
    /// Refuses periods that cannot be.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), BadPeriod> {
        let periods = [
            ("no_breach_months", self.no_breach_months, 1),
            ("no_act_months", self.no_act_months, 1),
            ("breach_months", self.breach_months, 1),
            ("decided_months", self.decided_months, 1),
            ("cleared_months", self.cleared_months, 0),
            ("review_months", self.review_months, 1),
        ];
        let is_bad = |(_, months, least): &(&str, u32, u32)| months < least || *months > MONTHS_MAX;
        match periods.into_iter().find(is_bad) {
            Some((key, months, least)) => Err(BadPeriod { key, months, least }),
            None => Ok(()),
        }
    }
}

/// What is known of a case that says how long it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// When its first data were entered.
    pub entered: Timestamp,
    /// When somebody last opened, changed or moved it.
    pub last_act: Timestamp,
    /// What came out of its tracks.
    pub outcomes: Vec<(Track, TrackOutcome)>,
    /// The persons who were cleared, by number, and on which day.
    pub cleared: BTreeMap<u32, Date>,
    /// Whether a legal hold stands; it beats every retention.
    pub is_held: bool,
    /// The end of what the last review allows; none while it was never reviewed.
    pub review_by: Option<Timestamp>,
    /// When a review said that it is to be erased.
    pub to_erase: Option<Timestamp>,
}

/// Which rule a clock follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// No breach was found.
    NoBreach,
    /// No breach was found, and for long there was no act of investigation.
    NoAct,
    /// A breach was found and is not decided.
    Breach,
    /// A breach was decided.
    Decided,
    /// The person was cleared.
    Cleared,
    /// A review said that the data are to be erased.
    ToErase,
    /// The data are to be reviewed.
    Review,
}

impl Rule {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoBreach => "no_breach",
            Self::NoAct => "no_act",
            Self::Breach => "breach_undecided",
            Self::Decided => "decided",
            Self::Cleared => "cleared",
            Self::ToErase => "reviewed_to_erase",
            Self::Review => "review",
        }
    }

    /// The event from which it runs.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::NoBreach | Self::Breach | Self::Decided => "entry",
            Self::NoAct => "last_act",
            Self::Cleared => "clearance",
            Self::ToErase | Self::Review => "review",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a clock is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    /// The erasure of the case.
    Case,
    /// The erasure of a person in it.
    Subject(u32),
    /// The next review.
    Review,
}

/// A clock that runs on a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// What it is about.
    pub matter: Matter,
    /// The rule that it follows.
    pub rule: Rule,
    /// The day on which it began.
    pub start: Date,
    /// The last day on which the data may be kept or go unreviewed.
    pub due: Date,
    /// Who set it.
    pub source: DeadlineSource,
}

/// The clocks of a case: when it is to be erased, when persons in it are, and when it is to be reviewed. Under a legal hold
/// nothing is to be erased.
#[must_use]
pub fn clocks(periods: &Retention, facts: &Facts) -> Vec<Clock> {
    let source = periods.source;
    let clock = |matter, rule, start: Date, months| Clock {
        matter,
        rule,
        start,
        due: start.plus_months(months),
        source,
    };
    let mut found = Vec::new();
    if !facts.is_held {
        let (rule, start, months) = of_case(periods, facts);
        found.push(clock(Matter::Case, rule, start, months));
        let cleared = facts.cleared.iter();
        found.extend(cleared.map(|(number, day)| {
            clock(Matter::Subject(*number), Rule::Cleared, *day, periods.cleared_months)
        }));
    }
    // What is to be erased needs no other review.
    if facts.to_erase.is_none() {
        let entered = facts.entered.date();
        found.push(match facts.review_by {
            None => clock(Matter::Review, Rule::Review, entered, periods.review_months),
            Some(by) => {
                Clock { due: by.date(), ..clock(Matter::Review, Rule::Review, by.date(), 0) }
            }
        });
    }
    found
}

/// The rule for the case as a whole, the day from which it runs, and how many months.
fn of_case(periods: &Retention, facts: &Facts) -> (Rule, Date, u32) {
    let (entered, acted) = (facts.entered.date(), facts.last_act.date());
    if let Some(at) = facts.to_erase {
        return (Rule::ToErase, at.date(), 0);
    }
    let has = |is: fn(TrackOutcome) -> bool| facts.outcomes.iter().any(|(_, outcome)| is(*outcome));
    if has(TrackOutcome::is_decision) {
        return (Rule::Decided, entered, periods.decided_months);
    }
    if has(|outcome| outcome == TrackOutcome::Substantiated) {
        return (Rule::Breach, entered, periods.breach_months);
    }
    let whole = entered.plus_months(periods.no_breach_months);
    if acted.plus_months(periods.no_act_months) < whole {
        (Rule::NoAct, acted, periods.no_act_months)
    } else {
        (Rule::NoBreach, entered, periods.no_breach_months)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn facts() -> Facts {
        Facts {
            entered: day("2024-02-29").start(),
            last_act: day("2024-02-29").start(),
            outcomes: Vec::new(),
            cleared: BTreeMap::new(),
            is_held: false,
            review_by: None,
            to_erase: None,
        }
    }

    fn of(facts: &Facts) -> Vec<(Matter, Rule, String)> {
        let clocks = clocks(&Retention::default(), facts);
        clocks.iter().map(|clock| (clock.matter, clock.rule, clock.due.to_string())).collect()
    }

    fn with(outcomes: &[(Track, TrackOutcome)], last_act: &str) -> (Rule, String) {
        let facts =
            Facts { outcomes: outcomes.to_vec(), last_act: day(last_act).start(), ..facts() };
        let (_, rule, due) = of(&facts)[0].clone();
        (rule, due)
    }

    #[test]
    fn what_came_out_of_a_case_says_how_long_it_is_kept_from_its_entry() {
        use TrackOutcome::{
            Acquittal, Conviction, NoSanction, Penalty, Substantiated, Unsubstantiated,
        };
        let told = |rule, due: &str| (rule, due.to_owned());
        assert_eq!(with(&[], "2024-02-29"), told(Rule::NoAct, "2025-02-28"));
        assert_eq!(with(&[], "2026-02-27"), told(Rule::NoAct, "2027-02-27"));
        assert_eq!(with(&[], "2026-02-28"), told(Rule::NoBreach, "2027-02-28"));
        assert_eq!(with(&[], "2029-01-01"), told(Rule::NoBreach, "2027-02-28"));
        let investigation = |outcome| (Track::Investigation, outcome);
        let none = with(&[investigation(Unsubstantiated)], "2026-06-01");
        assert_eq!(none, told(Rule::NoBreach, "2027-02-28"));
        let found = investigation(Substantiated);
        assert_eq!(with(&[found], "2024-02-29"), told(Rule::Breach, "2030-02-28"));
        for undecided in [(Track::Administrative, NoSanction), (Track::Judicial, Acquittal)] {
            assert_eq!(with(&[found, undecided], "2024-03-01"), told(Rule::Breach, "2030-02-28"));
        }
        for decided in [(Track::Administrative, Penalty), (Track::Judicial, Conviction)] {
            assert_eq!(with(&[found, decided], "2024-03-01"), told(Rule::Decided, "2034-02-28"));
        }
    }

    #[test]
    fn a_cleared_person_is_due_at_once_and_a_hold_beats_all_but_the_review() {
        let cleared = Facts { cleared: [(3, day("2024-05-01"))].into(), ..facts() };
        assert!(of(&cleared).contains(&(
            Matter::Subject(3),
            Rule::Cleared,
            "2024-05-01".to_owned()
        )));
        let held = Facts { is_held: true, ..cleared };
        assert_eq!(of(&held), [(Matter::Review, Rule::Review, "2025-02-28".to_owned())]);
    }

    #[test]
    fn a_review_sets_the_next_one_or_makes_the_erasure_due_at_once() {
        let reviewed = Facts { review_by: Some(day("2025-06-30").start()), ..facts() };
        assert_eq!(of(&reviewed)[1], (Matter::Review, Rule::Review, "2025-06-30".to_owned()));
        let to_erase = Facts { to_erase: Some(day("2024-07-01").start()), ..reviewed };
        assert_eq!(of(&to_erase), [(Matter::Case, Rule::ToErase, "2024-07-01".to_owned())]);
    }

    #[test]
    fn a_period_that_cannot_be_is_refused_by_name() {
        assert_eq!(Retention::default().check(), Ok(()));
        for (bad, key) in [
            (Retention { review_months: 0, ..Retention::default() }, "review_months"),
            (Retention { decided_months: 1_201, ..Retention::default() }, "decided_months"),
        ] {
            assert_eq!(bad.check().unwrap_err().key, key);
        }
    }
}
