//! Shows how long cases are kept: which clock runs by which rule, and what is to be reviewed or erased; shows no content.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::ObjectId;
use crate::domain::retention::{Clock, Matter};
use crate::domain::time::Timestamp;
use crate::node::casework::erasure::refuse_held;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::{Covers, resource_of_case};
use crate::node::casework::retention::clocks_of;
use crate::node::casework::views::{PageView, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::{self, Case};
use crate::node::store::deadlines::{self, Deadline, DeadlineFilter, DeadlineKind};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Permit, ResourceKind};

/// Seconds of a day.
const DAY_SECS: i64 = 86_400;

/// Which clocks to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionQuery {
    /// Only what is due by now: what is to be reviewed or erased.
    #[serde(default)]
    pub due: bool,
    /// Only what is due within so many days.
    #[serde(default)]
    pub days: Option<u32>,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// A review or an erasure that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RetentionRow {
    /// The case.
    pub case: String,
    /// The reference that officers use.
    pub reference: String,
    /// What of it: `case`, or a person such as `subjects/0`.
    pub scope: String,
    /// `review` or `erase`.
    pub action: &'static str,
    /// When.
    pub due_at: String,
    /// `law` or `policy`.
    pub source: String,
    /// What restricts the case: `ordered`, `review`, `retention` or `to_erase`.
    pub restricted: Option<String>,
    /// Whether that time has come.
    pub is_due: bool,
}

/// How long a case is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeepingView {
    /// The case.
    pub case: String,
    /// The reference that officers use.
    pub reference: String,
    /// What restricts the case: `ordered`, `review`, `retention` or `to_erase`.
    pub restricted: Option<String>,
    /// Whether a legal hold stands, under which nothing is to be erased.
    pub is_held: bool,
    /// Its clocks.
    pub clocks: Vec<RetentionClockView>,
}

/// A clock that runs on a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RetentionClockView {
    /// What of the case: `case`, or a person such as `subjects/0`.
    pub scope: String,
    /// `review` or `erase`.
    pub action: &'static str,
    /// The rule: `no_breach`, `no_act`, `breach_undecided`, `decided`, `cleared`, `reviewed_to_erase` or `review`.
    pub rule: &'static str,
    /// The event from which it runs: `entry`, `last_act`, `clearance` or `review`.
    pub event: &'static str,
    /// The day of that event.
    pub since: String,
    /// The last day on which the data may be kept or go unreviewed.
    pub due: String,
    /// `law` or `policy`.
    pub source: &'static str,
    /// Whether that day has passed.
    pub is_due: bool,
}

impl RetentionClockView {
    fn of(clock: &Clock, today: crate::domain::time::Date) -> Self {
        let (scope, action) = match clock.matter {
            Matter::Case => ("case".to_owned(), "erase"),
            Matter::Subject(number) => (format!("subjects/{number}"), "erase"),
            Matter::Review => ("case".to_owned(), "review"),
        };
        Self {
            scope,
            action,
            rule: clock.rule.name(),
            event: clock.rule.event(),
            since: clock.start.to_string(),
            due: clock.due.to_string(),
            source: clock.source.name(),
            is_due: clock.due < today,
        }
    }
}

impl Desk {
    /// How long the case of the permit is kept.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such case.
    pub async fn keeping(&self, permit: &Permit) -> Result<KeepingView, Error> {
        self.keeping_of(permit.object_for(Action::RetentionRead)?).await
    }

    pub(super) async fn keeping_of(&self, id: ObjectId) -> Result<KeepingView, Error> {
        let standing = self.standing(id).await?;
        let periods = self.workflow(standing.case.workflow).await?.retention;
        let today = self.clock.now().date();
        let clocks = clocks_of(&periods, &standing.case, &standing.content);
        Ok(KeepingView {
            restricted: restricted(&standing.case),
            case: standing.case.id,
            reference: standing.case.reference,
            is_held: refuse_held(&standing.content).is_err(),
            clocks: clocks.iter().map(|clock| RetentionClockView::of(clock, today)).collect(),
        })
    }

    /// What is to be reviewed or erased, the soonest first.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn retention(
        &self,
        permit: &Permit,
        query: RetentionQuery,
    ) -> Result<PageView<RetentionRow>, Error> {
        permit.covers(Action::RetentionRead, None)?;
        let now = self.clock.now();
        let part = Part::of(query.limit, query.after.as_deref())?;
        let within = query.days.map(|days| now.plus_secs(i64::from(days).saturating_mul(DAY_SECS)));
        let by_now = query.due.then(|| Timestamp(now.0.saturating_sub(1)));
        let due_by = [within, by_now].into_iter().flatten().map(|at| at.0).min();
        let filter = DeadlineFilter { due_by, is_keeping: true, ..DeadlineFilter::default() };
        let listing = Keepings { reader: self.reader(permit).await?, filter };
        let page = self
            .store
            .read("retention", move |tx| Box::pin(async move { part.read(tx, &listing).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(page.map(|(deadline, case)| row(deadline, case.as_ref(), now)))
    }
}

fn restricted(case: &Case) -> Option<String> {
    Some(case.restricted.clone()).filter(|word| !word.is_empty())
}

fn row(deadline: &Deadline, case: Option<&Case>, now: Timestamp) -> RetentionRow {
    let person = deadline.place.strip_prefix("retention/");
    RetentionRow {
        case: deadline.object.clone(),
        reference: case.map(|case| case.reference.clone()).unwrap_or_default(),
        scope: person.unwrap_or("case").to_owned(),
        action: if deadline.kind == DeadlineKind::CaseReview { "review" } else { "erase" },
        due_at: time_text(deadline.due_at),
        source: deadline.source.clone(),
        restricted: case.and_then(restricted),
        is_due: now.0 > deadline.due_at,
    }
}

struct Keepings {
    reader: Reader,
    filter: DeadlineFilter,
}

#[async_trait]
impl Listing for Keepings {
    type Row = (Deadline, Option<Case>);

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Self::Row>, StoreError> {
        let mut rows = Vec::new();
        for deadline in deadlines::list(tx, &self.filter, page).await? {
            let case = cases::get(tx, &deadline.object).await?;
            rows.push((deadline, case));
        }
        Ok(rows)
    }

    fn place((deadline, _): &Self::Row) -> (i64, String) {
        (deadline.due_at, deadline.mark())
    }

    async fn is_open(&self, tx: &mut Tx, (_, case): &Self::Row) -> Result<bool, StoreError> {
        let Some(case) = case else { return Ok(false) };
        let Ok(id) = case.id.parse() else { return Ok(false) };
        let resource = resource_of_case(tx, ResourceKind::Retention, id, case).await?;
        Ok(self.reader.may_open(&resource))
    }
}
