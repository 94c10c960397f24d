//! Points in time as the node keeps them; does not read a clock and knows no holidays.

use std::fmt;
use std::str::FromStr;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant that many whole seconds after the epoch, the unit of `iat` (RFC 8392 3.1.6).
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved by that many seconds (negative: earlier).
    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(1_000_000)))
    }

    /// This instant moved by that many milliseconds (negative: earlier).
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1000)))
    }

    /// The calendar year in UTC, which names the log a record belongs to.
    #[must_use]
    pub fn year(self) -> i32 {
        civil(self.as_secs().div_euclid(86_400)).0
    }

    /// The day in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        let (year, month, day) = civil(self.as_secs().div_euclid(86_400));
        Date { year, month, day }
    }

    /// This instant moved forward by working days: Monday to Friday in UTC, no holidays known.
    ///
    /// A start on a weekend counts from the Monday that follows, at the same time of day.
    #[must_use]
    pub fn plus_working_days(self, days: u32) -> Self {
        let mut at = self.past_weekend();
        let weeks = i64::from(days / 5);
        at = at.plus_secs(weeks.saturating_mul(7 * 86_400));
        for _ in 0..days % 5 {
            at = at.plus_secs(86_400).past_weekend();
        }
        at
    }

    fn past_weekend(self) -> Self {
        // 1970-01-01 was a Thursday: day 0 has weekday 3 when Monday is 0.
        match self.as_secs().div_euclid(86_400).saturating_add(3).rem_euclid(7) {
            5 => self.plus_secs(2 * 86_400),
            6 => self.plus_secs(86_400),
            _ => self,
        }
    }
}

/// A calendar day, as on a passport or in a retention rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

/// Why a text is not a calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date: write it as year-month-day, such as 2026-11-24")]
pub struct InvalidDate;

impl Date {
    /// The day, if the calendar has it (years 0 to 9999).
    ///
    /// # Errors
    /// If there is no such day.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Self, InvalidDate> {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => 31,
        };
        let is_sound =
            (0..=9999).contains(&year) && (1..=12).contains(&month) && (1..=last).contains(&day);
        if is_sound { Ok(Self { year, month, day }) } else { Err(InvalidDate) }
    }

    /// The instant at which the day begins in UTC.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        // Days from civil: years that begin in March, eras of 400 years.
        let (month, day) = (self.month as i64, self.day as i64);
        let year = self.year as i64 - if month <= 2 { 1 } else { 0 };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        Timestamp::from_secs(days * 86_400)
    }

    /// The same day so many months later, or the last of that month if it has no such day; the last that there is at most.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        let all = i64::from(self.year) * 12 + i64::from(self.month) - 1 + i64::from(months);
        let year = i32::try_from(all.div_euclid(12)).unwrap_or(i32::MAX);
        let month = u8::try_from(all.rem_euclid(12) + 1).unwrap_or(12);
        let day = (1..=self.day).rev().find_map(|day| Self::new(year, month, day).ok());
        day.unwrap_or(Self { year: 9999, month: 12, day: 31 })
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_shaped = text.len() == 10
            && text.bytes().enumerate().all(|(at, b)| match at {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        let mut parts = text.splitn(3, '-');
        match (is_shaped, parts.next(), parts.next(), parts.next()) {
            (true, Some(year), Some(month), Some(day)) => Self::new(
                year.parse().map_err(|_| InvalidDate)?,
                month.parse().map_err(|_| InvalidDate)?,
                day.parse().map_err(|_| InvalidDate)?,
            ),
            _ => Err(InvalidDate),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with whole seconds, as an officer reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.as_secs();
        let (year, month, day) = civil(secs.div_euclid(86_400));
        let of_day = secs.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Days since the epoch to (year, month, day), proleptic Gregorian (Hinnant, `civil_from_days`).
fn civil(days: i64) -> (i32, u8, u8) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        i32::try_from(year).unwrap_or(i32::MAX),
        u8::try_from(month).unwrap_or(0),
        u8::try_from(day).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_rfc_3339_in_utc() {
        assert_eq!(Timestamp::from_secs(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_secs(951_782_399).to_string(), "2000-02-28T23:59:59Z");
        assert_eq!(Timestamp::from_secs(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        assert_eq!(Timestamp::from_secs(1_795_502_520).to_string(), "2026-11-24T06:42:00Z");
        assert_eq!(Timestamp::from_secs(-1).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_day_begins_when_the_day_before_ends() {
        for day in (-800_000..2_900_000).step_by(97) {
            let start = Timestamp::from_secs(day * 86_400);
            let date = start.date();
            if (0..=9999).contains(&date.year()) {
                assert_eq!(date.start(), start, "{date}");
                assert_ne!(Timestamp(start.0 - 1).date(), date);
            }
        }
    }

    #[test]
    fn the_year_turns_at_midnight_utc() {
        assert_eq!(Timestamp::from_secs(1_798_761_599).year(), 2026);
        assert_eq!(Timestamp::from_secs(1_798_761_600).year(), 2027);
    }

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        for sound in ["2026-11-24", "2000-02-29", "0000-01-01"] {
            assert_eq!(Date::from_str(sound).map(|d| d.to_string()), Ok(sound.to_owned()));
            let midnight = Date::from_str(sound).map(Date::start).unwrap();
            assert_eq!(midnight.to_string(), format!("{sound}T00:00:00Z"));
        }
        for unsound in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "", "24.11.2026"]
        {
            assert_eq!(Date::from_str(unsound), Err(InvalidDate), "{unsound}");
        }
        assert_eq!(Timestamp::from_secs(951_782_400).date().to_string(), "2000-02-29");
    }

    #[test]
    fn working_days_skip_the_weekend() {
        let friday = Timestamp::from_secs(1_795_737_600); // 2026-11-27T00:00:00Z
        assert_eq!(friday.plus_working_days(1).date().to_string(), "2026-11-30");
        assert_eq!(friday.plus_working_days(2).date().to_string(), "2026-12-01");
        assert_eq!(friday.plus_working_days(10).date().to_string(), "2026-12-11");
        assert_eq!(friday.plus_secs(86_400).plus_working_days(0).date().to_string(), "2026-11-30");
    }
}
