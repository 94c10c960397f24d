//! Deadlines as data: when a clock started, when it is due and who says so; overdue is a flag, never a step.

use std::fmt;
use std::str::FromStr;

use crate::domain::time::Timestamp;

/// Who set a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadlineSource {
    /// The instrument or a statute.
    Law,
    /// The node's own configuration where the law is silent; shown as "policy, not law".
    Policy,
    /// The two authorities.
    Agreed,
}

impl DeadlineSource {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Policy => "policy",
            Self::Agreed => "agreed",
        }
    }
}

impl fmt::Display for DeadlineSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no source of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a deadline's source is law, policy or agreed")]
pub struct UnknownDeadlineSource;

impl FromStr for DeadlineSource {
    type Err = UnknownDeadlineSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Law, Self::Policy, Self::Agreed]
            .into_iter()
            .find(|source| source.name() == text)
            .ok_or(UnknownDeadlineSource)
    }
}

/// How long a clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// Hours on the clock.
    Hours(u32),
    /// Days of 24 hours.
    CalendarDays(u32),
    /// Monday to Friday; no holidays are known.
    WorkingDays(u32),
}

impl Span {
    /// The instant at which a clock of this span that started then is due.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Hours(hours) => start.plus_secs(i64::from(hours) * 3600),
            Self::CalendarDays(days) => start.plus_secs(i64::from(days) * 86_400),
            Self::WorkingDays(days) => start.plus_working_days(days),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours(hours) => write!(f, "{hours} hours"),
            Self::CalendarDays(days) => write!(f, "{days} calendar days"),
            Self::WorkingDays(days) => write!(f, "{days} working days"),
        }
    }
}

/// A running clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When it began to run.
    pub start: Timestamp,
    /// When the answer is due.
    pub due: Timestamp,
    /// Who says so.
    pub source: DeadlineSource,
}

impl Deadline {
    /// The deadline of a clock that starts then.
    #[must_use]
    pub fn running(start: Timestamp, span: Span, source: DeadlineSource) -> Self {
        Self { start, due: span.after(start), source }
    }

    /// Whether it has passed. Silence is not refusal: nothing follows from it by itself.
    #[must_use]
    pub fn is_overdue(self, now: Timestamp) -> bool {
        now > self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_due_after_its_span_and_overdue_only_then() {
        let start = Timestamp::from_secs(1_795_737_600); // Friday, 2026-11-27
        let hours = Deadline::running(start, Span::Hours(2), DeadlineSource::Policy);
        assert_eq!(hours.due, start.plus_secs(7200));
        assert!(!hours.is_overdue(hours.due));
        assert!(hours.is_overdue(hours.due.plus_secs(1)));
        assert_eq!(Span::CalendarDays(3).after(start).date().to_string(), "2026-11-30");
        assert_eq!(Span::WorkingDays(2).after(start).date().to_string(), "2026-12-01");
    }

    #[test]
    fn sources_have_stable_names() {
        for name in ["law", "policy", "agreed"] {
            assert_eq!(DeadlineSource::from_str(name).map(DeadlineSource::name), Ok(name));
        }
        assert!(DeadlineSource::from_str("habit").is_err());
    }
}
