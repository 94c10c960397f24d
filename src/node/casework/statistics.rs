//! Statistics of the authority's cases and requests (R45, R47, R62): counts and durations, no content of a case.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::case::{CaseType, UnknownCaseType};
use crate::domain::time::{Date, Timestamp};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::store::statistics::{self, By, Count, Load, Scope, Stay};
use crate::node::store::{StoreError, Tx, users};
use crate::policy::{Action, Permit};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The ages by which open cases are counted: name, and days from and until.
const AGES: [(&str, i64, i64); 5] = [
    ("under 30 days", 0, 30),
    ("30 to 89 days", 30, 90),
    ("90 to 179 days", 90, 180),
    ("180 to 364 days", 180, 365),
    ("365 days and more", 365, 200_000),
];

/// Which cases are counted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatisticsQuery {
    /// Opened on this day or later (UTC).
    #[serde(default)]
    pub from: Option<String>,
    /// Opened on this day or earlier (UTC).
    #[serde(default)]
    pub to: Option<String>,
    /// Only of this unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Only of this type.
    #[serde(default)]
    pub case_type: Option<String>,
    /// `json` or `csv`.
    #[serde(default)]
    pub format: Option<String>,
}

/// A number of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CountView {
    /// Of what; empty if it is not known.
    pub group: String,
    /// How many.
    pub count: i64,
}

/// How long cases were in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StayView {
    /// The state.
    pub status: String,
    /// How often a case was in it, with those that are in it now.
    pub count: i64,
    /// The mean, in hours.
    pub mean_hours: i64,
    /// The longest, in hours.
    pub longest_hours: i64,
}

/// What an officer has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LoadView {
    /// The officer: a pseudonym.
    pub officer: String,
    /// The unit of the cases.
    pub unit: String,
    /// How many cases that are not closed they lead.
    pub open_cases: i64,
    /// When the oldest of them was opened.
    pub oldest: String,
}

/// The statistics of a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatisticsView {
    /// As of when.
    pub at: String,
    /// How many cases were opened.
    pub cases: i64,
    /// By case type.
    pub by_type: Vec<CountView>,
    /// By the state in which they stand.
    pub by_status: Vec<CountView>,
    /// By unit.
    pub by_unit: Vec<CountView>,
    /// By what came out of their tracks.
    pub by_outcome: Vec<CountView>,
    /// By the HS chapter of their goods; a case with goods of two chapters counts in both.
    pub by_chapter: Vec<CountView>,
    /// By the country of origin of their goods, as chapters.
    pub by_origin: Vec<CountView>,
    /// Those that are not closed, by how long ago they were opened.
    pub open_by_age: Vec<CountView>,
    /// How long they were in each state.
    pub time_in_state: Vec<StayView>,
    /// Those that are not closed, by officer and unit.
    pub caseload: Vec<LoadView>,
    /// Requests of all cases, by direction, peer and state.
    pub requests: Vec<CountView>,
}

struct Counted {
    by: Vec<Vec<Count>>,
    ages: Vec<i64>,
    stays: Vec<Stay>,
    loads: Vec<(String, Load)>,
    requests: Vec<Count>,
}

impl Desk {
    /// Counts cases and requests, but for those that are closed to the officer by compartment, level or conflict of interest.
    ///
    /// # Errors
    /// If the permit is for something else, or [`Error::Invalid`] for a day, type or format that there is not.
    pub async fn statistics(
        &self,
        permit: &Permit,
        query: &StatisticsQuery,
    ) -> Result<StatisticsView, Error> {
        permit.covers(Action::StatisticsRead, None)?;
        let who = permit.who();
        let user = who.user.map(|user| user.to_string()).unwrap_or_default();
        let scope = Scope { open_to: Some((user, who.clearance.into())), ..scope_of(query)? };
        self.note_seen(permit).await?;
        let now = self.clock.now();
        let counted = self
            .store
            .read("statistics", move |tx| Box::pin(async move { count(tx, &scope, now).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(counted.told(now))
    }
}

async fn count(tx: &mut Tx, scope: &Scope, now: Timestamp) -> Result<Counted, StoreError> {
    let mut by = Vec::new();
    for group in [By::CaseType, By::Status, By::Unit, By::Outcome, By::Chapter, By::Origin] {
        by.push(statistics::cases_by(tx, group, scope).await?);
    }
    let mut ages = Vec::with_capacity(AGES.len());
    for (_, youngest, oldest) in AGES {
        // A case that was opened just now is of today.
        let until = now.0.saturating_sub(youngest.saturating_mul(DAY)).saturating_add(1);
        let from = now.0.saturating_sub(oldest.saturating_mul(DAY)).saturating_add(1);
        ages.push(statistics::open_between(tx, scope, (from, until)).await?);
    }
    let mut loads = Vec::new();
    for load in statistics::loads(tx, scope).await? {
        let officer = users::get(tx, &load.owner).await?;
        loads.push((officer.map(|user| user.pseudonym).unwrap_or_default(), load));
    }
    let requests = statistics::requests(tx, scope.open_to.as_ref()).await?;
    let stays = statistics::stays(tx, scope, now.0).await?;
    Ok(Counted { by, ages, stays, loads, requests })
}

impl Counted {
    fn told(self, now: Timestamp) -> StatisticsView {
        let mut by = self.by.into_iter().map(told);
        let mut next = || by.next().unwrap_or_default();
        let by_type = next();
        let ages = AGES.iter().zip(self.ages);
        StatisticsView {
            at: now.to_string(),
            cases: by_type.iter().map(|row| row.count).sum(),
            by_type,
            by_status: next(),
            by_unit: next(),
            by_outcome: next(),
            by_chapter: next(),
            by_origin: next(),
            open_by_age: ages
                .map(|((name, _, _), count)| CountView { group: (*name).to_owned(), count })
                .collect(),
            time_in_state: self.stays.into_iter().map(StayView::from).collect(),
            caseload: self
                .loads
                .into_iter()
                .map(|(officer, load)| LoadView {
                    officer,
                    unit: load.unit,
                    open_cases: load.count,
                    oldest: time_text(load.oldest),
                })
                .collect(),
            requests: told(self.requests),
        }
    }
}

impl From<Stay> for StayView {
    fn from(stay: Stay) -> Self {
        let hours = |micros: i64| micros / (DAY / 24);
        Self {
            status: stay.status,
            count: stay.count,
            mean_hours: hours(stay.total / stay.count.max(1)),
            longest_hours: hours(stay.longest),
        }
    }
}

impl StatisticsView {
    /// Every number as a row: what it counts, of what, and how many; for a spreadsheet.
    #[must_use]
    pub fn rows(&self) -> Vec<[String; 3]> {
        let row = |measure: &str, group: &str, value: i64| {
            [measure.to_owned(), group.to_owned(), value.to_string()]
        };
        let mut rows = vec![row("cases", "", self.cases)];
        for (measure, counts) in [
            ("cases by type", &self.by_type),
            ("cases by state", &self.by_status),
            ("cases by unit", &self.by_unit),
            ("cases by outcome", &self.by_outcome),
            ("cases by HS chapter", &self.by_chapter),
            ("cases by origin", &self.by_origin),
            ("open cases by age", &self.open_by_age),
            ("requests", &self.requests),
        ] {
            rows.extend(counts.iter().map(|count| row(measure, &count.group, count.count)));
        }
        for stay in &self.time_in_state {
            rows.push(row("stays in state", &stay.status, stay.count));
            rows.push(row("mean hours in state", &stay.status, stay.mean_hours));
            rows.push(row("longest hours in state", &stay.status, stay.longest_hours));
        }
        for load in &self.caseload {
            let group = format!("{} {}", load.officer, load.unit);
            rows.push(row("open cases by officer and unit", group.trim(), load.open_cases));
        }
        rows
    }
}

fn told(counts: Vec<Count>) -> Vec<CountView> {
    counts.into_iter().map(|Count { group, count }| CountView { group, count }).collect()
}

fn scope_of(query: &StatisticsQuery) -> Result<Scope, Error> {
    let day = |path: &'static str, text: Option<&str>| -> Result<Option<Date>, Error> {
        let day = text.map(str::parse::<Date>).transpose();
        day.map_err(|error| Error::invalid(path, error.to_string()))
    };
    let (from, to) = (day("from", query.from.as_deref())?, day("to", query.to.as_deref())?);
    let case_type = query.case_type.as_deref().map(str::parse::<CaseType>).transpose();
    let case_type = case_type
        .map_err(|error: UnknownCaseType| Error::invalid("case_type", error.to_string()))?;
    if !matches!(query.format.as_deref(), None | Some("json" | "csv")) {
        return Err(Error::invalid("format", "no such format: use json or csv"));
    }
    Ok(Scope {
        from: from.map(|day| day.start().0),
        until: to.map(|day| day.start().0.saturating_add(DAY)),
        unit: query.unit.clone(),
        case_type: case_type.map(|case_type| case_type.name().to_owned()),
        open_to: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::node::casework::cases::{CaseView, Movement, NewCase};
    use crate::node::casework::testing::{TestDesk, desk};
    use crate::policy::Actor;

    async fn open(test: &TestDesk, actor: &Actor, case_type: &str, hs: &str) -> CaseView {
        let permit = test.may(actor, Action::CaseOpen, None).await;
        let input = NewCase {
            title: "a case".to_owned(),
            case_type: case_type.to_owned(),
            fields: serde_json::from_value(json!({
                "goods/0/description": "goods", "goods/0/hs": hs, "goods/0/hs_edition": 2022,
                "goods/0/origin": "CN", "goods/1/description": "more", "goods/1/hs": hs,
                "goods/1/hs_edition": 2022,
                "tracks/investigation/outcome": "substantiated",
            }))
            .expect("fields"),
            ..NewCase::default()
        };
        test.desk.open_case(&permit, input).await.expect("a case")
    }

    fn of(counts: &[CountView]) -> Vec<(&str, i64)> {
        counts.iter().map(|row| (row.group.as_str(), row.count)).collect()
    }

    #[tokio::test]
    async fn cases_are_counted_by_what_they_are_and_how_long_they_take() {
        let test = desk().await;
        let ada = test.officer("Ada", "case_officer", "north").await;
        let bo = test.officer("Bo", "supervisor", "south").await;
        let old = open(&test, &ada, "revenue", "690721").await;
        test.clock.advance_secs(40 * 86_400);
        let movement = Movement { to: "triage".to_owned(), ..Movement::default() };
        let permit = test.may(&ada, Action::CaseMove, Some(&old.row.id)).await;
        test.desk.move_case(&permit, movement).await.unwrap();
        test.clock.advance_secs(2 * 3_600);
        open(&test, &ada, "tobacco_excise", "240220").await;
        open(&test, &bo, "tobacco_excise", "240220").await;

        let permit = test.may(&bo, Action::StatisticsRead, None).await;
        let all = test.desk.statistics(&permit, &StatisticsQuery::default()).await.unwrap();
        assert_eq!(all.cases, 3);
        assert_eq!(of(&all.by_type), [("tobacco_excise", 2), ("revenue", 1)]);
        assert_eq!(of(&all.by_status), [("suspicion", 2), ("triage", 1)]);
        assert_eq!(of(&all.by_unit), [("north", 2), ("south", 1)]);
        assert_eq!(of(&all.by_outcome), [("substantiated", 3)]);
        assert_eq!(of(&all.by_chapter), [("24", 2), ("69", 1)]);
        assert_eq!(of(&all.by_origin), [("CN", 3)]);
        assert_eq!(of(&all.open_by_age)[..2], [("under 30 days", 2), ("30 to 89 days", 1)]);
        let stay = |status: &str| {
            let stay = all.time_in_state.iter().find(|stay| stay.status == status).unwrap();
            (stay.count, stay.mean_hours, stay.longest_hours)
        };
        assert_eq!((stay("suspicion"), stay("triage")), ((3, 320, 960), (1, 2, 2)));
        let loads: Vec<_> = all
            .caseload
            .iter()
            .map(|l| (l.officer.as_str(), l.unit.as_str(), l.open_cases))
            .collect();
        assert_eq!(
            loads,
            [(ada.pseudonym.as_str(), "north", 2), (bo.pseudonym.as_str(), "south", 1)]
        );
        assert!(all.rows().contains(&["cases by HS chapter".into(), "24".into(), "2".into()]));

        let query = |from: &str, to: &str| StatisticsQuery {
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            ..StatisticsQuery::default()
        };
        let few = test.desk.statistics(&permit, &query("2026-11-01", "2026-11-30")).await.unwrap();
        assert_eq!(of(&few.by_type), [("revenue", 1)]);
        let bad = test.desk.statistics(&permit, &query("2026-11-31", "2026-11-30")).await;
        assert!(matches!(bad, Err(Error::Invalid(findings)) if findings[0].path == "from"));
        // Who works a case sees their own cases, not the house's numbers.
        assert!(test.ask(&ada, Action::StatisticsRead, None).await.is_err());
    }
}
